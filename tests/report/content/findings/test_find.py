"""What the report notices by itself: the mistakes of the comparison that started this project."""

from dataclasses import replace

from mcumatrix.errors import FirmwareError
from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Correctness, Measurement, Record
from mcumatrix.model.variant import Expectation, Outcome, Variant
from mcumatrix.report.content.findings import find as checks
from mcumatrix.report.content.tables import Case, number_cases
from support.variants import a_measurement, a_record, a_variant

RIGHT = Correctness(True, 0.0, 0.0, "d" * 64)
FAST = (("CONV_2D", (500,)), ("SOFTMAX", (20,)))
SLOW = (("CONV_2D", (1500,)), ("SOFTMAX", (20,)))


def find(cases: list[Case]) -> list[str]:
    return [finding.sentence for finding in checks.find(cases)]


def _variant(kernels: str = "simd", clock_hz: int = 216_000_000) -> Variant:
    return a_variant(f"{kernels}-{clock_hz}", kernels=kernels, clock_hz=clock_hz)


def _cases(*measured: tuple[Variant, Measurement]) -> list[Case]:
    variants = [variant for variant, _ in measured]
    records: list[Record | None] = [
        a_record((measurement, RIGHT), variant=variant) for variant, measurement in measured
    ]
    return number_cases(variants, records)


def test_what_the_check_of_a_model_said_is_a_finding_once_for_all_that_it_is_about() -> None:
    warning = "this will return garbage on tflm-2.1.0: hybrid weights in layer 2"
    records = [a_record(warning=warning), a_record(), a_record(FirmwareError("no"), warning=warning)]
    cases = number_cases([a_variant()] * 3, records)
    assert f"[1], [3]: known before anything was flashed: {warning}." in find(cases)


def test_cases_that_differ_as_they_should_give_no_finding() -> None:
    cases = _cases(
        (_variant("reference"), a_measurement(SLOW)),
        (_variant("simd"), a_measurement(FAST)),
        (_variant("simd", 288_000_000), a_measurement(FAST, clock_hz=288_000_000)),
    )
    assert find(cases) == []


def test_kernels_that_change_nothing_are_said_so() -> None:
    cases = _cases((_variant("reference"), a_measurement(FAST)), (_variant("simd"), a_measurement(FAST)))
    assert find(cases) == [
        "kernels has no effect: reference [1], simd [2] have the same cycles in every layer."
    ]


def test_times_that_do_not_scale_with_the_clock_are_said_so() -> None:
    twice = (("CONV_2D", (1000,)), ("SOFTMAX", (40,)))
    cases = _cases(
        (_variant(clock_hz=144_000_000), a_measurement(FAST, clock_hz=144_000_000)),
        (_variant(clock_hz=288_000_000), a_measurement(twice, clock_hz=288_000_000)),
    )
    assert find(cases) == [
        "[1] to [2]: time does not scale with the clock. 288 MHz should take 0.50 of the time of 144 MHz, "
        "and takes 1.00."
    ]


def test_a_variant_that_passes_though_it_was_expected_to_fail_is_said_so() -> None:
    variant = a_variant(expect=Expectation(Outcome.FAIL, "hybrid weights"))
    assert find(_cases((variant, a_measurement()))) == [
        "[1] was expected to fail (hybrid weights) and passed."
    ]


def test_a_wrong_answer_is_said_with_its_size() -> None:
    record = a_record((a_measurement(), Correctness(False, 3.0, 0.5, "d" * 64)))
    assert find(number_cases([a_variant()], [record])) == [
        "[1] gives a wrong answer: off by 3 where 0.5 is allowed. Its times are not shown."
    ]


def test_cases_without_times_are_no_surprise() -> None:
    assert find(number_cases([a_variant()], [None])) == []


def _with_cmsis_nn(element: TensorType, functions: tuple[str, ...]) -> list[str]:
    measurement = a_measurement()
    layers = (replace(measurement.layers[0], functions=functions), *measurement.layers[1:])
    output = replace(measurement.output, element=element)
    return find(_cases((_variant("cmsis-nn"), replace(measurement, layers=layers, output=output))))


def test_cmsis_nn_that_no_layer_uses_is_a_finding_with_the_reason_for_float() -> None:
    assert _with_cmsis_nn(TensorType.FLOAT32, ()) == [
        "[1]: CMSIS-NN requested, 0 of 2 layers use it: float32 has no CMSIS-NN kernels."
    ]
    assert _with_cmsis_nn(TensorType.INT8, ()) == ["[1]: CMSIS-NN requested, 0 of 2 layers use it."]


def test_cases_with_the_same_finding_share_a_sentence() -> None:
    measurement = a_measurement()
    measurement = replace(measurement, output=replace(measurement.output, element=TensorType.FLOAT32))
    cases = _cases(
        (_variant("cmsis-nn"), measurement), (_variant("cmsis-nn", clock_hz=288_000_000), measurement)
    )
    sentence = "[1], [2]: CMSIS-NN requested, 0 of 2 layers use it: float32 has no CMSIS-NN kernels."
    assert find(cases).count(sentence) == 1


def test_cmsis_nn_that_a_layer_uses_is_no_finding() -> None:
    assert _with_cmsis_nn(TensorType.INT8, ("arm_convolve_s8",)) == []
