"""Answers that a careful reader would not believe."""

from dataclasses import replace

from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Correctness
from mcumatrix.report.content.findings.answers import (
    near_uniform,
    not_a_number,
    other_classes,
    says_nothing,
    wrong,
)
from mcumatrix.report.content.tables import Case, number_cases
from support.variants import a_measurement, a_record, a_variant, an_asked_record


def _case(element: TensorType, *values: float) -> list[Case]:
    measurement = a_measurement()
    measurement = replace(measurement, output=replace(measurement.output, element=element, values=values))
    record = a_record((measurement, Correctness(False, 1.0, 0.1, "d" * 64)))
    return number_cases([a_variant()], [record])


UNSURE = (0.093871, 0.100892, 0.099631, 0.106597, 0.099124, 0.096398, 0.099573, 0.101923, 0.103691, 0.098299)


def test_an_output_that_is_near_uniform_is_said_so_for_each_type_of_element() -> None:
    said = "[1] recognises nothing: its 10 outputs are near uniform, 0.094 to 0.107."
    assert [str(found) for found in near_uniform(_case(TensorType.FLOAT32, *UNSURE))] == [said]
    (found,) = near_uniform(_case(TensorType.INT8, *[-102] * 6, *[-103] * 4))
    assert str(found) == "[1] recognises nothing: its 10 outputs are near uniform, 0.098 to 0.102."
    (found,) = near_uniform(_case(TensorType.UINT8, *[26] * 6, *[25] * 4))
    assert str(found).endswith("0.098 to 0.102.")


def test_an_output_that_is_sure_or_that_is_no_probability_is_no_finding() -> None:
    assert not list(near_uniform(_case(TensorType.FLOAT32, 0, 0, 1, 0)))
    assert not list(near_uniform(_case(TensorType.INT8, -128, 127, -128)))
    assert not list(near_uniform(_case(TensorType.FLOAT32, 7.0, 7.1, 7.2)))
    assert says_nothing([0.5, 0.5]) == ""


def test_outputs_that_are_not_numbers_are_counted() -> None:
    (found,) = not_a_number(_case(TensorType.FLOAT32, float("nan"), 0.0, float("inf")))
    assert (str(found), found.evidence) == ("[1]: 2 of 3 outputs are not numbers.", ("nan, 0.0, inf",))
    assert not list(near_uniform(_case(TensorType.FLOAT32, float("nan"), 0.0, float("inf"))))


def test_numbers_are_no_finding() -> None:
    assert not list(not_a_number(_case(TensorType.FLOAT32, 0.0, 1.0)))


def test_a_kernel_that_is_wrong_on_three_of_a_thousand_is_found() -> None:
    deviating = (17, 203, 640)
    record = an_asked_record((0,) * 1000, correct=987, set_samples=1000, deviating=deviating)
    (found,) = wrong(number_cases([a_variant()], [record]))
    assert str(found) == (
        "[1] is right on the built-in input, and answers 3 of 1,000 samples of its labelled set otherwise "
        "than the host; 1 of them has another class. Its times are not shown."
    )
    assert found.evidence == ("samples 17, 203, 640",)
    assert record.reason == (
        "3 answers to the labelled set not as on the host, off by up to 3 where 0 is allowed: samples 17, "
        "203, 640"
    )


def test_a_kernel_that_answers_as_the_host_is_no_finding_however_often_both_are_wrong() -> None:
    record = an_asked_record((0,) * 1000, correct=1, set_samples=1000)
    assert not list(wrong(number_cases([a_variant()], [record])))


def test_variants_of_one_model_that_answer_with_other_classes_are_named() -> None:
    variants = [a_variant(f"v{number}") for number in range(4)]
    one, other = (0, 1, 1, 0), (0, 1, 0, None)
    records = [an_asked_record(classes, correct=2, set_samples=8) for classes in (one, other, one, other)]
    (found,) = other_classes(number_cases(variants, records))
    assert str(found) == ("[2], [4] answer 2 of 4 samples of mnist-int8 with another class than [1], [3].")
    # Where they stand in the whole set.
    assert found.evidence == (
        "sample 4: class 1 by [1], class 0 by [2]",
        "sample 6: class 0 by [1], no class by [2]",
    )


def test_variants_that_were_asked_something_else_are_not_compared() -> None:
    records = [
        an_asked_record((0, 1), correct=2, set_samples=2),
        replace(an_asked_record((1, 1), correct=1, set_samples=2)),
        a_record(),
    ]
    assert records[1].accuracy is not None
    records[1] = replace(records[1], accuracy=replace(records[1].accuracy, set_sha256="b" * 64))
    assert not list(other_classes(number_cases([a_variant()] * 3, records)))
