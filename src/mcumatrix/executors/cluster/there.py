"""What workers do: build, run, and say what they have. Nothing is written down here but what is in the way
of being made: results go back to whoever asked."""

import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mcumatrix import registry
from mcumatrix.errors import BlockedError, McuMatrixError, StorageError, ToolError
from mcumatrix.executors.cluster.bundle import Bundle, unpacked
from mcumatrix.executors.runs import run_here, tools_of
from mcumatrix.hashing import hash_bytes
from mcumatrix.locking import lock_folder
from mcumatrix.model.catalogue import Board, Toolchain, Unit
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

if TYPE_CHECKING:
    from filelock import BaseFileLock

TOPIC = "mcumatrix"
"""Under which workers tell where tasks are."""

UNIT = "unit:"
"""What the resource of a worker begins with that stands for one unit of a board; see `resource_of`."""

_LOG = "build.log"


class WorkerError(ToolError):
    """A worker cannot do what it was asked for; another one may. `worker` is its address."""

    worker = ""


class NoUnitError(WorkerError):
    """A worker has no unit of a board left: all of its were set aside."""


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

    `asker` is who asks, by a name that nobody else has. `tools` are those of who asks, whose records have
    them; see `tools_of`.
    """

    asker: str
    task: str
    board: Board
    wanted: RunOrder
    fit: frozenset[str]
    tools: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """How a run went; `was_test` says whether it was the test of its unit. `ran` is without what was run.

    `worker` is the address of the worker that the unit is of.
    """

    was_test: bool
    ran: Ran
    worker: str


class Here:
    """What a worker keeps for one who asks: a builder, and boards. What is set aside for one is so for
    nobody else, and for nobody who comes later."""

    def __init__(self, folder: Path, asker: str) -> None:
        self._boards = folder / "boards" / asker
        self.builder: Builder = registry.builders.builders("local", folder / "cache", _nothing).chosen
        self.boards = Boards(self._boards, wait=True, say=_nothing)

    def close(self) -> None:
        """Ends what is built and run for who asked."""
        self.builder.stop()
        self.boards.close()
        shutil.rmtree(self._boards, ignore_errors=True)


def _nothing(_line: str) -> None:
    pass


class Place:
    """What a worker keeps as long as it lives: a folder, a name, and what there is for each who asks."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.suspected: set[tuple[str, str]] = set()
        """Boards and units on which equipment has failed since they were tested, whoever asked."""
        self._here: dict[str, Here] = {}
        self._lock = Lock()
        self._number: tuple[int, BaseFileLock] | None = None

    def asked_by(self, asker: str) -> Here:
        """What there is for who asks, made if need be."""
        with self._lock:
            if asker not in self._here:
                self._here[asker] = Here(self.folder, asker)
            return self._here[asker]

    def left_by(self, asker: str) -> None:
        """Ends what there is for who asks no more."""
        with self._lock:
            here = self._here.pop(asker, None)
        if here:
            here.close()

    @property
    def name(self) -> str:
        """That of this machine, as in `lab-2`, and of further workers on it `lab-2/2`. It is the same when
        workers are started again, and no other worker that is there has it.

        Raises:
            LockedError: there is no folder for locks.
            OSError: a lock cannot be used.
        """
        with self._lock:
            if self._number is None:
                self._number = _free_number()
            number, _ = self._number
            return platform.node() + (f"/{number}" if number > 1 else "")

    def called(self, board: Board, unit: str) -> str:
        """What a unit of this worker is called among those of all workers.

        The serial number of a probe and a place of labgrid are the same wherever they are seen, and nothing
        else has them. What is a program, or any probe at a serial port, is told apart by its worker.
        """
        is_unique = any(unit in {one.probe, one.place} for one in board.units)
        return unit if is_unique or not unit else f"{unit}@{self.name}"


def _free_number() -> tuple[int, "BaseFileLock"]:
    """The first number that no other worker of this machine has, and the lock that keeps it until this
    process ends. Raises LockedError, OSError."""
    from filelock import FileLock, Timeout

    for number in count(1):
        lock = FileLock(lock_folder() / f"worker-{number}.lock", mode=0o666)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        return number, lock
    raise AssertionError


_places: dict[Path, Place] = {}
_lock = Lock()


def _place(worker: Any = None) -> Place:
    """That of this worker: Dask gives it as `dask_worker` to what is no task."""
    if worker is None:
        from distributed import get_worker

        worker = get_worker()
    folder = Path(worker.local_directory) / "mcumatrix"
    with _lock:
        if folder not in _places:
            _places[folder] = Place(folder)
        return _places[folder]


def resource_of(board: Board, unit: Unit) -> str:
    """What a worker has that can use a unit of a board."""
    return f"{UNIT}{board.name}/{unit.place or unit.probe or unit.serial_port}"


def _usable(board: Board, worker: Any) -> Board:
    """A board with those of its units that a worker can use. One that names none can use all of them."""
    has = worker.state.total_resources
    units = tuple(unit for unit in board.units if resource_of(board, unit) in has)
    return replace(board, units=units) if units else board


def identity_there(
    asker: str, toolchain: Toolchain, cpu_flags: tuple[str, ...], dask_worker: Any = None
) -> ToolchainIdentity | str:
    """The compiler of a worker, or why it has none, in a sentence."""
    try:
        return _place(dask_worker).asked_by(asker).builder.identity(toolchain, cpu_flags)
    except McuMatrixError as error:
        return error.message


def machine_there() -> str:
    """The name of a worker's host, and its architecture, as in `lab-2 (x86_64)`."""
    return f"{platform.node()} ({platform.machine()})"


def build_there(
    asker: str, plan: BuildPlan, inputs: Mapping[str, bytes], sources: Bundle, trees: Mapping[str, Bundle]
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
            place.asked_by(asker).builder.execute(plan, folders, log)
        except StorageError:
            raise
        except McuMatrixError as error:
            return Built({}, _contents(log), error, str(folders.output))
        made = {name: (folders.output / name).read_bytes() for name in plan.outputs}
        return Built({name: (data, hash_bytes(data)) for name, data in made.items()}, _contents(log))


@contextmanager
def _at_work() -> Iterator[tuple[Place, Path]]:
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
        raise _of_this_worker(WorkerError(message, hint=error.hint)) from error
    except ValueError as error:
        hint = "Look at that machine and its network."
        raise _of_this_worker(WorkerError(f"{who}: {error}.", hint=hint)) from error


def _of_this_worker(error: WorkerError) -> WorkerError:
    from distributed import get_worker

    error.worker = get_worker().address
    return error


def _contents(log: Path) -> bytes:
    return log.read_bytes() if log.is_file() else b""


def run_there(asked: RunAsked, test: RunOrder | None) -> Done:
    """Runs an image on a unit of a board of this worker, or the test of the unit where that is not fit.

    Raises:
        StoppedError, LockedError, ToolError: as `stages.run.run_image` does.
        NoUnitError: all units of the board on this worker were set aside.
        WorkerError: this worker has other tools, or no room.
    """
    from distributed import get_worker

    with _at_work() as (place, work):
        worker = get_worker()
        board, boards = _usable(asked.board, worker), place.asked_by(asked.asker).boards
        _require_same(asked.tools, tools_of(board, boards))
        tested: list[ToRun] = []

        def choose(unit: str) -> ToRun:
            called = place.called(board, unit)
            is_fit = called in asked.fit and (board.name, unit) not in place.suspected
            is_test = test is not None and not is_fit
            where = called if called != unit else f"{unit} of {platform.node()}"
            tested_too = ", which is tested" if is_test else ""
            worker.log_event(TOPIC, {"task": asked.task, "where": f"{where}{tested_too}"})
            if test is None or is_fit:
                return _ready(asked.wanted, work)
            tested.append(_ready(test, work))
            return tested[0]

        def ended(ran: Ran) -> None:
            if ran.error and cause_of_error(ran.error, ran.fault) is Cause.INFRASTRUCTURE:
                place.suspected.add((board.name, ran.unit))
            elif tested:
                place.suspected.discard((board.name, ran.unit))

        try:
            ran = run_here(choose, board, boards, ended)
        except BlockedError as error:
            raise _of_this_worker(NoUnitError(error.message, hint=error.hint)) from error
        nothing: Any = None
        unit = place.called(board, ran.unit)
        return Done(bool(tested), replace(ran, what=nothing, unit=unit), worker.address)


def _require_same(asked: Mapping[str, str], ours: Mapping[str, str]) -> None:
    differing = sorted(name for name in {*ours, *asked} if ours.get(name) != asked.get(name))
    if differing:
        there, here = (
            ", ".join(f"{name} {some.get(name, 'none')}" for name in differing) for some in (ours, asked)
        )
        raise _of_this_worker(
            WorkerError(
                f"The worker on {machine_there()} has {there}, and here is {here}.",
                hint="Install the same versions on both: records say what took part in a run.",
            )
        )


def _ready(order: RunOrder, folder: Path) -> ToRun:
    elf, binary = folder / "image.elf", folder / "image.bin"
    if order.elf:
        elf.write_bytes(order.elf)
    binary.write_bytes(order.binary)
    image = replace(order.image, elf=elf, binary=binary)
    return ToRun(order.variant, image, TimeLimit(order.left_s), order.labelled)


def set_aside_there(asker: str, board: Board, unit: str, reason: str, dask_worker: Any = None) -> None:
    """Gives a unit of a board of this worker to who asks no more. `unit` is as `Place` calls it."""
    place, usable = _place(dask_worker), _usable(board, dask_worker)
    here = unit.removesuffix(f"@{place.name}")
    place.asked_by(asker).boards.get(usable).set_aside(here, reason)


def left_there(asker: str, dask_worker: Any = None) -> None:
    """Ends whatever this worker builds and runs for who asks no more; others who ask notice nothing."""
    _place(dask_worker).left_by(asker)
