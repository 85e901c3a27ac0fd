"""Check: is the answer right? A time counts only with a correct one."""

import math
import zlib
from collections.abc import Sequence

from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.record import Correctness, Measurement


def check_answer(measurement: Measurement, golden: GoldenCase) -> Correctness:
    """Compares the outputs of the last repeat with the golden ones.

    All repeats must have given these outputs, and the input must have been the golden case's. Of several
    outputs, the error that is said is that of one that is wrong, or else the largest.
    """
    outputs = (measurement.output, *measurement.further_outputs)
    same = len(set(measurement.output.crc32)) == 1 and measurement.input_crc32 == zlib.crc32(golden.input)
    same = same and len(outputs) == len(golden.outputs)
    errors = [
        (largest_error(output.values, expected.values), expected.tolerance)
        for output, expected in zip(outputs, golden.outputs, strict=False)
    ]
    error, tolerance = max(errors, key=lambda pair: (pair[0] > pair[1], pair[0]))
    return Correctness(
        correct=same and error <= tolerance,
        max_error=error,
        tolerance=tolerance,
        golden_sha256=golden.golden_sha256,
    )


def largest_error(values: Sequence[float], expected: Sequence[float]) -> float:
    """The largest absolute difference; infinite where lengths differ or a value is not a number."""
    if len(values) != len(expected):
        return math.inf
    errors = [abs(value - other) for value, other in zip(values, expected, strict=True)]
    return math.inf if any(map(math.isnan, errors)) else max(errors, default=0.0)
