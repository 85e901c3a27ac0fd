"""An archive of results from a stranger: as it was made, or what was changed is found, or a refusal.

Each input is tried as it is, and with hashes that are right again for what stands there.
"""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from fuzz.packing import files_of, packed, tar_of, with_right_headers
from fuzz.target import REPOSITORY, Target
from mcumatrix.artifact import write_manifest
from mcumatrix.commands.archive import check_archive
from mcumatrix.errors import McuMatrixError
from mcumatrix.hashing import hash_bytes
from mcumatrix.results.archive import SUMS, sums_bytes
from mcumatrix.results.store import RecordStore, from_json

_FOLDER = REPOSITORY / "tests" / "results" / "data" / "protocol-3"
_TOP = "example"


@cache
def _good() -> Mapping[str, bytes]:
    """The files of an archive with one record, its log and a report."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        results = root / "results" / _TOP
        for record in _FOLDER.glob("*.json"):
            RecordStore(results / "records").add(
                from_json(record.read_bytes()), record.with_suffix(".log").read_bytes()
            )
        (results / "report.csv").write_bytes(b"variant,cycles\nx,1\n")
        write_manifest(results, "a" * 64, ["report.csv"])
        files = [path for path in root.rglob("*") if path.is_file()]
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def _archive_of(files: Mapping[str, bytes]) -> bytes:
    sums = sums_bytes({name: hash_bytes(contents) for name, contents in files.items()})
    return tar_of({f"{_TOP}/{name}": contents for name, contents in {**files, SUMS: sums}.items()})


def _with_right_sums(tar: bytes) -> bytes:
    files = {str(PurePosixPath(*PurePosixPath(name).parts[1:])): data for name, data in files_of(tar).items()}
    return _archive_of({name: data for name, data in files.items() if name != SUMS and name.isprintable()})


def _is_whole(tar: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.tar.gz"
        path.write_bytes(packed(tar))
        try:
            return not any(checked.problem for checked in check_archive(path))
        except McuMatrixError as error:
            assert error.message
            return False


def _evidence(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name.startswith(f"results/{_TOP}/records/")}


def _read(data: bytes) -> bool:
    tar = with_right_headers(data)
    accepted = False
    if _is_whole(tar):
        accepted = True
        found = {name.partition("/")[2]: contents for name, contents in files_of(tar).items()}
        found.pop(SUMS, None)
        assert found == dict(_good()), "a changed file was accepted"
    right = _with_right_sums(tar)
    if _is_whole(right):
        accepted = True
        found = {name.partition("/")[2]: contents for name, contents in files_of(right).items()}
        assert _evidence(found) == _evidence(_good()), "a changed record or log was accepted"
    return accepted


TARGET = Target("result_archive", lambda: [_archive_of(_good())], _read)
