"""What the plan of a matrix says."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.findings.configurations import (
    Compilations,
    assertions,
    defeating_flags,
    unrestricted,
)
from mcumatrix.report.content.findings.finding import Finding
from mcumatrix.report.content.tables import Table


def plan_parts(
    matrix: Matrix,
    states: Sequence[tuple[str, str]],
    work_left: str,
    compilations: Compilations = (),
    samples: Mapping[str, int | None] = MappingProxyType({}),
) -> tuple[Table | str, ...]:
    """Axes with their kinds, each variant with what is left to do for it, what was left out and why.

    What is known against flags and switches is said too, before anything is built. `samples` has how many
    of its labelled set a variant is asked, by its slug, as far as that is known.
    """
    axes = tuple((axis.name, axis.kind, ", ".join(axis.values)) for axis in matrix.axes)
    rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in matrix.exclusions)
    return (
        Table(("axis", "kind", "values"), axes),
        Table(("variant", "to do"), tuple(states)),
        *([Table(("left out", "because"), rows)] if rows else []),
        *map(str, matrix.substitutions),
        *_asked(matrix, samples),
        *(f"Finding: {finding}" for finding in findings_before(matrix, compilations)),
        work_left,
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
    yield from defeating_flags(sorted(settings))
    yield from assertions(compilations)
    yield from unrestricted(compilations)
