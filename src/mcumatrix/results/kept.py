"""The records of a matrix as they were kept, found without knowing what they were made from.

A report of finished results needs no compiler, no board and no sources: which inputs a record was made from
is in its fingerprint, and nobody has to work that out again to read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.errors import ChangedResultError, McuMatrixError, ResultError
from mcumatrix.hashing import hash_file
from mcumatrix.model.record import Record
from mcumatrix.results.chain import Chain
from mcumatrix.results.store import CHAIN_FILE, read_record


@dataclass(frozen=True, slots=True)
class Kept:
    """By their slugs, the last record of each variant, and why others cannot be read."""

    records: Mapping[str, Record]
    unreadable: Mapping[str, McuMatrixError]


def newest_records(folder: Path) -> Kept:
    """What `results/<matrix>/records` has: for each variant the record that was kept last.

    A record that was removed counts as never made. One that is not as it was kept is not replaced by an older
    one: whoever looks at results has to learn of it.

    Raises:
        ChangedResultError: the chain of records is not as it was written.
        ResultError: it cannot be read.
    """
    try:
        links = Chain(folder / CHAIN_FILE).links()
    except OSError as error:
        raise ResultError(
            f"{folder / CHAIN_FILE} cannot be read: {error}", hint="Mend the rights."
        ) from error
    last = {link.record.rpartition("/")[0]: link for link in links if (folder / link.record).exists()}
    records: dict[str, Record] = {}
    unreadable: dict[str, McuMatrixError] = {}
    for variant, link in last.items():
        path = folder / link.record
        try:
            if path.is_symlink() or not path.is_file() or hash_file(path) != link.sha256:
                raise ChangedResultError(
                    f"{path} was changed: {CHAIN_FILE} has the hash of what was kept, and it is another one",
                    hint="Restore it from where there is a copy, or remove it.",
                )
            records[variant] = read_record(path)
        except OSError as error:
            unreadable[variant] = ResultError(f"{path} cannot be read: {error}", hint="Mend the rights.")
        except McuMatrixError as error:
            unreadable[variant] = error
    return Kept(records, unreadable)
