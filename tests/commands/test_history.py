"""`doit history`: runs of a matrix over time."""

import json
from pathlib import Path

import pytest

from mcumatrix.commands.history import history
from mcumatrix.commands.report import report
from mcumatrix.errors import ExitCode, NothingSelectedError
from mcumatrix.project import Project
from support.projects import a_project, add_records, forge


def _said(project: Project, **outputs: str) -> str:
    lines: list[str] = []
    assert history(project, "example", outputs, lines.append) is ExitCode.OK
    return "\n".join(lines)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with three runs of one variant, of which the last is slower, and one of another."""
    project = a_project(tmp_path)
    for minute, cycles in ((1, 2_160_000), (2, 2_160_000), (3, 4_320_000)):
        add_records(project, {"reference": cycles}, minute=minute)
    add_records(project, {"simd": 2_160_000})
    return project


SLUG = "builtin_reference_216MHz_mnist-int8"
SAID = f"{SLUG}: 3 runs, 10.010 to 20.010 msec in total; changed at run 3."


def test_changes_are_named_with_run_layer_and_times(project: Project) -> None:
    said = _said(project)
    assert said.startswith(SAID)
    assert (
        "3         2026-01-02T03:03:00.000000Z  -        0 CONV_2D   10.000         20.000        +100.0"
        in said
    )


def test_a_history_is_written_as_json_markdown_and_chart(project: Project, tmp_path: Path) -> None:
    paths = {kind: str(tmp_path / f"history.{kind}") for kind in ("json", "markdown", "chart")}
    _said(project, **paths)
    document = json.loads(Path(paths["json"]).read_bytes())
    assert (document["schema"], document["matrix"]) == (1, "example")
    (variant,) = document["variants"]
    assert variant["layers"][0] == {"layer": "0 CONV_2D", "msec": [10.0, 10.0, 20.0]}
    assert variant["changes"][0] == {
        "run": 3,
        "layer": "0 CONV_2D",
        "before_msec": 10.0,
        "after_msec": 20.0,
        "relative": 1.0,
    }
    markdown = Path(paths["markdown"]).read_text()
    assert markdown.startswith(f"# History of example\n\n## {SLUG}\n\n")
    assert "|        3 | 2026-01-02T03:03:00.000000Z | -       | 0 CONV_2D  |" in markdown
    assert Path(paths["chart"]).read_bytes().startswith(b"<svg ")


def test_the_report_has_its_history_and_a_chart_of_it(project: Project) -> None:
    report(project, "example", lambda _line: None)
    results = project.results("example")
    text = (results / "report.md").read_text()
    assert "## History\n" in text and "](charts/history-1.svg)" in text and SAID in text
    assert (results / "charts" / "history-1.svg").is_file()
    assert SAID in (results / "report.html").read_text()


def test_another_run_makes_the_report_again(project: Project) -> None:
    report(project, "example", lambda _line: None)
    add_records(project, {"simd": 2_160_000}, minute=9)
    report(project, "example", lambda _line: None)
    assert "simd_216MHz_mnist-int8: 2 runs" in (project.results("example") / "report.md").read_text()


def test_what_no_log_says_is_in_no_history(project: Project) -> None:
    (record,) = add_records(project, {"reference": 4_320_000}, minute=5)
    forge(project, record)
    assert "4 runs, 10.010 to 20.010 msec" in _said(project)


def test_one_run_of_each_variant_is_no_history(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    add_records(project, {"reference": 4_320_000})
    with pytest.raises(NothingSelectedError) as raised:
        _said(project)
    assert raised.value.message == "no variant of example has two runs that can be compared"
    assert raised.value.hint == (
        "There is a history after a change, when `doit matrix example` has run again."
    )
