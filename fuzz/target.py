"""What a fuzzer is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads bytes from outside.

    `corpus` gives good inputs to begin with. `read` says whether it accepted an input; it raises nothing for
    one that it refuses in order, and AssertionError, or whatever escapes, is a finding.
    """

    name: str
    corpus: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], bool]
    text: bool = False
    """Whether its inputs are lines of text: then words and lines are changed too."""

    smoke_inputs: int = 150
    """How many inputs the tests try: few where one takes long."""
