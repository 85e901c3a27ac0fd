"""IWDG: the independent watchdog (RM0385 section 27, "Independent watchdog (IWDG)").

It counts down with the LSI, which it switches on itself and runs at 32 kHz here, through sleep and until
a reset. At the end, or when it is reloaded above its window, the board is reset. A halted core stands
still, and with it the watchdog.
"""

from collections.abc import Callable

from vstm32.base.registers import Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock
from vstm32.stm32.clock_tree import LSI_HZ

KR, PR, RLR, SR, WINR = 0x00, 0x04, 0x08, 0x0C, 0x10
RELOAD_KEY, ACCESS_KEY, START_KEY = 0xAAAA, 0x5555, 0xCCCC
_MAX = 0xFFF
_SLOWEST_PRESCALER = 6  # PR: 4, 8, ... 256; 7 is 256 as well

REGISTERS = (
    Register("KR", KR),
    Register("PR", PR, writable=0x7),
    Register("RLR", RLR, reset=_MAX, writable=_MAX),
    Register("SR", SR),
    Register("WINR", WINR, reset=_MAX, writable=_MAX),
)


class Iwdg(RegisterBlock):
    """PR, RLR and WINR are written at once here: SR never says that a write is under way."""

    narrow_writes_repeat = True

    def __init__(
        self, clock: VirtualClock, *, core_clock_hz: Callable[[], int], request_reset: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._core_clock_hz = core_clock_hz
        self._request_reset = request_reset
        self._end = clock.alarm(self._ended)
        super().__init__("IWDG", 0x4000_3000, REGISTERS)

    def reset(self) -> None:
        """Only a reset stops it."""
        super().reset()
        self._end.clear()
        self._open = False
        self._running = False
        self._count = _MAX
        # The LSI, in ticks of the core clock times LSI_HZ: what has passed of the current count.
        self._passed = 0
        self._settled_at = self._clock.now
        self._rate_hz = self._core_clock_hz()

    @property
    def bites_at(self) -> int | None:
        """The cycle at which it resets the board, if nobody reloads it; None while it does not run."""
        return self._end.at

    # --- registers

    def read_register(self, offset: int) -> int:
        """The key register reads as zero."""
        return 0 if offset == KR else self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """0x5555 opens PR, RLR and WINR; any other key closes them (section 27.3, register protection)."""
        self._settle()
        if offset == KR:
            key = value & 0xFFFF
            self._open = key == ACCESS_KEY
            if key == RELOAD_KEY:
                self._reload(early=self._running and self._count > self.values[WINR])
            elif key == START_KEY and not self._running:
                self._running = True
                self._reload(early=False)
        elif self._open:
            super().write_register(offset, value)
            if offset == WINR:
                # Writing the window reloads the counter.
                self._reload(early=False)
        self._go_on()

    def _reload(self, *, early: bool) -> None:
        if early:
            self._request_reset()
        self._count = self.values[RLR]
        self._passed = 0

    # --- counting

    @property
    def _core_cycles_by_lsi(self) -> int:
        """Core cycles in one count, times LSI_HZ."""
        prescaler = 4 << min(self.values[PR], _SLOWEST_PRESCALER)
        return prescaler * self._rate_hz

    def _settle(self) -> None:
        now = self._clock.now
        if self._running:
            self._passed += (now - self._settled_at) * LSI_HZ
            counts, self._passed = divmod(self._passed, self._core_cycles_by_lsi)
            self._count = max(self._count - counts, 0)
        self._settled_at = now

    def clocks_changed(self) -> None:
        """RCC was written: the LSI goes on as before, in other cycles of the core."""
        self._settle()
        before, self._rate_hz = self._rate_hz, self._core_clock_hz()
        self._passed = self._passed * self._rate_hz // before
        self._go_on()

    def _go_on(self) -> None:
        """The end comes when the counter, at 0, would count on."""
        if self._running:
            left = (self._count + 1) * self._core_cycles_by_lsi - self._passed
            self._end.set(self._settled_at + -(-left // LSI_HZ))

    def _ended(self) -> None:
        self._request_reset()
