"""`doit history`: runs of a matrix over time."""

import json
import shutil
from pathlib import Path

import pytest

from mcumatrix.commands.history import history
from mcumatrix.commands.report import report
from mcumatrix.errors import ExitCode, MatrixError, NothingSelectedError
from mcumatrix.project import Project
from support.projects import a_project, add_records, forge
from support.repositories import commit_all, git


def _said(project: Project, *, with_commits: bool = False, **outputs: str) -> str:
    lines: list[str] = []
    assert history(project, "example", outputs, lines.append, with_commits=with_commits) is ExitCode.OK
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


@pytest.fixture
def measured_anew(tmp_path: Path) -> Project:
    """A project with a run in each of three commits, the last of them slower, whose records were then moved
    away and followed by a fourth, which is faster."""
    project = a_project(tmp_path)
    for minute, cycles in ((1, 2_160_000), (2, 2_160_000), (3, 4_320_000)):
        add_records(project, {"reference": cycles}, minute=minute)
        commit_all(project.root, "results")
    _measure_anew(project)
    return project


def _measure_anew(project: Project) -> None:
    shutil.rmtree(project.results("example"))
    add_records(project, {"reference": 1_080_000}, minute=8)


def test_runs_that_earlier_commits_alone_have_are_shown_when_git_is_asked(measured_anew: Project) -> None:
    said = _said(measured_anew, with_commits=True)
    assert said.startswith(f"{SLUG}: 4 runs, 10.010 to 5.010 msec in total; changed at runs 3, 4.")
    assert "earlier commits" not in said
    with pytest.raises(NothingSelectedError):
        _said(measured_anew)


def test_a_run_that_was_removed_since_it_was_committed_stands_where_it_was(project: Project) -> None:
    commit_all(project.root, "results")
    sorted((project.results("example") / "records" / SLUG).glob("*.json"))[1].unlink()
    assert _said(project).startswith(f"{SLUG}: 2 runs")
    assert _said(project, with_commits=True).startswith(SAID)


def test_what_was_changed_before_it_was_committed_is_counted_and_left_out(project: Project) -> None:
    log = sorted((project.results("example") / "records" / SLUG).glob("*.log"))[0]
    log.write_bytes(log.read_bytes().replace(b"cycles=2160000", b"cycles=2160001"))
    commit_all(project.root, "results")
    _measure_anew(project)
    said = _said(project, with_commits=True)
    assert said.startswith(f"{SLUG}: 3 runs")
    assert said.endswith("Of earlier commits 1 records or chains are not as they were kept.")


def test_a_clone_without_its_first_commits_is_said_to_be_one(measured_anew: Project) -> None:
    (measured_anew.root / ".git" / "shallow").write_text(f"{git(measured_anew.root, 'rev-parse', 'HEAD')}\n")
    said = _said(measured_anew, with_commits=True)
    assert said.endswith("There are earlier commits that were not looked at.")


def test_where_nothing_was_committed_git_is_quoted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    with pytest.raises(MatrixError) as raised:
        _said(project, with_commits=True)
    assert str(raised.value) == (
        "git cannot tell the results of earlier commits: fatal: not a git repository (or any of the parent "
        "directories): .git\n  Results that are to have a history there are committed: git add results."
    )


def test_without_git_a_history_of_commits_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.root))
    with pytest.raises(MatrixError) as raised:
        _said(project, with_commits=True)
    assert str(raised.value) == (
        "earlier commits are asked for, and git, which has them, cannot be started\n"
        "  Install git (on Debian: apt install git), or leave --git out."
    )
