"""The report as Markdown."""

from collections.abc import Sequence
from pathlib import Path

from mcumatrix.model.record import Record
from mcumatrix.model.variant import Matrix, Outcome
from mcumatrix.report.findings import find
from mcumatrix.report.tables import (
    Case,
    case_table,
    inert,
    provenance_table,
    reproduction_table,
    size_table,
    time_tables,
    to_markdown,
)


def render_markdown(
    matrix: Matrix,
    cases: Sequence[Case],
    templates: Path,
) -> str:
    """The report of the cases, complete or not: it says how many there are and why the others are not."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown; whatever came over a wire goes through `inert`
    )
    environment.filters["inert"] = inert
    sizes, provenance, rebuilt = size_table(cases), provenance_table(cases), reproduction_table(cases)
    records = [case.record for case in cases if case.record]
    return environment.get_template("report.md.j2").render(
        title=matrix.name,
        description=matrix.description,
        summary=summary(cases),
        cases=to_markdown(case_table(cases)),
        times=[
            {
                "kind": time.kind.value,
                "timing_model": time.timing_model,
                "expected_error": time.expected_error,
                "repeats": time.repeats,
                "text": to_markdown(time.table),
            }
            for time in time_tables(cases)
        ],
        sizes=to_markdown(sizes) if sizes else "",
        rebuilt=to_markdown(rebuilt) if rebuilt else "",
        findings=find(cases),
        failures=[
            f"{case.label} {case.variant}: {why_not_measured(case)}" for case in cases if not case.is_measured
        ],
        exclusions=[
            f"{', '.join(f'{name} {value}' for name, value in exclusion.axes)}: {exclusion.reason}"
            for exclusion in matrix.exclusions
        ],
        substitutions=list(map(str, matrix.substitutions)),
        provenance=to_markdown(provenance) if provenance else "",
        tools=_tools(records),
    )


def summary(cases: Sequence[Case]) -> str:
    """How complete the report is, in a sentence."""
    measured = sum(case.is_measured for case in cases)
    if measured == len(cases):
        return f"All {len(cases)} variants were measured, with correct answers."
    as_expected = sum(failed_as_expected(case) for case in cases)
    if as_expected and measured + as_expected == len(cases):
        return f"{measured} of {len(cases)} variants have times; the other {as_expected} failed, as expected."
    return f"{measured} of {len(cases)} variants have times. **This report is not complete.**"


def failed_as_expected(case: Case) -> bool:
    """Whether it was tried, and has no times because of what the matrix says about it."""
    return not case.is_measured and case.record is not None and case.record.expected is Outcome.FAIL


def why_not_measured(case: Case) -> str:
    """The reason that a case without times has."""
    if case.record is None:
        if case.untried:
            return f"not tried: {case.untried}"
        return "not run yet: the run that made this report left it out"
    reason = f"{case.record.status}: {case.record.reason}"
    return f"{reason} (expected: {case.record.expected_reason})" if failed_as_expected(case) else reason


def _tools(records: Sequence[Record]) -> list[str]:
    lines: dict[str, None] = {}
    for record in records:
        if record.image:
            lines[f"compiler: {record.image.toolchain.version}"] = None
        for tool, version in record.provenance.tools.items():
            lines[f"{tool}: {version}"] = None
    return list(lines)
