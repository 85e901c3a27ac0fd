"""What an upper folder has hides what a lower one has under the same name."""

from pathlib import Path

import pytest

from mcumatrix.overlay import entries, find, whole


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """An own folder over another one, with one name in both."""
    write(tmp_path, "own/both.c", "own")
    write(tmp_path, "own/board/lab/board.c", "own")
    write(tmp_path, "lower/both.c", "lower")
    write(tmp_path, "lower/app/main.c", "lower")
    return tmp_path / "own", tmp_path / "lower"


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def texts(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_a_file_is_the_uppermost_of_its_name(two: tuple[Path, Path]) -> None:
    own, lower = two
    assert find(two, "both.c") == own / "both.c"
    assert find(two, "app/main.c") == lower / "app/main.c"


@pytest.mark.parametrize("name", ["nowhere.c", "x" * 300])
def test_what_no_folder_has_would_be_in_the_first(two: tuple[Path, Path], name: str) -> None:
    assert find(two, name) == two[0] / name


def test_entries_are_each_the_uppermost_of_its_name(two: tuple[Path, Path]) -> None:
    own, lower = two
    write(lower, "a.c", "")
    assert entries(two, "*.c") == [lower / "a.c", own / "both.c"]
    assert entries(own, "*.c") == [own / "both.c"]


def test_two_folders_become_one_that_follows_them(two: tuple[Path, Path], tmp_path: Path) -> None:
    own, _ = two
    into = whole(*two, tmp_path / "build" / "whole")
    assert into == tmp_path / "build" / "whole"
    assert texts(into) == {"both.c": "own", "board/lab/board.c": "own", "app/main.c": "lower"}
    (own / "board/lab/board.c").unlink()
    write(own, "both.c", "changed")
    assert texts(whole(*two, into)) == {"both.c": "changed", "app/main.c": "lower"}
    assert not (into / "board").exists()


def test_a_folder_that_has_all_files_is_taken_as_it_is(two: tuple[Path, Path], tmp_path: Path) -> None:
    own, lower = two
    into = tmp_path / "into"
    write(own, "app/main.c", "own")
    assert whole(own, lower, into) == own
    assert whole(tmp_path / "nowhere", lower, into) == lower
    assert whole(own, tmp_path / "nowhere", into) == own
    (tmp_path / "link").symlink_to(own)
    assert whole(own, tmp_path / "link", into) == own
    assert not into.exists()


def test_what_is_apart_or_hidden_is_no_file_of_ones_own(tmp_path: Path) -> None:
    write(tmp_path, "own/models/my.tflite", "own")
    write(tmp_path, "own/.main.c.swp", "own")
    write(tmp_path, "lower/main.c", "lower")
    own, lower = tmp_path / "own", tmp_path / "lower"
    assert whole(own, lower, tmp_path / "into", apart={"models"}) == lower
