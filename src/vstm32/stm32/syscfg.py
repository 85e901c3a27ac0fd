"""SYSCFG: which port's pins the lines of EXTI follow, and the compensation cell (RM0385 section 7.2)."""

from collections.abc import Callable, Iterable

from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.gpio import PORTS

MEMRMP, PMC, EXTICR1, CMPCR = 0x00, 0x04, 0x08, 0x20
SWP_FMC, SWP_FB = 0x3 << 10, 1 << 8
CMP_PD, READY = 1 << 0, 1 << 8

REGISTERS = (
    # MEM_BOOT, read-only, is 0: the board boots from BOOT_ADD0, as it is delivered. Chips with two banks of
    # flash can swap these.
    Register("MEMRMP", MEMRMP, writable=SWP_FMC, unsupported=SWP_FMC | SWP_FB),
    Register("PMC", PMC, writable=0x0087_0000),
    *(Register(f"EXTICR{index + 1}", EXTICR1 + 4 * index, writable=0xFFFF) for index in range(4)),
    Register("CMPCR", CMPCR, writable=CMP_PD),
)


class Syscfg(RegisterBlock):
    """`lines_changed` is called when a line of EXTI may follow another port than before."""

    narrow_writes_repeat = True

    def __init__(
        self, registers: Iterable[Register], lines_changed: Callable[[], None], base: int = 0x4001_3800
    ) -> None:
        self._lines_changed = lines_changed
        super().__init__("SYSCFG", base, registers)

    def reset(self) -> None:
        """Every line follows port A."""
        super().reset()
        self._lines_changed()

    def port_of(self, line: int) -> str:
        """The port whose pin of this number a line follows; "" for a code that is reserved."""
        code = self.values[EXTICR1 + line // 4 * 4] >> 4 * (line % 4) & 0xF
        return PORTS[code] if code < len(PORTS) else ""

    def read_register(self, offset: int) -> int:
        """The compensation cell is ready as soon as it is on."""
        value = super().read_register(offset)
        is_cell = self.registers[offset].name == "CMPCR"
        return value | READY if is_cell and value & CMP_PD else value

    def write_register(self, offset: int, value: int) -> None:
        """EXTICR1 to 4 choose ports."""
        super().write_register(offset, value)
        if EXTICR1 <= offset < EXTICR1 + 16:
            self._lines_changed()
