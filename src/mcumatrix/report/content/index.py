"""The first page of published results: a line for each matrix, from its report."""

from collections.abc import Iterable
from dataclasses import dataclass

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Record
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.timings import HARDWARE, VIRTUAL


@dataclass(frozen=True, slots=True)
class Entry:
    """What the first page says of a matrix.

    `folder` is where its pages are, below that of the first page, and `files` what is to be had there besides
    the report, each a name in that folder. `measured` says on what its times were measured, `last` when the
    last record was finished (ISO 8601, to the second).
    """

    title: str
    description: str
    folder: str
    summary: str
    warning: str
    findings: int
    measured: str
    last: str
    files: tuple[str, ...]


def entry_of(report: Report, folder: str, files: Iterable[str]) -> Entry:
    """The line of a matrix, of whose records there is at least one."""
    return Entry(
        title=report.title,
        description=report.description,
        folder=folder,
        summary=report.summary,
        warning=report.warning,
        findings=len(report.findings),
        measured=" and ".join(sorted({_measured_on(record) for record in report.records})),
        last=max(record.finished_at for record in report.records).partition(".")[0] + "Z",
        files=tuple(files),
    )


def _measured_on(record: Record) -> str:
    """The board, and what its times are: those of a virtual one are never taken for hardware's."""
    provenance = record.provenance
    if provenance.kind is BoardKind.REAL:
        return f"{provenance.board} ({HARDWARE})"
    return f"{provenance.board} ({VIRTUAL}, timing model {provenance.timing_model})"
