"""The records of a matrix: one JSON file per run, only ever added to, each beside its raw serial log.

results/<matrix>/records/<variant>/<time>-<fingerprint>.json and .log; `.run2` and the like before the ending
say which run of several it is.
results/<matrix>/records/chain.jsonl: which of them were kept, in order, and their hashes; see chain.py

A record is written aside, then added to the chain, then given its name. Wherever that ends, the record was
kept or it was not: one that the chain has and that has no name yet gets it from whoever looks for it.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from mcumatrix.artifact import sync_folder, write_atomically
from mcumatrix.errors import ChangedResultError, ResultError
from mcumatrix.hashing import hash_bytes, hash_file
from mcumatrix.model.record import RECORD_SCHEMA, Record
from mcumatrix.model.schedule import FIRST, Slot
from mcumatrix.model.soundness import contradictions_of_record
from mcumatrix.results.chain import Chain, Link
from mcumatrix.results.known import Known, KnownRecords
from mcumatrix.results.older import from_schema_2
from mcumatrix.storage import place_of, reason_of, remedy_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FINGERPRINT_DIGITS = 12
CHAIN_FILE = "chain.jsonl"

HEALTH_FOLDER = "health"
"""Below the results of a matrix: the same for tests of the units that they were measured on."""

MAX_RESULT_BYTES = 64 * 1024 * 1024
"""What a board can say is far less (`stages.listen.MAX_LOG_BYTES`)."""

_OUR_FAULT = "This is a fault of mcumatrix or of a package that adds to it; please report it."
_CHANGED = "Somebody changed it; measure again."
MEND = "Restore it from where there is a copy, or remove it to have the variant measured again."


@cache
def _adapter() -> "TypeAdapter[Record]":
    from pydantic import TypeAdapter

    return TypeAdapter(Record)


def to_json(record: Record) -> bytes:
    """A record as it is kept: JSON with the fields of `Record`, infinite and missing numbers as strings.

    Raises:
        ResultError: it could not be read again, or contradicts itself.
    """
    from pydantic_core import PydanticSerializationError

    try:
        # Records of boards without a probe are as they were before there was the field.
        left_out = {"energy"} if record.energy is None else None
        data = _adapter().dump_json(record, indent=1, exclude=left_out) + b"\n"
    except PydanticSerializationError as error:
        raise ResultError(f"it is not a record: {error}", hint=_OUR_FAULT) from error
    _validated(data, _OUR_FAULT)
    return data


def from_json(data: bytes) -> Record:
    """Reads what `to_json` wrote.

    Raises:
        ResultError: it is not a record, contradicts itself, or has a schema version that is not known.
    """
    from pydantic import ValidationError

    try:
        # Nearly all are of today's version, and are read once.
        record = _adapter().validate_json(data)
        if record.schema == RECORD_SCHEMA:
            return _sound(record, _CHANGED)
    except ValidationError:
        pass
    try:
        kept = json.loads(data)
        schema = kept["schema"]
        if schema == 2:
            data = json.dumps(from_schema_2(kept)).encode()
        elif not isinstance(schema, int):
            # Of any depth, where Python has a stack for it.
            raise TypeError("its schema version is no number")
        elif schema != RECORD_SCHEMA:
            raise ResultError(
                f"it has schema version {str(schema)[:20]}, and this mcumatrix reads versions 2 and "
                f"{RECORD_SCHEMA}",
                hint="Read it with the mcumatrix that wrote it, or measure again.",
            )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ResultError(
            f"it is not a record: {error}", hint="It was cut or is something else; measure again."
        ) from error
    return _validated(data, _CHANGED)


def _validated(data: bytes, hint: str) -> Record:
    """The record in some JSON: each number within its bounds, and none of them against another.

    Raises:
        ResultError: it has no such record.
    """
    from pydantic import ValidationError

    try:
        record = _adapter().validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ResultError(f"it is not a record: {where}: {first['msg']}", hint=hint) from error
    return _sound(record, hint)


def _sound(record: Record, hint: str) -> Record:
    for contradiction in contradictions_of_record(record):
        raise ResultError(f"it contradicts itself: {contradiction}", hint=hint)
    return record


def file_stem(finished_at: str, fingerprint: str) -> str:
    """The name of a result's files, without ending: names sort by time."""
    return f"{finished_at.replace(':', '').replace('-', '')}-{fingerprint[:FINGERPRINT_DIGITS]}"


def log_name(record: Record) -> str:
    """The name of the raw log of a record; its own file has the same, with another ending."""
    return f"{file_stem(record.finished_at, record.fingerprint)}{record.slot.suffix}.log"


def write_new(file: Path, data: bytes) -> None:
    """Writes a file that must not be there yet. Raises OSError."""
    write_atomically(file, data, replace=False)


def write_or_find(file: Path, data: bytes) -> None:
    """Writes a file, unless it is there with these contents. Raises OSError: it cannot be, or has others."""
    try:
        write_new(file, data)
    except FileExistsError:
        if not _is_regular(file) or file.read_bytes() != data:
            raise


def inputs_and_run(name: str) -> tuple[str, str]:
    """What the name of a record's file tells: the start of the fingerprint, and which run it is."""
    inputs, _, run = name.removesuffix(".json").rpartition("-")[2].partition(".")
    return inputs, run


def _ending(fingerprint: str, slot: Slot) -> str:
    """How the name of a record's file ends, by what it was made from and which run it is."""
    return f"-{fingerprint[:FINGERPRINT_DIGITS]}{slot.suffix}.json"


class RecordStore:
    """The records of one matrix, in a folder."""

    def __init__(self, folder: Path, remembered: KnownRecords | None = None) -> None:
        """`remembered` is what earlier processes knew of them; None for nothing."""
        self._folder = folder
        self._remembered = remembered or KnownRecords()
        self._chain_file = folder / CHAIN_FILE
        self._chain = Chain(self._chain_file)
        self._indexed: tuple[tuple[int, ...] | None, dict[tuple[str, str], tuple[Link, ...]]] = (None, {})
        self._seen: dict[tuple[str, str, Slot], tuple[tuple[Link, ...], _Found | None]] = {}
        self._known: dict[Link, Known] = {}
        self._last_read: tuple[Link, Record] | None = None

    def add(self, record: Record, log: bytes, trace: bytes = b"") -> Record:
        """Keeps a record and its raw log, the log first; returns the record with the log's name and hash.

        `trace` is what a current probe told, which the record has the hash of; it is kept beside the log.

        Raises:
            ResultError: it cannot be written.
        """
        kept = replace(record, log=log_name(record), log_sha256=hash_bytes(log))
        try:
            self._keep(kept, to_json(kept), (log, trace), write_new)
        except OSError as error:
            raise ResultError(
                f"the result of {record.variant} is lost: {place_of(error, self._folder)} cannot be used, "
                f"because {reason_of(error)}. All records from before are kept.",
                hint=f"{remedy_of(error)} The variant is then measured again.",
            ) from error
        return kept

    def adopt(self, record: Record, data: bytes, log: bytes, trace: bytes = b"") -> None:
        """Keeps a record that was kept elsewhere, `data` being its file, its raw log and its trace, as
        they are.

        Files that are there already with the same contents are what was left when this was ended before.

        Raises:
            OSError: it cannot be written, or other files have these names.
        """
        self._keep(record, data, (log, trace), write_or_find)

    def _keep(
        self,
        record: Record,
        data: bytes,
        evidence: tuple[bytes, bytes],
        write: Callable[[Path, bytes], None],
    ) -> None:
        """`evidence` are the raw log and the trace, which is kept where the record has one."""
        path = self.path_of(record)
        log, trace = evidence
        files = [(path.with_name(record.log), log), (_aside(path), data)]
        if has_trace(record):
            files.insert(1, (trace_file(path), trace))
        made: list[Path] = []
        try:
            for file, contents in files:
                write(file, contents)
                made.append(file)
            self._chain.add(path.relative_to(self._folder).as_posix(), hash_bytes(data))
        except OSError:
            for file in made:
                with suppress(OSError):
                    file.unlink()
            raise
        # It is kept from here on: where this does not go well, it gets its name from who looks for it.
        with suppress(OSError):
            _give_name(path)

    def newest(self, variant: str, fingerprint: str, slot: Slot = FIRST) -> Record | None:
        """The last record of a run of a variant that was made from these inputs; None if there is none.

        The last is the one that was kept last, whatever the clock said then.

        Raises:
            ChangedResultError: it, or the chain, is not as it was kept. An older one does not take its
                place: whoever looks at results has to learn that somebody changed one.
            ResultError: it cannot be read.
        """
        found = self._find(variant, fingerprint, slot)
        if found is None:
            return None
        last = self._last_read
        return last[1] if last and last[0] == found.link else self._read(found.link)

    def known(self, variant: str, fingerprint: str, slot: Slot = FIRST) -> Known | None:
        """What is known of the record that `newest` gives, for which it need not be read again.

        Its file, its raw log and its trace are those that it was known by. Raises as `newest` does.
        """
        found = self._find(variant, fingerprint, slot)
        return found.known if found else None

    def newest_known(self) -> Iterator[Known]:
        """Of each variant the last records with the inputs of the last one, the last first.

        Variants of which one cannot be read or is not as it was kept are left out.

        Raises:
            ChangedResultError: the chain is not as it was written.
            ResultError: it cannot be read.
        """
        by_variant: dict[str, list[Link]] = {}
        for (variant, _), linked in self._links().items():
            by_variant.setdefault(variant, []).extend(linked)
        for links in by_variant.values():
            links.sort(key=lambda link: link.number, reverse=True)
            try:
                found = tuple(self._last_known(links))
            except ResultError:
                continue
            yield from found

    def _last_known(self, links: Iterable[Link]) -> Iterator[Known]:
        """Of the links of a variant, the last first."""
        fingerprint = ""
        seen: set[str] = set()
        for link in links:
            inputs, run = inputs_and_run(link.record)
            if run in seen or (fingerprint and not fingerprint.startswith(inputs)):
                continue
            known = self._known_of(link)
            if known is not None and fingerprint in {"", known.fingerprint}:
                fingerprint = known.fingerprint
                seen.add(run)
                yield known

    def is_proved(self, variant: str, fingerprint: str, slot: Slot = FIRST) -> bool:
        """Whether the record that `newest` gives was proved before, when its bytes were the same."""
        found = self._find(variant, fingerprint, slot)
        return found is not None and self._remembered.is_proved(found.link.sha256)

    def prove(self, variant: str, fingerprint: str, slot: Slot = FIRST) -> None:
        """Remembers that the record that `newest` gives was proved."""
        if found := self._find(variant, fingerprint, slot):
            self._remembered.prove(found.link.sha256)

    def remember(self) -> None:
        """Keeps what is known of the records, for the next process."""
        self._remembered.keep({link.sha256 for linked in self._links().values() for link in linked})

    def all_of(self, variant: str, fingerprint: str, slot: Slot = FIRST) -> list[Record]:
        """Every record of a run of a variant that was made from these inputs, oldest first.

        Raises as `newest` does.
        """
        found = (
            read_linked(self._folder, link)
            for link in self._links().get((variant, _ending(fingerprint, slot)), ())
        )
        return [record for record in found if record and record.fingerprint == fingerprint]

    def path_of(self, record: Record) -> Path:
        """The file of a record that was kept; its raw log stands beside it."""
        return self._folder / record.variant / f"{record.name}.json"

    def _find(self, variant: str, fingerprint: str, slot: Slot) -> "_Found | None":
        linked = self._links().get((variant, _ending(fingerprint, slot)), ())
        key = variant, fingerprint, slot
        seen = self._seen.get(key)
        if seen is None or seen[0] != linked:
            seen = linked, self._look(variant, fingerprint, slot, linked)
            self._seen[key] = seen
        return seen[1]

    def _look(self, variant: str, fingerprint: str, slot: Slot, linked: tuple[Link, ...]) -> "_Found | None":
        names = {link.record for link in linked}
        ending = _ending(fingerprint, slot)
        for name in self._names_in(variant):
            if name.endswith(ending) and f"{variant}/{name}" not in names:
                path = self._folder / variant / name
                raise ChangedResultError(
                    f"{path} is not in {CHAIN_FILE}, which has every record that was kept",
                    hint="Somebody put it there or changed that file: restore them, or remove the record.",
                )
        for link in reversed(linked):
            known = self._known_of(link)
            if known and (known.variant, known.fingerprint, known.slot) == (variant, fingerprint, slot):
                return _Found(link, known)
        return None

    def _names_in(self, variant: str) -> list[str]:
        # Asked for each variant, and there for few where little is done: not by way of paths.
        folder = f"{self._folder}/{variant}"
        with _named(self._folder / variant), suppress(FileNotFoundError, NotADirectoryError):
            return sorted(os.listdir(folder))  # noqa: PTH208 - their names alone
        return []

    def _known_of(self, link: Link) -> Known | None:
        """What is known of the record of a link; None if it was removed. Raises as `read_linked` does."""
        if link in self._known:
            return self._known[link]
        known = self._remembered.find(link.sha256)
        if known is None or not _is_as_known(f"{self._folder}/{link.record}", link, known):
            record = self._read(link)
            if record is None:
                return None
            known = Known.of(record)
            self._remembered.add(link.sha256, known)
        self._known[link] = known
        return known

    def _read(self, link: Link) -> Record | None:
        record = read_linked(self._folder, link)
        # Whoever asks what is known of one may want all of it next. Not more than one: there are thousands.
        self._last_read = (link, record) if record else None
        return record

    def _links(self) -> dict[tuple[str, str], tuple[Link, ...]]:
        """The links of each variant and ending of a file's name, oldest first."""
        try:
            signature: tuple[int, ...] = ()
            with suppress(FileNotFoundError):
                state = self._chain_file.stat()
                signature = state.st_ino, state.st_size, state.st_mtime_ns
            if signature != self._indexed[0]:
                found: dict[tuple[str, str], list[Link]] = {}
                for link in self._chain.links():
                    variant, _, name = link.record.rpartition("/")
                    found.setdefault((variant, f"-{name.rpartition('-')[2]}"), []).append(link)
                self._indexed = signature, {key: tuple(links) for key, links in found.items()}
        except OSError as error:
            raise ResultError(
                f"{self._chain_file} cannot be read: {error}", hint="Mend the rights, or restore it."
            ) from error
        return self._indexed[1]


@dataclass(frozen=True, slots=True)
class _Found:
    """Which record it is, and what is known of it."""

    link: Link
    known: Known


def _is_as_known(path: str, link: Link, known: Known) -> bool:
    """Whether the files of a record have the bytes by which it is known. All of them are read.

    Where they have not, whoever reads the record says what is wrong.
    """
    stem = path.removesuffix(".json")
    if stem.rpartition("/")[2] != known.name:
        return False
    wanted = [(path, link.sha256), (f"{stem}.log", known.log_sha256)]
    if known.trace_sha256:
        wanted.append((f"{stem}{TRACE_SUFFIX}", known.trace_sha256))
    return all(_hash_of_regular(file) == sha256 for file, sha256 in wanted)


def _hash_of_regular(file: str) -> str:
    """SHA-256 of a file; empty if it is no regular one, or larger than any of ours, or cannot be read."""
    try:
        # As many as records and logs: not by way of paths, which takes as long as all the rest.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        state = os.fstat(descriptor)
        if not S_ISREG(state.st_mode) or state.st_size > MAX_RESULT_BYTES:
            return ""
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as opened:
            return hash_bytes(opened.readall())
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def read_linked(folder: Path, link: Link) -> Record | None:
    """The record of a link of the chain in `folder`; None if somebody removed it, so that it is made again.

    One that was kept and has no name yet gets it.

    Raises:
        ChangedResultError: it, or its log, is not as it was kept.
        ResultError: it cannot be read.
    """
    path = folder / link.record
    with _named(path):
        if not path.exists():
            with suppress(FileNotFoundError):
                if hash_file(_aside(path)) == link.sha256:
                    _give_name(path)
            if not path.exists():
                return None
        data = _contents(path)
    if data is None or hash_bytes(data) != link.sha256:
        raise ChangedResultError(
            f"{path} was changed: {CHAIN_FILE} has the hash of what was kept, and it is another one",
            hint=MEND,
        )
    return record_in(path, data)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _give_name(path: Path) -> None:
    _aside(path).replace(path)
    sync_folder(path.parent)


def record_in(path: Path, data: bytes) -> Record:
    """The record that `data` are, which its file at `path` has; its raw log stands beside it under that name.

    Raises:
        ChangedResultError: the log is missing or changed.
        ResultError: it is no record, or of another version, or its log cannot be read.
    """
    log = path.with_suffix(".log")
    with _named(path):
        record = from_json(data)
        if record.log != log.name:
            raise ResultError(
                f"it names {record.log!r} as its raw log, which can only be {log.name} beside it", hint=MEND
            )
        raw = _contents(log)
    if has_trace(record) and read_trace(path, record) is None:
        raise ChangedResultError(
            f"{trace_file(path)} was changed: it is not the trace that its record was made from", hint=MEND
        )
    if raw is None or hash_bytes(raw) != record.log_sha256:
        raise ChangedResultError(
            f"{log} was changed: it is not the raw log that its record was made from", hint=MEND
        )
    return record


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What is wrong with a record says which it is."""
    try:
        yield
    except OSError as error:
        raise ResultError(f"{path} cannot be read: {error}", hint=MEND) from error
    except ResultError as error:
        raise ResultError(f"{path}: {error.message}", hint=error.hint) from error


def _contents(file: Path) -> bytes | None:
    """Of a record or its log; None if it is no regular file: reading another kind may never end, and a link
    may lead anywhere.

    Raises:
        OSError: it cannot be read.
        ResultError: it is larger than any of ours.
    """
    try:
        state = file.lstat()
    except FileNotFoundError:
        return None
    if not S_ISREG(state.st_mode):
        return None
    if state.st_size > MAX_RESULT_BYTES:
        raise ResultError(
            f"{file.name} has more than {MAX_RESULT_BYTES // 2**20} MiB",
            hint="It is something else; measure again.",
        )
    return file.read_bytes()


TRACE_SUFFIX = ".trace"
"""Of what a current probe told: CSV, or that packed by gzip."""


def has_trace(record: Record) -> bool:
    """Whether there is a trace beside the raw log of a record."""
    return record.energy is not None and record.energy.trace_sha256 is not None


def trace_file(record: Path) -> Path:
    """Where the trace of the record in a file is, if it has one."""
    return record.with_suffix(TRACE_SUFFIX)


def read_trace(file: Path, record: Record) -> bytes | None:
    """The trace of the record in a file; None if it has none, or it is missing or changed.

    Raises:
        ResultError: it cannot be read.
    """
    trace = trace_file(file)
    if record.energy is None or not _is_regular(trace):
        return None
    try:
        data = trace.read_bytes()
    except OSError as error:
        raise ResultError(f"{trace} cannot be read: {error}", hint=MEND) from error
    return data if hash_bytes(data) == record.energy.trace_sha256 else None


def read_raw_log(record: Path) -> bytes:
    """The raw log of the record in a file, which stands beside it.

    Raises:
        ResultError: it cannot be read.
    """
    log = record.with_suffix(".log")
    try:
        return log.read_bytes()
    except OSError as error:
        raise ResultError(f"{log} cannot be read: {error}", hint=MEND) from error


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
