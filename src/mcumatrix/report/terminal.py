"""The report and the plan of a matrix as text for a terminal."""

from collections.abc import Sequence

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.variant import Axis, Exclusion
from mcumatrix.report.findings import find
from mcumatrix.report.markdown import summary, why_not_measured
from mcumatrix.report.tables import Case, Table, case_table, time_tables


def to_text(table: Table) -> str:
    """Columns side by side, as wide as they need to be; control characters of a board are shown, not sent."""
    cells = [[_visible(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def report_text(cases: Sequence[Case]) -> str:
    """Cases, times, findings and failures; sizes and provenance are in the report's files."""
    parts = [to_text(case_table(cases))]
    for time in time_tables(cases):
        is_virtual = time.kind is BoardKind.VIRTUAL
        source = f"virtual board, timing model {time.timing_model!r}" if is_virtual else "hardware"
        parts.append(f"Time per layer in msec, medians ({source})\n{to_text(time.table)}")
    parts += [f"Finding: {_visible(finding)}" for finding in find(cases)]
    parts += [
        f"{case.label} {case.variant}: {_visible(why_not_measured(case))}"
        for case in cases
        if not case.is_measured
    ]
    parts.append(summary(cases).replace("*", ""))
    return "\n\n".join(parts)


def plan_text(
    axes: Sequence[Axis], states: Sequence[tuple[str, str]], exclusions: Sequence[Exclusion], work_left: str
) -> str:
    """Axes with their kinds, each variant with what is left to do for it, and what was left out and why."""
    parts = [
        to_text(
            Table(("axis", "kind", "values"), tuple((a.name, a.kind, ", ".join(a.values)) for a in axes))
        ),
        to_text(Table(("variant", "to do"), tuple(states))),
    ]
    if exclusions:
        rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in exclusions)
        parts.append(to_text(Table(("left out", "because"), rows)))
    return "\n\n".join([*parts, work_left])
