"""How the cycles of the virtual board are made: timing models by name. How far each is right is known of a
chip: see `Chip.expected_errors`.

instructions  one cycle per instruction
m7-block-1    what a Cortex-M7 with its caches would take, block by block
m7-cache-2    the same, with each load and store priced by its address
m4-1          what Arm's manual says that a Cortex-M4 takes, and flash with its caches

m7_table.py    every number of m7-block-1, with its source
m7_data_table.py  the numbers of m7-cache-2 that m7-block-1 has not
addresses.py   which addresses a block accesses, from the registers at its entry
operation.py   what the pipeline has to know of an instruction, from its disassembly
scoreboard.py  two instructions a cycle, in order, when their operands are there
block_cost.py  the cost of a basic block: its pipeline, its loads and its fetches
m4_table.py    every number of m4-1, with its source
m4_cost.py     the cost of a basic block on a Cortex-M4
cost_cache.py  costs that are known from earlier boards
"""

from dataclasses import dataclass

from vstm32.base.errors import VirtualBoardError
from vstm32.timing.m4_table import EXCEPTION_CYCLES as M4_EXCEPTION_CYCLES
from vstm32.timing.m7_data_table import HISTORY_OUTCOMES
from vstm32.timing.m7_table import EXCEPTION_CYCLES, MISPREDICTED_CYCLES


@dataclass(frozen=True, slots=True)
class TimingModel:
    """A way to make cycles; records and reports carry its name."""

    name: str
    summary: str
    exception_cycles: int
    """Of an exception's entry, and of its return."""

    prices_addresses: bool = False
    """Whether each load and store costs by where it goes."""

    mispredicted_cycles: int = 0
    """Of a branch that went otherwise than was foreseen."""

    of_m4: bool = False
    """Whether its core is a Cortex-M4."""

    counts_events: bool = False
    """Whether it knows what the DWT's event counters count. Arm says it of cores that take one instruction
    after the other, and not of what a Cortex-M7 counts where it takes two at once."""

    history_outcomes: int = 0
    """Of how many branches before it a branch's prediction depends: 0 to 3."""


INSTRUCTIONS = TimingModel(
    "instructions",
    "one cycle per instruction",
    0,
)
M7_BLOCK_1 = TimingModel(
    "m7-block-1",
    "a Cortex-M7's pipeline, branch predictor and caches, block by block",
    EXCEPTION_CYCLES,
    mispredicted_cycles=MISPREDICTED_CYCLES,
)
M7_CACHE_2 = TimingModel(
    "m7-cache-2",
    "a Cortex-M7 whose loads and stores are priced by their addresses, and branches by what others did",
    EXCEPTION_CYCLES,
    prices_addresses=True,
    mispredicted_cycles=MISPREDICTED_CYCLES,
    history_outcomes=HISTORY_OUTCOMES,
)
M4_1 = TimingModel(
    "m4-1",
    "the cycles that Arm documents for a Cortex-M4, and flash with its caches",
    M4_EXCEPTION_CYCLES,
    prices_addresses=True,
    of_m4=True,
    counts_events=True,
)
TIMING_MODELS = {model.name: model for model in (INSTRUCTIONS, M7_BLOCK_1, M7_CACHE_2, M4_1)}


def timing_model(name: str) -> TimingModel:
    """The timing model of this name.

    Raises:
        VirtualBoardError: there is none.
    """
    if name not in TIMING_MODELS:
        *others, last = TIMING_MODELS
        raise VirtualBoardError(
            f"The virtual board has no timing model {name!r}.",
            hint=f"It has {', '.join(others)} and {last}.",
        )
    return TIMING_MODELS[name]
