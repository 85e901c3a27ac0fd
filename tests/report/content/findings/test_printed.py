"""What the report finds in the article that started the project, from its numbers alone."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from mcumatrix.model.publication import Printed, Publication
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.findings.printed import find_in_publication, trusted
from mcumatrix.results.published import read_publication

ROOT = Path(__file__).parents[4]
ARTICLE = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
FOUND = find_in_publication(ARTICLE)


def _of(check: Check, found: list[Finding] = FOUND) -> list[Finding]:
    return [finding for finding in found if finding.check is check]


def test_its_third_comparison_repeats_the_first_although_the_clock_differs() -> None:
    assert [str(finding) for finding in _of(Check.REPEATED_TABLE)] == [
        "comparison-3 repeats comparison-1 to the last digit, although it is about clock 288 MHz "
        "and not 216 MHz."
    ]


def test_its_third_and_fourth_comparison_contradict_its_table_of_cases() -> None:
    settings = "mnist-float32, stm32f746g-disco"
    assert [str(finding) for finding in _of(Check.CONTRADICTION)] == [
        "comparison-3 2.1.0 contradicts cases [3]: for the same settings (tflm-2.1.0, reference, 288 MHz, "
        f"{settings}) it has 220.503 msec and not 165.256, 1.33 times as much; 7 of 9 numbers differ.",
        "comparison-4 2.1.0 contradicts cases [4]: for the same settings (tflm-2.1.0, cmsis-nn, 288 MHz, "
        f"{settings}) it has 725.43 msec and not 165.02, 4.40 times as much; 8 of 9 numbers differ.",
    ]


def test_the_differences_of_its_fourth_comparison_have_the_wrong_sign() -> None:
    (found,) = _of(Check.SIGN)
    assert str(found) == (
        "comparison-4 diff (msec): 9 of 9 differences have the wrong sign: "
        "they are old minus new, and not new minus old."
    )
    assert found.evidence[0] == "DEPTHWISE_CONV_2D: 55.05 - 52 is +3.05, printed is -3.05"


def test_cmsis_nn_changed_no_layer_by_more_than_one_percent_and_a_fifth() -> None:
    (found,) = _of(Check.NO_EFFECT)
    assert str(found).startswith(
        "CMSIS-NN changed no layer by more than 1.2 %, except those that take next to no time: it is "
        "not used, or does nothing here"
    )


def test_what_does_not_scale_with_the_clock_is_in_the_tables_that_are_in_doubt() -> None:
    found = [str(finding) for finding in _of(Check.CLOCK_SCALING)]
    assert [sentence.partition(":")[0] for sentence in found] == [
        "cases [1] to comparison-3 2.1.0",
        "cases [2] to comparison-4 2.1.0",
        "comparison-1 1.14.0 to comparison-3 1.14.0",
        "comparison-2 1.14.0 to comparison-4 1.14.0",
    ]
    assert trusted(ARTICLE).doubtful == ("comparison-3", "comparison-4")


def test_its_compressed_model_recognises_nothing() -> None:
    assert [str(finding) for finding in _of(Check.NEAR_UNIFORM)] == [
        "compressed model: recognises nothing: its 10 outputs are near uniform, 0.094 to 0.107."
    ]


def test_its_sums_are_right_and_nothing_else_is_said() -> None:
    assert Counter(finding.check for finding in FOUND) == {
        Check.CONTRADICTION: 2,
        Check.REPEATED_TABLE: 1,
        Check.CLOCK_SCALING: 4,
        Check.SIGN: 1,
        Check.NEAR_UNIFORM: 1,
        Check.NO_EFFECT: 1,
        Check.ZERO_TIME: 1,
    }


def _only(*tables: str) -> Publication:
    return replace(ARTICLE, columns=tuple(column for column in ARTICLE.columns if column.table in tables))


def test_its_right_tables_alone_have_only_the_library_that_does_nothing() -> None:
    found = find_in_publication(_only("cases", "comparison-1", "comparison-2"))
    assert [finding.check for finding in found] == [Check.NO_EFFECT]


def test_one_digit_that_is_wrong_in_a_sum_is_found() -> None:
    right = _only("cases")
    column = right.columns[0]
    wrong = replace(column, total=Printed(None, "TOTAL", "221.503"))
    found = find_in_publication(replace(right, columns=(wrong, *right.columns[1:])))
    assert "cases [1]: the layers add up to 220.503 msec, and the total is 221.503." in map(str, found)


def test_one_difference_that_is_wrong_is_found() -> None:
    table = _only("comparison-1")
    new, old, diff = table.columns
    layers = (Printed(0, "DEPTHWISE_CONV_2D", "6.24"), *diff.layers[1:])
    found = _of(
        Check.SIGN, find_in_publication(replace(table, columns=(new, old, replace(diff, layers=layers))))
    )
    assert [(str(finding), finding.evidence) for finding in found] == [
        (
            "comparison-1 diff (msec): 1 of 9 differences are wrong.",
            ("DEPTHWISE_CONV_2D: 25.19 - 18.77 is +6.42, printed is 6.24",),
        )
    ]
