"""What the plan of a matrix says."""

from collections.abc import Iterator, Sequence

from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.findings.configurations import defeating_flags
from mcumatrix.report.content.findings.finding import Finding
from mcumatrix.report.content.tables import Table


def plan_parts(matrix: Matrix, states: Sequence[tuple[str, str]], work_left: str) -> tuple[Table | str, ...]:
    """Axes with their kinds, each variant with what is left to do for it, what was left out and why.

    What is known against compiler flags is said too, before anything is built.
    """
    axes = tuple((axis.name, axis.kind, ", ".join(axis.values)) for axis in matrix.axes)
    rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in matrix.exclusions)
    return (
        Table(("axis", "kind", "values"), axes),
        Table(("variant", "to do"), tuple(states)),
        *([Table(("left out", "because"), rows)] if rows else []),
        *map(str, matrix.substitutions),
        *(f"Finding: {finding}" for finding in _findings(matrix)),
        work_left,
    )


def _findings(matrix: Matrix) -> Iterator[Finding]:
    settings = {
        (f"{setting.axis} {setting.label}", setting.flags)
        for variant in matrix.variants
        for setting in variant.settings
    }
    return defeating_flags(sorted(settings))
