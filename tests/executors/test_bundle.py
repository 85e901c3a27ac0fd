"""Folders travel to workers as bytes that are the same wherever they lie."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from mcumatrix.executors.cluster import bundle as module
from mcumatrix.executors.cluster.bundle import Bundle, pack, unpacked
from mcumatrix.hashing import hash_bytes


def test_a_folder_is_the_same_bytes_wherever_it_lies_and_whenever_it_was_made(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "sub").mkdir(parents=True)
        (tmp_path / place / "sub" / "a.c").write_text("int a;")
        (tmp_path / place / "run").write_text("#!/bin/sh\n")
        (tmp_path / place / "run").chmod(0o755)
    os.utime(tmp_path / "two" / "run", (1, 1))
    one, two = (pack(tmp_path / place) for place in ("one", "two"))
    assert one == two
    assert pack(tmp_path / "one", frozenset({"sub"})) != one
    there = unpacked(one, tmp_path / "there")
    assert unpacked(one, tmp_path / "there") == there
    assert pack(there) == one
    with pytest.raises(ValueError, match="a bundle is not what it is called"):
        unpacked(Bundle("0" * 64, one.data), tmp_path / "there")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a.c").write_text("int a;")
    return pack(tmp_path / "from")


def test_a_disk_that_fails_leaves_nothing_behind_and_the_next_try_makes_it(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_data: bytes, aside: Path) -> None:
        (aside / "a.c").write_text("in")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_unpack", full)
        with pytest.raises(OSError, match="No space left"):
            unpacked(bundle, tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []
    assert (unpacked(bundle, tmp_path / "there") / "a.c").read_text() == "int a;"


def test_who_comes_second_takes_what_is_there_and_leaves_nothing_behind(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack = module._unpack

    def beaten(data: bytes, aside: Path) -> None:
        unpack(data, aside)
        (aside.parent / bundle.sha256).mkdir()
        (aside.parent / bundle.sha256 / "a.c").write_text("int a;")

    monkeypatch.setattr(module, "_unpack", beaten)
    assert pack(unpacked(bundle, tmp_path / "there")) == bundle
    assert [path.name for path in (tmp_path / "there").iterdir()] == [bundle.sha256]


@pytest.mark.parametrize(
    ("name", "kind"), [("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)]
)
def test_a_bundle_of_anything_but_files_below_it_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    data = stream.getvalue()
    with pytest.raises(ValueError, match=f"a bundle has '{name}', which is no file below it"):
        unpacked(Bundle(hash_bytes(data), data), tmp_path / "there")
    assert not (tmp_path / "out").exists()
