"""What is said of a run."""

from mcumatrix.model.record import Correctness
from mcumatrix.running import describe
from support.variants import a_measurement, a_record


def test_a_run_is_described_by_the_time_that_the_report_shows() -> None:
    # With 5 cycles between layers, and at 216 MHz. The least would be 1.000 ms.
    measurement = a_measurement(layers=(("CONV_2D", (216_000, 432_000, 648_000)),))
    record = a_record((measurement, Correctness(True, 0.0, 0.1, "d" * 64)))
    assert describe(record) == "2.000 ms, correct"
