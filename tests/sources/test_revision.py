"""The commit that a project is at."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.sources.revision import find_revision


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


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
