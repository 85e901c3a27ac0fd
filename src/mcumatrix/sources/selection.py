"""Which part of an archive is unpacked."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mcumatrix.errors import SourceError


@dataclass(frozen=True, slots=True)
class Selection:
    """The members of an archive that are wanted, and where they go.

    `include` has paths below the top folder; `*` and `?` stand for anything within a name, `**` for any
    number of folders. A folder stands for all below it. Empty means everything. `strip_top_folder` leaves out
    the one folder that archives of releases have around everything.

    Raises:
        SourceError: a pattern can match nothing.
    """

    include: tuple[str, ...] = ()
    strip_top_folder: bool = True

    def __post_init__(self) -> None:
        for pattern in self.include:
            if any(part in {"", ".", ".."} for part in pattern.split("/")):
                raise SourceError(
                    f"{pattern!r} does not select a part of an archive.",
                    hint="Write a path below the archive's top folder, such as lite/micro or lite/**/*.h.",
                )

    def matcher(self) -> Callable[[str], frozenset[str]]:
        """A function that says which of the patterns select a path; with none, `""` selects everything."""
        if not self.include:
            return lambda _path: frozenset({""})
        compiled = [(pattern, _compile(pattern)) for pattern in self.include]
        return lambda path: frozenset(pattern for pattern, regex in compiled if regex.fullmatch(path))


WHOLE = Selection()
AS_IT_IS = Selection(strip_top_folder=False)
"""All of it, with the folders that it begins with."""

_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile(
        "".join(_WILDCARDS.get(part, re.escape(part)) for part in parts) + "(?:/.*)?", re.DOTALL
    )
