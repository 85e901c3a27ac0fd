"""The commit of a project, as its records have it."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.adapters.revisions.git import revision_of


def _git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one commit."""
    (tmp_path / "build").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "matrix.yaml").write_text("axes: {}\n")
    (tmp_path / "results" / "report.md").write_text("none yet\n")
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "-m", "Begin")
    return tmp_path


def test_a_project_is_at_its_commit_wherever_in_it_one_asks(project: Path) -> None:
    commit = _git(project, "rev-parse", "HEAD")
    assert revision_of(project) == revision_of(project / "build") == commit[:12]


def test_a_change_that_is_not_committed_is_said_wherever_one_asks(project: Path) -> None:
    (project / "matrix.yaml").write_text("axes: {kernels: simd}\n")
    assert revision_of(project).endswith("-dirty")
    assert revision_of(project / "build").endswith("-dirty")


def test_results_and_new_files_do_not_count_as_changes(project: Path) -> None:
    (project / "results" / "report.md").write_text("all is fast\n")
    (project / "notes").write_text("mine\n")
    assert not revision_of(project / "build").endswith("-dirty")


@pytest.mark.parametrize("begun", [False, True])
def test_where_there_is_no_commit_nothing_is_said(tmp_path: Path, begun: bool) -> None:
    if begun:
        _git(tmp_path, "init", "--quiet")
    assert revision_of(tmp_path) == ""
    assert revision_of(tmp_path / "gone") == ""


def test_without_git_nothing_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    assert revision_of(project) == ""
