"""The records of a matrix as they were kept, found without knowing what they were made from.

A report of finished results needs no compiler, no board and no sources: which inputs a record was made from
is in its fingerprint, and nobody has to work that out again to read it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path

from mcumatrix.errors import ChangedResultError, McuMatrixError, ResultError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.record import Record
from mcumatrix.model.results import VariantRuns, group_runs
from mcumatrix.ports import EarlierFiles
from mcumatrix.results.chain import Chain, Link, links_in
from mcumatrix.results.store import CHAIN_FILE, from_json, inputs_and_run, read_linked, read_raw_log


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
    for variant, linked in _by_variant(_links(folder)).items():
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


Proof = Callable[[Record, bytes], bool]
"""Whether a record is what its raw log says."""


@dataclass(frozen=True, slots=True)
class OverTime:
    """By their slugs, all records of each variant that has several, oldest first.

    `left_out` is how many of earlier times cannot be believed, or are not whole.
    """

    records: Mapping[str, tuple[Record, ...]]
    left_out: int = 0


def records_over_time(folder: Path, is_proved: Proof, before: EarlierFiles | None = None) -> OverTime:
    """All records of a folder, in the order of its chain; those that are not proved are left out.

    `before` are its files of earlier times, whose records come before those that only the present chain has.
    Where a variant is run several times with the same inputs, only the first of these runs counts: they are
    no history.

    Those that were removed, or are not as they were kept, are left out, unless an earlier time has them:
    `newest_records` and `doit verify` name them.

    Raises:
        ChangedResultError: the present chain of records is not as it was written.
        ResultError: it cannot be read.
    """
    links: dict[tuple[str, str], Link] = {}
    left_out = 0
    for data in _longest(before.versions(CHAIN_FILE)) if before else ():
        try:
            links |= {(link.record, link.sha256): link for link in links_in(data, folder / CHAIN_FILE)}
        except ChangedResultError:
            left_out += 1
    present = {(link.record, link.sha256): link for link in _links(folder)}
    found: dict[str, list[Record]] = {}
    for variant, linked in _by_variant((links | present).values()).items():
        first_runs = [link for link in linked if not inputs_and_run(link.record)[1]]
        for link in first_runs if len(first_runs) > 1 else ():
            told = _told(folder, link, before)
            if told is not None and is_proved(*told):
                found.setdefault(variant, []).append(told[0])
            elif (link.record, link.sha256) not in present:
                left_out += 1
    return OverTime({variant: tuple(records) for variant, records in found.items()}, left_out)


def _longest(chains: Iterable[bytes]) -> Iterator[bytes]:
    """Without those that the next one goes on from: nearly always that is all but the last."""
    for earlier, following in pairwise(chain(chains, (b"",))):
        if not following.startswith(earlier):
            yield earlier


def _told(folder: Path, link: Link, before: EarlierFiles | None) -> tuple[Record, bytes] | None:
    """The record of a link and its raw log, from the folder or an earlier time; None if neither has it."""
    with suppress(McuMatrixError):
        if record := read_linked(folder, link):
            return record, read_raw_log(folder / link.record)
    with suppress(McuMatrixError):
        return _earlier(before, link) if before else None
    return None


def _earlier(before: EarlierFiles, link: Link) -> tuple[Record, bytes] | None:
    """The same, of those versions of the two files that were kept. Raises ResultError: it is no record."""
    for data in before.versions(link.record):
        if hash_bytes(data) == link.sha256:
            record = from_json(data)
            for log in before.versions(link.record.removesuffix(".json") + ".log"):
                if hash_bytes(log) == record.log_sha256:
                    return record, log
    return None


def _links(folder: Path) -> tuple[Link, ...]:
    try:
        return Chain(folder / CHAIN_FILE).links()
    except OSError as error:
        raise ResultError(
            f"{folder / CHAIN_FILE} cannot be read: {error}", hint="Mend the rights."
        ) from error


def _by_variant(links: Iterable[Link]) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.record.rpartition("/")[0], []).append(link)
    return found
