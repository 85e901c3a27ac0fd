"""Places in files."""

from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.document import Document, Place, Problems, in_words
from mcumatrix.matrix.reader import read_document


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Document:
    monkeypatch.chdir(tmp_path)
    path = Path("m.yaml")
    path.write_text("axes:\n  clock: [1 Hz, 2 Hz]\n  own:\n    a: {flags: [-O2]}\n    b:\nlast: x\n")
    return read_document(path)


@pytest.mark.parametrize(
    ("place", "of_key", "position"),
    [
        ((), False, "1:1"),
        (("axes",), True, "1:1"),
        (("axes", "clock", 1), False, "2:17"),
        (("axes", "clock"), True, "2:3"),
        (("axes", "own", "a", "flags", 0), False, "4:17"),
        (("axes", "own", "a"), True, "4:5"),
        (("last",), False, "6:7"),
    ],
)
def test_every_key_and_value_has_its_place(
    document: Document, place: Place, of_key: bool, position: str
) -> None:
    assert str(document.position(place, of_key=of_key)) == position


@pytest.mark.parametrize(
    ("place", "position"),
    [
        (("axes", "clock", 7), "2:10"),
        (("axes", "board"), "2:3"),
        (("axes", "own", "b"), "5:5"),
        (("last", "x", 0), "6:7"),
    ],
)
def test_what_is_not_there_has_the_place_of_the_nearest_thing(
    document: Document, place: Place, position: str
) -> None:
    assert str(document.position(place)) == position


def test_problems_come_in_the_order_of_the_file(document: Document) -> None:
    problems = Problems(document)
    problems.check()
    problems.add(("last",), "second", "Do this.")
    problems.add(("axes", "clock", 0), "first")
    with pytest.raises(MatrixError) as caught:
        problems.check()
    assert str(caught.value) == "m.yaml:2:11: first\nm.yaml:6:7: second\n  Do this."


def test_keys_come_in_the_order_of_the_file(document: Document) -> None:
    assert document.keys(("axes",)) == ["clock", "own"]
    assert document.keys(("axes", "clock")) == []


def test_a_place_in_words_is_short_and_printable() -> None:
    assert in_words(()) == "the file"
    assert in_words(("include", 0, "repeat")) == "include[0].repeat"
    assert in_words(("axes", "a\nb")) == "axes.'a\\nb'"
    assert len(in_words(("axes", "x" * 1000))) < 80
