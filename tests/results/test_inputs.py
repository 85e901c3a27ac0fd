"""What results were made from is kept under its own hash."""

from pathlib import Path

import pytest

from mcumatrix.errors import ResultError
from mcumatrix.hashing import fingerprint, hash_file
from mcumatrix.model.inputs import Inputs
from mcumatrix.results.inputs import InputsStore, read_inputs

IMAGE = Inputs("image", {"flags": ["-O2"], "sources": {"app/main.c": "a" * 64}, "clock_hz": 216_000_000})


def test_inputs_are_kept_under_their_fingerprint_which_is_the_hash_of_their_file(tmp_path: Path) -> None:
    store = InputsStore(tmp_path)
    store.keep([IMAGE])
    (path,) = tmp_path.iterdir()
    assert path.stem == IMAGE.fingerprint == hash_file(path) == fingerprint("image", IMAGE.parts)
    assert store.find(IMAGE.fingerprint[:16]) == IMAGE


def test_a_file_that_is_not_what_its_name_says_counts_as_missing_and_is_made_anew(tmp_path: Path) -> None:
    store = InputsStore(tmp_path)
    store.keep([IMAGE])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b"-O2", b"-O3"))
    assert store.find(IMAGE.fingerprint) is None
    store.keep([IMAGE])
    assert store.find(IMAGE.fingerprint) == IMAGE


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"kind": "image", "parts": 1}', b"[" * 100_000])
def test_what_has_its_right_name_and_is_none_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    named = path.rename(tmp_path / f"{hash_file(path)}.json")
    assert read_inputs(named) is None


@pytest.mark.parametrize("start", ["", "../x", "*", "f" * 64])
def test_what_is_not_there_or_no_fingerprint_is_not_found(tmp_path: Path, start: str) -> None:
    InputsStore(tmp_path / "inputs").keep([IMAGE])
    assert InputsStore(tmp_path / "inputs").find(start) is None


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "inputs").write_text("a file")
    with pytest.raises(ResultError) as caught:
        InputsStore(tmp_path / "inputs").keep([IMAGE])
    assert caught.value.message.startswith("what results are made from could not be kept: ")
    assert caught.value.message.endswith(". All records are kept.")
