"""A folder that is published to has what was published last, in spite of kills, and files of others."""

from pathlib import Path

import pytest

from mcumatrix.artifact import write_atomically
from mcumatrix.errors import MatrixError
from mcumatrix.results import site
from mcumatrix.results.site import write_site

OLD = {"index.html": b"old", "a/report.csv": b"1", "a/gone.txt": b"2", "b/only.txt": b"3"}
NEW = {"index.html": b"new", "a/report.csv": b"1", "c/more.txt": b"4"}
NEWEST = {"index.html": b"newest", "c/more.txt": b"5"}


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }


def test_what_is_not_published_any_more_goes_with_its_folder_and_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "CNAME").write_text("numbers.example")
    write_site(tmp_path, OLD)
    (tmp_path / "a" / "notes.txt").write_text("mine")
    write_site(tmp_path, NEW)
    assert _contents(tmp_path) == NEW | {"CNAME": b"numbers.example", "a/notes.txt": b"mine"}
    assert not (tmp_path / "b").exists()


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    write_site(tmp_path, OLD)
    before = (tmp_path / "a" / "report.csv").stat().st_ino
    write_site(tmp_path, NEW)
    assert (tmp_path / "a" / "report.csv").stat().st_ino == before


def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(MatrixError) as raised:
        write_site(tmp_path, NEW)
    assert raised.value.message == f"{tmp_path} has files that were not published by mcumatrix: index.html"
    assert raised.value.hint == "Name another folder with --to, or move them away."
    assert _contents(tmp_path) == {"index.html": b"mine"}


@pytest.mark.parametrize("sums", ["mine\n", f"{'0' * 64}  ../precious\n", f"{'0' * 64}  /precious\n"])
def test_a_list_of_files_that_somebody_wrote_is_not_followed(tmp_path: Path, sums: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "SHA256SUMS").write_text(sums)
    with pytest.raises(MatrixError) as raised:
        write_site(folder, NEW)
    assert raised.value.message == f"{folder / 'SHA256SUMS'} was not made by mcumatrix"
    assert raised.value.hint == "Name another folder with --to, or move that file away."
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("at", range(6))
def test_killed_before_any_file_it_is_put_in_order_by_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The next time other files are due; those of the time that was killed are known as published."""
    write_site(tmp_path, OLD)
    written = 0

    def killed(path: Path, data: bytes) -> None:
        nonlocal written
        if written == at:
            raise KeyboardInterrupt
        written += 1
        write_atomically(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(site, "write_atomically", killed)
        # Of four files to write: the list, two that differ, the list.
        if at < 4:
            with pytest.raises(KeyboardInterrupt):
                write_site(tmp_path, NEW)
        else:
            write_site(tmp_path, NEW)
    write_site(tmp_path, NEWEST)
    assert _contents(tmp_path) == NEWEST
