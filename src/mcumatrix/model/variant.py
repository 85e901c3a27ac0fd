"""A variant: one point of a matrix."""

from dataclasses import dataclass, field
from enum import StrEnum

from mcumatrix.model.application import BENCH_ALONE, Application, in_words
from mcumatrix.model.axes import AXES, AxisKind, Setting
from mcumatrix.model.catalogue import Board, Model, Runtime, Toolchain
from mcumatrix.model.comparison import Comparison, Thresholds
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.schedule import Schedule

APPLICATIONS = "applications"
"""What records call the applications of an image, among the axes; no axis of a matrix may be called so."""


_FIELDS = tuple((axis.name, axis.field, axis.written) for axis in AXES if axis.field)


class Outcome(StrEnum):
    """What a maintainer expects of a variant."""

    PASS = "pass"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a maintainer expects of a variant, and why.

    `status` and `stage` say how it is to fail, as a record's `Status` and as `expected.Stage`; empty for any.
    """

    outcome: Outcome = Outcome.PASS
    reason: str = ""
    status: str = ""
    stage: str = ""

    @property
    def failure(self) -> str:
        """How it is to fail, as the end of a sentence such as `expected to fail with wrong-output`."""
        return "".join(
            (f" with {self.status}" if self.status else "", f" in {self.stage}" if self.stage else "")
        )


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long work may take in all: whoever hangs is ended.

    `variant_s` is for each build that a variant needs, and for all attempts to run it together, without the
    time in which it waits for a board. `matrix_s` is for one run of the whole matrix.
    """

    variant_s: float = 3_600.0
    matrix_s: float = 168 * 3_600.0


@dataclass(frozen=True, slots=True)
class Variant:
    """One point of a matrix, with everything it names resolved.

    `slug` is readable, unique in the matrix, and fit for a file name. `settings` are the values of axes that
    have no field here, those of the maintainer's own among them. `asked` says how much of the labelled set of
    its model it is asked, None for nothing. `applications` are what its image does; others than the benchmark
    alone are among its axes. `rated_hz` is the most that the chip of its board is rated for, 0 where that is
    not known.
    """

    slug: str
    runtime: Runtime
    kernels: str
    clock_hz: int
    model: Model
    toolchain: Toolchain
    board: Board
    settings: tuple[Setting, ...] = ()
    repeat: int = 3
    warmup: int = 1
    expect: Expectation = Expectation()
    limit_s: float = TimeLimits().variant_s
    asked: AskedSet | None = None
    applications: tuple[Application, ...] = BENCH_ALONE
    rated_hz: int = 0

    @property
    def axes(self) -> dict[str, str]:
        """Axis name to the value as people write it, in the order of the report's columns."""
        known = {name: written(getattr(self, field)) for name, field, written in _FIELDS}
        own = {setting.axis: setting.label for setting in self.settings}
        added = {} if self.applications == BENCH_ALONE else {APPLICATIONS: in_words(self.applications)}
        return known | own | added

    def __str__(self) -> str:
        return self.slug


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A point that is left out of a matrix: its axes as people write them, and the reason."""

    axes: tuple[tuple[str, str], ...]
    reason: str

    def __str__(self) -> str:
        return f"{', '.join(f'{name} {value}' for name, value in self.axes)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Substitution:
    """A toolchain that could not be had, and the name of the one that took its place."""

    wanted: str
    used: str

    def __str__(self) -> str:
        return f"{self.wanted} could not be had here; {self.used} took its place."


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a matrix with its values as people write them."""

    name: str
    kind: AxisKind
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix file, expanded."""

    name: str
    description: str
    axes: tuple[Axis, ...]
    variants: tuple[Variant, ...]
    exclusions: tuple[Exclusion, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    limits: TimeLimits = TimeLimits()
    comparisons: tuple[Comparison, ...] = ()
    """What its report leads with; where there are none, the report takes an axis by itself."""
    published: tuple[str, ...] = ()
    """Publications that its report stands beside, by their names."""
    schedule: Schedule = field(default_factory=Schedule)
    health: bool = True
    """Whether units of its boards have to show that they are fit, where their files do not say otherwise."""
    thresholds: Thresholds = field(default_factory=Thresholds)
