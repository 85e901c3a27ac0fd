"""Core debug registers that firmware itself uses, and the device id (Arm v7-M ARM C1.6, RM0385 40.6).

No debugger is attached: DHCSR.C_DEBUGEN reads as zero. DEMCR.TRCENA switches the trace blocks on.
"""

from collections.abc import Callable

from mcumatrix.vboard.registers import Register, RegisterBlock

DHCSR, DCRSR, DCRDR, DEMCR = 0x0, 0x4, 0x8, 0xC
TRCENA = 1 << 24


class CoreDebug(RegisterBlock):
    """DHCSR, DCRSR, DCRDR, DEMCR."""

    def __init__(self, trace_changed: Callable[[bool], None]) -> None:
        self._trace_changed = trace_changed
        super().__init__(
            "core debug",
            0xE000_EDF0,
            (
                Register("DHCSR", DHCSR, reset=0x0001_0000),
                Register("DCRSR", DCRSR),
                Register("DCRDR", DCRDR, writable=0xFFFF_FFFF),
                Register("DEMCR", DEMCR, writable=0x010F_07F1, unsupported=0x000F_07F1),
            ),
        )

    def write_register(self, offset: int, value: int) -> None:
        """TRCENA starts or stops CYCCNT."""
        super().write_register(offset, value)
        if offset == DEMCR:
            self._trace_changed(bool(self.values[DEMCR] & TRCENA))


class Dbgmcu(RegisterBlock):
    """DBGMCU: device id 0x449, revision Z 0x1001 (RM0385 section 40.6.1); freeze bits read back."""

    def __init__(self) -> None:
        super().__init__(
            "DBGMCU",
            0xE004_2000,
            (
                Register("IDCODE", 0x0, reset=0x1001_6449),
                Register("CR", 0x4, writable=0x0000_00E7),
                Register("APB1FZ", 0x8, writable=0x06E0_1FFF),
                Register("APB2FZ", 0xC, writable=0x0007_0003),
            ),
        )
