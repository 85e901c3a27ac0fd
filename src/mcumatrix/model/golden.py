"""One question that a model is asked on a board, and the right answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """An input tensor as it lies in memory (little-endian), and the golden output for it.

    `values` are the elements of the output tensor, row-major; each may differ by `tolerance`, which is 0 for
    integer types. `golden_sha256` is that of the file that the answer was read from.
    """

    input: bytes
    values: tuple[float, ...]
    tolerance: float
    golden_sha256: str
