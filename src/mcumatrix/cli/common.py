"""What all commands have in common: how they read what was typed, and how they end."""

import gc
import os
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from mcumatrix.cli.declared import COMMANDS
from mcumatrix.errors import McuMatrixError, StorageError
from mcumatrix.printable import printable
from mcumatrix.storage import place_of, reason_of, remedy_of

_GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""For `gc.set_threshold`. Records, plans and reports are trees: with Python's own 700 objects between two
looks for cycles, a report of 10,000 records spends a quarter of its time on looks that find none."""


TYPED: ContextVar[str] = ContextVar("TYPED", default="doit")
"""The program that a person has typed: `doit` or `mcumatrix`. Messages name commands as those of doit."""


@cache
def _commands() -> re.Pattern[str]:
    names = "|".join(re.escape(command.name) for command in COMMANDS)
    return re.compile(rf"(?<![\w./-])doit (?=(?:{names})(?![\w:-]))")


def as_typed(text: str) -> str:
    """A message with commands as the person types them; those that only doit has stay doit's."""
    return _commands().sub(f"{TYPED.get()} ", text)


def say_error(error: McuMatrixError) -> int:
    """Says an error to a person; returns the exit code that belongs to it."""
    print(printable(as_typed(f"error: {error.message}"), keep="\n"), file=sys.stderr)
    if error.hint:
        print(printable(as_typed(f"  {error.hint}"), keep="\n"), file=sys.stderr)
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
    print(printable(as_typed(line), keep="\n"), file=sys.stderr, flush=True)


def print_line(line: str) -> None:
    """A line that a command prints, whatever is in it."""
    print(printable(as_typed(line), keep="\n"), flush=True)
