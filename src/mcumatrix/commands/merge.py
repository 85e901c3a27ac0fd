"""`merge`: the results of several machines, brought together.

Nothing is written before all of it has been checked, and what is written is only ever added: a merge that is
ended in the middle leaves whole results, and the same merge once more adds what is still missing.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mcumatrix.artifact import is_below
from mcumatrix.errors import ExitCode, MatrixError, McuMatrixError, MergeError
from mcumatrix.health import require_proved
from mcumatrix.model.record import Record
from mcumatrix.project import Project
from mcumatrix.results.chain import Chain
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.merging import Addition, Result, addition, history_addition
from mcumatrix.results.reproductions import FOLDER as REPRODUCTIONS
from mcumatrix.results.reproductions import RUNS, ReproductionStore, is_reproduction
from mcumatrix.results.store import (
    CHAIN_FILE,
    HEALTH_FOLDER,
    MEND,
    RecordStore,
    read_linked,
    read_raw_log,
    read_trace,
    write_or_find,
)
from mcumatrix.results.verification import check_kept
from mcumatrix.storage import in_sentences

_CHAINS: dict[str, tuple[str, Callable[[Sequence[Result], Sequence[Result]], Addition]]] = {
    "records": ("records", addition),
    HEALTH_FOLDER: ("tests of units", history_addition),
    RUNS: ("runs of reproductions", history_addition),
}
"""The folders with chains below results: what is in them, and what can be added to one."""

_FILES = {INPUTS: "inputs", REPRODUCTIONS: "reproductions"}
"""The folders with files that stand by themselves."""


@dataclass(frozen=True, slots=True)
class _Chained:
    """The results in a folder with a chain, and the records that they are of."""

    folder: Path
    results: tuple[Result, ...] = ()
    records: tuple[Record, ...] = ()


def merge(
    project: Project, folders: Sequence[Path], into: Path | None, say: Callable[[str], None]
) -> ExitCode:
    """Adds the results in some folders to those in `into`, which is that of their matrix if not given.

    Raises:
        MatrixError: a folder has no results, or they are of several matrices.
        MergeError: some were changed, cannot be believed, or contradict others. Nothing is written then.
        StorageError: they cannot be written.
    """
    for folder in folders:
        if not any((folder / name).is_dir() for name in (*_CHAINS, *_FILES)):
            raise MatrixError(
                f"{_shown(folder)} is no folder of results: it has no records",
                hint="Name one such as results/quickstart of another machine.",
            )
    reading = partial(in_sentences, "Results could not be merged", kept="Nothing was written.")
    with reading(folders[0].absolute()):
        problems = [
            f"{_shown(one.path)}: {one.problem}"
            for folder in dict.fromkeys(folders)
            for one in check_kept(folder)
            if one.problem and not one.was_unconfirmed
        ]
    _require_none(problems, say)
    with reading(folders[0].absolute()):
        chained = {name: [_chained(folder / name) for folder in folders] for name in _CHAINS}
    matrix = _matrix_of([side for sides in chained.values() for side in sides], folders)
    target = into or project.results(matrix)
    if target.exists() and any(folder.samefile(target) for folder in folders):
        raise MatrixError(
            f"{_shown(target)} is where results are brought to, and one of the folders as well",
            hint="Name the folders of other machines only.",
        )
    with reading(target):
        added, left_out, problems = _plan(target, chained)
        files = list(_files(folders))
        problems += _conflicts_of_files(target, files)
    _require_none(problems, say)
    with in_sentences("Results could not be merged", target, "What was there before is as it was."):
        for name, side, result in added:
            _copy(side.folder, target / name, result)
        new = Counter(_CHAINS[name][0] for name, _, _ in added)
        new.update(_FILES[kind] for kind, name, file in files if _copied(file, target / kind / name))
    for sentence in left_out:
        say(f"left out: {sentence}")
    counted = ", ".join(f"{count:,} {what}" for what, count in new.items()) or "nothing"
    say(f"{_shown(target)}: {counted} of {len(folders)} folder{'s' * (len(folders) > 1)} added.")
    if into is None:
        say(f"`doit report {matrix}` makes the report of all of them.")
    return ExitCode.OK


def _require_none(problems: Sequence[str], say: Callable[[str], None]) -> None:
    for problem in problems:
        say(problem)
    if problems:
        raise MergeError(
            f"Nothing was merged: {len(problems):,} of the results cannot be added.",
            hint="Leave a folder out, restore what was changed, or merge --into another folder.",
        )


def _chained(folder: Path) -> _Chained:
    """Raises ResultError: it cannot be read, or is not as it was kept."""
    results, records = [], []
    for link in Chain(folder / CHAIN_FILE).links():
        record = read_linked(folder, link)
        if record is not None:
            results.append(Result.of(record, link, Path(_shown(folder / link.record))))
            records.append(record)
    return _Chained(folder, tuple(results), tuple(records))


def _matrix_of(sides: Sequence[_Chained], folders: Sequence[Path]) -> str:
    """The matrix that all records are of; where there are none, what the first folder is called."""
    found = {record.matrix: side.folder for side in sides for record in side.records}
    if len(found) > 1:
        where = " and ".join(f"{name} ({_shown(folder)})" for name, folder in found.items())
        raise MatrixError(f"these are results of several matrices: {where}", hint="Merge each by itself.")
    matrix = next(iter(found), folders[0].resolve().name)
    if is_below(matrix) and "/" not in matrix:
        return matrix
    if found:
        raise MatrixError(f"a record has {matrix!a} as its matrix, which can be none", hint=MEND)
    raise MatrixError(
        f"{_shown(folders[0])!a} has no records that say of which matrix they are, and is called as none is",
        hint="Name the folder first that is called like the matrix.",
    )


_Added = list[tuple[str, _Chained, Result]]


def _plan(target: Path, chained: dict[str, list[_Chained]]) -> tuple[_Added, list[str], list[str]]:
    """What is added to which folder from where, what is left out, and what is in the way."""
    added: _Added = []
    left_out: list[str] = []
    problems: list[str] = []
    for name, sides in chained.items():
        ours = list(_chained(target / name).results)
        for side in sides:
            found = _CHAINS[name][1](ours, side.results)
            added += ((name, side, result) for result in found.added)
            left_out += found.left_out
            problems += (*found.conflicts, *_not_believed(side, found.added))
            ours += found.added
    return added, left_out, problems


def _not_believed(side: _Chained, added: Sequence[Result]) -> Iterator[str]:
    """What of the records to be added is not what their raw logs say, or stands where no record would."""
    wanted = {result.link.record for result in added}
    store = RecordStore(side.folder)
    for result, record in zip(side.results, side.records, strict=True):
        if result.link.record not in wanted:
            continue
        if f"{record.variant}/{record.name}.json" != result.link.record:
            yield f"{result.file}: it is another record, {record.name} of {record.variant}"
            continue
        try:
            require_proved(store, [record])
        except McuMatrixError as error:
            yield error.message


def _files(folders: Sequence[Path]) -> Iterator[tuple[str, Path, Path]]:
    """What stands by itself: the folder that it belongs into, its name there, and the file."""
    for folder in folders:
        for file in sorted((folder / INPUTS).glob("*.json")):
            yield INPUTS, Path(file.name), file
        place = folder / REPRODUCTIONS
        for file in ReproductionStore(place).files():
            yield REPRODUCTIONS, file.relative_to(place), file


def _conflicts_of_files(target: Path, files: Sequence[tuple[str, Path, Path]]) -> Iterator[str]:
    seen: dict[Path, Path] = {}
    for kind, name, file in files:
        place = target / kind / name
        if kind == REPRODUCTIONS and not is_reproduction(file.read_bytes()):
            yield f"{_shown(file)}: it is no reproduction"
            continue
        other = seen.setdefault(place, place if place.exists() else file)
        if other.read_bytes() != file.read_bytes():
            yield f"{_shown(other)} and {_shown(file)} have the same name and other contents"


def _copied(file: Path, place: Path) -> bool:
    """Copies a file unless it is there; whether it was not. Raises OSError."""
    is_new = not place.exists()
    write_or_find(place, file.read_bytes())
    return is_new


def _copy(source: Path, target: Path, result: Result) -> None:
    """Adds a record to the chain of a folder, byte for byte as it was kept in another one.

    Raises:
        OSError: it cannot be written.
        ResultError: it was changed meanwhile.
    """
    record = read_linked(source, result.link)
    if record is not None:
        trace = read_trace(result.file, record) or b""
        RecordStore(target).adopt(record, result.file.read_bytes(), read_raw_log(result.file), trace)


def _shown(path: Path) -> str:
    return os.path.relpath(path)
