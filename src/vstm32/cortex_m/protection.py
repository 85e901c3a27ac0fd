"""Memory protection: lays what the MPU allows over the memory and the peripherals of the core.

Nothing of it costs anything while the MPU is off. While it is on, Unicorn gets the permissions of each
page; a page that is not the same all over goes through the native access hook, which knows the exact
intervals. A change of privilege is noticed before the next slice, and a slice ends where firmware may
change it (MSR CONTROL).
"""

from vstm32.cortex_m import mpu
from vstm32.cortex_m.core import Core
from vstm32.cortex_m.exceptions import ExceptionUnit
from vstm32.cortex_m.mpu import Mpu, PermissionMap, permitted


class Protection:
    """The MPU of one core at work."""

    def __init__(self, core: Core, exceptions: ExceptionUnit, unit: Mpu) -> None:
        self._core = core
        self._exceptions = exceptions
        self._mpu = unit
        self._maps: dict[bool, PermissionMap] = {}
        self._applied: PermissionMap = ()
        self._cache_policies_hold = True

    def forget(self) -> None:
        """The registers of the MPU have changed: it counts before the next block."""
        self._maps.clear()
        self._cache_policies_hold = not self._core.timing.prices_addresses
        self._core.request_stop()

    def current(self) -> PermissionMap:
        """What holds for the code that runs now (Arm v7-M ARM, section B3.5.1)."""
        control = self._mpu.control
        if not control & mpu.ENABLE:
            return ()
        if not control & mpu.HFNMIENA and self._exceptions.execution_priority() < 0:
            return ()
        privileged = self._core.privileged
        if privileged not in self._maps:
            self._maps[privileged] = self._mpu.permission_map(privileged=privileged)
        return self._maps[privileged]

    def allows(self, address: int, size_bytes: int, permission: int) -> bool:
        """Whether a stack frame may be pushed or popped there by the code that runs now."""
        return bool(permitted(self.current(), address, size_bytes) & permission)

    @property
    def is_off(self) -> bool:
        """Whether nothing is protected, in whatever mode the core is."""
        return not self._applied and not self._mpu.control & mpu.ENABLE

    def apply(self) -> None:
        """Before a slice, never inside a callback of Unicorn."""
        if not self._cache_policies_hold:
            self._core.blocks.set_cache_policies(self._mpu.cache_policy_map())
            self._cache_policies_hold = True
        if self.is_off:
            return
        wanted = self.current()
        if wanted != self._applied:
            self._core.protect(wanted)
            self._applied = wanted
        if self._mpu.control & mpu.ENABLE:
            self._core.watch_unmask()
