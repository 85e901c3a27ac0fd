"""The commit of a project, as its records have it."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.adapters.revisions.git import find_revision, revision_of
from mcumatrix.errors import MatrixError


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


def test_a_commit_has_its_full_hash_its_time_and_its_repository(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    for message in ("first", "second"):
        _git(tmp_path, "commit", "-q", "--allow-empty", "-m", message)
    (tmp_path / "below").mkdir()
    found = find_revision(tmp_path / "below")
    assert found is not None
    assert found.commit == _git(tmp_path, "rev-parse", "HEAD")
    assert str(found.committed_s) == _git(tmp_path, "log", "-1", "--format=%ct")
    assert Path(found.repository) == tmp_path
    earlier = find_revision(tmp_path, "HEAD~1")
    assert earlier is not None
    assert earlier.commit == _git(tmp_path, "rev-parse", "HEAD~1")


def test_a_folder_without_git_or_without_commits_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert find_revision(tmp_path) is None
    _git(tmp_path, "init", "-q")
    assert find_revision(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_revision(tmp_path) is None


@pytest.mark.parametrize("wanted", ["nosuch", "--output=x", "HEAD~9"])
def test_a_commit_that_is_not_there_is_an_error(tmp_path: Path, wanted: str) -> None:
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    with pytest.raises(MatrixError) as caught:
        find_revision(tmp_path, wanted)
    assert str(caught.value) == (
        f"git knows no commit {wanted!r} in {tmp_path}\n  `git log` in its folder has them."
    )
    assert [path.name for path in tmp_path.iterdir()] == [".git"]
