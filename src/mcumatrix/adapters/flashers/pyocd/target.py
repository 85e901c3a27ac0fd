"""The chips of ST for pyOCD that it has in CMSIS packs only.

RM0385 is the reference manual of the STM32F75xxx and STM32F74xxx. The core is got hold of as pyOCD does it
with the one chip of the family that it has built in (`pyocd/target/builtin`): a chip whose firmware sleeps,
or has broken its clock, answers nothing of what pyOCD asks to find out what it is. So its core is caught in
reset before that.

`import pyocd` comes before importing this: pyOCD loads it while its own modules are being loaded.
"""

import logging
import time
from contextlib import suppress
from functools import cache
from typing import Any, Final

from pyocd.core import exceptions
from pyocd.core.memory_map import DeviceRegion, FlashRegion, MemoryMap, RamRegion, RomRegion
from pyocd.core.target import Target
from pyocd.coresight.coresight_target import CoreSightTarget
from pyocd.coresight.cortex_m import CortexM
from pyocd.coresight.minimal_mem_ap import MinimalMemAP
from pyocd.flash.flash import Flash

from mcumatrix.adapters.flashers.pyocd.algorithm import flash_algo
from mcumatrix.adapters.flashers.pyocd.chip import KB, Chip, Division, Memory

# Below pyOCD's own, for those who listen to what pyOCD says.
LOG = logging.getLogger("pyocd.target.stm32f7")

DEVICES: Final = {
    0x411: "STM32F2",
    0x413: "STM32F405/407/415/417",
    0x419: "STM32F42x/43x",
    0x421: "STM32F446",
    0x431: "STM32F411",
    0x434: "STM32F469/479",
    0x441: "STM32F412",
    0x449: "STM32F74x/75x",
    0x450: "STM32H742/743/750/753",
    0x451: "STM32F76x/77x",
    0x452: "STM32F72x/73x",
    0x463: "STM32F413/423",
    0x470: "STM32L4Rxxx/L4Sxxx",
    0x471: "STM32L4P5/L4Q5",
}
"""Chips by DBGMCU_IDCODE.DEV_ID, from the section "MCU device ID code" of each reference manual."""

# RM0385 section 40.6.1: which chip it is.
_DBGMCU_IDCODE = 0xE004_2000
_DEV_ID = 0xFFF
# RM0385 section 40.16.3: the debugger's clocks stay on in sleep, stop and standby. Only power-on clears it.
_DBGMCU_CR = 0xE004_2004
_DBG_SLEEP_STOP_STANDBY = 0x7

_MODES_THAT_RESET = ("halt", "under-reset")
_HALT_LIMIT_S = 0.1
"""For nRST to rise, which a capacitor at the pin makes a matter of milliseconds, and for the core to halt."""


class WrongDeviceError(exceptions.TargetError):  # type: ignore[misc]
    """The chip is another one than `wanted`. `dev_id` is its DBGMCU_IDCODE.DEV_ID; None if it has none."""

    def __init__(self, dev_id: int | None, wanted: int) -> None:
        super().__init__(f"this is {describe_device(dev_id)}, not {describe_device(wanted)}")
        self.dev_id = dev_id


class DividedFlashError(exceptions.TargetError):  # type: ignore[misc]
    """The option bytes divide the flash otherwise than the target says: sectors would be erased that are not
    to be.
    """

    def __init__(self, division: Division) -> None:
        super().__init__(f"its flash is {division.otherwise}")
        self.remedy = division.remedy


class HeldInResetError(exceptions.DebugError):  # type: ignore[misc]
    """The chip does not leave reset: something besides the debug probe pulls nRST low."""


class DisturbedAlgorithmError(exceptions.FlashFailure):  # type: ignore[misc]
    """The core has halted, but not where the flash algorithm ends: a fault, a reset, a breakpoint."""


def describe_device(dev_id: int | None) -> str:
    """A chip by its DEV_ID, such as `an STM32F76x/77x (0x451)`."""
    if dev_id is None:
        return "a chip without DBGMCU_IDCODE"
    name = DEVICES.get(dev_id)
    return f"an {name} ({dev_id:#05x})" if name else f"an unknown chip ({dev_id:#05x})"


class CheckedFlash(Flash):  # type: ignore[misc]
    """Flash that notices when its algorithm did not get to its end.

    pyOCD takes any halt of the core for the end of the algorithm, and R0 for its result; and when the core
    runs into a fault, it waits until its time is up. Here faults and resets halt the core, and it counts
    where.
    """

    def __init__(self, target: Any, flash_algo: dict[str, Any]) -> None:
        super().__init__(target, flash_algo)
        # Checksums made by the core: without trust in them pyOCD would read everything all the same.
        self.use_analyzer = bool(target.session.options.get("fast_program"))

    def prepare_target(self) -> None:
        """Has the core halt where the algorithm would get lost."""
        self._vector_catch = self.target.get_vector_catch()
        self._primask = self.target.read_core_register("primask")
        caught = Target.VectorCatch.HARD_FAULT | Target.VectorCatch.CORE_RESET
        self.target.set_vector_catch(self._vector_catch | caught)

    def restore_target(self) -> None:
        """As it was: who goes on without a reset does not expect interrupts masked, as the algorithm does."""
        self.target.set_vector_catch(self._vector_catch)
        self.target.write_core_register("primask", self._primask)

    def wait_for_completion(self, timeout: float | None = None) -> int:
        """The algorithm's result, or TIMEOUT_ERROR. Raises DisturbedAlgorithmError."""
        result: int = super().wait_for_completion(timeout)
        if result != self.TIMEOUT_ERROR:
            halted_at = self.target.read_core_register("pc")
            if halted_at != self.flash_algo["load_address"]:
                exception = self.target.read_core_register("ipsr")
                raise DisturbedAlgorithmError(
                    f"the flash algorithm was disturbed: the core is at {halted_at:#010x}, "
                    f"in exception {exception}"
                )
        return result


class STM32(CoreSightTarget):  # type: ignore[misc]
    """A chip that `target_class` has a class for.

    The connect modes `halt` and `under-reset` reset the chip, and the core halts before its first
    instruction; where nRST is not wired, it halts wherever it is. `attach` leaves the chip alone,
    `pre-reset` is pyOCD's own.
    """

    VENDOR = "STMicroelectronics"
    CHIP: Chip
    MEMORY_MAP: MemoryMap

    def __init__(self, session: Any) -> None:
        super().__init__(session, self.MEMORY_MAP)
        # Not in MEMORY_MAP: what pyOCD works on is a copy of it, without the regions within regions.
        self.memory_map["flash"].submap.add_regions(_sectors(self.CHIP))

    def create_init_sequence(self) -> Any:
        """pyOCD's steps for connecting, and ours before and after the debug port is there."""
        sequence = super().create_init_sequence()
        if self._resets:
            sequence.insert_before("dp_init", ("pull_reset", self.pull_reset))
            sequence.insert_after("dp_init", ("halt_out_of_reset", self.halt_out_of_reset))
        return sequence

    @property
    def _resets(self) -> bool:
        return self.session.options.get("connect_mode") in _MODES_THAT_RESET

    def pull_reset(self) -> None:
        """Pulls nRST low; the debug port works all the same."""
        self.dp.assert_reset(True)

    def halt_out_of_reset(self) -> None:
        """Lets go of nRST: the core halts before its first instruction, and its clocks stay on whatever it
        does.

        Raises:
            DebugError: what answers is no Cortex-M7, or not in a state to answer.
            HeldInResetError: the chip stays in reset.
        """
        port = MinimalMemAP(self.dp)
        try:
            port.init()
        except AssertionError as error:
            raise exceptions.DebugError(f"no access port of a Cortex-M7 was found: {error}") from error
        # A debugger that was killed may have left the catch behind.
        catches = port.read32(CortexM.DEMCR) & ~CortexM.DEMCR_VC_CORERESET
        port.write32(CortexM.DEMCR, catches | CortexM.DEMCR_VC_CORERESET)
        port.write32(CortexM.DHCSR, CortexM.DBGKEY | CortexM.C_DEBUGEN)
        _keep_clocks(port)
        self.dp.assert_reset(False)
        _wait_until_halted(port)
        port.write32(CortexM.DEMCR, catches)

    def post_connect_hook(self) -> None:
        """Looks at what was connected to; a wrong chip is let go.

        Raises:
            WrongDeviceError, DividedFlashError: see there.
        """
        try:
            self.require_device()
            self.require_sectors()
        except (WrongDeviceError, DividedFlashError):
            with suppress(exceptions.Error):
                self.disconnect(resume=True)
            raise
        if not self._resets:
            _keep_clocks(self)

    def require_device(self) -> None:
        """Raises WrongDeviceError unless it is the chip, or one of its kind that is made alike."""
        dev_id = self.device_id()
        if dev_id != self.CHIP.device_id:
            raise WrongDeviceError(dev_id, self.CHIP.device_id)

    def require_sectors(self) -> None:
        """Raises DividedFlashError unless the flash has the sectors that the target knows."""
        division = self.CHIP.division
        if division and not self.read32(division.address) & division.bit:
            raise DividedFlashError(division)

    def device_id(self) -> int | None:
        """DBGMCU_IDCODE.DEV_ID, see DEVICES. None if there is no such register."""
        try:
            return int(self.read32(_DBGMCU_IDCODE)) & _DEV_ID
        except exceptions.TransferFaultError:
            return None


@cache
def target_class(chip: Chip) -> type[STM32]:
    """The class of a chip's targets, which pyOCD makes one of for each session and lists by its name."""
    return type(
        chip.part,
        (STM32,),
        {
            "CHIP": chip,
            "PART_FAMILIES": list(chip.part_families),
            "MEMORY_MAP": _memory_map(chip),
            "__module__": __name__,
        },
    )


def _memory_map(chip: Chip) -> MemoryMap:
    """All flash is one region: pyOCD loads the algorithm once, and erases the chip once where it is to be
    erased whole. Peripherals are there for gdb, which reads nothing else.
    """
    first, *others = chip.ram
    return MemoryMap(
        *([_ram(chip.itcm, is_default=False)] if chip.itcm else []),
        RomRegion(
            name="flash_itcm" if chip.itcm else "flash_boot",
            start=chip.flash_alias,
            length=chip.flash.size_bytes,
            alias="flash",
            is_default=False,
        ),
        FlashRegion(
            name="flash",
            start=chip.flash.start,
            length=chip.flash.size_bytes,
            # Of the largest sector, for gdb; pyOCD goes by the regions within.
            sector_size=max(sectors.size_bytes for sectors in chip.sectors),
            page_size=chip.controller.page_size_bytes,
            phrase_size=chip.controller.unit_bytes,
            erase_all_weight=chip.mass_erase_s,
            is_boot_memory=True,
            algo=flash_algo(chip.controller),
            flash_class=CheckedFlash,
        ),
        RomRegion(
            name=chip.system.name, start=chip.system.start, length=chip.system.size_bytes, is_default=False
        ),
        _ram(first, is_default=True),
        *(_ram(memory, is_default=False) for memory in others),
        DeviceRegion(name="peripherals", start=0x4000_0000, length=0x2000_0000),
        DeviceRegion(name="ppb", start=0xE000_0000, length=0x10_0000),
    )


def _ram(memory: Memory, *, is_default: bool) -> RamRegion:
    return RamRegion(name=memory.name, start=memory.start, length=memory.size_bytes, is_default=is_default)


def _sectors(chip: Chip) -> list[FlashRegion]:
    return [
        FlashRegion(
            name=f"flash_{sectors.size_bytes // KB}k",
            start=sectors.start,
            length=sectors.count * sectors.size_bytes,
            sector_size=sectors.size_bytes,
            page_size=chip.controller.page_size_bytes,
            phrase_size=chip.controller.unit_bytes,
            erase_sector_weight=sectors.size_bytes / KB * chip.erase_s_per_kb,
            program_page_weight=chip.controller.page_size_bytes // 4 * chip.word_s,
        )
        for sectors in chip.sectors
    ]


def _keep_clocks(memory: Any) -> None:
    memory.write32(_DBGMCU_CR, memory.read32(_DBGMCU_CR) | _DBG_SLEEP_STOP_STANDBY)


def _wait_until_halted(port: MinimalMemAP) -> None:
    give_up_at = time.monotonic() + _HALT_LIMIT_S
    while not (status := port.read32(CortexM.DHCSR)) & CortexM.S_HALT:
        if time.monotonic() > give_up_at:
            # Reading clears S_RESET_ST; while the chip is in reset, it is set again.
            if status & CortexM.S_RESET_ST:
                raise HeldInResetError(
                    "the chip stays in reset: something besides the debug probe pulls nRST low"
                )
            LOG.debug("The core was not reset; is nRST wired to the debug probe?")
            return
