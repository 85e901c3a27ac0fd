"""`mcumatrix publish`: a folder that can be shown, checked, downloaded, and published to again."""

import errno
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from mcumatrix import registry
from mcumatrix.commands.archive import verify_archive
from mcumatrix.commands.publish import publish
from mcumatrix.commands.verify import verify
from mcumatrix.errors import ChangedResultError, ExitCode, NothingSelectedError, StorageError
from mcumatrix.project import Project
from support.projects import a_project, add_records
from support.signing import allow, make_key


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with two records of a matrix `example`; it is where commands work."""
    project = a_project(tmp_path / "project")
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    monkeypatch.chdir(project.root)
    return project


def _publish(project: Project, *names: str, to: str = "site") -> list[str]:
    said: list[str] = []
    publish(project, names, Path(to), said.append)
    return said


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_all_that_has_results_is_published_and_can_be_checked_by_hand(project: Project) -> None:
    said = _publish(project)
    site = project.root / "site"
    assert said[-1].startswith("site/index.html: matrix example, ")
    page = (site / "index.html").read_text()
    assert '<a href="example/report.html">example</a>' in page
    assert "All 2 variants were measured, with correct answers." in page
    assert "On virtual-f746 (virtual board, timing model m7-block-1); last on" in page
    for name in ("report.md", "report.csv", "report.json", "example.tar.gz"):
        assert f'<a href="example/{name}">{name}</a>' in page
        assert (site / "example" / name).is_file()
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=site, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    # What somebody downloads is a folder of results like any other.
    assert verify(project, "site/example", said.append) is ExitCode.OK


def test_it_is_the_same_bytes_each_time_and_nothing_is_written_again(project: Project) -> None:
    _publish(project)
    site = project.root / "site"
    before, inode = _contents(site), (site / "index.html").stat().st_ino
    _publish(project)
    assert _contents(site) == before
    assert (site / "index.html").stat().st_ino == inode


def test_changed_results_are_not_published_and_what_was_published_stays(project: Project) -> None:
    _publish(project)
    before = _contents(project.root / "site")
    [record] = project.root.glob("results/example/records/*simd*/*.json")
    record.write_text(record.read_text().replace("4325", "1325", 1).replace('"warmup": 1', '"warmup": 2'))
    with pytest.raises(ChangedResultError) as raised:
        _publish(project)
    assert raised.value.message == "the results of example are not published: they are not as they were made"
    assert _contents(project.root / "site") == before


def test_without_results_it_says_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(NothingSelectedError) as raised:
        _publish(a_project(tmp_path / "empty"))
    assert str(raised.value) == "there are no results to publish\n  `doit matrix` makes them."


def test_a_disk_that_takes_no_signature_is_said(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        ending = ".sig"

        def require(self) -> None:
            pass

        def sign(self, *_: object) -> bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(registry.signers, "signer", Full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(StorageError) as raised:
        publish(project, (), Path("site"), lambda _line: None, tmp_path / "key")
    assert re.fullmatch(
        rf"{tmp_path}/tmp\w+/example.tar.gz could not be signed: {tmp_path}/tmp\w+ cannot be used, because "
        r"its disk is full\. The archive is there\.",
        raised.value.message,
    )
    assert raised.value.hint == "Make room there, and run again."
    assert not Path("site").exists()


def test_archives_are_signed_beside_them(project: Project, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    publish(project, (), Path("site"), lambda _line: None, key)
    allowed = allow(tmp_path / "allowed", "somebody@example.org", key)
    said: list[str] = []
    archive = Path("site") / "example" / "example.tar.gz"
    assert verify_archive(archive, said.append, allowed) is ExitCode.OK
    assert said[-1].startswith("It was signed by somebody@example.org with ED25519 key ")
