"""Findings about how measurements came about."""

from collections.abc import Iterator, Sequence

from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.tables import Case


def flaky(cases: Sequence[Case]) -> Iterator[Finding]:
    """Results that took several attempts, because of what stands around the target."""
    for case in cases:
        record = case.record
        if record and record.flaky:
            yield Finding(
                Check.FLAKY,
                f"{case.label} is flaky: it passed in attempt {record.attempt} only; board, probe or serial "
                f"line spoiled those before, see {', '.join(record.earlier)} among its records.",
            )
