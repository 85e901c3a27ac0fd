"""A comparison of two result sets, for people and for programs."""

import json
import re
from xml.etree import ElementTree

from mcumatrix.model.comparison import Thresholds
from mcumatrix.report.content.gate import Gate, ResultSet, judge
from mcumatrix.report.render.gate import gate_json, gate_junit, gate_markdown, job_summary
from support.timings import a_timing


def _gate() -> Gate:
    base = (
        a_timing("[1]", {"k": "a"}, 10.0),
        a_timing("[2]", {"k": "b"}, 1.0),
        a_timing("[3]", {"k": "c"}, 1.0),
    )
    candidate = (
        a_timing("[1]", {"k": "a"}, 12.0),
        a_timing("[2]", {"k": "b"}, 1.0),
        a_timing("[3]", {"k": "|<b>"}, 1.0),
    )
    return judge(ResultSet("old", base), ResultSet("new", candidate), Thresholds())


def test_markdown_has_the_verdict_each_case_and_the_layers_of_what_is_bad() -> None:
    text = gate_markdown(_gate()).decode()
    assert text.startswith("# new against old\n\nnew against old: 1 same, 1 regression, 1 lost, 1 new.\n")
    assert re.search(r"\| a +\| +10.000 \| +12.000 \| +\+20.0 \| regression +\| the total takes 12.000", text)
    assert "## a: regression\n\n| Layer      |   base | candidate | diff (msec) | diff (%) |" in text
    assert "<b>" not in text


def test_json_has_every_layer_with_its_verdict() -> None:
    document = json.loads(gate_json(_gate()))
    assert (document["schema"], document["passed"]) == (1, False)
    first = document["cases"][0]
    assert (first["case"], first["judgement"]) == ("a", "regression")
    assert first["rows"][0] == {
        "op": "CONV_2D",
        "base_msec": 10.0,
        "candidate_msec": 12.0,
        "diff_msec": 2.0,
        "relative": 0.2,
        "verdict": "different",
        "interval_msec": None,
    }


def test_junit_has_a_test_for_each_case_and_a_failure_for_each_that_is_bad() -> None:
    suite = ElementTree.fromstring(gate_junit(_gate()))
    assert suite.attrib == {
        "name": "new against old",
        "tests": "4",
        "failures": "2",
        "skipped": "1",
        "errors": "0",
    }
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("a", ["failure"]),
        ("b", []),
        ("c", ["failure"]),
        ("|<b>", ["skipped"]),
    ]
    failure = suite[0][0]
    assert failure.get("type") == "regression"


def test_a_job_summary_has_what_is_bad_in_sight_and_the_rest_folded_away() -> None:
    text = job_summary(_gate()).decode()
    head, folded = text.split("<details>", 1)
    assert head.startswith("## new against old: not passed\n\n> [!CAUTION]\n> new against old: 1 same, ")
    assert "| regression " in head and "| lost " in head and "| same " not in head
    assert folded.startswith("<summary>a: each layer</summary>\n\n| Layer      |")
    assert "<summary>All 4 cases</summary>" in folded and "<b>" not in text
    assert text.endswith("</details>\n\n")


def test_a_job_summary_of_what_is_well_is_a_note() -> None:
    same = (a_timing("[1]", {"k": "a"}, 1.0),)
    text = job_summary(judge(ResultSet("old", same), ResultSet("new", same), Thresholds())).decode()
    assert text.startswith("## new against old: passed\n\n> [!NOTE]\n> new against old: 1 same.\n\n<details>")


def test_a_job_summary_stays_within_what_github_takes() -> None:
    many = [tuple(a_timing(f"[{n}]", {"k": f"{n:060}"}, time) for n in range(9_000)) for time in (1.0, 2.0)]
    text = job_summary(judge(ResultSet("old", many[0]), ResultSet("new", many[1]), Thresholds()))
    assert len(text) < 1024 * 1024
    assert b"More does not fit here; the JSON file of the comparison has it." in text
