"""A release is made of what is committed and tested, and taken over as a whole."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tools.release.__main__ import (
    Release,
    clone,
    main,
    require_ready,
    require_tested,
    take_over,
    write_version,
)
from tools.release.distribution import Distribution, require_same
from tools.release.errors import ReleaseError
from tools.release.sbom import locked

TEXTS = {
    "pyproject.toml": 'version = "0.1.0"\n',
    "CHANGELOG.md": "## Unreleased\n\n- A thing.\n",
    "CITATION.cff": "version: 0.1.0\n",
}


@pytest.fixture
def release(tmp_path: Path) -> Release:
    repository = tmp_path / "repository"
    repository.mkdir()
    for name, text in TEXTS.items():
        (repository / name).write_text(text)
    made = Release(repository, "0.2.0", date(2026, 11, 27))
    made.git("init", "--quiet")
    made.git("config", "user.name", "Somebody")
    made.git("config", "user.email", "somebody@example.org")
    made.git("add", ".")
    made.git("commit", "--quiet", "--message", "Begin")
    return made


def test_a_release_is_taken_over_with_its_commit_and_its_tag(release: Release, tmp_path: Path) -> None:
    aside = replace(release, repository=clone(release.repository, tmp_path / "clone"))
    write_version(aside)
    assert release.git("log", "--format=%s") == "Begin"
    take_over(aside, release.repository, signed=False)
    assert release.git("log", "--format=%s %an") == "Release 0.2.0 Somebody\nBegin Somebody"
    assert release.git("tag", "--points-at", "HEAD") == "v0.2.0"
    assert release.git("status", "--porcelain") == ""
    assert (release.repository / "pyproject.toml").read_text() == 'version = "0.2.0"\n'


def test_what_is_not_committed_or_there_already_is_not_released(release: Release) -> None:
    require_ready(release)
    (release.repository / "new.txt").touch()
    with pytest.raises(ReleaseError) as caught:
        require_ready(release)
    assert str(caught.value) == "something is not committed:\n?? new.txt\n  Commit it, or put it aside."
    (release.repository / "new.txt").unlink()
    release.git("tag", "v0.2.0")
    with pytest.raises(ReleaseError) as caught:
        require_ready(release)
    assert str(caught.value) == ("there is a tag v0.2.0\n  A release is made once: choose a newer version.")


def test_without_a_word_that_the_tests_have_passed_there_is_no_release(release: Release) -> None:
    head = release.git("rev-parse", "HEAD")
    require_tested(release, head[:12])
    with pytest.raises(ReleaseError) as caught:
        require_tested(release, "")
    assert str(caught.value) == (
        f"the tests are not said to have passed at {head[:12]}\n"
        f"  Run `.ci/run`, `.ci/bare` and `.ci/bare-wheel` there, then add: --tested {head[:12]}"
    )
    release.git("commit", "--quiet", "--allow-empty", "--message", "Later")
    with pytest.raises(ReleaseError, match="not said to have passed"):
        require_tested(release, head)


def test_another_build_with_other_bytes_is_refused(tmp_path: Path) -> None:
    one = Distribution(tmp_path / "a.tar.gz", tmp_path / "a.whl")
    for file in one.files:
        file.write_bytes(b"same")
    require_same(one, one)
    other = Distribution(one.sdist, tmp_path / "b.whl")
    other.wheel.write_bytes(b"other")
    with pytest.raises(ReleaseError) as caught:
        require_same(one, other)
    assert str(caught.value) == (
        "a.whl has other bytes when it is built again\n"
        f"  Compare {one.wheel} with {other.wheel}; diffoscope shows how they differ."
    )


def test_a_package_that_is_not_locked_is_named() -> None:
    numpy = "numpy==2.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    lock = f"{numpy}    # via x\nrich==1.0 \\\n    --hash=sha256:cc\n"
    assert locked(lock, {"numpy"}) == numpy
    with pytest.raises(ReleaseError) as caught:
        locked(lock, {"numpy", "pandas"})
    assert str(caught.value) == ("requirements.lock lacks pandas\n  Make it anew; CONTRIBUTING.md says how.")


def test_what_goes_wrong_is_a_sentence_and_exit_code_1(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(release.repository)
    assert main(["0.0.1", "--dry-run"]) == 1
    assert capsys.readouterr().err == "error: 0.0.1 is not newer than 0.1.0\n  Choose a newer version.\n"
