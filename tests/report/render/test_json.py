"""The report for programs."""

import json
from pathlib import Path

from mcumatrix.errors import FirmwareError
from mcumatrix.model.record import Correctness, Record
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.publication import make_publication_report
from mcumatrix.report.content.report import make_report
from mcumatrix.report.content.tables import number_cases
from mcumatrix.report.render.json import render_json
from mcumatrix.results.published import read_publication
from support.variants import a_measurement, a_record, a_variant, an_asked_record

ROOT = Path(__file__).parents[3]


def _document(*records: Record | None) -> dict:  # type: ignore[type-arg]
    variants = [a_variant(f"v{number}") for number in range(len(records))]
    report = make_report(Matrix("example", "", (), tuple(variants)), number_cases(variants, records))
    found: dict = json.loads(render_json(report, ROOT / "templates"))  # type: ignore[type-arg]
    return found


def test_times_are_numbers_with_all_their_repeats() -> None:
    document = _document(a_record())
    assert document["schema"] == 1
    (record,) = document["records"]
    assert record["layers"][0] == {
        "op": "CONV_2D",
        "cycles": [1000, 1010],
        "median_msec": 1005 / 216_000,
        "interval_msec": None,
    }
    assert record["total"]["cycles"] == [1025, 1035]


def test_six_repeats_have_an_interval() -> None:
    measurement = a_measurement((("CONV_2D", (2160, 2376, 2160, 2592, 2376, 2160)), ("SOFTMAX", (20,) * 6)))
    conv, softmax = _document(a_record((measurement, Correctness(True, 0, 0, "d" * 64))))["records"][0][
        "layers"
    ]
    low, high = conv["interval_msec"]
    assert 0.01 <= low <= conv["median_msec"] <= high <= 0.012
    assert softmax["interval_msec"] is None


def test_a_wrong_answer_has_no_times_and_a_failure_has_its_reason() -> None:
    wrong, failed = _document(
        a_record((a_measurement(), Correctness(False, float("inf"), 0.0, "d" * 64))),
        a_record(FirmwareError("no")),
    )["records"]
    assert (wrong["status"], wrong["layers"], wrong["total"], wrong["max_error"]) == (
        "wrong-output",
        [],
        None,
        "inf",
    )
    assert (failed["status"], failed["reason"]) == ("firmware", "no")


def test_a_record_has_the_accuracy_of_its_answers() -> None:
    asked, wrong, without = _document(
        an_asked_record((0, 1, 1, 1), correct=3, set_samples=4),
        an_asked_record((0, 1), correct=1, set_samples=9, deviating=(4,), compared=True),
        a_record(),
    )["records"]
    low, high = asked["accuracy"].pop("interval")
    assert 0.30 < low < 0.75 < high < 0.96
    assert asked["accuracy"] == {
        "samples": 4,
        "set_samples": 4,
        "correct": 3,
        "share": 0.75,
        "host_correct": 3,
        "unlike_host": [],
        "set_sha256": "a" * 64,
    }
    assert (wrong["accuracy"]["unlike_host"], wrong["total"]) == ([4], None)
    assert without["accuracy"] is None


def test_findings_and_comparisons_of_the_article_can_be_read_by_programs() -> None:
    article = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
    document = json.loads(render_json(make_publication_report(article), ROOT / "templates"))
    assert {found["check"] for found in document["findings"]} >= {"contradiction", "repeated-table", "sign"}
    first = document["comparisons"][0]
    assert (first["axis"], first["base"], first["candidate"]) == ("runtime", "tflm-1.14.0", "tflm-2.1.0")
    assert round(first["rows"][-1]["diff_msec"], 3) == 94.233
