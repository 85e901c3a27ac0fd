"""PWR of the STM32L4+: voltage ranges, the boost of range 1, and the supply of port G (RM0432 section 5.4).

Low-power modes, the voltage monitors, and pulls in standby are registers only.
"""

from vstm32.base.registers import Register
from vstm32.stm32.clock_limits import Regulator
from vstm32.stm32.pwr_block import CR1, PwrBlock

CR2, CR3, CR4, SR1, SR2, SCR, CR5 = 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x80
_VOS_SHIFT, _VOS, _LPR = 9, 3 << 9, 1 << 14
_IOSV = 1 << 9
_R1MODE = 1 << 8
_PULLED = {"UA": 0xBFFF, "DA": 0x5FFF, "DB": 0xFFEF, "UI": 0x0FFF, "DI": 0x0FFF}
"""Where not all pins have a pull: those of the debug port have the other one, and port I has twelve pins."""

_PULLS = tuple(
    Register(
        f"P{way}CR{port}",
        0x20 + 8 * number + (4 if way == "D" else 0),
        writable=_PULLED.get(f"{way}{port}", 0xFFFF),
    )
    for number, port in enumerate("ABCDEFGHI")
    for way in "UD"
)

REGISTERS = (
    Register("CR1", CR1, reset=0x0000_0200, writable=0x0000_4717, unsupported=_LPR | 0x7),
    Register("CR2", CR2, writable=0x0000_06FF, unsupported=0xF1),
    Register("CR3", CR3, reset=0x0000_8000, writable=0x0000_951F),
    Register("CR4", CR4, writable=0x0000_031F),
    Register("SR1", SR1),
    Register("SR2", SR2, reset=0x0000_0100),  # REGLPS: the low-power regulator is ready
    Register("SCR", SCR),
    *_PULLS,
    Register("CR5", CR5, reset=_R1MODE, writable=_R1MODE),
)


class L4Pwr(PwrBlock):
    """The regulator is ready at once: VOSF of SR2 is never set."""

    registers_of_family = REGISTERS

    def _checked(self, value: int) -> int:
        """VOS is 1 or 2; the others are forbidden, and it keeps what it was (section 5.4.1)."""
        if value >> _VOS_SHIFT & 3 not in (1, 2):
            self._complain("VOS in PWR_CR1 can be 1 or 2, and keeps its voltage range.")
            return value & ~_VOS | self.values[CR1] & _VOS
        return value

    @property
    def regulator(self) -> Regulator:
        """The voltage range, and whether it is the boost of range 1."""
        voltage_range = self.values[CR1] >> _VOS_SHIFT & 3
        return Regulator(voltage_range, voltage_range == 1 and not self.values[CR5] & _R1MODE)

    def supplies(self, port: str, number: int) -> bool:
        """Whether a pin has a supply: PG2 to PG15 hang on VDDIO2, which IOSV opens (section 5.1.3)."""
        return port != "G" or number < 2 or bool(self.values[CR2] & _IOSV)
