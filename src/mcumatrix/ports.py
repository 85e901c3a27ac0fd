"""What the stages ask of the world. Each adapter implements one of these."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from mcumatrix.model.catalogue import BoardKind, Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, Image, ToolchainIdentity
from mcumatrix.model.network import Network


class Runtime(Protocol):
    """An inference library that can be compiled for a board."""

    def sources(self) -> tuple[Path, ...]:
        """Files and folders, all of them below `firmware/`, that its library is compiled from."""
        ...

    def generators(self) -> tuple[Path, ...]:
        """Our own files that decide what `render` makes of a model: code and templates."""
        ...

    def render(self, network: Network) -> Mapping[str, bytes]:
        """C sources, by file name, that make a network part of an image.

        Raises:
            RenderError: the library cannot run it.
        """
        ...


class Builder(Protocol):
    """Executes build plans."""

    def identity(self, toolchain: Toolchain) -> ToolchainIdentity:
        """Which compiler it would use for a toolchain.

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


class TakenBoard(Protocol):
    """A board that is ours until it is given back."""

    @property
    def kind(self) -> BoardKind: ...

    @property
    def timing_model(self) -> str:
        """How its cycles are made; empty where hardware counts them."""
        ...

    @property
    def serial_port(self) -> str:
        """The device or pyserial URL of its serial line; known once an image is on the board."""
        ...

    def load(self, elf: Path) -> None:
        """Puts an ELF file into the board's memory; it does not run yet.

        Raises:
            FlashError: it does not fit, or is none.
        """
        ...

    def start(self) -> None:
        """Starts the image from reset.

        Raises:
            FlashError: it did not start.
        """
        ...

    def fault(self) -> str:
        """What the board itself noticed of a failure, as a sentence; empty if nothing or unknown."""
        ...


class Board(Protocol):
    """A place where images run."""

    def take(self) -> AbstractContextManager[TakenBoard]:
        """Takes the board for one user; gives it back on leaving."""
        ...

    def identity(self) -> Mapping[str, str]:
        """What a result depends on besides the image: a simulator's version, and the like."""
        ...


class Flasher(Protocol):
    """Gets images onto boards."""

    def flash(self, board: TakenBoard, image: Image) -> None:
        """Puts an image onto a board, and leaves the board halted: it is to start when somebody listens.

        Raises:
            FlashError: it is not on the board.
        """
        ...
