"""What is said as text for a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.printable import printable
from mcumatrix.report.content.tables import Table, TimeTable

if TYPE_CHECKING:
    from mcumatrix.report.content.report import Report


def parts_text(parts: Iterable[Table | str]) -> str:
    """Tables and paragraphs, one below the other."""
    return "\n\n".join(to_text(part) if isinstance(part, Table) else part for part in parts)


def to_text(table: Table) -> str:
    """Columns side by side, as wide as they need to be; control characters of a board are shown, not sent."""
    cells = [[printable(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def report_text(report: "Report") -> str:
    """Cases, times, accuracies, findings and failures; sizes and provenance are in the report's files."""
    return parts_text(
        [
            report.cases,
            *(f"{printable(part.heading)}\n{to_text(part.table)}" for part in report.printed),
            *map(_times, report.times),
            *([f"Accuracy on labelled sets\n{to_text(report.accuracy)}"] if report.accuracy else []),
            *([f"Energy of an inference\n{to_text(report.energy)}"] if report.energy else []),
            *([f"Events within layers\n{to_text(report.events)}"] if report.events else []),
            *(f"No events of {sentence}" for sentence in report.without_events),
            *(_in_lines(sentence) for switch in report.switches for sentence in switch.sentences),
            *(_in_lines(f"Finding: {finding}") for finding in report.findings),
            *(_in_lines(str(failure)) for failure in report.failures),
            f"{report.summary} {report.warning}".rstrip(),
        ]
    )


def _in_lines(text: str) -> str:
    """Text from elsewhere in its own lines, as those of a compiler."""
    return printable(text, keep="\n")


def _times(time: TimeTable) -> str:
    is_virtual = time.kind is BoardKind.VIRTUAL
    model = f"timing model {time.timing_model!r}"
    if time.expected_error:
        model += f", {time.expected_error}"
    source = f"virtual board, {model}" if is_virtual else "hardware"
    part = f", {time.part}" if time.part else ""
    return f"Time per layer in msec, medians ({source}){part}\n{to_text(time.table)}"
