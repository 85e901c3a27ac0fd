"""The records of a matrix: one JSON file per run, only ever added to, each beside its raw serial log.

results/<matrix>/records/<variant>/<time>-<fingerprint>.json and .log
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.artifact import write_atomically
from mcumatrix.errors import ResultError
from mcumatrix.hashing import hash_bytes, hash_file
from mcumatrix.model.record import RECORD_SCHEMA, Record
from mcumatrix.results.older import from_schema_2

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FINGERPRINT_DIGITS = 12


@cache
def _adapter() -> "TypeAdapter[Record]":
    from pydantic import TypeAdapter

    return TypeAdapter(Record)


def to_json(record: Record) -> bytes:
    """A record as it is kept: JSON with the fields of `Record`, infinite and missing numbers as strings."""
    return _adapter().dump_json(record, indent=1) + b"\n"


def from_json(data: bytes) -> Record:
    """Reads what `to_json` wrote.

    Raises:
        ResultError: it is not a record, or one of a schema version that is not known.
    """
    from pydantic import ValidationError

    try:
        kept = json.loads(data)
        schema = kept["schema"]
        if schema == 2:
            return _adapter().validate_json(json.dumps(from_schema_2(kept)))
        if schema != RECORD_SCHEMA:
            raise ResultError(
                f"it has schema version {schema}, and this mcumatrix reads versions 2 and {RECORD_SCHEMA}",
                hint="Read it with the mcumatrix that wrote it, or measure again.",
            )
        return _adapter().validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ResultError(
            f"it is not a record: {where}: {first['msg']}", hint="Somebody changed it; measure again."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ResultError(
            f"it is not a record: {error}", hint="It was cut or is something else; measure again."
        ) from error


def file_stem(finished_at: str, fingerprint: str) -> str:
    """The name of a result's files, without ending: names sort by time."""
    return f"{finished_at.replace(':', '').replace('-', '')}-{fingerprint[:FINGERPRINT_DIGITS]}"


class RecordStore:
    """The records of one matrix, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, record: Record, log: bytes) -> Record:
        """Keeps a record and its raw log, the log first; returns the record with the log's name and hash.

        Raises:
            ResultError: it cannot be written.
        """
        stem = self._folder / record.variant / file_stem(record.finished_at, record.fingerprint)
        kept = replace(record, log=f"{stem.name}.log", log_sha256=hash_bytes(log))
        try:
            write_atomically(stem.with_name(kept.log), log, replace=False)
            write_atomically(stem.with_name(f"{stem.name}.json"), to_json(kept), replace=False)
        except OSError as error:
            raise ResultError(
                f"the record of {record.variant} cannot be written: {error}",
                hint="Make room or mend the rights; the variant will be run again.",
            ) from error
        return kept

    def newest(self, variant: str, fingerprint: str) -> Record | None:
        """The last record of a variant that was made from these inputs; None if there is none.

        A record that cannot be read, or of which the raw log is missing or changed, does not count.
        """
        return next(self._valid(variant, fingerprint), None)

    def _valid(self, variant: str, fingerprint: str) -> Iterator[Record]:
        pattern = f"*-{fingerprint[:FINGERPRINT_DIGITS]}.json"
        for path in sorted((self._folder / variant).glob(pattern), reverse=True):
            try:
                record = read_record(path)
            except ResultError:
                continue
            if record.fingerprint == fingerprint and record.variant == variant:
                yield record


def read_record(path: Path) -> Record:
    """Reads a record and checks its raw log.

    Raises:
        ResultError: the record or its log is missing, changed or of another version.
    """
    try:
        record = from_json(path.read_bytes())
        log_is_right = not record.log or hash_file(path.parent / record.log) == record.log_sha256
    except OSError as error:
        raise ResultError(f"{path} cannot be read: {error}", hint="Measure again.") from error
    except ResultError as error:
        raise ResultError(f"{path}: {error.message}", hint=error.hint) from error
    if not log_is_right:
        raise ResultError(
            f"{path}: the raw log {record.log} is not the one that the record was made from",
            hint="Somebody changed it; measure again.",
        )
    return record
