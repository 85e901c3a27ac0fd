"""What the stages ask of the world. Each adapter implements one of these."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from mcumatrix.model.attached import AttachedProbe
from mcumatrix.model.catalogue import Board as BoardEntry
from mcumatrix.model.catalogue import BoardKind, Element, Toolchain
from mcumatrix.model.current import Trace
from mcumatrix.model.exported import Exported
from mcumatrix.model.image import BuildFolders, BuildPlan, Image, ToolchainIdentity
from mcumatrix.model.network import Network
from mcumatrix.model.publication import Imported
from mcumatrix.model.record import Flashed
from mcumatrix.model.signature import Vouched


class Runtime(Protocol):
    """An inference library that can be compiled for a board."""

    def sources(self) -> tuple[Path, ...]:
        """Files and folders, all of them below `firmware/`, that its library is compiled from."""
        ...

    def trees(self, kernels: str) -> Mapping[str, str]:
        """Code from elsewhere that its library is compiled from: a fingerprint of the contents, by name.

        Raises:
            SourceError: a folder of a person's own is not there, or is not what is needed.
        """
        ...

    def folders(self, kernels: str) -> Mapping[str, Path]:
        """Where that code is, by the same names; fetched if need be.

        Raises:
            SourceError: it cannot be had.
        """
        ...

    def definitions(self, kernels: str, element: Element) -> Mapping[str, str]:
        """CMake variables that its library is configured with, with `{inputs}` and `{tree_NAME}`."""
        ...

    def library_inputs(self, kernels: str, folders: Mapping[str, Path]) -> Mapping[str, bytes]:
        """Files that are made for its library, by name; `folders` is what `folders` gave.

        Raises:
            SourceError: the code from elsewhere is not what is needed.
        """
        ...

    def render(self, model: bytes, network: Callable[[], Network]) -> Mapping[str, bytes]:
        """C sources, by file name, that make a model part of an image.

        `model` is the .tflite file, `network` reads it: a library with a parser of its own need not have a
        model that we can read.

        Raises:
            ModelError: the model cannot be read.
            RenderError: the library cannot run it.
        """
        ...


class Builder(Protocol):
    """Executes build plans."""

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...]) -> ToolchainIdentity:
        """Which compiler it would use for a toolchain, with its libraries for a chip's flags.

        Raises:
            ToolError: there is none.
        """
        ...

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        """Runs the steps of a plan; all they print goes into `log`.

        Raises:
            BuildError: a step failed, or an output is missing after the last one.
            ToolError: a tool that a step needs is not there.
        """
        ...

    def stop(self) -> None:
        """Ends whatever is being executed, from any thread."""
        ...

    def reap(self) -> None:
        """Removes what runs that were killed have left behind.

        Raises:
            ToolError: it cannot be found out.
        """
        ...


class Console(Protocol):
    """A serial line, open. Used as a context manager, it is closed in the end."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def write(self, data: bytes) -> None:
        """Sends all of `data`.

        Raises:
            ConsoleError: the line is gone.
        """
        ...

    def read(self, timeout_s: float) -> bytes:
        """What has arrived; waits up to `timeout_s` for a first byte, then returns what is there, or nothing.

        Raises:
            ConsoleError: the line is gone.
        """
        ...


PackTrace = Callable[[Trace], bytes]
"""Makes the file of a trace: CSV with the columns time_s, current_a, voltage_v and digital, packed
by gzip."""


class CurrentProbe(Protocol):
    """What tells the current that a board draws. It is open from the moment it is made.

    One that is the board's supply has switched it on by then.
    """

    def start(self) -> None:
        """Begins a trace.

        Raises:
            EnergyError: it cannot.
        """
        ...

    def stop(self) -> bytes:
        """Ends the trace and gives its file, as `PackTrace` makes it or as plain CSV with the same columns.

        Raises:
            EnergyError: there is none.
        """
        ...

    def close(self) -> None:
        """Lets go of it; after an error too, and whether a trace was begun or not."""
        ...


class TakenBoard(Protocol):
    """A unit of a board that is ours until it is given back."""

    @property
    def unit(self) -> str:
        """The name of the unit, unique among those of its board and the same in each run."""
        ...

    @property
    def kind(self) -> BoardKind: ...

    @property
    def timing_model(self) -> str:
        """How its cycles are made; empty where hardware counts them."""
        ...

    @property
    def expected_error(self) -> str:
        """How far the timing model's times may be from hardware's, as a phrase; empty for hardware."""
        ...

    @property
    def probe(self) -> str:
        """The unique id of its debug probe."""
        ...

    @property
    def serial_port(self) -> str:
        """The device or pyserial URL of its serial line."""
        ...

    def fault(self) -> str:
        """What the board itself noticed of a failure, as a sentence; empty if nothing or unknown."""
        ...

    def recover(self) -> None:
        """Makes it fit for its next user after a failure, as far as that can be done from here."""
        ...


class Board(Protocol):
    """A place where images run."""

    def take(self) -> AbstractContextManager[TakenBoard]:
        """Takes a unit of the board for one user, and gives it back on leaving.

        Raises:
            LockedError: others have all units, and nobody wants to wait.
            BlockedError: all units were set aside.
            FlashError: the debug probe of a unit is not there; the error names the unit.
            BoardError: a unit does not start; the error names it.
        """
        ...

    def set_aside(self, unit: str, reason: str) -> None:
        """Gives a unit to nobody any more until the board is closed; `reason` is for those who want one."""
        ...

    def identity(self) -> Mapping[str, str]:
        """What a result depends on besides the image: a simulator's version, and the like."""
        ...

    def close(self) -> None:
        """Ends what was started for it."""
        ...


class Debugger(Protocol):
    """A debug probe's hold on a board. Used as a context manager, it lets go in the end."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def program(self, image: Image) -> Flashed:
        """Makes the flash hold an image, proves it by reading back, and leaves the core halted.

        Raises:
            FlashError: it does not, with the reason.
        """
        ...

    def start(self) -> None:
        """Starts the image from reset, and lets go of the core.

        Raises:
            FlashError: it did not start.
        """
        ...


class Flasher(Protocol):
    """Gets hold of boards through debug probes."""

    def attached(self) -> tuple[AttachedProbe, ...]:
        """The debug probes of hardware that it sees; what cannot be read is among them, with its problem."""
        ...

    def find_probe(self, wanted: str) -> str:
        """The unique id of the probe that a board's file means: by its id, or "" for the only one.

        Raises:
            FlashError: it is not attached, or several are and nothing says which.
        """
        ...

    def connect(self, board: BoardEntry, probe: str) -> Debugger:
        """Connects to a board through the probe with a unique id, and halts its core.

        Raises:
            FlashError: there is no such probe, or no such chip behind it.
        """
        ...


class Exporter(Protocol):
    """Writes results in the format of another tool."""

    def export(self, results: Exported) -> Mapping[str, bytes]:
        """The files that the tool reads, by their paths below the folder of the export.

        Raises:
            MatrixError: something is missing that the format cannot do without.
            NothingSelectedError: there is nothing to write.
        """
        ...


class Importer(Protocol):
    """Reads results in the format of another tool."""

    def read(self, name: str, text: str, clock_hz: int | None) -> Imported:
        """The numbers of a file, which errors call `name`.

        `clock_hz` is the clock of what was measured, for formats that have ticks; None if nobody said it.
        Text of any kind gives numbers or an error.

        Raises:
            PublishedError: it is not in this format, or something is missing; with the line, where there is
            one.
        """
        ...


class SignatureChecker(Protocol):
    """Checks detached signatures of files."""

    ending: str
    """Follows the name of a file in that of its signature."""

    def vouched(self, file: Path, signature: Path, allowed: Path) -> Vouched:
        """Who of a file of allowed signers has signed a file.

        Raises:
            MatrixError: there is no such file of allowed signers, or what it is checked by is not there.
            SignatureError: nobody of them has.
            ToolError: what checks signatures is not there.
        """
        ...


class Signer(SignatureChecker, Protocol):
    """Makes such signatures too."""

    def require(self) -> None:
        """Raises:
        ToolError: what signs is not there.
        """
        ...

    def sign(self, file: Path, key: Path) -> bytes:
        """A signature of a file.

        Raises:
            ToolError: it cannot be signed with this key.
        """
        ...


class EarlierFiles(Protocol):
    """Files as they were at earlier times, by their names below one folder."""

    @property
    def is_whole(self) -> bool:
        """Whether there are no earlier times that are not known."""
        ...

    def versions(self, name: str) -> Iterator[bytes]:
        """The contents that a file had, oldest first; none where there never was one of this name."""
        ...
