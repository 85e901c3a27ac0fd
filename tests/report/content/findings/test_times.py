"""Times that a careful reader would not believe."""

from mcumatrix.report.content.findings.times import clock_scaling, constant_time, sums, zero_time
from mcumatrix.report.content.timings import HARDWARE, VIRTUAL, Row, Timing
from support.timings import a_timing


def _at(clock: str, *msec: float) -> Timing:
    return a_timing(f"[{clock}]", {"kernels": "a", "clock": clock}, *msec)


def test_times_at_another_clock_scale_with_it() -> None:
    assert not list(clock_scaling([_at("216 MHz", 100.0, 20.503), _at("288 MHz", 75.0, 15.2)]))


def test_times_that_are_the_same_at_another_clock_are_said_so() -> None:
    (found,) = clock_scaling([_at("216 MHz", 100.0, 26.27), _at("288 MHz", 100.0, 26.27)])
    assert str(found) == (
        "[216 MHz] to [288 MHz]: time does not scale with the clock. 288 MHz should take 0.75 of the time "
        "of 216 MHz, and takes 1.00."
    )
    assert found.evidence == ("total 126.270 and 126.270 msec",)


def test_a_layer_without_time_is_named() -> None:
    (found,) = zero_time([_at("1 MHz", 1.0, 0.0)])
    assert str(found) == "[1 MHz]: layer 1, SOFTMAX, takes no time at all."
    (found,) = zero_time([_at("1 MHz", 0.0, 0.0, 1.0)])
    assert str(found) == "[1 MHz]: 2 layers take no time at all."
    assert not list(zero_time([_at("1 MHz", 1.0, 0.001)]))


def test_layers_that_all_take_the_same_were_not_measured() -> None:
    (found,) = constant_time([_at("1 MHz", 2.0, 2.0, 2.0)])
    assert str(found) == "[1 MHz]: all 3 layers take 2.000 msec: something else was measured."
    assert not list(constant_time([_at("1 MHz", 2.0, 2.0, 2.5)]))


def test_hardware_that_never_differs_by_a_cycle_is_said_so_and_a_virtual_board_is_not() -> None:
    def repeats(kind: str, last: float) -> Timing:
        return a_timing("[1]", {}, (1.0, 1.0, 1.0), (2.0, 2.0, last), kind_of_board=kind)

    (found,) = constant_time([repeats(HARDWARE, 2.0)])
    assert str(found).startswith("[1]: 3 repeats on hardware are the same to the cycle in every layer")
    assert not list(constant_time([repeats(HARDWARE, 2.001)]))
    assert not list(constant_time([repeats(VIRTUAL, 2.0)]))


def _summed(total: float, half_unit: float = 0.005, between: Row | None = None) -> Timing:
    layers = (Row("CONV_2D", (1.0,), half_unit), Row("SOFTMAX", (2.0,), half_unit))
    return Timing("[1]", {}, layers, Row("Total time", (total,), half_unit), between)


def test_layers_that_do_not_add_up_are_said_so() -> None:
    (found,) = sums([_summed(4.0)])
    assert str(found) == "[1]: the layers add up to 3.000 msec, and the total is 4.000."
    assert [str(found) for found in sums([_summed(2.9)])] == [
        "[1]: the layers add up to 3.000 msec, and the total is 2.900."
    ]


def test_rounding_and_time_between_layers_are_no_finding() -> None:
    assert not list(sums([_summed(3.0), _summed(3.015), _summed(2.985)]))
    assert not list(sums([_summed(3.2, 0.0, Row("Between layers", (0.2,)))]))
    assert list(sums([_summed(4.0, 0.0, Row("Between layers", (1.0,)))]))
