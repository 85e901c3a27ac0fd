"""Check: is the answer right? A time counts only with a correct one."""

import math
import zlib
from collections.abc import Sequence

from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.record import Correctness, Measurement


def check_answer(measurement: Measurement, golden: GoldenCase) -> Correctness:
    """Compares the output of the last repeat with the golden one.

    All repeats must have given that output, and the input must have been the golden case's.
    """
    error = largest_error(measurement.output.values, golden.values)
    same = len(set(measurement.output.crc32)) == 1 and measurement.input_crc32 == zlib.crc32(golden.input)
    return Correctness(
        correct=same and error <= golden.tolerance,
        max_error=error,
        tolerance=golden.tolerance,
        golden_sha256=golden.golden_sha256,
    )


def largest_error(values: Sequence[float], expected: Sequence[float]) -> float:
    """The largest absolute difference; infinite where lengths differ or a value is not a number."""
    if len(values) != len(expected):
        return math.inf
    errors = [abs(value - other) for value, other in zip(values, expected, strict=True)]
    return math.inf if any(map(math.isnan, errors)) else max(errors, default=0.0)
