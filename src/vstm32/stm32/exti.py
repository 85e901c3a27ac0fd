"""EXTI: edges on pins, and software, become interrupts and events (RM0385 section 11).

Lines 0 to 15 follow pins; the other lines are those of blocks that the board does not model, so that only
software sets them.
"""

from collections.abc import Callable, Iterable

from vstm32.base.registers import Register, RegisterBlock

IMR, EMR, RTSR, FTSR, SWIER, PR = range(0, 0x18, 4)
PINS = 16
LINES = 0x00FF_FFFF

REGISTERS = (
    Register("IMR", IMR, writable=LINES),
    Register("EMR", EMR, writable=LINES),
    Register("RTSR", RTSR, writable=LINES),
    Register("FTSR", FTSR, writable=LINES),
    Register("SWIER", SWIER, writable=LINES),
    Register("PR", PR),
)

# Interrupts of the lines (section 10.1.2), by their masks: PVD, RTC alarm, the wakeups of USB and Ethernet,
# tamper, wakeup, LPTIM1, and MDIO of those chips that have it.
PIN_INTERRUPTS = (
    *((1 << line, 6 + line) for line in range(5)),
    (0x1F << 5, 23),
    (0x3F << 10, 40),
)
INTERRUPTS = (
    *PIN_INTERRUPTS,
    *((1 << line, number) for line, number in enumerate((1, 41, 42, 62, 76, 2, 3, 93, 109), 16)),
)


class Exti(RegisterBlock):
    """`level_of(line)` is the level of the pin that a line follows; `look` is to be called when it may have
    changed. `set_interrupt` gets the number of an interrupt and its level, `event` is called at each event.
    """

    narrow_writes_repeat = True

    def __init__(
        self,
        registers: Iterable[Register],
        *,
        level_of: Callable[[int], int],
        set_interrupt: Callable[[int, bool], None],
        event: Callable[[], None],
        base: int = 0x4001_3C00,
        interrupts: Iterable[tuple[int, int]] = INTERRUPTS,
    ) -> None:
        """`interrupts` are masks of lines and the number of the interrupt that they have."""
        self._interrupts = tuple(interrupts)
        self._level_of = level_of
        self._set_interrupt = set_interrupt
        self._event = event
        self._levels = 0
        super().__init__("EXTI", base, registers)

    def reset(self) -> None:
        """No line is chosen, nothing pending."""
        super().reset()
        self._pend(0)

    @property
    def _watched(self) -> int:
        """Lines of pins on which an edge has a meaning."""
        return (self.values[RTSR] | self.values[FTSR]) & ((1 << PINS) - 1)

    @property
    def awaits_pin(self) -> bool:
        """Whether an edge on a pin would be an interrupt or an event."""
        return bool(self._watched & (self.values[IMR] | self.values[EMR]))

    def look(self) -> None:
        """A pin may have another level, or a line another pin."""
        if not self._watched:
            return
        before, now = self._levels, self._read_levels()
        rising, falling = now & ~before, before & ~now
        self._edges(rising & self.values[RTSR] | falling & self.values[FTSR])

    def _read_levels(self) -> int:
        """The levels of the lines that are watched; what nobody watches is not looked at."""
        watched = self._watched
        self._levels = sum(self._level_of(line) << line for line in range(PINS) if watched >> line & 1)
        return self._levels

    def _edges(self, lines: int) -> None:
        """Edges that were chosen are pending in PR, whether or not IMR lets the interrupt through."""
        if lines & self.values[EMR]:
            self._event()
        if lines:
            self._pend(self.values[PR] | lines)

    def write_register(self, offset: int, value: int) -> None:
        """PR is cleared by ones, and SWIER with it; SWIER acts where a bit becomes 1 (section 11.9)."""
        if offset == PR:
            cleared = value & self.registers[IMR].writable
            self.values[SWIER] &= ~cleared
            self._pend(self.values[PR] & ~cleared)
            return
        before = self.values[offset]
        super().write_register(offset, value)
        if offset == SWIER:
            risen = self.values[SWIER] & ~before
            if risen & self.values[EMR]:
                self._event()
            self._pend(self.values[PR] | risen & self.values[IMR])
        elif offset in (RTSR, FTSR):
            # What a line is at when it begins to be watched is no edge.
            self._read_levels()
        elif offset == IMR:
            self._pend(self.values[PR])

    def _pend(self, pending: int) -> None:
        self.values[PR] = pending
        wanted = pending & self.values[IMR]
        for lines, interrupt in self._interrupts:
            self._set_interrupt(interrupt, bool(wanted & lines))
