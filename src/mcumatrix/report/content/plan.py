"""What the plan of a matrix says."""

from collections.abc import Sequence

from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.tables import Table


def plan_parts(matrix: Matrix, states: Sequence[tuple[str, str]], work_left: str) -> tuple[Table | str, ...]:
    """Axes with their kinds, each variant with what is left to do for it, and what was left out and why."""
    axes = tuple((axis.name, axis.kind, ", ".join(axis.values)) for axis in matrix.axes)
    rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in matrix.exclusions)
    return (
        Table(("axis", "kind", "values"), axes),
        Table(("variant", "to do"), tuple(states)),
        *([Table(("left out", "because"), rows)] if rows else []),
        *map(str, matrix.substitutions),
        work_left,
    )
