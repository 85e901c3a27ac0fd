"""The Markdown report, against a file that people can read too.

To accept a change on purpose: MCUMATRIX_WRITE_GOLDEN=1 ./dev test tests/report
"""

import os
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import BuildError, FirmwareError
from mcumatrix.model.record import Correctness, Flashed, Record
from mcumatrix.model.variant import Exclusion, Expectation, Matrix, Outcome, Substitution, Variant
from mcumatrix.report.content.report import Report, make_report
from mcumatrix.report.content.tables import Table, number_cases
from mcumatrix.report.render.csv import render_csv
from mcumatrix.report.render.formats import FORMATS
from mcumatrix.report.render.markdown import inert, render_markdown, to_markdown
from mcumatrix.report.render.terminal import report_text
from support.variants import a_measurement, a_record, a_variant

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
RIGHT = Correctness(True, 0.0, 0.0, "d" * 64)


def _variants_and_records() -> tuple[list[Variant], list[Record | None]]:
    variants = [
        a_variant("builtin-reference-216MHz-mnist-int8", kernels="reference"),
        a_variant("builtin-simd-216MHz-mnist-int8"),
        a_variant("builtin-simd-288MHz-mnist-int8", clock_hz=288_000_000),
        a_variant("builtin-other-216MHz-mnist-int8", kernels="other"),
        a_variant("builtin-later-216MHz-mnist-int8", kernels="later"),
    ]
    slow = a_measurement((("CONV_2D", (35_910_000, 35_910_000)), ("SOFTMAX", (4_320, 4_330))))
    fast = a_measurement((("CONV_2D", (8_100_000, 8_100_000)), ("SOFTMAX", (4_320, 4_320))))
    fast_288 = replace(fast, clock=replace(fast.clock, declared_hz=288_000_000, measured_hz=288_000_000))
    outcomes = [
        (slow, RIGHT),
        (fast, RIGHT),
        (fast_288, Correctness(False, 2.0, 0.0, "d" * 64)),
        FirmwareError("the firmware says: <b>BusFault</b> | at 0x08000100"),
    ]
    records: list[Record | None] = [
        replace(
            a_record(outcome, variant=variant),
            finished_at=f"2026-01-02T03:04:0{number}.000000Z",
            log=f"20260102T03040{number}.000000Z-ffffffffffff.log",
            flashed=Flashed("066BFF", "b" * 64, (100_200, 0, 32_768)[number]) if number < 3 else None,
        )
        for number, (variant, outcome) in enumerate(zip(variants, outcomes, strict=False))
    ]
    return variants, [*records, None]


def _report(variants: list[Variant], records: list[Record | None]) -> Report:
    matrix = Matrix("example", "", (), tuple(variants))
    return make_report(matrix, number_cases(variants, records))


def _matches(name: str, text: str) -> bool:
    path = GOLDEN / name
    if os.environ.get("MCUMATRIX_WRITE_GOLDEN"):
        path.write_text(text)
    return path.read_text() == text


def test_the_report_is_the_golden_one() -> None:
    variants, records = _variants_and_records()
    exclusion = Exclusion((("runtime", "builtin"), ("kernels", "cmsis-nn")), "builtin has no such kernels")
    substitution = Substitution("gcc-arm-9-2019-q4", "debian-12")
    matrix = Matrix(
        "example", "What the report looks like.", (), tuple(variants), (exclusion,), (substitution,)
    )
    text = render_markdown(make_report(matrix, number_cases(variants, records)), ROOT / "templates")
    assert _matches("report.md", text.decode())


def test_the_csv_file_is_the_golden_one() -> None:
    assert _matches("report.csv", render_csv(_report(*_variants_and_records()), ROOT / "templates").decode())


def test_the_terminals_report_is_the_golden_one() -> None:
    assert _matches("report.txt", report_text(_report(*_variants_and_records())) + "\n")


def test_every_file_of_a_report_has_its_format() -> None:
    report = _report(*_variants_and_records())
    made = {name: render(report, ROOT / "templates") for name, render in FORMATS.items()}
    assert list(made) == ["report.csv", "report.html", "report.json", "report.md"]
    assert made["report.csv"].startswith(b"variant,") and made["report.md"].startswith(b"# example\n")


def test_a_report_cannot_be_changed_by_who_shows_it() -> None:
    report = _report(*_variants_and_records())
    with pytest.raises(FrozenInstanceError):
        report.findings = ()  # type: ignore[misc]
    assert isinstance(report.findings, tuple) and isinstance(report.times, tuple)


def test_a_report_that_lacks_variants_says_so_and_a_whole_one_says_that() -> None:
    variants, records = _variants_and_records()
    some, all_of_it = _report(variants, records), _report(variants[:2], records[:2])
    assert (some.summary, some.warning) == ("2 of 5 variants have times.", "This report is not complete.")
    assert (all_of_it.summary, all_of_it.warning) == (
        "All 2 variants were measured, with correct answers.",
        "",
    )


def test_what_fails_as_the_matrix_expects_does_not_make_a_report_incomplete() -> None:
    good = a_variant()
    bad = replace(good, expect=Expectation(Outcome.FAIL, "its weights are read as floats"))
    report = _report([good, bad], [a_record(), a_record(FirmwareError("no"), variant=bad)])
    assert report.summary == "1 of 2 variants have times; the other 1 failed, as expected."
    assert report.warning == ""
    assert "firmware: no (expected: its weights are read as floats)" in report_text(report)
    assert _report([good, bad], [a_record(), None]).warning == "This report is not complete."


def test_a_report_without_any_result_can_be_made() -> None:
    matrix = Matrix("empty", "", (), (a_variant(),))
    report = make_report(matrix, number_cases(matrix.variants, [None]))
    text = render_markdown(report, ROOT / "templates").decode()
    assert "0 of 1 variants have times. **This report is not complete.**" in text
    left_out = "builtin-simd-216MHz-mnist-int8: not run yet: the run that made this report left it out"
    assert f"- [1] {left_out}\n" in text
    assert f"[1] {left_out}\n" in report_text(report)


def test_a_variant_that_was_not_tried_says_why() -> None:
    matrix = Matrix("hindered", "", (), (a_variant(),))
    why = {"builtin-simd-216MHz-mnist-int8": "not tried: The virtual board does not start: it is silent"}
    report = make_report(matrix, number_cases(matrix.variants, [None], untried=why))
    said = f"[1] builtin-simd-216MHz-mnist-int8: {why['builtin-simd-216MHz-mnist-int8']}\n"
    assert f"- {said}" in render_markdown(report, ROOT / "templates").decode()
    assert said in report_text(report)


def test_control_characters_of_a_board_reach_neither_terminal_nor_files() -> None:
    report = _report([a_variant()], [a_record(BuildError("\x1b]0;title\x07red \x1b[31m"))])
    shown = r"\x1b]0;title\x07red \x1b[31m"
    assert shown in report_text(report)
    assert shown in render_csv(report, ROOT / "templates").decode()
    markdown = render_markdown(report, ROOT / "templates").decode()
    assert shown in markdown.replace(r"\\", "\\")
    for text in (report_text(report), markdown, render_csv(report, ROOT / "templates").decode()):
        assert not set(text) & {"\x1b", "\x07"}


def test_markdown_columns_are_aligned_for_people_who_read_the_source_and_numbers_stand_right() -> None:
    rows = (("1", "2", "some"), ("333333", "-", ""))
    assert to_markdown(Table(("a", "long header", "words"), rows)) == (
        "|      a | long header | words |\n"
        "|-------:|------------:|-------|\n"
        "|      1 |           2 | some  |\n"
        "| 333333 |           - |       |"
    )


def test_nothing_in_a_cell_is_html_or_markdown() -> None:
    assert inert("<script>a|b\n`x`</script> & [link](http://x) *y* _z_") == (
        "&lt;script&gt;a\\|b 'x'&lt;/script&gt; &amp; [link\\](http://x) \\*y\\* \\_z\\_"
    )


def test_names_of_operators_and_cases_stay_as_they_are() -> None:
    assert inert("DEPTHWISE_CONV_2D [1]") == "DEPTHWISE_CONV_2D [1]"


@given(st.text())
def test_any_text_stays_in_its_cell(text: str) -> None:
    assert len(to_markdown(Table(("h", "i"), ((text, text),))).split("\n")) == 3
    assert "<" not in inert(text)
