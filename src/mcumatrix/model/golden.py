"""What a model is asked on a board, and the right answers."""

from dataclasses import dataclass

from mcumatrix.model.labelled import LabelledSet


@dataclass(frozen=True, slots=True)
class GoldenOutput:
    """What an output tensor must hold: its elements, row-major, each of which may differ by `tolerance`.

    It is 0 for integer types.
    """

    values: tuple[float, ...]
    tolerance: float


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """The input tensors as they lie in memory (little-endian), one behind the other, and the golden outputs.

    `golden_sha256` is that of the file that the answers were read from. `labelled` is what it is asked
    besides, None where that is nothing.
    """

    input: bytes
    outputs: tuple[GoldenOutput, ...]
    golden_sha256: str
    labelled: LabelledSet | None = None
