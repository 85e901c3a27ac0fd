"""Results whose way to a result is worth a word."""

from mcumatrix.report.content.findings.runs import flaky
from mcumatrix.report.content.tables import number_cases
from support.variants import a_record, a_variant


def test_a_pass_after_other_attempts_is_flaky_and_names_them() -> None:
    record = a_record(earlier=("20260101T000000Z-1",))
    (found,) = flaky(number_cases([a_variant()], [record]))
    assert str(found) == (
        "[1] is flaky: it passed in attempt 2 only; board, probe or serial line spoiled those before, see "
        "20260101T000000Z-1 among its records."
    )


def test_a_pass_at_once_is_not_flaky() -> None:
    assert not list(flaky(number_cases([a_variant()], [a_record()])))
