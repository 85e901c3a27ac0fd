"""Folders that say what they were made from."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from mcumatrix.artifact import (
    MANIFEST,
    changed_outputs,
    is_current,
    make_anew,
    write_atomically,
    write_manifest,
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"contents")
    write_manifest(tmp_path, "fingerprint", ["a.bin"])
    return tmp_path


def test_what_was_made_from_these_inputs_is_current(made: Path) -> None:
    assert is_current(made, "fingerprint")


def test_what_was_made_from_other_inputs_is_not(made: Path) -> None:
    assert not is_current(made, "another")


@pytest.mark.parametrize("contents", [b"contentz", b"content", b"", b"contents and more"])
def test_an_output_that_was_changed_or_cut_is_not(made: Path, contents: bytes) -> None:
    (made / "a.bin").write_bytes(contents)
    assert not is_current(made, "fingerprint")


def test_an_output_that_is_gone_is_not(made: Path) -> None:
    (made / "a.bin").unlink()
    assert not is_current(made, "fingerprint")


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"fingerprint": "fingerprint"}', b"\xff"])
def test_a_folder_with_a_broken_manifest_counts_as_not_made(made: Path, manifest: bytes) -> None:
    (made / MANIFEST).write_bytes(manifest)
    assert not is_current(made, "fingerprint")


def test_a_folder_that_is_not_there_counts_as_not_made(tmp_path: Path) -> None:
    assert not is_current(tmp_path / "nothing", "fingerprint")


def test_a_file_has_its_old_contents_or_the_new_ones_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "file"
    old, new = b"o" * 1_000_000, b"n" * 1_000_000
    write_atomically(path, old)
    seen = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for contents in (new, old) * 10:
        write_atomically(path, contents)
    done.set()
    watcher.join()
    assert seen <= {old, new}
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_file_that_must_be_new_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"first", replace=False)
    with pytest.raises(FileExistsError):
        write_atomically(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_outputs_that_somebody_has_changed_are_known_by_name(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"made")
    assert changed_outputs(tmp_path) == ()
    write_manifest(tmp_path, "f" * 64, ("a", "b", "c"))
    assert changed_outputs(tmp_path) == ()
    (tmp_path / "b").write_bytes(b"changed")
    (tmp_path / "c").unlink()
    assert changed_outputs(tmp_path) == ("b",)
    (tmp_path / "manifest.json").write_text("[]")
    assert changed_outputs(tmp_path) == ()


def test_what_a_compiler_that_outlived_a_kill_still_writes_is_removed_too(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, remove = [made / "late.o", made / "later.o"], os.rmdir

    def rmdir(path: str, **options: Any) -> None:
        # All that was found is removed; meanwhile there is something new.
        if late:
            late.pop().write_bytes(b"an object")
        remove(path, **options)

    monkeypatch.setattr(os, "rmdir", rmdir)
    make_anew(made)
    assert list(made.iterdir()) == []
    assert late == []


def test_a_folder_that_cannot_be_removed_is_an_error(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rmdir(path: str, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "rmdir", rmdir)
    with pytest.raises(PermissionError):
        make_anew(made)
