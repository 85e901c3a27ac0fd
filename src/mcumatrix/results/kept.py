"""The records of a matrix as they were kept, found without knowing what they were made from.

A report of finished results needs no compiler, no board and no sources: which inputs a record was made from
is in its fingerprint, and nobody has to work that out again to read it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.errors import McuMatrixError, ResultError
from mcumatrix.model.record import Record
from mcumatrix.results.chain import Chain, Link
from mcumatrix.results.store import CHAIN_FILE, read_linked


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
    records: dict[str, Record] = {}
    unreadable: dict[str, McuMatrixError] = {}
    for variant, linked in _links_of_variants(folder).items():
        try:
            found = (read_linked(folder, link) for link in reversed(linked))
            record = next((record for record in found if record is not None), None)
        except McuMatrixError as error:
            unreadable[variant] = error
        else:
            if record is not None:
                records[variant] = record
    return Kept(records, unreadable)


def earlier_records(folder: Path) -> dict[str, tuple[Record, ...]]:
    """By their slugs, all records that are there of each variant that has several, in the order of the chain.

    Those that were removed, or are not as they were kept, are left out: `newest_records` and `doit verify`
    name them.

    Raises:
        ChangedResultError: the chain of records is not as it was written.
        ResultError: it cannot be read.
    """
    return {
        variant: tuple(_readable(folder, linked))
        for variant, linked in _links_of_variants(folder).items()
        if len(linked) > 1
    }


def _readable(folder: Path, linked: Iterable[Link]) -> Iterator[Record]:
    for link in linked:
        with suppress(McuMatrixError):
            if record := read_linked(folder, link):
                yield record


def _links_of_variants(folder: Path) -> dict[str, list[Link]]:
    try:
        links = Chain(folder / CHAIN_FILE).links()
    except OSError as error:
        raise ResultError(
            f"{folder / CHAIN_FILE} cannot be read: {error}", hint="Mend the rights."
        ) from error
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.record.rpartition("/")[0], []).append(link)
    return found
