"""What all builders have in common: command lines, environment, and how a failure is said."""

import re
from collections.abc import Mapping
from pathlib import Path

from mcumatrix.errors import BuildError
from mcumatrix.model.image import BuildPlan

CCACHE_SIZE = "2G"
"""What ccache trims its folder to."""

_LOG_LINES_SHOWN = 15
_TELLING = re.compile(
    "error|undefined reference|multiple definition|cannot find|overflowed|will not fit", re.IGNORECASE
)
"""What lines of compilers and linkers say when something is wrong; the linker does not say `error`."""


def commands(plan: BuildPlan, places: Mapping[str, str]) -> list[list[str]]:
    """The command lines of a plan; `places` has a path for each name that may stand in them."""
    return [[argument.format_map(places) for argument in step] for step in plan.steps]


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
    lines = printed.splitlines()
    errors = [line for line in lines if _TELLING.search(line)] or lines
    shown = "\n".join(errors[-_LOG_LINES_SHOWN:])
    return BuildError(f"{plan.name}: {command[0]} failed:\n{shown}", hint=where(log))


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
