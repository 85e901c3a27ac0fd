"""The records of a matrix as they were kept, found without knowing what they were made from.

A report of finished results needs no compiler, no board and no sources: which inputs a record was made from
is in its fingerprint, and nobody has to work that out again to read it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mcumatrix.errors import McuMatrixError, ResultError
from mcumatrix.model.record import Record
from mcumatrix.model.results import VariantRuns, group_runs
from mcumatrix.results.chain import Chain, Link
from mcumatrix.results.store import CHAIN_FILE, inputs_and_run, read_linked


@dataclass(frozen=True)
class Kept:
    """By their slugs, the last records of each variant, and why others cannot be read."""

    runs: Mapping[str, VariantRuns]
    unreadable: Mapping[str, McuMatrixError]

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """The one that stands for each variant."""
        return {slug: runs.standing for slug, runs in self.runs.items() if runs.standing}


def newest_records(folder: Path) -> Kept:
    """What `results/<matrix>/records` has: for each variant the record that was kept last, and the last ones
    of its other runs with the same inputs.

    A record that was removed counts as never made. One that is not as it was kept is not replaced by an older
    one: whoever looks at results has to learn of it.

    Raises:
        ChangedResultError: the chain of records is not as it was written.
        ResultError: it cannot be read.
    """
    runs: dict[str, VariantRuns] = {}
    unreadable: dict[str, McuMatrixError] = {}
    for variant, linked in _links_of_variants(folder).items():
        try:
            found = group_runs(_newest(folder, linked))
        except McuMatrixError as error:
            unreadable[variant] = error
        else:
            if found.all:
                runs[variant] = found
    return Kept(runs, unreadable)


def _newest(folder: Path, linked: Sequence[Link]) -> Iterator[Record]:
    """The last record of each run with the inputs of the last one; `linked` are oldest first."""
    fingerprint = ""
    seen: set[str] = set()
    for link in reversed(linked):
        inputs, run = inputs_and_run(link.record)
        if run in seen or (fingerprint and not fingerprint.startswith(inputs)):
            continue
        record = read_linked(folder, link)
        if record is not None and fingerprint in {"", record.fingerprint}:
            fingerprint = record.fingerprint
            seen.add(run)
            yield record


def earlier_records(folder: Path) -> dict[str, tuple[Record, ...]]:
    """By their slugs, all records that are there of each variant that has several, in the order of the chain.

    Where a variant is run several times with the same inputs, only the first of these runs counts: they are
    no history.

    Those that were removed, or are not as they were kept, are left out: `newest_records` and `doit verify`
    name them.

    Raises:
        ChangedResultError: the chain of records is not as it was written.
        ResultError: it cannot be read.
    """
    first_runs = {
        variant: [link for link in linked if not inputs_and_run(link.record)[1]]
        for variant, linked in _links_of_variants(folder).items()
    }
    return {
        variant: tuple(_readable(folder, linked)) for variant, linked in first_runs.items() if len(linked) > 1
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
