"""What the data sheet allows the clocks to be, and a watch that says when firmware goes beyond.

A board runs on whatever it is set to: nothing here changes what happens.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vstm32.base import memory_map
from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.stm32.clock_tree import Clocks, Pll

if TYPE_CHECKING:
    from vstm32.cortex_m.core import Core

_MHZ = 1_000_000
CORE_MAX_HZ = 216 * _MHZ
# RM0385 section 3.3.2, table of wait states for 2.7 V to 3.6 V: one more for every 30 MHz.
_HZ_PER_WAIT_STATE = 30 * _MHZ
_WAIT_STATES_MAX = 7
# DS10916, general operating conditions: HCLK by voltage scale, without over-drive and with it.
_HCLK_MAX_HZ = {3: (144 * _MHZ, 144 * _MHZ), 2: (168 * _MHZ, 180 * _MHZ), 1: (180 * _MHZ, CORE_MAX_HZ)}
_PCLK1_MAX_HZ = (45 * _MHZ, 54 * _MHZ)
_PCLK2_MAX_HZ = (90 * _MHZ, 108 * _MHZ)
# RM0385 section 5.3.2: between 1 and 2 MHz, and between 100 and 432 MHz. DS10916 gives the input some room.
_VCO_INPUT_HZ = (950_000, 2_100_000)
_VCO_HZ = (100 * _MHZ, 432 * _MHZ)


@dataclass(frozen=True, slots=True)
class Regulator:
    """What PWR has been set to: voltage scale 1 to 3, and whether over-drive is in use."""

    scale: int
    over_drive: bool


def mhz(hz: float) -> str:
    """A rate for a person: "216 MHz", "1.5 MHz"."""
    return f"{hz / _MHZ:.6g} MHz"


def wait_states_needed(hclk_hz: int) -> int:
    """FLASH_ACR.LATENCY for 2.7 V to 3.6 V (RM0385 section 3.3.2); the table ends with 7 at 216 MHz."""
    return min(max(hclk_hz - 1, 0) // _HZ_PER_WAIT_STATE, _WAIT_STATES_MAX)


def excesses(clocks: Clocks, wait_states: int, regulator: Regulator) -> Iterator[tuple[FindingKind, str]]:
    """Everything that is too fast for what it is supplied with, as sentences."""
    hclk_hz, over_drive = clocks.hclk_hz, regulator.over_drive
    needed = wait_states_needed(hclk_hz)
    if wait_states < needed:
        yield (
            FindingKind.CLOCK,
            f"Flash has {wait_states} wait states and needs {needed} for a core at {mhz(hclk_hz)} "
            "(FLASH_ACR.LATENCY): a real one may read wrong instructions.",
        )
    if hclk_hz > CORE_MAX_HZ:
        yield (
            FindingKind.OVERCLOCKED,
            f"The core is overclocked: it runs at {mhz(hclk_hz)}, and the data sheet allows "
            f"{mhz(CORE_MAX_HZ)}.",
        )
    drive = "with over-drive" if over_drive else "without over-drive"
    limit_hz = _HCLK_MAX_HZ[regulator.scale][over_drive]
    if hclk_hz > limit_hz and limit_hz < CORE_MAX_HZ:
        yield (
            FindingKind.CLOCK,
            f"The core runs at {mhz(hclk_hz)}, and voltage scale {regulator.scale} {drive} allows "
            f"{mhz(limit_hz)} (PWR_CR1).",
        )
    for name, hz, limits in (
        ("PCLK1", clocks.pclk1_hz, _PCLK1_MAX_HZ),
        ("PCLK2", clocks.pclk2_hz, _PCLK2_MAX_HZ),
    ):
        if hz > limits[over_drive]:
            yield (
                FindingKind.CLOCK,
                f"{name} is {mhz(hz)}, and {mhz(limits[over_drive])} are allowed {drive} (RCC_CFGR).",
            )


def pll_mistakes(name: str, pll: Pll) -> Iterator[str]:
    """What is wrong with the settings of a PLL that is switched on (RM0385 section 5.3.2), as sentences."""
    if not pll.is_allowed:
        yield (
            f"{name} does not lock: M is {pll.divider_m} and N is {pll.multiplier_n}; M can be 2 to 63, and "
            "N 50 to 432."
        )
        return
    if pll.divider_q < 2:
        yield f"{name} has no output Q: Q is {pll.divider_q}, and it can be 2 to 15."
    if not _VCO_INPUT_HZ[0] <= pll.input_hz <= _VCO_INPUT_HZ[1]:
        yield f"The VCO of {name} gets {mhz(pll.input_hz)}, and it wants 1 MHz to 2 MHz: look at M."
    # A core that is overclocked has its own note.
    is_overclocking = pll.vco_hz // pll.divider_p > CORE_MAX_HZ
    if not _VCO_HZ[0] <= pll.vco_hz <= _VCO_HZ[1] and not is_overclocking:
        yield f"The VCO of {name} runs at {mhz(pll.vco_hz)}, and it can do 100 MHz to 432 MHz: look at N."


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
        for kind, sentence in excesses(clocks, wait_states, regulator):
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
                memory_map.block_name(program_counter),
                f"{sentence[:-1]} (instruction at {program_counter:#010x}).",
            )
        )
