"""Adapters that other packages bring, found through their entry points; docs/extending.md says how.

Nothing of another package is loaded before its name is asked for. Whatever is wrong with one is an error that
names the package and the entry point, so that a person knows what to remove.
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mcumatrix.errors import McuMatrixError, ToolError


class Kind(StrEnum):
    """What a package can bring; the group of its entry points is `mcumatrix.<kind>s`."""

    RUNTIME = "runtime"
    BOARD = "board"
    FLASHER = "flasher"
    BUILDER = "builder"
    EXPORTER = "exporter"
    IMPORTER = "importer"
    PROBE = "probe"

    @property
    def group(self) -> str:
        """The group of entry points."""
        return f"mcumatrix.{self.value}s"


@dataclass(frozen=True, slots=True)
class Plugin:
    """An adapter that a package brings."""

    kind: Kind
    point: EntryPoint

    def __str__(self) -> str:
        return f"the {self.kind} {self.point.name!r} of {self.package} ({self._entry})"

    @property
    def package(self) -> str:
        """The package and its version."""
        found = self.point.dist
        return f"{found.name} {found.version}" if found else "an unknown package"

    @property
    def _entry(self) -> str:
        return f"entry point {self.point.name} = {self.point.value}"

    def make(self, port: type, *arguments: Any, **options: Any) -> Any:
        """Calls what the entry point names; `port` is the protocol that the outcome must have.

        Raises:
            ToolError: it cannot be loaded or called, or what comes out lacks a method of the port.
            McuMatrixError: as the adapter itself says.
        """
        try:
            factory = self.point.load()
        except Exception as error:  # Modules of others raise what they like.
            raise self._broken(f"cannot be loaded: {_said(error)}") from error
        try:
            made = factory(*arguments, **options)
        except McuMatrixError:
            raise
        except Exception as error:
            raise self._broken(f"cannot be made: {_said(error)}") from error
        missing = [name for name in vars(port) if not name.startswith("_") and not hasattr(made, name)]
        if missing:
            raise self._broken(f"is none: {type(made).__name__} has no {', '.join(missing)}")
        return made

    def _broken(self, what: str) -> ToolError:
        found = self.point.dist
        hint = f"Install a version that works, or remove it: pip uninstall {found.name}" if found else ""
        return ToolError(f"{self} {what}", hint=hint)


def names(kind: Kind) -> list[str]:
    """What the packages bring that are installed here."""
    return sorted({point.name for point in _points(tuple(sys.path)).select(group=kind.group)})


def find(kind: Kind, name: str, own: Collection[str]) -> Plugin | None:
    """The adapter of another package that has a name, or None; `own` are the names of our own ones.

    Raises:
        ToolError: the name is not the only one of its kind.
    """
    points = _points(tuple(sys.path)).select(group=kind.group, name=name)
    found = [Plugin(kind, point) for point in points]
    if found and name in own:
        raise ToolError(
            f"{found[0]} has the name of mcumatrix' own",
            hint="Remove the package, or give its entry point another name.",
        )
    if len(found) > 1:
        places = " and ".join(sorted(f"{plugin.package} ({plugin.point.value})" for plugin in found))
        raise ToolError(
            f"the {kind} {name!r} is brought by {places}, and nothing says which is meant",
            hint="Remove all but one of them.",
        )
    return found[0] if found else None


@cache
def _points(_path: tuple[str, ...]) -> Any:
    """All entry points, to select from. To look for them reads a file of every package that is installed."""
    return entry_points()


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
