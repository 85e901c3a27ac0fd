"""Names to adapters. Each is imported when it is asked for, so that a command loads only what it uses."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from mcumatrix import plugins
from mcumatrix.errors import MatrixError, ModelError, RenderError, SourceError, ToolError
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.model.attached import Attached, AttachedProbe, RunningVirtualBoard
from mcumatrix.model.catalogue import (
    DEFAULT_FLASHER,
    DEFAULT_SUITE,
    LABGRID,
    Archive,
    Dataset,
    Model,
    ModelInput,
    ModelPin,
    Source,
    Toolchain,
)
from mcumatrix.model.catalogue import Board as BoardEntry
from mcumatrix.model.catalogue import Runtime as RuntimeEntry
from mcumatrix.model.current import EnergySetup
from mcumatrix.model.engine_room import EngineRoom
from mcumatrix.model.exported import Revision
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.kernels import KernelFacts
from mcumatrix.model.labelled import AskedSet, LabelledSet
from mcumatrix.model.network import Network, least_cycles_of
from mcumatrix.model.record import PROJECT
from mcumatrix.plugins import Kind
from mcumatrix.ports import (
    Board,
    Builder,
    Console,
    CurrentProbe,
    EarlierFiles,
    Exporter,
    Flasher,
    Importer,
    Runtime,
    SignatureChecker,
    Signer,
)
from mcumatrix.progress.display import Display, Lines

if TYPE_CHECKING:
    from mcumatrix.adapters.builders.recorded import Known
    from mcumatrix.adapters.models.host_check import ModelProblem
    from mcumatrix.adapters.runtimes.tflm.asked import Asked
    from mcumatrix.sources.progress import Progress

BASE_IMAGE_VARIABLE = "MCUMATRIX_BASE_IMAGE"
"""Names the Docker image that toolchains are put onto. With a suite of Debian behind it, as in
`MCUMATRIX_BASE_IMAGE_TRIXIE`, it names that of the toolchains that want this suite."""
BUILDERS = ("auto", "docker", "local")


@dataclass(frozen=True, slots=True)
class Builders:
    """What can execute plans here: `chosen` does it, and `explain` says in a line which and why.

    `by_name` has each builder by itself.
    """

    chosen: Builder
    by_name: dict[str, Builder]
    explain: Callable[[], str]

    @property
    def reason(self) -> str:
        """Which builder it is and why, as far as is known: toolchains may have been asked for meanwhile."""
        return self.explain()

    def able_to_use(self, toolchain: Toolchain) -> dict[str, Builder]:
        """The builders that can build with a toolchain, by name: one without a Dockerfile is on PATH only."""
        return {
            name: builder
            for name, builder in self.by_name.items()
            if toolchain.dockerfile or name != "docker"
        }


def builders(wanted: str, cache: Path, say: Callable[[str], None]) -> Builders:
    """The builders of this machine. `wanted` is one of `BUILDERS`, or one that another package brings;
    `cache` is a folder that they may keep between runs; `say` gets a line when something takes long.

    Raises:
        MatrixError: there is no such builder.
        ToolError: Docker is wanted, and no engine answers; or another package's builder does not work.
    """
    from mcumatrix.adapters.builders.local import LocalBuilder

    plugin = plugins.find(Kind.BUILDER, wanted, BUILDERS)
    if plugin is not None:
        other: Builder = plugin.make(Builder, cache, say=say)
        reason = f"{wanted} of {plugin.package}, as asked for"
        return Builders(other, {wanted: other}, lambda: reason)
    if wanted not in BUILDERS:
        names = ", ".join((*BUILDERS, *plugins.names(Kind.BUILDER)))
        raise MatrixError(f"there is no builder {wanted!r}", hint=f"There are: {names}.")
    local = LocalBuilder(cache)
    if wanted == "local":
        return Builders(local, {"local": local}, lambda: "local, as asked for")
    from mcumatrix.adapters.builders.docker.engine import NoEngine, find_engine

    engine = find_engine(os.environ)
    if isinstance(engine, NoEngine):
        if wanted == "docker":
            raise ToolError(
                f"No Docker engine answers: {engine.reason}.",
                hint="Start one, or build with the toolchain on PATH: --builder local",
            )
        why = f"local, because no Docker engine answers: {engine.reason}"
        return Builders(local, {"local": local}, lambda: why)
    from mcumatrix.adapters.builders.choice import BuilderChoice
    from mcumatrix.adapters.builders.docker.builder import DockerBuilder

    docker = DockerBuilder(
        cache,
        engine,
        unpacked=partial(_unpacked, say=say),
        say=say,
        bases=base_images(os.environ),
        insists=wanted == "docker",
    )
    if wanted == "docker":
        return Builders(docker, {"docker": docker}, lambda: "docker, as asked for")
    choice = BuilderChoice(docker, local)
    return Builders(choice, {"docker": docker, "local": local}, choice.reason)


def base_images(environ: Mapping[str, str]) -> dict[str, str]:
    """The images that toolchain images are to begin with, by the suite of Debian whose place they take.

    `MCUMATRIX_BASE_IMAGE` names the one for most toolchains, `MCUMATRIX_BASE_IMAGE_TRIXIE` that for those
    that want Debian 13; empty is as good as not set.
    """
    named = {DEFAULT_SUITE: environ.get(BASE_IMAGE_VARIABLE, "")}
    for name, image in environ.items():
        if name.startswith(f"{BASE_IMAGE_VARIABLE}_"):
            named[name.removeprefix(f"{BASE_IMAGE_VARIABLE}_").lower()] = image
    return {suite: image for suite, image in named.items() if image}


def recorded_compilers(
    builder: Builder, recorded: "Callable[[], Known]", say: Callable[[str], None]
) -> Builder:
    """A builder that knows compilers which it does not have by what `recorded` says of them: see
    `RecordedCompilers`."""
    from mcumatrix.adapters.builders.recorded import RecordedCompilers

    return RecordedCompilers(builder, recorded, say)


def make_base_image(suite: str, say: Callable[[str], None]) -> str:
    """Makes the image of a suite of Debian that toolchain images begin with; a line says which it is.

    Raises:
        ToolError: no engine answers, or the image cannot be made here.
    """
    from mcumatrix.adapters.builders.docker.base_image import base_of, make_base_image
    from mcumatrix.adapters.builders.docker.engine import NoEngine, find_engine

    engine = find_engine(os.environ)
    if isinstance(engine, NoEngine):
        raise ToolError(f"No Docker engine answers: {engine.reason}.", hint="Start one, and run this again.")
    base = base_of(suite)
    return f"{base.tag} is {make_base_image(engine, say, base)}"


@contextmanager
def shown_progress(say: Callable[[str], None]) -> "Iterator[Progress]":
    """What shows how far a transfer is, to whoever hears lines: a display shows more than lines."""
    display = say if isinstance(say, Display) else Lines(say, say)
    with display.transfer() as shown:
        yield shown


def _unpacked(archive: Archive, say: Callable[[str], None]) -> Path:
    """The contents of a pinned archive, downloaded if they are not in the cache. Raises SourceError."""
    return _obtained(archive.file_name, archive.url, f"sha256:{archive.sha256}", (), say)


def _obtained(
    name: str, url: str, checksum: str, include: tuple[str, ...], say: Callable[[str], None]
) -> Path:
    from mcumatrix.sources.cache import cache_from, mirrors_from
    from mcumatrix.sources.obtain import obtain
    from mcumatrix.sources.pin import read_pin
    from mcumatrix.sources.selection import Selection

    pin = read_pin(name, [url], checksum)
    with shown_progress(say) as progress:
        return obtain(
            pin,
            cache_from(os.environ, Path.home()),
            selection=Selection(include),
            progress=progress,
            mirrors=mirrors_from(os.environ),
        )


def _quiet(_line: str) -> None:
    pass


def runtime(
    entry: RuntimeEntry, firmware: Path, templates: Path, say: Callable[[str], None] = _quiet
) -> Runtime:
    """The code that prepares a runtime; `say` gets a line when it fetches something.

    Raises:
        MatrixError: no adapter has the name that the entry says.
        ToolError: another package's adapter does not work.
    """
    made: Runtime = _made(
        Kind.RUNTIME,
        RUNTIMES,
        entry.adapter,
        f"the runtime {entry.name}",
        Runtime,
        entry,
        firmware=firmware,
        templates=templates,
        fetch=partial(source_folder, say=say),
        say=say,
    )
    return made


def _builtin(entry: RuntimeEntry, *, firmware: Path, templates: Path, **_: object) -> Runtime:  # noqa: ARG001
    from mcumatrix.adapters.runtimes.builtin import BuiltinRuntime

    return BuiltinRuntime(firmware, templates)


def _tflm(entry: RuntimeEntry, *, firmware: Path, templates: Path, fetch: Any, say: Any) -> Runtime:
    from mcumatrix.adapters.runtimes.tflm.runtime import Needs, TflmRuntime

    def needs_of(contents: bytes) -> Needs:
        found = network(contents)
        return Needs(found.operators, found.variable_count, found.keeps_state)

    return TflmRuntime(
        entry,
        firmware,
        templates,
        fetch,
        os.environ,
        needs_of=needs_of,
        patched=partial(_patched, say=say),
        say=say,
    )


def refusal(entry: RuntimeEntry, contents: bytes, firmware: Path, templates: Path) -> str:
    """Why a runtime that reads models on the host does not run one, given its file; empty if it does."""
    try:
        runtime(entry, firmware, templates).render(contents, lambda: network(contents))
    except (ModelError, RenderError) as error:
        return error.message
    return ""


RUNTIMES: dict[str, Callable[..., Runtime]] = {"builtin": _builtin, "tflm": _tflm}


def _made(
    kind: Kind,
    own: Mapping[str, Callable[..., Any]],
    name: str,
    of: str,
    port: type,
    *arguments: Any,
    **options: Any,
) -> Any:
    """An adapter by its name: one of our `own`, or one that another package brings, made by the same call.

    Raises:
        MatrixError: there is none; the message begins with `of`.
        ToolError: another package's does not work.
    """
    plugin = plugins.find(kind, name, own)
    if plugin is not None:
        return plugin.make(port, *arguments, **options)
    if name not in own:
        raise MatrixError(
            f"{of} names the {kind} adapter {shown(name)}, and there is none",
            hint=did_you_mean(name, [*own, *plugins.names(kind)]),
        )
    return own[name](*arguments, **options)


def _patched(
    name: str, folder: Path, contents: str, patches: Sequence[Path], say: Callable[[str], None]
) -> Path:
    """A copy of a source's folder with patches. Raises SourceError."""
    from mcumatrix.sources.cache import cache_from
    from mcumatrix.sources.patch import patched

    cache = cache_from(os.environ, Path.home())
    with shown_progress(say) as progress:
        return patched(name, folder, contents, patches, cache, progress=progress)


def commit_of(name: str, url: str, revision: str) -> str:
    """The id of the commit that a branch or a tag of a repository has now. Raises SourceError."""
    from mcumatrix.sources.commit import resolve_commit

    return resolve_commit(name, url, revision)


def asked_by(source: Source, say: Callable[[str], None]) -> "Asked":
    """What the TensorFlow tree of a commit needs besides itself, by its own makefiles. Raises SourceError."""
    from mcumatrix.adapters.runtimes.tflm.asked import asked_by

    return asked_by(source_folder(source, (), say))


def source_folder(source: Source, include: tuple[str, ...], say: Callable[[str], None]) -> Path:
    """A part of what a pinned archive holds, or a commit whole, fetched if it is not in the cache.

    Raises:
        SourceError: it cannot be had.
    """
    if source.commit:
        from mcumatrix.sources.cache import cache_from
        from mcumatrix.sources.commit import CommitPin, obtain_commit

        pin = CommitPin(source.name, source.url, source.commit)
        with shown_progress(say) as progress:
            return obtain_commit(pin, cache_from(os.environ, Path.home()), progress=progress)
    return _obtained(source.file_name, source.url, source.checksum, include, say)


def network(contents: bytes) -> Network:
    """What a .tflite file holds. Raises ModelError."""
    from mcumatrix.adapters.models.tflite_file import read_network

    return read_network(contents)


@cache
def least_cycles(entry: Model) -> tuple[tuple[str, float], ...]:
    """The operators of a model, each with the cycles that it cannot take less than on a Cortex-M7.

    Empty where it cannot be read, which is said where it is used, or would have to be fetched.
    """
    if entry.file is None:
        return ()
    try:
        found = network(model_contents(entry))
    except ModelError:
        return ()
    return tuple((str(layer.operator), least_cycles_of(found, layer)) for layer in found.layers)


def model_contents(entry: Model, say: Callable[[str], None] = _quiet) -> bytes:
    """The file of a model as it is, fetched if it is somewhere else; `say` gets a line then.

    Raises:
        ModelError: there is none, or it is none.
        SourceError: it cannot be fetched.
    """
    if entry.file is not None:
        return read_model_file(entry.file)
    assert entry.pin is not None
    return read_model_file(_fetched(f"{entry.name}.tflite", entry.pin, say))


def read_model_file(path: Path) -> bytes:
    """A .tflite file as it is. Raises ModelError if it cannot be read, or is none."""
    from mcumatrix.adapters.models.tflite_file import read_contents

    return read_contents(path)


def make_golden(contents: bytes, source: ModelInput) -> str:
    """The text of the file of golden outputs of a model: what it answers on the host.

    Raises:
        ModelError: the input does not fit, or the model does not run on the host.
        ToolError: the host has no TensorFlow Lite Micro, or an input needs a package that is not installed.
    """
    from mcumatrix.adapters.models.inputs import read_input
    from mcumatrix.adapters.models.make_answer import make_answer

    return make_answer(contents, read_input(source, network(contents)))


def make_set_answers(entry: Model, say: Callable[[str], None] = _quiet) -> bytes:
    """The contents of a file of what a model answers on the host to its whole labelled set.

    Raises:
        ModelError: it has none, that does not fit it, or it does not run on the host.
        SourceError: the model, or its set, cannot be fetched.
        ToolError: the host has no TensorFlow Lite Micro, or a sample needs a package that is not installed.
    """
    from mcumatrix.adapters.models.labelled_set import read_inputs
    from mcumatrix.adapters.models.make_answer import make_set_answers

    contents = model_contents(entry, say)
    return make_set_answers(contents, read_inputs(entry, network(contents), _set_files(entry, say)))


def _fetched(name: str, pin: ModelPin, say: Callable[[str], None]) -> Path:
    """A pinned file of a model in the cache, where it has this name. Raises SourceError."""
    from mcumatrix.sources.cache import cache_from, mirrors_from
    from mcumatrix.sources.fetch import fetch
    from mcumatrix.sources.pin import read_pin

    with shown_progress(say) as progress:
        return fetch(
            read_pin(name, [pin.url], f"sha256:{pin.sha256}"),
            cache_from(os.environ, Path.home()),
            progress=progress,
            mirrors=mirrors_from(os.environ),
        )


def operators_of(entry: Model) -> frozenset[str]:
    """The operators of a model's file, named as layers name them. Raises ModelError."""
    return frozenset(network(model_contents(entry)).operators)


def warning_about(entry: Model, runtime: RuntimeEntry, facts: KernelFacts | None) -> str:
    """What a runtime will not run of a model, in a sentence; empty if nothing is known against it.

    `facts` are what its kernels say of themselves, where they were asked. A model with nothing against it is
    tried on the host, where the runtime is a TensorFlow Lite Micro too. A runtime that reads models on the
    host says by itself what it does not run.
    """
    from mcumatrix.adapters.models.host_check import check_model, summarise

    if runtime.adapter != "tflm":
        return ""
    try:
        contents = model_contents(entry)
        operators = frozenset(network(contents).operators)
    except (ModelError, SourceError) as error:
        return error.message
    if facts is not None and facts.operators is not None:
        lacking = sorted(operators - facts.operators)
        if lacking:
            return f"this will not run on {runtime.name}: it has no kernels of {', '.join(lacking)}"
    problems = check_model(contents, runtime, facts.refusing_hybrid if facts else None) or _tried(contents)
    return summarise(problems, runtime)


@cache
def _tried(contents: bytes) -> "tuple[ModelProblem, ...]":
    """What a trial of a model file on the host shows against it. It takes a second, so each is tried once."""
    from mcumatrix.adapters.models.host_check import is_judged_by_trial, trial_problems
    from mcumatrix.adapters.models.tflite_file import read_network
    from mcumatrix.adapters.models.tflm_host import try_model

    network = read_network(contents)
    return trial_problems(try_model(contents, network), network) if is_judged_by_trial(network) else ()


@cache
def project_revision(folder: Path) -> dict[str, str]:
    """The commit of the project that a folder is in, by the name that records have for it, if it is known."""
    from mcumatrix.adapters.revisions.git import revision_of

    revision = revision_of(folder)
    return {PROJECT: revision} if revision else {}


def engine_room() -> EngineRoom | None:
    """What the Docker engine of this machine has for builds; None where none answers.

    Raises:
        ToolError: it has gone meanwhile.
    """
    from mcumatrix.adapters.builders.docker.engine import NoEngine, find_engine

    engine = find_engine(os.environ)
    return None if isinstance(engine, NoEngine) else engine.room()


def hooks_missing() -> str:
    """Why the hooks of virtual boards cannot be loaded, with what to do; empty where they can."""
    from vstm32.base.errors import VirtualBoardError

    try:
        import vstm32.native.library  # noqa: F401
    except VirtualBoardError as error:
        return str(error)
    return ""


def check_element(entry: Model, network: Network) -> None:
    """Raises ModelError: a model computes with something else than its entry says."""
    from mcumatrix.adapters.models.golden_case import check_element

    check_element(entry, network)


def golden_case(entry: Model, asked: AskedSet | None = None) -> GoldenCase:
    """The input that is built into the firmware, with its right answer; and the labelled set, if it is asked.

    Raises:
        ModelError: a file is missing, or they do not belong together.
        SourceError: the model, or its set, cannot be fetched.
        ToolError: an input needs a package that is not installed.
    """
    from mcumatrix.adapters.models.golden_case import read_golden_case

    contents = model_contents(entry)
    case = read_golden_case(entry, contents)
    return case if asked is None else replace(case, labelled=_labelled_set(entry, contents, asked, _quiet))


def labelled_set(entry: Model, asked: AskedSet, say: Callable[[str], None] = _quiet) -> LabelledSet:
    """As much of the labelled set of a model as is asked; `say` gets a line when it is fetched.

    Raises:
        ModelError: the model has none, or it cannot be read, or does not fit the model.
        SourceError: it, or the model, cannot be fetched.
        ToolError: a sample is an image, and Pillow is not installed.
    """
    return _labelled_set(entry, model_contents(entry, say), asked, say)


def _labelled_set(entry: Model, contents: bytes, asked: AskedSet, say: Callable[[str], None]) -> LabelledSet:
    """As `labelled_set`, for a model file that was read already."""
    from mcumatrix.adapters.models.labelled_set import read_labelled_set

    return read_labelled_set(entry, contents, network(contents), _set_files(entry, say), asked)


def _set_files(entry: Model, say: Callable[[str], None]) -> Dataset:
    """The files of a labelled set, fetched if it is somewhere else. Raises ModelError or SourceError."""
    files = entry.dataset
    if files is None:
        raise ModelError(
            f"The model {entry.name} has no labelled set.",
            hint=f"Name one under `dataset` in matrix/models/{entry.name}.yaml.",
        )
    if files.pin is None:
        return files
    return replace(files, samples=_fetched(f"{entry.name}-dataset.npz", files.pin, say))


def _virtual_board(entry: BoardEntry, *, folder: Path, find_probe: Any, **options: Any) -> Board:  # noqa: ARG001
    from mcumatrix.adapters.boards.virtual import VirtualBoard

    return VirtualBoard(entry, folder, **options)


def _real_board(entry: BoardEntry, *, folder: Path, find_probe: Any, **options: Any) -> Board:  # noqa: ARG001
    from mcumatrix.adapters.boards.real import RealBoard

    return RealBoard(entry, find_probe, **options)


def _labgrid_board(entry: BoardEntry, *, folder: Path, find_probe: Any, **options: Any) -> Board:  # noqa: ARG001
    from mcumatrix.adapters.boards.labgrid.board import LabgridBoard

    return LabgridBoard(entry, **options)


BOARDS: dict[str, Callable[..., Board]] = {
    "virtual": _virtual_board,
    "real": _real_board,
    LABGRID: _labgrid_board,
}


class Boards:
    """The boards of a run. Each is made once, so that a virtual board that runs already is used again."""

    def __init__(self, folder: Path, *, wait: bool, say: Callable[[str], None]) -> None:
        """`folder` keeps what virtual boards have in flash. Without `wait`, a board that others have is an
        error; `say` gets a line when somebody has to wait."""
        self._folder = folder
        self._wait = wait
        self._say = say
        self.stopped = Event()
        """Set when everything is to end: nobody waits for a board any more."""
        self._lock = Lock()
        self._boards: dict[BoardEntry, Board] = {}

    def get(self, entry: BoardEntry) -> Board:
        """The board of a catalogue entry.

        Raises:
            MatrixError: its file names a flasher or an adapter that is not there.
            ToolError: that of another package does not work.
        """
        with self._lock:
            if entry not in self._boards:
                self._boards[entry] = self._make(entry)
            return self._boards[entry]

    def _make(self, entry: BoardEntry) -> Board:
        made: Board = _made(
            Kind.BOARD,
            BOARDS,
            entry.adapter or entry.kind,
            f"the board {entry.name}",
            Board,
            entry,
            folder=self._folder,
            find_probe=flasher(entry).find_probe,
            wait=self._wait,
            say=self._say,
            stop=self.stopped,
        )
        return made

    def close(self) -> None:
        """Ends what was started for them, and whoever waits."""
        self.stopped.set()
        with self._lock:
            boards, self._boards = self._boards, {}
        for each in boards.values():
            each.close()


def _pyocd() -> Flasher:
    from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher

    return PyocdFlasher()


FLASHERS: dict[str, Callable[[], Flasher]] = {DEFAULT_FLASHER: _pyocd}


def flasher(board: BoardEntry) -> Flasher:
    """What gets images onto a board, by the key `flasher` of its file.

    Raises:
        MatrixError: nothing is called so.
        ToolError: another package's flasher does not work.
    """
    made: Flasher = _made(Kind.FLASHER, FLASHERS, board.flasher, f"the board {board.name}", Flasher)
    return made


def attached(wanted: Iterable[str] = (), boards: Iterable[BoardEntry] = ()) -> Attached:
    """What is attached to this machine.

    `wanted` are paths of serial ports to look at in any case. Probes are those that pyOCD sees, and those
    that the flashers of `boards` see; places of labgrid are those of `boards`.

    Raises:
        MatrixError: a board's flasher is unknown.
        ToolError: another package's flasher does not work.
    """
    from mcumatrix.adapters.boards.labgrid.looking import attached_places
    from mcumatrix.adapters.consoles.serial_port import attached_ports
    from vstm32.app.running import running_boards
    from vstm32.base.errors import VirtualBoardError

    boards = tuple(boards)
    problems: tuple[AttachedProbe, ...] = ()
    virtual: tuple[RunningVirtualBoard, ...] = ()
    try:
        virtual = tuple(
            RunningVirtualBoard(board.uid, board.name, board.serial_port, board.pid)
            for board in running_boards()
        )
    except VirtualBoardError as error:
        problems = (AttachedProbe("", "virtual boards", error.message),)
    flashers = {DEFAULT_FLASHER: _pyocd()} | {board.flasher: flasher(board) for board in boards}
    seen = dict.fromkeys(probe for one in flashers.values() for probe in one.attached())
    return Attached((*seen, *problems), attached_ports(wanted), virtual, attached_places(boards))


def _ppk2(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.ppk2 import Ppk2
    from mcumatrix.stages.energy import to_file

    return Ppk2(setup, to_file)


def _recorded_trace(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.recorded import RecordedTrace

    return RecordedTrace(setup)


def _otii(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.otii import Otii
    from mcumatrix.stages.energy import to_file

    return Otii(setup, to_file)


def _joulescope(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.jls import JlsRecording
    from mcumatrix.stages.energy import to_file

    return JlsRecording(setup, to_file)


CURRENT_PROBES: dict[str, Callable[[EnergySetup], CurrentProbe]] = {
    "csv": _recorded_trace,
    "joulescope": _joulescope,
    "otii": _otii,
    "ppk2": _ppk2,
}


def current_probe(setup: EnergySetup) -> CurrentProbe:
    """Opens what tells a board's current, by the key `energy` of its file.

    Raises:
        MatrixError: nothing is called so.
        ToolError: its package is not installed, or another package's adapter does not work.
        BoardError: the probe does not answer.
    """
    made: CurrentProbe = _made(
        Kind.PROBE, CURRENT_PROBES, setup.probe, "the key energy of a board", CurrentProbe, setup
    )
    return made


def open_console(port: str, baud: int) -> Console:
    """Opens a serial line."""
    from mcumatrix.adapters.consoles.serial_port import SerialPort

    return SerialPort(port, baud)


def _asv() -> Exporter:
    from mcumatrix.adapters.exporters.asv import AsvExporter

    return AsvExporter()


def _bencher() -> Exporter:
    from mcumatrix.adapters.exporters.bencher import BencherExporter

    return BencherExporter()


def _github_action_benchmark() -> Exporter:
    from mcumatrix.adapters.exporters.github_action_benchmark import GithubActionBenchmarkExporter

    return GithubActionBenchmarkExporter()


def _latex() -> Exporter:
    from mcumatrix.adapters.exporters.latex import LatexExporter

    return LatexExporter()


def _rebench() -> Exporter:
    from mcumatrix.adapters.exporters.rebench import RebenchExporter

    return RebenchExporter()


EXPORTERS: dict[str, Callable[[], Exporter]] = {
    "asv": _asv,
    "bencher": _bencher,
    "github-action-benchmark": _github_action_benchmark,
    "latex": _latex,
    "rebench": _rebench,
}


def exporter(name: str) -> Exporter:
    """What writes results in the format of another tool.

    Raises:
        MatrixError: nothing is called so.
        ToolError: another package's exporter does not work.
    """
    made: Exporter = _made(Kind.EXPORTER, EXPORTERS, name, "--format", Exporter)
    return made


def _mlonmcu() -> Importer:
    from mcumatrix.adapters.importers.mlonmcu import MlonmcuImporter

    return MlonmcuImporter()


def _mlperf_tiny() -> Importer:
    from mcumatrix.adapters.importers.mlperf_tiny import MlperfTinyImporter

    return MlperfTinyImporter()


def _st_edge_ai() -> Importer:
    from mcumatrix.adapters.importers.st_edge_ai import StEdgeAiImporter

    return StEdgeAiImporter()


def _tflm_log() -> Importer:
    from mcumatrix.adapters.importers.tflm import TflmImporter

    return TflmImporter()


IMPORTERS: dict[str, Callable[[], Importer]] = {
    "mlonmcu": _mlonmcu,
    "mlperf-tiny": _mlperf_tiny,
    "st-edge-ai": _st_edge_ai,
    "tflm": _tflm_log,
}


def importer(name: str) -> Importer:
    """What reads results in the format of another tool.

    Raises:
        MatrixError: nothing is called so.
        ToolError: another package's importer does not work.
    """
    made: Importer = _made(Kind.IMPORTER, IMPORTERS, name, "the command", Importer)
    return made


def find_revision(root: Path, wanted: str = "") -> Revision | None:
    """The commit that a project is at, or one that is wanted. Raises MatrixError if that is not there."""
    from mcumatrix.adapters.revisions.git import find_revision

    return find_revision(root, wanted)


def committed_files(folder: Path) -> AbstractContextManager[EarlierFiles]:
    """The files below a folder in earlier commits. Raises MatrixError if git cannot tell."""
    from mcumatrix.adapters.revisions.committed import committed_files

    return committed_files(folder)


def signer() -> Signer:
    """What signs archives, and says who has signed one."""
    from mcumatrix.adapters.signers.ssh_keygen import SshSigner

    return SshSigner()


def signature_checker(trusted_root: Path | None) -> SignatureChecker:
    """What says who has signed an archive: Sigstore where there is a trusted root of it, else SSH keys."""
    if trusted_root is None:
        return signer()
    from mcumatrix.adapters.signers.sigstore_bundle import SigstoreChecker

    return SigstoreChecker(trusted_root)
