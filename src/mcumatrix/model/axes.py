"""The axes that every matrix has, in one table.

Whatever lists axes follows it: the schema of matrix files, expansion, includes, selection, slugs,
fingerprints, the CSV, the tables and findings of reports. A new axis is an entry here, and what makes
something of its values: a setting of flags and CMake variables, or a field of the variant that a stage uses.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any

from mcumatrix.model.catalogue import Catalogues
from mcumatrix.model.image import KEPT
from mcumatrix.model.layout import PLACED, Choice, Part
from mcumatrix.units import format_frequency, parse_frequency_hz

MAXIMUM_CLOCK_HZ = 2**32 - 1
"""The firmware keeps clocks as uint32."""


class AxisKind(StrEnum):
    """Whether a value of an axis changes the image or only what is done with it."""

    BUILD = "build"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of an axis as what it changes of a build: CMake variables and flags under a label.

    `revision` is that of the runtime's source which the axis is called after. `layout` says what lies where
    in the image: libraries are the same for all layouts.
    """

    __pydantic_config__ = KEPT

    axis: str
    label: str
    flags: tuple[str, ...] = ()
    cmake: tuple[tuple[str, str], ...] = ()
    revision: str = ""
    layout: tuple[Choice, ...] = ()

    @property
    def source(self) -> str:
        """The name of the source that the axis is called after: names of axes have _ for -."""
        return self.axis.replace("_", "-")

    @property
    def placed(self) -> tuple[str, ...]:
        """What it says of the image's layout, each as `arena=dtcm`."""
        return tuple(f"{part}={value}" for part, value in self.layout)

    @property
    def changes(self) -> str:
        """What it changes, as people read it; "nothing" where that is so."""
        changes = (
            *self.flags,
            *(f"{name}={value}" for name, value in self.cmake),
            *([f"{self.source} at {self.revision}"] if self.revision else []),
            *self.placed,
        )
        return " ".join(changes) or "nothing"

    def __str__(self) -> str:
        return f"{self.axis} {self.label}: {self.changes}"


class UnfitValueError(ValueError):
    """A value that is well formed and cannot be used: the first argument says why, as in `is too fast`."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class BuiltinAxis:
    """An axis of every matrix.

    `help` describes its values, for editors. `values` lists those that it can have; without it any text is
    one that `spelled` takes, and `hint` says what those look like. `spelled` gives the one way to write a
    value, and raises ValueError for what is none. An axis with a `default` may be left out of a matrix.

    `value` makes what a variant holds, in its field `field`; without a field, it is a `Setting` among the
    variant's settings. `written` is its way back.

    An axis that is `always_in_slug` is a part of every slug, others only where variants differ in them. Where
    an axis `keeps_cycles`, equal cycles for two of its values are no surprise. `column` is its column in the
    CSV if that is not its name, and `cell` what stands there.
    """

    name: str
    kind: AxisKind
    help: str
    value: Callable[[str, Catalogues], object]
    values: Callable[[Catalogues], Iterable[str]] | None = None
    hint: str = ""
    spelled: Callable[[str], str] = str
    default: tuple[str, ...] = ()
    field: str = ""
    written: Callable[[Any], str] = attrgetter("label")
    always_in_slug: bool = False
    keeps_cycles: bool = False
    column: str = ""
    cell: Callable[[str], object] = str

    @property
    def column_name(self) -> str:
        """The head of its column in the CSV."""
        return self.column or self.name


def _spelled_clock(text: str) -> str:
    clock_hz = parse_frequency_hz(text)
    if clock_hz > MAXIMUM_CLOCK_HZ:
        raise UnfitValueError("is too fast", "The firmware keeps clocks in 32 bits.")
    return format_frequency(clock_hz)


AXES = (
    BuiltinAxis(
        "runtime",
        AxisKind.BUILD,
        "Names of files in matrix/runtimes.",
        value=lambda text, catalogues: catalogues.runtimes[text],
        values=lambda catalogues: catalogues.runtimes,
        field="runtime",
        written=attrgetter("name"),
        always_in_slug=True,
    ),
    BuiltinAxis(
        "kernels",
        AxisKind.BUILD,
        "Kernels that at least one of the runtimes offers.",
        value=lambda text, _: text,
        values=lambda catalogues: (
            kernels for runtime in catalogues.runtimes.values() for kernels in runtime.kernels
        ),
        field="kernels",
        written=str,
        always_in_slug=True,
    ),
    BuiltinAxis(
        "clock",
        AxisKind.BUILD,
        "Frequencies of the core, such as 216 MHz.",
        value=lambda text, _: parse_frequency_hz(text),
        hint="Write a number and a unit, such as '216 MHz'.",
        spelled=_spelled_clock,
        field="clock_hz",
        written=format_frequency,
        always_in_slug=True,
        keeps_cycles=True,
        column="clock_hz",
        cell=parse_frequency_hz,
    ),
    BuiltinAxis(
        "model",
        AxisKind.BUILD,
        "Names of files in matrix/models.",
        value=lambda text, catalogues: catalogues.models[text],
        values=lambda catalogues: catalogues.models,
        field="model",
        written=attrgetter("name"),
        always_in_slug=True,
    ),
    BuiltinAxis(
        "toolchain",
        AxisKind.BUILD,
        "Names of files in matrix/toolchains.",
        value=lambda text, catalogues: catalogues.toolchains[text],
        values=lambda catalogues: catalogues.toolchains,
        default=("debian-12",),
        field="toolchain",
        written=attrgetter("name"),
        keeps_cycles=True,
    ),
    BuiltinAxis(
        "board",
        AxisKind.RUN,
        "Names of files in matrix/boards.",
        value=lambda text, catalogues: catalogues.boards[text],
        values=lambda catalogues: catalogues.boards,
        field="board",
        written=attrgetter("name"),
        keeps_cycles=True,
    ),
)
"""In the order of columns and slugs."""

BUILTIN = {axis.name: axis for axis in AXES}
"""The same by name."""

LAYOUT_AXES = {"placement": PLACED, "cache": (Part.CACHE,)}
"""The axes that say how an image is laid out, and of which parts. A matrix has one only where it names it:
its values are settings, like those of the maintainer's own axes."""
