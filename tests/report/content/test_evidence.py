"""What numbers were read from."""

from dataclasses import replace

from mcumatrix.report.content.evidence import MAXIMUM_TEXTS, shows_texts
from mcumatrix.report.content.tables import Case
from support.variants import a_measurement, a_record


def _measured_with(repeats: int) -> Case:
    """A case with a layer and a total, each as often as it was repeated."""
    measured = a_measurement()
    layer = replace(measured.layers[0], cycles=(1,) * repeats)
    measurement = replace(measured, layers=(layer,), total_cycles=(1,) * repeats)
    return Case(1, "v", {}, replace(a_record(), measurement=measurement))


def test_lines_are_shown_as_they_are_up_to_a_number_of_all_cases_together() -> None:
    half = _measured_with(MAXIMUM_TEXTS // 4)
    assert shows_texts([half, half])
    assert not shows_texts([half, half, _measured_with(1)])
    assert shows_texts([half, half, Case(3, "never run", {}, None)])
