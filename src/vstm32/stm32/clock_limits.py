"""What the data sheet allows the clocks to be, and a watch that says when firmware goes beyond.

A board runs on whatever it is set to: nothing here changes what happens.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vstm32.base.chip import ClockLimits
from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.stm32.clock_tree import Clocks, Pll

if TYPE_CHECKING:
    from vstm32.cortex_m.core import Core

_MHZ = 1_000_000


@dataclass(frozen=True, slots=True)
class Regulator:
    """What PWR has been set to: the voltage scale, or range, from 1 on, and whether over-drive, or boost,
    is in use."""

    scale: int
    over_drive: bool


def mhz(hz: float) -> str:
    """A rate for a person: "216 MHz", "1.5 MHz"."""
    return f"{hz / _MHZ:.6g} MHz"


def wait_states_needed(hclk_hz: int, limits: ClockLimits) -> int:
    """FLASH_ACR.LATENCY for 2.7 V to 3.6 V (RM0385 section 3.3.2), where its table ends at most."""
    return min(max(hclk_hz - 1, 0) // limits.hz_per_wait_state, limits.wait_states_max)


def excesses(
    clocks: Clocks, wait_states: int, regulator: Regulator, limits: ClockLimits
) -> Iterator[tuple[FindingKind, str]]:
    """Everything that is too fast for what it is supplied with, as sentences."""
    hclk_hz, over_drive = clocks.hclk_hz, regulator.over_drive
    needed = wait_states_needed(hclk_hz, limits)
    if wait_states < needed:
        yield (
            FindingKind.CLOCK,
            f"Flash has {wait_states} wait states and needs {needed} for a core at {mhz(hclk_hz)} "
            "(FLASH_ACR.LATENCY): a real one may read wrong instructions.",
        )
    if hclk_hz > limits.core_max_hz:
        yield (
            FindingKind.OVERCLOCKED,
            f"The core is overclocked: it runs at {mhz(hclk_hz)}, and the data sheet allows "
            f"{mhz(limits.core_max_hz)}.",
        )
    drive = f"with {limits.drive_name}" if over_drive else f"without {limits.drive_name}"
    limit_hz = limits.hclk_max_hz[regulator.scale][over_drive]
    if hclk_hz > limit_hz and limit_hz < limits.core_max_hz:
        yield (
            FindingKind.CLOCK,
            f"The core runs at {mhz(hclk_hz)}, and {limits.scale_name} {regulator.scale} {drive} allows "
            f"{mhz(limit_hz)} ({limits.regulator_register}).",
        )
    for name, hz, allowed_hz in (
        ("PCLK1", clocks.pclk1_hz, limits.pclk1_max_hz[over_drive]),
        ("PCLK2", clocks.pclk2_hz, limits.pclk2_max_hz[over_drive]),
    ):
        if hz > allowed_hz:
            yield (
                FindingKind.CLOCK,
                f"{name} is {mhz(hz)}, and {mhz(allowed_hz)} are allowed {drive} (RCC_CFGR).",
            )


def pll_mistakes(name: str, pll: Pll, limits: ClockLimits) -> Iterator[str]:
    """What is wrong with the settings of a PLL that is switched on (RM0385 section 5.3.2), as sentences."""
    if not pll.is_allowed:
        yield (
            f"{name} does not lock: M is {pll.divider_m} and N is {pll.multiplier_n}; M can be 2 to 63, and "
            "N 50 to 432."
        )
        return
    if pll.divider_q < 2:
        yield f"{name} has no output Q: Q is {pll.divider_q}, and it can be 2 to 15."
    lowest_hz, highest_hz = limits.vco_input_hz
    if not lowest_hz <= pll.input_hz <= highest_hz:
        yield f"The VCO of {name} gets {mhz(pll.input_hz)}, and it wants 1 MHz to 2 MHz: look at M."
    # A core that is overclocked has its own note.
    is_overclocking = pll.vco_hz // pll.divider_p > limits.core_max_hz
    lowest_hz, highest_hz = limits.vco_hz
    if not lowest_hz <= pll.vco_hz <= highest_hz and not is_overclocking:
        yield (
            f"The VCO of {name} runs at {mhz(pll.vco_hz)}, and it can do {mhz(lowest_hz)} to "
            f"{mhz(highest_hz)}: look at N."
        )


class ClockWatch:
    """Writes down what `excesses` finds, and what RCC and PWR refuse: each sentence once until reset."""

    def __init__(self, core: "Core", report: Callable[[Finding], None]) -> None:
        self._core = core
        self._report = report
        self._said: set[str] = set()

    def reset(self) -> None:
        """The firmware starts anew."""
        self._said.clear()

    def check(self, clocks: Clocks, wait_states: int, regulator: Regulator) -> None:
        """To be called after every change of what it is given."""
        for kind, sentence in excesses(clocks, wait_states, regulator, self._core.chip.limits):
            self._say(kind, sentence)

    def complain(self, sentence: str) -> None:
        """A setting that the hardware does not take, or that leads nowhere."""
        self._say(FindingKind.CLOCK, sentence)

    def _say(self, kind: FindingKind, sentence: str) -> None:
        if sentence in self._said:
            return
        self._said.add(sentence)
        core = self._core
        program_counter = core.access_program_counter if core.is_in_access else core.program_counter
        self._report(
            Finding(
                kind,
                program_counter,
                program_counter,
                Direction.WRITE,
                4,
                core.memory.map.block_name(program_counter),
                f"{sentence[:-1]} (instruction at {program_counter:#010x}).",
            )
        )
