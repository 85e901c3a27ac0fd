"""How the cycles of the virtual board are made: timing models by name. How far each is right is known of a
chip: see `Chip.expected_errors`.

instructions  one cycle per instruction
m7-block-1    what a Cortex-M7 with its caches would take, block by block

m7_table.py    every number of m7-block-1, with its source
operation.py   what the pipeline has to know of an instruction, from its disassembly
scoreboard.py  two instructions a cycle, in order, when their operands are there
block_cost.py  the cost of a basic block: its pipeline, its loads and its fetches
cost_cache.py  costs that are known from earlier boards
"""

from dataclasses import dataclass

from vstm32.base.errors import VirtualBoardError
from vstm32.timing.m7_table import EXCEPTION_CYCLES


@dataclass(frozen=True, slots=True)
class TimingModel:
    """A way to make cycles; records and reports carry its name."""

    name: str
    summary: str
    exception_cycles: int
    """Of an exception's entry, and of its return."""


INSTRUCTIONS = TimingModel(
    "instructions",
    "one cycle per instruction",
    0,
)
M7_BLOCK_1 = TimingModel(
    "m7-block-1",
    "a Cortex-M7's pipeline, branch predictor and caches, block by block",
    EXCEPTION_CYCLES,
)
TIMING_MODELS = {model.name: model for model in (INSTRUCTIONS, M7_BLOCK_1)}
DEFAULT_TIMING_MODEL = M7_BLOCK_1.name


def timing_model(name: str) -> TimingModel:
    """The timing model of this name.

    Raises:
        VirtualBoardError: there is none.
    """
    if name not in TIMING_MODELS:
        raise VirtualBoardError(
            f"The virtual board has no timing model {name!r}.",
            hint="It has " + " and ".join(TIMING_MODELS) + ".",
        )
    return TIMING_MODELS[name]
