"""Times that a careful reader would not believe."""

from mcumatrix.model.record import Correctness
from mcumatrix.report.content.findings.finding import Check
from mcumatrix.report.content.findings.times import clock_scaling, constant_time, sums, too_fast, zero_time
from mcumatrix.report.content.tables import Case, number_cases
from mcumatrix.report.content.timings import HARDWARE, VIRTUAL, Row, Timing
from support.timings import a_timing
from support.variants import a_measurement, a_record, a_variant


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
    assert str(found) == (
        "[1]: 3 repeats on hardware are the same to the cycle in every layer, which is rare where there are "
        "caches or interrupts: look whether one was copied."
    )
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


def test_each_repeat_adds_up_by_itself_whatever_the_medians_do() -> None:
    layers = (Row("CONV_2D", (1.0, 1.2, 1.3)), Row("SOFTMAX", (2.3, 2.2, 2.0)))
    totals = (3.3, 3.4, 3.3)
    assert sum(row.median_msec for row in layers) > Row("Total time", totals).median_msec
    assert not list(sums([Timing("[1]", {}, layers, Row("Total time", totals))]))
    (found,) = sums([Timing("[1]", {}, layers, Row("Total time", (3.3, 4.0, 3.3)))])
    assert str(found) == "[1]: the layers add up to 3.400 msec, and the total is 4.000."


def test_a_total_without_layers_is_no_finding() -> None:
    assert not list(sums([Timing("[1]", {}, (), Row("Total time", (4.0,), 0.005), None)]))


def test_rounding_and_time_between_layers_are_no_finding() -> None:
    assert not list(sums([_summed(3.0), _summed(3.015), _summed(2.985)]))
    assert not list(sums([_summed(3.2, 0.0, Row("Between layers", (0.2,)))]))
    assert list(sums([_summed(4.0, 0.0, Row("Between layers", (1.0,)))]))


def _case_with_work(cycles: tuple[int, ...], *work: tuple[str, float]) -> list[Case]:
    measurement = a_measurement((("CONV_2D", cycles), ("SOFTMAX", (20,) * len(cycles))))
    record = a_record((measurement, Correctness(True, 0.0, 0.0, "d" * 64)))
    return number_cases([a_variant()], [record], None, {}, lambda _model: work)


def test_a_layer_faster_than_its_multiplications_is_said_with_both_numbers() -> None:
    (found,) = too_fast(_case_with_work((999, 1200), ("CONV_2D", 1000.0), ("RESHAPE", 0), ("SOFTMAX", 0)))
    assert found.check is Check.TOO_FAST
    assert str(found) == (
        "[1]: 1 layer takes less time than the arithmetic on this core: not all of it was computed, or "
        "something else was measured."
    )
    assert found.evidence == ("CONV_2D: 999 cycles, and its multiplications alone take 1000",)


def test_a_layer_at_the_bound_and_a_network_with_other_layers_are_no_finding() -> None:
    assert not list(too_fast(_case_with_work((1000,), ("CONV_2D", 1000.0), ("SOFTMAX", 0))))
    assert not list(too_fast(_case_with_work((1,), ("CONV_2D", 1000.0))))
    assert not list(too_fast(_case_with_work((1,))))
