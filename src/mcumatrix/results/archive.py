"""One file with results and all that they were made from: the same files give the same bytes.

It is a tar file in gzip with one folder around everything, in which `SHA256SUMS` has the hash of every other
file, as `sha256sum --check` reads it: whoever gets it can check it without mcumatrix.
"""

import gzip
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from mcumatrix.hashing import hash_bytes
from mcumatrix.results.verification import Checked

ENDING = ".tar.gz"

SUMS = "SHA256SUMS"
"""The file in an archive that has the hashes of all others."""

_MTIME_S = 315_532_800
"""1980-01-01, as unpacked sources have it: ninja takes 0 for a file that is not there."""

_LEVEL = 9

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
"""A line of `sha256sum`: the hash, two spaces, the name."""


def write_archive(file: IO[bytes], top: str, files: Mapping[str, Path | bytes]) -> None:
    """Writes files into an archive, or contents without one, by names below its one folder `top`.

    Times, owners and the order on the disk make no difference; of the rights, only whether their owner may
    execute a file is kept.

    Raises:
        OSError: a file cannot be read, or the archive not written.
    """
    sums: dict[str, str] = {}
    with (
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted(files.items()):
            is_program = isinstance(path, Path) and bool(path.stat().st_mode & 0o100)
            data = path.read_bytes() if isinstance(path, Path) else path
            sums[name] = hash_bytes(data)
            _add(tar, f"{top}/{name}", data, is_program=is_program)
        _add(tar, f"{top}/{SUMS}", sums_bytes(sums))


def _add(tar: tarfile.TarFile, name: str, data: bytes, *, is_program: bool = False) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(data), _MTIME_S, 0o755 if is_program else 0o644
    tar.addfile(member, io.BytesIO(data))


def sums_bytes(sha256_by_name: Mapping[str, str]) -> bytes:
    """`SHA256SUMS` as it is written: a line for each file, in the order of their names."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sha256_by_name.items())).encode()


def check_sums(sums: bytes | None, found: Mapping[str, str]) -> Iterator[Checked]:
    """Holds the files of an unpacked archive, SHA-256 by name, against its `SHA256SUMS`.

    `sums` is None where that is not there. Changed, missing and further files are named.
    """
    if sums is None:
        yield Checked(Path(SUMS), "it is not there, and nothing can be held against it")
        return
    declared = read_sums(sums)
    if declared is None:
        yield Checked(Path(SUMS), "it is none that was made by doit archive")
        return
    for name in sorted({*declared, *found}):
        yield Checked(Path(name), _problem(declared.get(name), found.get(name)))


def _problem(declared: str | None, found: str | None) -> str:
    if declared is None:
        return f"it is not in {SUMS}, which has every file that was archived"
    if found is None:
        return f"it is missing; {SUMS} has it"
    return "" if found == declared else f"it was changed: {SUMS} has another hash"


def read_sums(sums: bytes) -> dict[str, str] | None:
    """SHA-256 by name; None where these are not the bytes that would be written for that."""
    try:
        lines = sums.decode().split("\n")
    except UnicodeDecodeError:
        return None
    matches = [_LINE.fullmatch(line) for line in lines]
    declared = {match[2]: match[1] for match in matches if match}
    return declared if sums_bytes(declared) == sums else None
