"""DWT: the cycle counter and its software lock (PM0253 section 4.9; Arm v7-M ARM, section C1.8).

On the Cortex-M7 writes of firmware to the DWT are ignored until the lock access register has got its
key; a debugger's are not. CYCCNT counts while DWT_CTRL.CYCCNTENA and DEMCR.TRCENA are set. The
comparators are in watchpoints.py, the counters of events in event_counters.py. Where the timing model does
not know what they count, CTRL.NOPRFCNT says that the core has none: they read as zero, and enabling one is a
finding.
"""

from vstm32.base.registers import WORD, Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock
from vstm32.cortex_m.event_counters import NAMES, EventCounters

CTRL, CYCCNT, LAR, LSR = 0x000, 0x004, 0xFB0, 0xFB4
_FIRST_COUNTER = 0x008
_CYCCNTENA = 1 << 0
_FIRST_EVENT_BIT = 17
"""CPIEVTENA; the others follow in the order of their counters."""

_EVENT_BITS = (1 << len(NAMES)) - 1 << _FIRST_EVENT_BIT
_NOPRFCNT = 1 << 24
_COMPARATORS = 4 << 28
_NOT_MODELLED = 0x007F_1FFE
_KEY = 0xC5AC_CE55
_LOCK_IMPLEMENTED, _LOCKED = 1 << 0, 1 << 1


def _registers(has_events: bool) -> tuple[Register, ...]:
    acted_on = _CYCCNTENA | (_EVENT_BITS if has_events else 0)
    reset = _COMPARATORS | (0 if has_events else _NOPRFCNT)
    return (
        Register("CTRL", CTRL, reset=reset, writable=acted_on, unsupported=_NOT_MODELLED & ~acted_on),
        Register("CYCCNT", CYCCNT),
        *(Register(name, _FIRST_COUNTER + 4 * index) for index, name in enumerate(NAMES)),
        Register("LAR", LAR),
        Register("LSR", LSR),
    )


_COUNTERS = range(_FIRST_COUNTER, _FIRST_COUNTER + 4 * len(NAMES), 4)


class Dwt(RegisterBlock):
    """CYCCNT follows the core's cycle counter."""

    def __init__(
        self, clock: VirtualClock, *, has_lock: bool = True, events: EventCounters | None = None
    ) -> None:
        """A Cortex-M4's has no lock (its TRM, DDI 0439B, table 8-1). `events` are its counters of events,
        None where they are not known."""
        self._clock = clock
        self._has_lock = has_lock
        self._events = events
        super().__init__("DWT", 0xE000_1000, _registers(events is not None))

    def reset(self) -> None:
        """Locked, counter stopped at zero."""
        super().reset()
        self._locked = self._has_lock
        self._trace_enabled = False
        self._frozen_at = 0
        self._began: int | None = None
        if self._events is not None:
            self._events.reset()

    def _count(self) -> int:
        if self._began is None:
            return self._frozen_at
        return self._frozen_at + self._clock.now - self._began & WORD

    def set_trace_enabled(self, enabled: bool) -> None:
        """DEMCR.TRCENA has been written."""
        self._trace_enabled = enabled
        self._refresh()

    def _refresh(self) -> None:
        """Starts or stops the counter after CYCCNTENA or TRCENA has changed."""
        running = bool(self.values[CTRL] & _CYCCNTENA) and self._trace_enabled
        if running and self._began is None:
            self._began = self._clock.now
        elif not running and self._began is not None:
            self._frozen_at = self._count()
            self._began = None
        if self._events is not None:
            wanted = (self.values[CTRL] & _EVENT_BITS) >> _FIRST_EVENT_BIT
            self._events.enable(wanted if self._trace_enabled else 0)

    def read_register(self, offset: int) -> int:
        """LSR tells of the lock."""
        if offset == CYCCNT:
            return self._count()
        if offset in _COUNTERS:
            return self._events.read(_COUNTERS.index(offset)) if self._events is not None else 0
        if offset == LSR:
            if not self._has_lock:
                return 0
            return _LOCK_IMPLEMENTED | (_LOCKED if self._locked else 0)
        return 0 if offset == LAR else self.values[offset]

    def is_locked(self, offset: int) -> bool:
        """See `RegisterBlock`."""
        return self._locked and offset != LAR

    def write_register(self, offset: int, value: int) -> None:
        """What firmware writes."""
        if offset == LAR:
            self._locked = self._has_lock and value != _KEY
        elif not self.is_locked(offset):
            self.debugger_write(offset, value)

    def debugger_write(self, offset: int, value: int) -> None:
        """What a debugger writes, for which there is no lock."""
        if offset == CYCCNT:
            self._frozen_at = value
            if self._began is not None:
                self._began = self._clock.now
        elif offset in _COUNTERS:
            if self._events is not None:
                self._events.write(_COUNTERS.index(offset), value)
        else:
            super().write_register(offset, value)
            self._refresh()
