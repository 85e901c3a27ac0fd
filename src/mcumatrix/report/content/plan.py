"""What the plan of a matrix says."""

from collections.abc import Iterator, Sequence

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
    matrix: Matrix, states: Sequence[tuple[str, str]], work_left: str, compilations: Compilations = ()
) -> tuple[Table | str, ...]:
    """Axes with their kinds, each variant with what is left to do for it, what was left out and why.

    What is known against flags and switches is said too, before anything is built.
    """
    axes = tuple((axis.name, axis.kind, ", ".join(axis.values)) for axis in matrix.axes)
    rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in matrix.exclusions)
    return (
        Table(("axis", "kind", "values"), axes),
        Table(("variant", "to do"), tuple(states)),
        *([Table(("left out", "because"), rows)] if rows else []),
        *map(str, matrix.substitutions),
        *(f"Finding: {finding}" for finding in findings_before(matrix, compilations)),
        work_left,
    )


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
