"""What all commands have in common: how they read what was typed, and how they end."""

import gc
import getopt
import os
import sys
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.cmd_base import Command

from mcumatrix.errors import ExitCode, MatrixError, McuMatrixError, StorageError
from mcumatrix.printable import printable
from mcumatrix.project import Project
from mcumatrix.storage import place_of, reason_of, remedy_of

_GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""For `gc.set_threshold`. Records, plans and reports are trees: with Python's own 700 objects between two
looks for cycles, a report of 10,000 records spends a quarter of its time on looks that find none."""


def say_error(error: McuMatrixError) -> int:
    """Says an error to a person; returns the exit code that belongs to it."""
    print(printable(f"error: {error.message}", keep="\n"), file=sys.stderr)
    if error.hint:
        print(printable(f"  {error.hint}", keep="\n"), file=sys.stderr)
    return int(error.exit_code)


def code_of(do: Callable[[], int]) -> int:
    """The exit code of a command; whatever keeps it from ending is said."""
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    try:
        code = do()
        sys.stdout.flush()
    except McuMatrixError as error:
        return say_error(error)
    except OSError as error:
        return say_error(_storage_error(error))
    return code


def _storage_error(error: OSError) -> StorageError:
    """For what no stage expected. Where no file is named, it is standard output that takes nothing more."""
    reason, remedy = reason_of(error), remedy_of(error)
    if error.filename is None:
        # Python would try it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return StorageError(f"What was to be printed could not be written: {reason}.", hint=remedy)
    return StorageError(f"{place_of(error, Path.cwd())} cannot be used, because {reason}.", hint=remedy)


def say(line: str) -> None:
    """A line about what goes on, beside what a command prints."""
    print(printable(line, keep="\n"), file=sys.stderr, flush=True)


def text_options(**helps: str) -> tuple[dict[str, object], ...]:
    """Options that take a text, by their names, with what `doit help` says of each."""
    return tuple(
        {"name": name, "long": name.replace("_", "-"), "type": str, "default": "", "help": text}
        for name, text in helps.items()
    )


def flag_options(**helps: str) -> tuple[dict[str, object], ...]:
    """Options that are given or not, by their names, with what `doit help` says of each."""
    return tuple(
        {"name": name, "long": name.replace("_", "-"), "type": bool, "default": False, "help": text}
        for name, text in helps.items()
    )


def print_line(line: str) -> None:
    """A line that a command prints, whatever is in it."""
    print(printable(line, keep="\n"), flush=True)


def parse_execute(command: Command, execute: Callable[[list[str]], Any], arguments: list[str]) -> int:
    """Lets doit parse a command's arguments as they were typed, options first.

    doit takes every argument with a `=` for a variable of its own, a selection such as `kernels=simd` too,
    and wants options before names.
    """
    if command.name in sys.argv:
        arguments = sys.argv[sys.argv.index(command.name) + 1 :]
    if {"-h", "--help"} & set(arguments):
        print(command.help())
        return int(ExitCode.OK)
    parser = command.cmdparser
    try:
        options, names = getopt.gnu_getopt(arguments, parser.get_short(), parser.get_long())
    except getopt.GetoptError as error:
        return say_error(MatrixError(str(error), hint=f"`doit help {command.name}` has the options."))
    return int(execute([*(part for option in options for part in option if part), *names]))


class OfNames(Command):  # type: ignore[misc]
    """What commands that compile and run nothing have in common: so many names, and errors as sentences."""

    takes = 1
    needs = ""
    """What the names are, in words, where all of them are needed; `example` is said where one is missing."""
    example = ""

    def parse_execute(self, in_args: list[str]) -> int:
        return parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:
        def execute() -> int:
            if len(args) > self.takes:
                raise MatrixError(
                    f"doit {self.name} takes at most {self.takes} names, and {len(args)} were given",
                    hint=f"`doit help {self.name}` says which.",
                )
            if self.needs and len(args) < self.takes:
                raise MatrixError(
                    f"doit {self.name} takes {self.needs}, and {len(args)} were given", hint=self.example
                )
            return int(self._go(Project(Path.cwd()), params, args))

        return code_of(execute)

    @abstractmethod
    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        """Does it. Raises McuMatrixError."""
