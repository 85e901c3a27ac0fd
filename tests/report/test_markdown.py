"""The Markdown report, against a file that people can read too.

To accept a change on purpose: MCUMATRIX_WRITE_GOLDEN=1 ./dev test tests/report
"""

import os
from dataclasses import replace
from pathlib import Path

from mcumatrix.errors import BuildError, FirmwareError
from mcumatrix.model.record import Correctness, Flashed, Record
from mcumatrix.model.variant import Exclusion, Expectation, Matrix, Outcome, Substitution, Variant
from mcumatrix.report.markdown import render_markdown, summary
from mcumatrix.report.tables import number_cases
from mcumatrix.report.terminal import report_text
from mcumatrix.results.frame import frame, to_csv
from support.variants import a_measurement, a_record, a_variant

ROOT = Path(__file__).parents[2]
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
    text = render_markdown(matrix, number_cases(variants, records), ROOT / "templates")
    assert _matches("report.md", text)


def test_the_csv_file_is_the_golden_one() -> None:
    _, records = _variants_and_records()
    assert _matches("report.csv", to_csv(frame(record for record in records if record)).decode())


def test_the_terminals_report_is_the_golden_one() -> None:
    assert _matches("report.txt", report_text(number_cases(*_variants_and_records())) + "\n")


def test_a_report_that_lacks_variants_says_so_and_a_whole_one_says_that() -> None:
    variants, records = _variants_and_records()
    assert summary(number_cases(variants, records)) == (
        "2 of 5 variants have times. **This report is not complete.**"
    )
    assert summary(number_cases(variants[:2], records[:2])) == (
        "All 2 variants were measured, with correct answers."
    )


def test_what_fails_as_the_matrix_expects_does_not_make_a_report_incomplete() -> None:
    good = a_variant()
    bad = replace(good, expect=Expectation(Outcome.FAIL, "its weights are read as floats"))
    cases = number_cases([good, bad], [a_record(), a_record(FirmwareError("no"), variant=bad)])
    assert summary(cases) == "1 of 2 variants have times; the other 1 failed, as expected."
    assert "firmware: no (expected: its weights are read as floats)" in report_text(cases)
    assert "**This report is not complete.**" in summary(number_cases([good, bad], [a_record(), None]))


def test_a_report_without_any_result_can_be_made() -> None:
    matrix = Matrix("empty", "", (), (a_variant(),))
    text = render_markdown(matrix, number_cases(matrix.variants, [None]), ROOT / "templates")
    assert "0 of 1 variants have times." in text
    left_out = "builtin-simd-216MHz-mnist-int8: not run yet: the run that made this report left it out"
    assert f"- [1] {left_out}\n" in text
    assert f"[1] {left_out}\n" in report_text(number_cases(matrix.variants, [None]))


def test_a_variant_that_was_not_tried_says_why() -> None:
    matrix = Matrix("hindered", "", (), (a_variant(),))
    why = {"builtin-simd-216MHz-mnist-int8": "The virtual board does not start: it said nothing for 30 s"}
    cases = number_cases(matrix.variants, [None], untried=why)
    said = f"[1] builtin-simd-216MHz-mnist-int8: not tried: {why['builtin-simd-216MHz-mnist-int8']}\n"
    assert f"- {said}" in render_markdown(matrix, cases, ROOT / "templates")
    assert said in report_text(cases)


def test_control_characters_of_a_board_do_not_reach_the_terminal() -> None:
    record = a_record(BuildError("\x1b]0;title\x07red \x1b[31m"))
    text = report_text(number_cases([a_variant()], [record]))
    assert "\x1b" not in text
    assert "\\x1b]0;title\\x07red \\x1b[31m" in text
