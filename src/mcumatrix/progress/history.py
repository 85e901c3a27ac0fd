"""What tasks took in earlier runs, kept so that the next run can say how long it will take.

Nothing depends on it: a file that cannot be read counts as none, and one that cannot be written is left out.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mcumatrix.artifact import write_atomically

_MOST_TASKS = 200_000
"""More than a matrix may have; those that were done longest ago go first."""


def read_took(file: Path) -> dict[str, float]:
    """By the names of tasks, the seconds that they took the last time."""
    try:
        kept = json.loads(file.read_bytes())
        return {str(name): float(took_s) for name, took_s in kept.items() if 0 <= float(took_s) < 1e7}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def write_took(file: Path, took_s: Mapping[str, float]) -> None:
    """Keeps what tasks took, in seconds."""
    newest = dict(list(took_s.items())[-_MOST_TASKS:])
    with suppress(OSError):
        write_atomically(file, json.dumps({name: round(took, 3) for name, took in newest.items()}).encode())
