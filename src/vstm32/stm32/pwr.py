"""PWR: voltage scaling and the over-drive handshake (RM0385 section 4.4).

Stop and Standby modes and the voltage detector are not modelled.
"""

from collections.abc import Callable

from vstm32.base.registers import Register
from vstm32.stm32.clock_limits import Regulator
from vstm32.stm32.pwr_block import CR1, PwrBlock

CSR1, CR2, CSR2 = 0x04, 0x08, 0x0C
_VOS_SHIFT, _VOS, _PVDE = 14, 3 << 14, 1 << 4
_BRE, _BRR = 1 << 9, 1 << 3
_ODEN, _ODSWEN, _VOS_READY = 1 << 16, 1 << 17, 1 << 14

REGISTERS = (
    Register("CR1", CR1, reset=0x0000_C000, writable=0x000F_EFF3, unsupported=_PVDE),
    Register("CSR1", CSR1, writable=0x0000_0300),
    Register("CR2", CR2, writable=0x0000_3F00),
    Register("CSR2", CSR2, writable=0x0000_3F00),
)


class Pwr(PwrBlock):
    """Over-drive is ready when asked for; switching to it needs it to be ready (section 4.1.4)."""

    registers_of_family = REGISTERS

    def __init__(
        self,
        *,
        pll_on: Callable[[], bool] = lambda: False,
        changed: Callable[[], None] = lambda: None,
        complain: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        """As `PwrBlock`; `pll_on` is RCC_CR.PLLON."""
        self._pll_on = pll_on
        super().__init__(changed=changed, complain=complain)

    def read_register(self, offset: int) -> int:
        """CSR1 reports BRR (bit 3), VOSRDY (14), ODRDY (16) and ODSWRDY (17)."""
        value = self.values[offset]
        if offset == CSR1:
            control = self.values[CR1]
            value |= _VOS_READY | control & _ODEN | (_BRR if value & _BRE else 0)
            if control & _ODEN:
                value |= control & _ODSWEN
        return value

    def _checked(self, value: int) -> int:
        """VOS can be changed only while the PLL is off (section 4.4.1)."""
        if self._pll_on() and (value ^ self.values[CR1]) & _VOS:
            self._complain("The PLL is on, so VOS in PWR_CR1 keeps its voltage scale.")
            return value & ~_VOS | self.values[CR1] & _VOS
        return value

    @property
    def regulator(self) -> Regulator:
        """Voltage scale (VOS 3 is scale 1, 2 is 2, 1 is 3, and 0 is reserved: here 3), and over-drive."""
        control = self.values[CR1]
        scale = {3: 1, 2: 2}.get(control >> _VOS_SHIFT & 3, 3)
        return Regulator(scale, control & (_ODEN | _ODSWEN) == _ODEN | _ODSWEN)
