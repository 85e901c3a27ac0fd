"""What workers do: build, run, and say what they have. Nothing is written down here but what is in the way
of being made: results go back to whoever asked."""

import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from mcumatrix import registry
from mcumatrix.errors import McuMatrixError, StorageError, ToolError
from mcumatrix.executors.cluster.bundle import Bundle, unpacked
from mcumatrix.executors.runs import run_here
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.catalogue import Board, Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, Image, ToolchainIdentity
from mcumatrix.model.labelled import LabelledSet
from mcumatrix.model.record import Cause
from mcumatrix.model.variant import Variant
from mcumatrix.ports import Builder
from mcumatrix.registry.boards import Boards
from mcumatrix.stages.record import cause_of_error
from mcumatrix.stages.run import Ran, ToRun
from mcumatrix.stages.time_limit import TimeLimit
from mcumatrix.storage import in_sentences

TOPIC = "mcumatrix"
"""Under which workers tell where tasks are."""

_LOG = "build.log"


class WorkerError(ToolError):
    """A worker cannot do what it was asked for; another one may. `worker` is its address."""

    worker = ""


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a build: outputs by name with their SHA-256, its log, and the error that ended it if any.

    `folder` is where it was on the worker, for messages that name it.
    """

    outputs: Mapping[str, tuple[bytes, str]]
    log: bytes
    error: McuMatrixError | None = None
    folder: str = ""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """An image to be run: its files, the variant that it is of, and how long it may take, in seconds.

    `elf` is empty where nothing there reads it: it is several times as large as what is flashed.
    """

    variant: Variant
    image: Image
    elf: bytes
    binary: bytes
    left_s: float
    labelled: LabelledSet | None = None


@dataclass(frozen=True, slots=True)
class RunAsked:
    """What is to be run for a task: an image, unless its unit is none of the `fit` ones.

    `tools` are those of who asks, whose records have them; see `tools_of`.
    """

    task: str
    board: Board
    wanted: RunOrder
    fit: frozenset[str]
    tools: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """How a run went; `was_test` says whether it was the test of its unit. `ran` is without what was run."""

    was_test: bool
    ran: Ran


class Here:
    """What a worker keeps as long as it lives: a folder, a builder, and boards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.builder: Builder = registry.builders.builders("local", folder / "cache", _nothing).chosen
        self.boards = Boards(folder / "boards", wait=True, say=_nothing)
        self.suspected: set[tuple[str, str]] = set()
        """Boards and units on which equipment has failed since they were tested, whoever asked."""


def _nothing(_line: str) -> None:
    pass


_here: dict[Path, Here] = {}
_lock = Lock()


def _place(worker: Any = None) -> Here:
    """That of this worker: Dask gives it as `dask_worker` to what is no task."""
    if worker is None:
        from distributed import get_worker

        worker = get_worker()
    folder = Path(worker.local_directory) / "mcumatrix"
    with _lock:
        if folder not in _here:
            folder.mkdir(parents=True, exist_ok=True)
            _here[folder] = Here(folder)
        return _here[folder]


def identity_there(
    toolchain: Toolchain, cpu_flags: tuple[str, ...], dask_worker: Any = None
) -> ToolchainIdentity | str:
    """The compiler of a worker, or why it has none, in a sentence."""
    try:
        return _place(dask_worker).builder.identity(toolchain, cpu_flags)
    except McuMatrixError as error:
        return error.message


def machine_there() -> str:
    """The name of a worker's host, and its architecture, as in `lab-2 (x86_64)`."""
    return f"{platform.node()} ({platform.machine()})"


def build_there(
    plan: BuildPlan, inputs: Mapping[str, bytes], sources: Bundle, trees: Mapping[str, Bundle]
) -> Built:
    """Executes a plan in folders of this worker's own, and returns what it made."""
    with _at_work() as (place, work):
        by_content = place.folder / "by-content"
        folders = BuildFolders(
            unpacked(sources, by_content),
            work / "inputs",
            work / "output",
            tuple((name, unpacked(tree, by_content)) for name, tree in trees.items()),
        )
        folders.inputs.mkdir()
        folders.output.mkdir()
        for name, data in inputs.items():
            (folders.inputs / name).write_bytes(data)
        log = folders.output / _LOG
        try:
            place.builder.execute(plan, folders, log)
        except StorageError:
            raise
        except McuMatrixError as error:
            return Built({}, _contents(log), error, str(folders.output))
        made = {name: (folders.output / name).read_bytes() for name in plan.outputs}
        return Built({name: (data, hash_bytes(data)) for name, data in made.items()}, _contents(log))


@contextmanager
def _at_work() -> Iterator[tuple[Here, Path]]:
    """This worker, and a folder that is its task's as long as that takes.

    Raises:
        WorkerError: what its disk, or another part of the machine, does not let it do.
    """
    from distributed import get_worker

    who = f"The worker on {machine_there()} cannot do its work"
    try:
        with in_sentences(who, Path(get_worker().local_directory), "Nothing is lost by that."):
            place = _place()
            work = Path(tempfile.mkdtemp(dir=place.folder))
            try:
                yield place, work
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except StorageError as error:
        message = error.message if error.message.startswith(who) else f"{who}: {error.message}"
        raise _worker_error(message, error.hint) from error
    except ValueError as error:
        raise _worker_error(f"{who}: {error}.", "Look at that machine and its network.") from error


def _worker_error(message: str, hint: str) -> WorkerError:
    from distributed import get_worker

    error = WorkerError(message, hint=hint)
    error.worker = get_worker().address
    return error


def _contents(log: Path) -> bytes:
    return log.read_bytes() if log.is_file() else b""


def tools_of(board: Board, boards: Boards) -> dict[str, str]:
    """What takes part in a run besides the image, with versions: it is in the record, and so in no doubt."""
    return {"mcumatrix": _our_version(), **boards.get(board).identity()}


@cache
def _our_version() -> str:
    # Of the code that runs: what is installed meanwhile is another.
    return version("mcumatrix")


def run_there(asked: RunAsked, test: RunOrder | None) -> Done:
    """Runs an image on a unit of a board of this worker, or the test of the unit where that is not fit.

    Raises:
        StoppedError, LockedError, BlockedError, ToolError: as `stages.run.run_image` does.
        WorkerError: this worker has other tools, or no room.
    """
    from distributed import get_worker

    with _at_work() as (place, work):
        _require_same(asked.tools, tools_of(asked.board, place.boards))
        tested: list[ToRun] = []

        def choose(unit: str) -> ToRun:
            is_fit = unit in asked.fit and (asked.board.name, unit) not in place.suspected
            is_test = test is not None and not is_fit
            where = f"{unit} of {platform.node()}{', which is tested' if is_test else ''}"
            get_worker().log_event(TOPIC, {"task": asked.task, "where": where})
            if test is None or is_fit:
                return _ready(asked.wanted, work)
            tested.append(_ready(test, work))
            return tested[0]

        def ended(ran: Ran) -> None:
            if ran.error and cause_of_error(ran.error, ran.fault) is Cause.INFRASTRUCTURE:
                place.suspected.add((asked.board.name, ran.unit))
            elif tested:
                place.suspected.discard((asked.board.name, ran.unit))

        ran = run_here(choose, asked.board, place.boards, ended)
        nothing: Any = None
        return Done(bool(tested), replace(ran, what=nothing))


def _require_same(asked: Mapping[str, str], ours: Mapping[str, str]) -> None:
    differing = sorted(name for name in {*ours, *asked} if ours.get(name) != asked.get(name))
    if differing:
        there, here = (
            ", ".join(f"{name} {some.get(name, 'none')}" for name in differing) for some in (ours, asked)
        )
        raise _worker_error(
            f"The worker on {machine_there()} has {there}, and here is {here}.",
            "Install the same versions on both: records say what took part in a run.",
        )


def _ready(order: RunOrder, folder: Path) -> ToRun:
    elf, binary = folder / "image.elf", folder / "image.bin"
    if order.elf:
        elf.write_bytes(order.elf)
    binary.write_bytes(order.binary)
    image = replace(order.image, elf=elf, binary=binary)
    return ToRun(order.variant, image, TimeLimit(order.left_s), order.labelled)


def set_aside_there(board: Board, unit: str, reason: str, dask_worker: Any = None) -> None:
    """Gives a unit of a board of this worker to nobody any more."""
    _place(dask_worker).boards.get(board).set_aside(unit, reason)


def stop_there(dask_worker: Any = None) -> None:
    """Ends whatever this worker builds and runs; what comes later finds it as it was at first."""
    place = _place(dask_worker)
    with _lock:
        _here.pop(place.folder, None)
    place.builder.stop()
    place.boards.close()
