"""What all builders have in common: command lines, environment, and how a failure is said."""

import errno
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from mcumatrix.errors import BuildError, StorageError, TooLargeError
from mcumatrix.model.image import BuildPlan
from mcumatrix.storage import reason_of, remedy_of
from mcumatrix.units import format_duration

CCACHE_SIZE = "2G"
"""What ccache trims its folder to."""

_LOG_LINES_SHOWN = 15
_TELLING = re.compile(
    "(?<!-W)error|undefined reference|multiple definition|cannot find|overflowed|will not fit", re.IGNORECASE
)
"""What lines of compilers and linkers say when something is wrong; the linker does not say `error`.

Command lines with `-Werror`, which ninja prints, say nothing.
"""


_OVERFLOW = re.compile(r"region [`']([A-Za-z0-9_]+)' overflowed by ([0-9]+) bytes")
_FIT = "A smaller model or another optimisation may fit; what takes how much is in the map of one that does."


_DISK_ERRORS = {
    os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
}
"""What tools print, in the language that `environment` sets, where a disk is to blame."""
STOP_TIMEOUT_S = 10.0
"""How long who stops a build waits until nothing of it runs any more."""
LITTLE_BYTES = 1 << 20
"""On a disk with less room, files of tools were cut, and so was the log that would say it."""


def commands(plan: BuildPlan, places: Mapping[str, str]) -> list[list[str]]:
    """The command lines of a plan; `places` has a path for each name that may stand in them."""
    return [[argument.format_map(places) for argument in step] for step in plan.steps]


def tree_place(name: str) -> str:
    """What stands in the steps of a plan for code from elsewhere."""
    return f"tree_{name}"


def announcement(command: list[str]) -> str:
    """How a command line is shown in a log, before what it prints."""
    return f"$ {' '.join(command)}\n"


def environment(home: str, ccache: str) -> dict[str, str]:
    """All variables that a step sees besides PATH: nothing of a person's own may change what is made."""
    return {
        "HOME": home,
        "CCACHE_DIR": ccache,
        "CCACHE_MAXSIZE": CCACHE_SIZE,
        # The compiler's own list of headers is the key: a file is not preprocessed first to make one.
        "CCACHE_DEPEND": "1",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": "0",
    }


def step_failed(plan: BuildPlan, command: list[str], printed: str, log: Path) -> BuildError:
    """The error for a step that failed; `printed` is what is in the log."""
    overflows = _OVERFLOW.findall(printed)
    if overflows:
        # The linker says it for each region, and for some more than once.
        worst = {
            region: max(int(size) for name, size in overflows if name == region) for region, _ in overflows
        }
        said = ", ".join(f"{size} bytes in {region}" for region, size in worst.items())
        return TooLargeError(f"too large by {said}", hint=f"{_FIT} {where(log)}.")
    lines = printed.splitlines()
    errors = [line for line in lines if _TELLING.search(line)] or lines
    shown = "\n".join(errors[-_LOG_LINES_SHOWN:])
    return BuildError(f"{plan.name}: {command[0]} failed:\n{shown}", hint=where(log))


def disk_to_blame(plan: BuildPlan, printed: str, log: Path, temporary: Path) -> StorageError | None:
    """The error for a step that failed because a disk did, as far as that can be known; else None.

    `printed` is what is in the log; `temporary` is where tools keep files for a while.
    """
    folder = log.parent
    is_full = shutil.disk_usage(folder).free < LITTLE_BYTES
    number = next((_DISK_ERRORS[text] for text in _DISK_ERRORS if text in printed), None)
    if number is None and is_full:
        number = errno.ENOSPC
    if number is None:
        return None
    if number in {errno.ENOSPC, errno.EDQUOT} and not is_full:
        folder = temporary
    error = OSError(number, "")
    return StorageError(
        f"{plan.name} could not be built: {folder} cannot be used, because {reason_of(error)}. "
        "Nothing else is lost.",
        hint=f"{remedy_of(error)} {where(log)}",
    )


def took_too_long(plan: BuildPlan, log: Path) -> BuildError:
    """The error for a build that was ended because its time was over."""
    limit = format_duration(plan.limit_s)
    took = limit
    if plan.left_s < plan.limit_s:
        took = f"the {format_duration(max(plan.left_s, 0))} that were left of {limit}"
    return BuildError(
        f"{plan.name}: the build took longer than {took} and was ended.",
        hint=f"{where(log)}; time_limits of the matrix can give it more.",
    )


def check_outputs(plan: BuildPlan, output: Path, log: Path) -> None:
    """Raises:
    BuildError: an output is missing, or is not an ordinary file.
    """
    for name in plan.outputs:
        path = output / name
        # A link that a build made may lead anywhere on this machine.
        if path.is_symlink() or not path.is_file():
            raise BuildError(f"{plan.name}: the build made no {name}.", hint=where(log))


def where(log: Path) -> str:
    """The hint that goes with every failed build."""
    return f"The whole log is {log}"
