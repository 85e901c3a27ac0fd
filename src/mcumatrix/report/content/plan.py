"""What the plan of a matrix says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.findings.configurations import (
    Compilations,
    above_rating,
    assertions,
    defeating_flags,
    same_meaning,
    unrestricted,
)
from mcumatrix.report.content.findings.finding import Finding
from mcumatrix.report.content.tables import Table


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """What there is to do for a variant. `hindered` is why nothing of it can be tried, or empty."""

    slug: str
    axes: Mapping[str, str]
    is_built: bool = False
    """Whether its image would be made."""
    runs: str = ""
    """Its runs that would be done, as people read it: "run", "2 of 3 runs"."""
    hindered: str = ""
    is_expected: bool = False
    """Whether the matrix expects that it cannot be tried."""
    fingerprint: str = ""
    """That of all that its result follows from; empty where it is hindered."""

    def __str__(self) -> str:
        if self.hindered:
            return f"cannot be tried{', as expected' if self.is_expected else ''}: {self.hindered}"
        return " and ".join(filter(None, ("build" if self.is_built else "", self.runs))) or "nothing"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run of a matrix would do, of the variants that were asked for."""

    matrix: Matrix
    variants: tuple[PlannedVariant, ...]
    libraries: tuple[str, ...]
    """Those that would be compiled."""
    builder: str
    """Which one is used, and why."""
    compilations: Compilations = ()
    samples: Mapping[str, int | None] = field(default_factory=dict)
    """How many of its labelled set a variant is asked, by its slug, as far as that is known."""

    @property
    def images(self) -> int:
        """How many images would be made."""
        return sum(variant.is_built for variant in self.variants)

    @property
    def to_run(self) -> int:
        """How many variants would be run."""
        return sum(bool(variant.runs) for variant in self.variants)

    @property
    def work_left(self) -> str:
        """All that in a sentence."""
        tried = sum(not variant.hindered for variant in self.variants)
        return (
            f"{tried} variants: {len(self.libraries)} libraries and {self.images} images to build, "
            f"{self.to_run} to run; builder: {self.builder}."
        )


def plan_parts(plan: Plan) -> tuple[Table | str, ...]:
    """Axes with their kinds, each variant with what is left to do for it, what was left out and why.

    What is known against flags and switches is said too, before anything is built.
    """
    matrix = plan.matrix
    states = tuple((variant.slug, str(variant)) for variant in plan.variants)
    axes = tuple((axis.name, axis.kind, ", ".join(axis.values)) for axis in matrix.axes)
    rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in matrix.exclusions)
    return (
        Table(("axis", "kind", "values"), axes),
        Table(("variant", "to do"), states),
        *([Table(("left out", "because"), rows)] if rows else []),
        *map(str, matrix.substitutions),
        *_asked(matrix, plan.samples),
        *(f"Finding: {finding}" for finding in findings_before(matrix, plan.compilations)),
        plan.work_left,
    )


def _asked(matrix: Matrix, samples: Mapping[str, int | None]) -> Iterator[str]:
    """What each model is asked after its times are measured; nothing where no model is."""
    if not any(variant.asked for variant in matrix.variants):
        return
    said: dict[str, str] = {}
    for variant in matrix.variants:
        name, count = variant.model.name, samples.get(variant.slug)
        if variant.asked is None:
            said[name] = f"{name} has no labelled set"
        elif count:
            said[name] = f"{name} is asked {count:,} samples"
        elif variant.asked.samples:
            said.setdefault(name, f"{name} is asked {variant.asked.samples:,} samples")
        else:
            said.setdefault(name, f"{name} is asked all of its labelled set")
    yield f"Accuracy, after the times of each run: {'; '.join(said.values())}."


def findings_before(matrix: Matrix, compilations: Compilations) -> Iterator[Finding]:
    """What can be said against a matrix before anything of it is built."""
    settings = {
        (f"{setting.axis} {setting.label}", setting.flags)
        for variant in matrix.variants
        for setting in variant.settings
    }
    yield from above_rating(
        dict.fromkeys((variant.board.name, variant.clock_hz, variant.rated_hz) for variant in matrix.variants)
    )
    yield from same_meaning(setting for variant in matrix.variants for setting in variant.settings)
    yield from defeating_flags(sorted(settings))
    yield from assertions(compilations)
    yield from unrestricted(compilations)
