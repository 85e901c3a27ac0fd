"""PWR: voltage scaling and the over-drive handshake (RM0385 section 4.4)."""

from mcumatrix.vboard.registers import Register, RegisterBlock

CR1, CSR1, CR2, CSR2 = 0x00, 0x04, 0x08, 0x0C
_ODEN, _ODSWEN, _VOS_READY = 1 << 16, 1 << 17, 1 << 14

REGISTERS = (
    Register("CR1", CR1, reset=0x0000_C000, writable=0x000F_EFFF),
    Register("CSR1", CSR1, reset=0, writable=0x000C_0200),
    Register("CR2", CR2, writable=0x0000_3F3F),
    Register("CSR2", CSR2, writable=0x0000_3F00),
)


class Pwr(RegisterBlock):
    """Over-drive is ready when asked for; switching to it needs it to be ready (section 4.1.4)."""

    narrow_writes_repeat = True

    def __init__(self) -> None:
        super().__init__("PWR", 0x4000_7000, REGISTERS)

    def read_register(self, offset: int) -> int:
        """CSR1 reports VOSRDY, ODRDY (bit 16) and ODSWRDY (bit 17)."""
        value = self.values[offset]
        if offset == CSR1:
            control = self.values[CR1]
            value |= _VOS_READY | control & _ODEN
            if control & _ODEN:
                value |= control & _ODSWEN
        return value
