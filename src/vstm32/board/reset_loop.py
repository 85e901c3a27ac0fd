"""A firmware that resets itself again and again, and does nothing else."""

from collections.abc import Callable

from vstm32.base.findings import Finding, FindingKind
from vstm32.cortex_m.core import Core
from vstm32.stm32 import rcc

MANY = 20
"""So many resets, without a byte of the host in between, are a loop: nobody does that on purpose."""

_REASONS = {rcc.SOFTWARE_RESET: "by AIRCR.SYSRESETREQ", rcc.WATCHDOG_RESET: "by its watchdog"}


class ResetLoop:
    """Counts the resets that a firmware asks for."""

    def __init__(self, core: Core, host_writes: Callable[[], int], report: Callable[[Finding], None]) -> None:
        """`host_writes` counts what the host has sent."""
        self._core = core
        self._host_writes = host_writes
        self._report = report
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another run begins."""
        self._count = 0
        self._writes_seen = self._host_writes()

    def count(self, flag: int) -> None:
        """One more; `flag` is its reason, as RCC_CSR has it."""
        if self._host_writes() != self._writes_seen:
            self.begin_anew()
        self._count += 1
        if self._count == MANY:
            reason = _REASONS.get(flag, "by itself")
            sentence = (
                f"A reset loop: the board was reset {MANY} times {reason}, and the host has sent nothing "
                f"meanwhile. The core was at {self._core.program_counter:#010x}."
            )
            self._report(self._core.finding(FindingKind.LOOP, sentence))
