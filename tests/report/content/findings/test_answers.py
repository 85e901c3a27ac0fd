"""Answers that a careful reader would not believe."""

from dataclasses import replace

from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Correctness
from mcumatrix.report.content.findings.answers import near_uniform, not_a_number, says_nothing
from mcumatrix.report.content.tables import Case, number_cases
from support.variants import a_measurement, a_record, a_variant


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
