"""RNG: random numbers (RM0385, chapter "True random number generator (RNG)").

The numbers are not random: they follow from a seed, and begin anew with each reset, so that a run can
be repeated. A new one is there 40 cycles of PLL48CLK after the last was read. Without that clock, or
with one slower than HCLK / 16, there is none, and the clock error flags are set.
"""

import random
from collections.abc import Callable

from vstm32.base.registers import Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock

CR, SR, DR = 0x0, 0x4, 0x8
RNGEN, IE = 1 << 2, 1 << 3
DRDY, CECS, CEIS, SEIS = 1 << 0, 1 << 1, 1 << 5, 1 << 6
_CLOCKS_PER_NUMBER = 40
_SLOWEST = 16  # HCLK over RNG clock

REGISTERS = (Register("CR", CR, writable=RNGEN | IE), Register("SR", SR), Register("DR", DR))


class Rng(RegisterBlock):
    """`clock_hz` is PLL48CLK, 0 while there is none."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        seed: int,
        clock_hz: Callable[[], int],
        core_clock_hz: Callable[[], int],
        interrupt: Callable[[bool], None],
        complain: Callable[[str], None],
    ) -> None:
        """`complain` gets sentences about what firmware does wrong."""
        self._clock = clock
        self._seed = seed
        self._clock_hz = clock_hz
        self._core_clock_hz = core_clock_hz
        self._interrupt = interrupt
        self._complain = complain
        self._ready = clock.alarm(self._number_made)
        super().__init__("RNG", 0x5006_0800, REGISTERS)

    def reset(self) -> None:
        """Off; the numbers begin anew."""
        super().reset()
        self._numbers = random.Random(self._seed)
        self._ready.clear()
        self._interrupt(False)

    def read_register(self, offset: int) -> int:
        """Reading DR takes the number; there is a new one 40 clocks later. CR and SR change nothing."""
        if offset != DR:
            return self.values[offset]
        if not self.values[SR] & DRDY:
            self._complain("RNG_DR is read while RNG_SR has no DRDY, and reads as zero.")
            return 0
        number, self.values[DR] = self.values[DR], 0
        self.values[SR] &= ~DRDY
        self._go_on()
        return number

    def write_register(self, offset: int, value: int) -> None:
        """SR: CEIS and SEIS are cleared by writing zeros."""
        if offset == SR:
            self.values[SR] &= value | ~(CEIS | SEIS)
            self._update_interrupt()
            return
        super().write_register(offset, value)
        self._go_on()

    def clocks_changed(self) -> None:
        """RCC was written."""
        if self.values[CR] & RNGEN:
            self._go_on()

    def _go_on(self) -> None:
        if not self.values[CR] & RNGEN:
            self._ready.clear()
        elif self._clock_hz() * _SLOWEST < self._core_clock_hz():
            self._ready.clear()
            self.values[SR] |= CECS | CEIS
            self._complain(
                f"RNG makes no numbers: PLL48CLK is {self._clock_hz()} Hz, and it has to be at least a "
                "sixteenth of HCLK."
            )
        else:
            self.values[SR] &= ~CECS
            if not self.values[SR] & DRDY and self._ready.at is None:
                cycles = -(-_CLOCKS_PER_NUMBER * self._core_clock_hz() // self._clock_hz())
                self._ready.set(self._clock.now + cycles)
        self._update_interrupt()

    def _number_made(self) -> None:
        self.values[DR] = self._numbers.getrandbits(32)
        self.values[SR] |= DRDY
        self._update_interrupt()

    def _update_interrupt(self) -> None:
        wanted = self.values[CR] & IE and self.values[SR] & (DRDY | CEIS | SEIS)
        self._interrupt(bool(wanted))
