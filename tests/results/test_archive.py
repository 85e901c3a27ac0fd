"""The form of an archive: tar in gzip, and the hashes in it."""

import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.hashing import hash_bytes
from mcumatrix.results.archive import SUMS, check_sums, sums_bytes, write_archive

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\\"), min_size=1)
HASHES = st.binary(max_size=4).map(hash_bytes)
FILES = st.dictionaries(NAMES, HASHES, min_size=1, max_size=5)


def _problems(sums: bytes | None, found: dict[str, str]) -> dict[str, str]:
    return {str(one.path): one.problem for one in check_sums(sums, found) if one.problem}


@given(FILES)
def test_what_was_written_is_read_back(files: dict[str, str]) -> None:
    assert _problems(sums_bytes(files), files) == {}


@given(FILES, st.data())
def test_any_change_of_any_byte_of_the_hashes_is_found(files: dict[str, str], data: st.DataObject) -> None:
    whole = sums_bytes(files)
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    assert _problems(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :], files)


@given(FILES, FILES)
def test_every_file_that_differs_is_named_and_no_other(
    declared: dict[str, str], found: dict[str, str]
) -> None:
    differing = {name for name in {*declared, *found} if declared.get(name) != found.get(name)}
    assert set(_problems(sums_bytes(declared), found)) == {str(Path(name)) for name in differing}


@pytest.mark.parametrize("sums", [b"x", b"\xff", b"a  b", sums_bytes({"b": hash_bytes(b"")}) * 2])
def test_what_is_no_list_of_hashes_is_said_to_be_none(sums: bytes) -> None:
    assert _problems(sums, {}) == {SUMS: "it is none that was made by doit archive"}


def test_a_program_stays_one_and_names_may_be_long(tmp_path: Path) -> None:
    program, text = tmp_path / "program", tmp_path / "text"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    text.write_text("Größe\n")
    long = "/".join(["ä" * 100] * 4)
    with (tmp_path / "x.tar.gz").open("wb") as file:
        write_archive(file, "x", {"run": program, long: text})
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        assert tar.getnames() == ["x/run", f"x/{long}", f"x/{SUMS}"]
        assert [each.mode for each in tar.getmembers()] == [0o755, 0o644, 0o644]
    subprocess.run(["tar", "-xzf", "x.tar.gz"], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=tmp_path / "x", check=True)


def test_a_full_disk_is_not_kept_quiet_about(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(range(256)) * 4096)
    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("wb") as file:
        write_archive(file, "x", {"large": tmp_path / "large"})
