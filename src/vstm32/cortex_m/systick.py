"""SysTick: a 24-bit down-counter on the core clock or an eighth of it (PM0253 section 4.4)."""

from collections.abc import Callable

from vstm32.base.registers import Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock

CTRL, LOAD, VAL, CALIB = 0x0, 0x4, 0x8, 0xC
_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1 << 0, 1 << 1, 1 << 2, 1 << 16

REGISTERS = (
    Register("CTRL", CTRL, writable=_ENABLE | _TICKINT | _CLKSOURCE),
    Register("LOAD", LOAD, writable=0xFF_FFFF),
    Register("VAL", VAL),
    Register("CALIB", CALIB, reset=0x4000_0000),
)


class SysTick(RegisterBlock):
    """Nothing counts here: the value follows from the cycle at which counting began.

    The counter goes from 1 to 0 (that sets COUNTFLAG and may interrupt), and on the next tick
    reloads, so a period has LOAD + 1 ticks.
    """

    def __init__(self, clock: VirtualClock, interrupt: Callable[[], None]) -> None:
        self._clock = clock
        self._interrupt = interrupt
        self._alarm = clock.alarm(self._expired)
        super().__init__("SysTick", 0xE000_E010, REGISTERS)

    def reset(self) -> None:
        """Off, value zero."""
        super().reset()
        self._alarm.clear()
        self._began = self._clock.now
        self._value = 0
        self._zeros_seen = 0

    @property
    def _divider(self) -> int:
        return 1 if self.values[CTRL] & _CLKSOURCE else 8

    @property
    def _counting(self) -> bool:
        return bool(self.values[CTRL] & _ENABLE) and self.values[LOAD] > 0

    @property
    def period_cycles(self) -> int:
        """Core cycles between two expirations; 0 while it does not count."""
        return (self.values[LOAD] + 1) * self._divider if self._counting else 0

    @property
    def interrupts(self) -> bool:
        """Whether it counts towards an interrupt."""
        return self._counting and bool(self.values[CTRL] & _TICKINT)

    def _ticks(self) -> int:
        return (self._clock.now - self._began) // self._divider

    def _first_zero(self) -> int:
        """Ticks from the beginning to the first expiration."""
        return self._value or self.values[LOAD] + 1

    def _zeros(self) -> int:
        """Expirations since counting began."""
        if not self._counting or self._ticks() < self._first_zero():
            return 0
        return (self._ticks() - self._first_zero()) // (self.values[LOAD] + 1) + 1

    def _current(self) -> int:
        if not self._counting:
            return self._value
        ticks, first, load = self._ticks(), self._first_zero(), self.values[LOAD]
        if ticks < first:
            if self._value:
                return self._value - ticks
            return 0 if ticks == 0 else load + 1 - ticks
        since_zero = (ticks - first) % (load + 1)
        return 0 if since_zero == 0 else load + 1 - since_zero

    def _restart(self, value: int) -> None:
        self._value = value
        self._began = self._clock.now
        self._zeros_seen = 0

    def read_register(self, offset: int) -> int:
        """Reading CTRL clears COUNTFLAG."""
        if offset == VAL:
            return self._current()
        if offset == CTRL:
            zeros = self._zeros()
            flag = _COUNTFLAG if zeros > self._zeros_seen else 0
            self._zeros_seen = zeros
            return self.values[CTRL] | flag
        return self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """A write to VAL clears the counter and COUNTFLAG; changes take effect from where it stands."""
        standing = 0 if offset == VAL else self._current()
        flag = offset != VAL and self._zeros() > self._zeros_seen
        super().write_register(offset, value)
        self._restart(standing)
        self._zeros_seen = -1 if flag else 0
        self._set_alarm()

    def _set_alarm(self) -> None:
        if not self.interrupts:
            self._alarm.clear()
            return
        ticks, first, period = self._ticks(), self._first_zero(), self.values[LOAD] + 1
        due = first if ticks < first else first + ((ticks - first) // period + 1) * period
        self._alarm.set(self._began + due * self._divider)

    def _expired(self) -> None:
        self._interrupt()
        self._set_alarm()
