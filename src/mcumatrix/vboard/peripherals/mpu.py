"""MPU registers (PM0253 section 4.6): they read back, region by region; protection is not modelled."""

from mcumatrix.vboard.registers import Register, RegisterBlock

TYPE, CTRL, RNR, RBAR, RASR = 0x00, 0x04, 0x08, 0x0C, 0x10
REGIONS = 8
_VALID = 1 << 4

REGISTERS = (
    Register("TYPE", TYPE, reset=REGIONS << 8),
    Register("CTRL", CTRL, writable=0x7),
    Register("RNR", RNR, writable=0xFF),
    *(
        register
        for alias in range(4)
        for register in (
            Register("RBAR" if alias == 0 else f"RBAR_A{alias}", RBAR + 8 * alias),
            Register("RASR" if alias == 0 else f"RASR_A{alias}", RASR + 8 * alias),
        )
    ),
)


class Mpu(RegisterBlock):
    """Eight regions. Enabling the MPU changes nothing about what the core may access."""

    def __init__(self) -> None:
        super().__init__("MPU", 0xE000_ED90, REGISTERS)

    def reset(self) -> None:
        """All regions empty."""
        super().reset()
        self._bases = [0] * REGIONS
        self._attributes = [0] * REGIONS

    def _region(self) -> int:
        return self.values[RNR] % REGIONS

    def read_register(self, offset: int) -> int:
        """RBAR carries the region number."""
        if offset >= RBAR:
            if (offset - RBAR) % 8:
                return self._attributes[self._region()]
            return self._bases[self._region()] | self._region()
        return self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """RBAR with VALID set also selects the region."""
        if offset < RBAR:
            super().write_register(offset, value)
        elif (offset - RBAR) % 8:
            self._attributes[self._region()] = value & 0x173F_FF3F
        else:
            if value & _VALID:
                self.values[RNR] = value & 0xF
            self._bases[self._region()] = value & 0xFFFF_FFE0
