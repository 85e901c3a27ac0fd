"""TIM2 and TIM5: 32-bit general-purpose timers (RM0385 section 23, "General-purpose timers (TIM2 to TIM5)").

Nothing counts here: the counter follows from the cycle at which it was looked at last. It counts up or
down, with prescaler, auto-reload and their preload registers, update and compare events with interrupts,
and stops at an update if it is to (one-pulse). A compare match sets CCxIF whether or not the channel has
an output, as on hardware.

Not modelled, and a finding when asked for: counting up and down (CMS), input capture, slave modes, DMA
requests, trigger outputs, and waveforms on pins (CCER).
"""

from collections.abc import Callable, Iterable

from vstm32.base.registers import WORD, Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock

CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR = range(0, 0x30, 4)
CCR = (0x34, 0x38, 0x3C, 0x40)
DCR, DMAR, OR = 0x48, 0x4C, 0x50

CEN, UDIS, URS, OPM, DIR, ARPE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 7
UIF, UG = 1 << 0, 1 << 0
_COMPARE_FLAGS = (1 << 1, 1 << 2, 1 << 3, 1 << 4)
_INTERRUPTS = 0x1F
_EVENTS = 0x1F
_OVERCAPTURE = 0x1E00
_WRAP = 1 << 32

# Reads of SR that follow each other within this many cycles are one waiting loop.
_POLL_GAP_CYCLES = 200
_POLLS_BEFORE_SKIP = 3

REGISTERS = (
    Register("CR1", CR1, writable=0x0BFF, unsupported=0x0860),
    Register("CR2", CR2, writable=0x00F8, unsupported=0x00F8),
    Register("SMCR", SMCR, writable=0x1_FFF7, unsupported=0x1_FFF7),
    Register("DIER", DIER, writable=0x5F5F, unsupported=0x5F40),
    Register("SR", SR),
    Register("EGR", EGR, unsupported=1 << 6),
    Register("CCMR1", CCMR1, writable=0x0101_FFFF, unsupported=0x0303),
    Register("CCMR2", CCMR2, writable=0x0101_FFFF, unsupported=0x0303),
    Register("CCER", CCER, writable=0xBBBB, unsupported=0x1111),
    Register("CNT", CNT, writable=WORD),
    Register("PSC", PSC, writable=0xFFFF),
    Register("ARR", ARR, reset=WORD, writable=WORD),
    *(Register(f"CCR{number}", offset, writable=WORD) for number, offset in enumerate(CCR, 1)),
    Register("DCR", DCR, writable=0x1F1F, unsupported=0x1F1F),
    Register("DMAR", DMAR, writable=0xFFFF, unsupported=0xFFFF),
    Register("OR", OR, writable=0x0CC0, unsupported=0x0CC0),
)


class Timer(RegisterBlock):
    """One timer. `clock_cycles` tells core cycles per cycle of its clock, 0 while RCC gives it none."""

    narrow_writes_repeat = True

    def __init__(
        self,
        name: str,
        base: int,
        clock: VirtualClock,
        registers: Iterable[Register] = REGISTERS,
        *,
        clock_cycles: Callable[[], int],
        interrupt: Callable[[bool], None],
    ) -> None:
        self._clock = clock
        self._clock_cycles = clock_cycles
        self._interrupt = interrupt
        self._alarm = clock.alarm(self._due)
        super().__init__(name, base, registers)

    def reset(self) -> None:
        """Stopped at 0, all registers at their reset values."""
        super().reset()
        self._alarm.clear()
        self._settled_at = self._clock.now
        self._cycles_per_clock = 0
        self._prescaled = 0
        self._prescaler = 0
        self._reload = WORD
        self._compare = [0, 0, 0, 0]
        self._polls = 0
        self._last_poll = 0
        self._interrupt(False)

    # --- registers

    def read_register(self, offset: int) -> int:
        """SR counts as a poll; EGR reads as zero."""
        if offset == SR:
            self._poll()
        self._settle()
        return 0 if offset == EGR else self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """SR is cleared by writing zeros; PSC, and with preload ARR and CCRx, count from the next update."""
        self._settle()
        self._polls = 0
        if offset == SR:
            self.values[SR] &= value | ~(_INTERRUPTS | _OVERCAPTURE)
        elif offset == EGR:
            super().write_register(offset, value)
            self._generate(value & _EVENTS)
        else:
            super().write_register(offset, value)
            self._load_what_has_no_preload()
        self._go_on()

    def _generate(self, events: int) -> None:
        """EGR: CCxG sets a flag, UG begins a period; with UDIS it does so without an update."""
        self.values[SR] |= events & ~UG
        if events & UG:
            self._prescaled = 0
            self.values[CNT] = self.values[ARR] if self._down else 0
            if not self.values[CR1] & UDIS:
                self._load_all()
                if not self.values[CR1] & URS:
                    self.values[SR] |= UIF

    def _load_what_has_no_preload(self) -> None:
        if not self.values[CR1] & ARPE:
            self._reload = self.values[ARR]
        for channel in range(4):
            if not self._has_preload(channel):
                self._compare[channel] = self.values[CCR[channel]]

    def _has_preload(self, channel: int) -> bool:
        """OCxPE."""
        return bool(self.values[CCMR1 if channel < 2 else CCMR2] & 1 << (3 + 8 * (channel & 1)))

    def _load_all(self) -> None:
        self._prescaler = self.values[PSC]
        self._reload = self.values[ARR]
        self._compare = [self.values[offset] for offset in CCR]

    # --- counting

    @property
    def _down(self) -> bool:
        return bool(self.values[CR1] & DIR)

    @property
    def _counts(self) -> bool:
        """A counter with an auto-reload value of 0 is blocked."""
        return bool(self.values[CR1] & CEN) and self._reload > 0 and self._cycles_per_clock > 0

    def _steps_to_update(self) -> int:
        """Counts up to the next overflow or underflow; a counter beyond ARR goes all the way round."""
        count = self.values[CNT]
        if self._down:
            return count + 1
        return self._reload - count + 1 if count <= self._reload else _WRAP - count + self._reload + 1

    def _steps_to_match(self, channel: int) -> int | None:
        """Counts up to the next match; None if an update comes first."""
        wanted, count = self._compare[channel], self.values[CNT]
        steps = (count - wanted if self._down else wanted - count) % _WRAP
        return steps if 0 < steps < self._steps_to_update() else None

    def _clocks_to(self, steps: int) -> int:
        return steps * (self._prescaler + 1) - self._prescaled

    def _settle(self) -> None:
        """Brings counter and flags up to now, at the rate that has held since the last time."""
        now = self._clock.now
        if not self._counts:
            self._settled_at = now
            return
        clocks = (now - self._settled_at) // self._cycles_per_clock
        self._settled_at += clocks * self._cycles_per_clock
        while clocks and self.values[CR1] & CEN and self._reload:
            clocks = self._pass(clocks)
        self._update_interrupt()

    def _pass(self, clocks: int) -> int:
        """Lets clocks pass, up to an update if there are enough; returns what is left of them."""
        to_update = self._clocks_to(self._steps_to_update())
        for channel, flag in enumerate(_COMPARE_FLAGS):
            steps_to_match = self._steps_to_match(channel)
            if steps_to_match is not None and self._clocks_to(steps_to_match) <= clocks:
                self.values[SR] |= flag
        if clocks < to_update:
            steps, self._prescaled = divmod(self._prescaled + clocks, self._prescaler + 1)
            self.values[CNT] = (self.values[CNT] + (-steps if self._down else steps)) % _WRAP
            return 0
        self._update_event()
        return self._skip_periods(clocks - to_update)

    def _update_event(self) -> None:
        """A compare value beyond ARR matches with the overflow (RM0385, CCxIF)."""
        self._prescaled = 0
        matches = [compare > self._reload for compare in self._compare]
        if not self.values[CR1] & UDIS:
            self._load_all()
            self.values[SR] |= UIF
            if self.values[CR1] & OPM:
                self.values[CR1] &= ~CEN
        self.values[CNT] = self._reload if self._down else 0
        for channel, flag in enumerate(_COMPARE_FLAGS):
            if matches[channel] or self._compare[channel] == self.values[CNT]:
                self.values[SR] |= flag

    def _skip_periods(self, clocks: int) -> int:
        """Whole periods that are like each other: one of them sets all flags that all of them set."""
        period = (self._reload + 1) * (self._prescaler + 1)
        if clocks < 2 * period or not self.values[CR1] & CEN:
            return clocks
        return clocks % period + period

    # --- interrupts and waiting

    def clocks_changed(self) -> None:
        """RCC was written: what has passed counts at the old rate, what comes at the new one."""
        self._settle()
        self._go_on()

    def _go_on(self) -> None:
        self._cycles_per_clock = self._clock_cycles()
        self._update_interrupt()
        wanted = self.values[DIER] & _INTERRUPTS & ~self.values[SR]
        due = self._next_event(wanted)
        if due is None:
            self._alarm.clear()
        else:
            self._alarm.set(due)

    def _next_event(self, flags: int) -> int | None:
        """The cycle at which one of these flags, or an update, comes next; None for never."""
        if not self._counts:
            return None
        if not flags:
            return None
        steps = self._steps_to_update()
        for channel, flag in enumerate(_COMPARE_FLAGS):
            if flags & flag:
                steps = min(steps, self._steps_to_match(channel) or steps)
        return self._settled_at + self._clocks_to(steps) * self._cycles_per_clock

    def _due(self) -> None:
        self._settle()
        self._go_on()

    def _update_interrupt(self) -> None:
        self._interrupt(bool(self.values[DIER] & self.values[SR] & _INTERRUPTS))

    def _poll(self) -> None:
        """A loop of reads of SR waits for a flag: virtual time jumps to the next event."""
        now = self._clock.now
        self._polls = self._polls + 1 if now - self._last_poll <= _POLL_GAP_CYCLES else 0
        self._last_poll = now
        if self._polls < _POLLS_BEFORE_SKIP:
            return
        self._settle()
        events = [self._next_event(_INTERRUPTS & ~self.values[SR]), self._clock.next_alarm()]
        standing = [at for at in events if at is not None]
        if standing and events[0] is not None:
            self._clock.skip_to(min(standing))
            self._last_poll = self._clock.now
