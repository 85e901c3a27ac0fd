"""What was worked out of contents is kept, and believed for the same contents and the same code alone."""

from pathlib import Path

import pytest

from mcumatrix import by_contents
from mcumatrix.by_contents import Known


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text("one = 1\n")
    return path


def ask(file: Path | None, code: Path, contents: str, answer: object = "worked out") -> tuple[object, bool]:
    """What is answered, and whether it was worked out for that."""
    worked_out: list[str] = []
    with Known(file, [code]) as known:
        found = known.answer(contents, lambda: worked_out.append(contents) or answer)
        assert known.answer(contents, pytest.fail) == found
    return found, bool(worked_out)


def test_the_same_contents_are_looked_at_once(tmp_path: Path, code: Path) -> None:
    file = tmp_path / "made" / "kept.json"
    assert ask(file, code, "a", ["first", {"k": None}]) == (["first", {"k": None}], True)
    assert ask(file, code, "b", 2) == (2, True)
    assert ask(file, code, "a") == (["first", {"k": None}], False)
    assert ask(file, code, "b") == (2, False)


def test_other_code_believes_nothing(tmp_path: Path, code: Path) -> None:
    file = tmp_path / "kept.json"
    ask(file, code, "a", 1)
    code.write_text("one = 2\n")
    assert ask(file, code, "a", 2) == (2, True)


@pytest.mark.parametrize("damage", [b"", b"\n", b"nonsense", b"\xff\n{}"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, code: Path, damage: bytes) -> None:
    file = tmp_path / "kept.json"
    file.write_bytes(damage)
    assert ask(file, code, "a", 1) == (1, True)
    assert ask(file, code, "a") == (1, False)


def test_an_answer_that_was_changed_in_the_file_is_not_believed(tmp_path: Path, code: Path) -> None:
    file = tmp_path / "kept.json"
    ask(file, code, "a", "right")
    file.write_bytes(file.read_bytes().replace(b"right", b"wrong"))
    assert ask(file, code, "a", "right") == ("right", True)


def test_where_nothing_can_be_written_it_is_worked_out_again(tmp_path: Path, code: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert ask(tmp_path / "file" / "kept.json", code, "a", 1) == (1, True)
    assert ask(tmp_path / "file" / "kept.json", code, "a", 1) == (1, True)
    assert ask(None, code, "a", 1) == (1, True)


def test_what_is_kept_does_not_grow_without_end(
    tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_contents, "MAXIMUM_KEPT", 2)
    file = tmp_path / "kept.json"
    for contents in ("a", "b", "c"):
        ask(file, code, contents, contents)
    assert ask(file, code, "c") == ("c", False)
    assert ask(file, code, "a", 1) == (1, True)


def test_an_error_is_not_kept(tmp_path: Path, code: Path) -> None:
    file = tmp_path / "kept.json"

    def fails() -> object:
        raise ValueError

    with pytest.raises(ValueError), Known(file, [code]) as known:
        known.answer("a", lambda: 1)
        known.answer("b", fails)
    assert ask(file, code, "a") == (1, False)
    assert ask(file, code, "b", 2) == (2, True)
