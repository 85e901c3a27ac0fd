"""Accuracies stand beside times and sizes."""

from mcumatrix.report.content.accuracy import accuracy_table
from mcumatrix.report.content.tables import number_cases
from support.variants import a_record, a_variant, an_asked_record


def test_an_accuracy_has_its_interval_and_stands_beside_time_and_size() -> None:
    variants = [a_variant(f"v{number}") for number in range(4)]
    records = [
        an_asked_record((0, 1, 1, 1), correct=3, set_samples=4),
        an_asked_record((0, 1, None, 1), correct=2, set_samples=1000, deviating=(500,)),
        an_asked_record((0, 1), correct=2, set_samples=2, compared=False),
        a_record(),
    ]
    table = accuracy_table(number_cases(variants, records))
    assert table is not None
    assert table.header == (
        *("Case", "samples", "right", "accuracy", "95 % interval", "host", "unlike the host"),
        *("total (msec)", "flash (bytes)"),
    )
    assert table.rows == (
        ("[1]", "4", "3", "75.0 %", "30.1 % to 95.4 %", "75.0 %", "0", "0.005", "100200"),
        # A time counts only with right answers.
        ("[2]", "4 of 1000", "2", "50.0 %", "15.0 % to 85.0 %", "75.0 %", "1", "-", "100200"),
        ("[3]", "2", "2", "100.0 %", "34.2 % to 100.0 %", "-", "-", "0.005", "100200"),
    )


def test_without_a_labelled_set_there_is_no_table() -> None:
    assert accuracy_table(number_cases([a_variant()] * 2, [a_record(), None])) is None
