"""The errors of mcumatrix: one base class, one subclass per stage."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Self


class ExitCode(IntEnum):
    """What the process returns to its caller."""

    OK = 0
    """All is well."""
    VARIANTS_FAILED = 1
    """Some variants failed."""
    USAGE = 2
    """The command, the matrix or another file that a person wrote is wrong."""
    NOT_COMPARABLE = 3
    """Images differ that should not, something got slower, a result was changed, or nobody vouches for it."""
    ENVIRONMENT = 4
    """A tool or a device is missing."""
    NOTHING_SELECTED = 5
    """Nothing was selected, or nothing measured."""
    BLOCKED = 6
    """Runs wait for a board that is fit, and nothing else went wrong."""
    INTERRUPTED = 130
    """It was interrupted."""


class McuMatrixError(Exception):
    """Something that a person can understand and act on.

    `message` says what happened, `hint` what to do next; both are plain sentences.
    """

    exit_code = ExitCode.VARIANTS_FAILED
    unit = ""
    """The unit of a board that could not be taken for it; empty where it is about none."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: a person in a notebook gets the sentences, too."""
        return [f"{type(self).__name__}: {self}"]


class MatrixError(McuMatrixError):
    """A matrix file or a catalogue file is wrong."""

    exit_code = ExitCode.USAGE


class NothingSelectedError(McuMatrixError):
    """A selection matches no variant."""

    exit_code = ExitCode.NOTHING_SELECTED


class ToolError(McuMatrixError):
    """A tool or a package that the work needs is not there, or not as it must be."""

    exit_code = ExitCode.ENVIRONMENT


class LockedError(McuMatrixError):
    """Somebody else has what can have one user at a time, or it cannot be found out."""

    exit_code = ExitCode.ENVIRONMENT


class StorageError(McuMatrixError):
    """A disk is full, read-only or broken, or the rights to a folder are missing."""

    exit_code = ExitCode.ENVIRONMENT


class ModelError(McuMatrixError):
    """A model file cannot be read, or holds what a runtime cannot run."""


class ModelFileError(ModelError):
    """A file that a model's entry names cannot be read."""

    exit_code = ExitCode.USAGE


class RenderError(McuMatrixError):
    """Sources could not be made from a template or a model."""


class BuildError(McuMatrixError):
    """The compiler or the linker refused."""


class TooLargeError(BuildError):
    """An image does not fit into the memory of its chip."""


class StoppedError(McuMatrixError):
    """Work was ended from outside. It says nothing about what was worked on."""

    exit_code = ExitCode.INTERRUPTED


class TimeLimitError(McuMatrixError):
    """The time of the whole matrix is over. It says nothing about a variant."""


class FlashFault(StrEnum):
    """Why an image did not get onto a board."""

    FLASH = "flash"
    NO_PROBE = "no-probe"
    WRONG_PROBE = "wrong-probe"
    PROBE_BUSY = "probe-busy"
    HELD_IN_RESET = "held-in-reset"
    NO_CORE = "no-core"
    WRONG_DEVICE = "wrong-device"
    UNLOCK_REFUSED = "unlock-refused"
    ERASE = "erase-error"
    PROGRAM = "program-error"
    VERIFY = "verify-mismatch"
    DISCONNECTED = "disconnected"
    FLASH_TIMEOUT = "flash-timeout"


class FlashError(McuMatrixError):
    """An image did not get onto a board."""

    def __init__(self, message: str, *, hint: str = "", fault: FlashFault = FlashFault.FLASH) -> None:
        super().__init__(message, hint=hint)
        self.fault = fault


class ConsoleError(McuMatrixError):
    """A serial port could not be opened, or failed."""


class ConsoleTimeoutError(ConsoleError):
    """A board said nothing, or too little, in the time it had."""


class BoardError(McuMatrixError):
    """A board does not come up, or does not answer."""


class BlockedError(McuMatrixError):
    """There is no unit of a board left that is fit to run anything. It says nothing about a variant."""

    exit_code = ExitCode.BLOCKED

    @classmethod
    def every_unit(cls, board: str, reasons: Mapping[str, str]) -> Self:
        """That all units of a board, by its name, were set aside, for reasons by their names."""
        said = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        return cls(
            f"every unit of {board} was set aside ({said})",
            hint="Mend what is named, and run it again: what was not run is run then.",
        )


class EnergyError(McuMatrixError):
    """The energy of a run cannot be told. Its times and its answer are what they are all the same."""


class FirmwareError(McuMatrixError):
    """The firmware said that it could not do what it was asked for, or stopped with a fault."""


class ParseError(McuMatrixError):
    """What came over the serial port is not a whole and true answer."""


RUN_AGAIN = "Run the variant again; the raw log has every byte."
"""What is to be done about most such answers."""


class ResultError(McuMatrixError):
    """A record cannot be written, read or believed."""


class ChangedResultError(ResultError):
    """A result is not as it was kept: somebody has changed it since."""

    exit_code = ExitCode.NOT_COMPARABLE


class MergeError(McuMatrixError):
    """Results of several machines contradict each other, or some of them cannot be believed."""

    exit_code = ExitCode.NOT_COMPARABLE


class SignatureError(McuMatrixError):
    """Nobody who is allowed to vouches for a file: it is not signed, or not by them, or was changed since."""

    exit_code = ExitCode.NOT_COMPARABLE


class PublishedError(McuMatrixError):
    """A file of numbers that others published is wrong."""

    exit_code = ExitCode.USAGE


class SourceError(McuMatrixError):
    """An archive cannot be fetched, is not what is pinned, or is not safe to unpack."""

    exit_code = ExitCode.ENVIRONMENT
