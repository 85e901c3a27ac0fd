"""What each number of a case was read from: the record, its raw log, and the lines of that log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcumatrix.report.content.tables import TOTAL, Case
from mcumatrix.stages.log_lines import LogLine, TimeLines

RECORDS = "records"
"""The folder of records, beside the report."""

MAXIMUM_TEXTS = 4_000
"""Lines of raw logs that a page shows as they are; of more it has their numbers, and links to the logs."""


def shows_texts(cases: Sequence[Case]) -> bool:
    """Whether the lines with the times of these cases are few enough to be shown as they are."""
    measurements = [case.record.measurement for case in cases if case.is_measured and case.record]
    lines = sum(len(one.total_cycles) * (len(one.layers) + 1) for one in measurements if one)
    return lines <= MAXIMUM_TEXTS


@dataclass(frozen=True, slots=True)
class ProvedRow:
    """A layer, or the whole: cycles of each repeat, and the lines of the log with them; none if unknown."""

    op: str
    cycles: tuple[int, ...]
    lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one case: `name` is that of its record's files; the total is the last row."""

    case: str
    variant: str
    name: str
    clock_hz: int
    build_id: str
    elf_sha256: str
    rows: tuple[ProvedRow, ...]

    @property
    def record(self) -> str:
        """The file of its record, below the folder of the report."""
        return f"{RECORDS}/{self.variant}/{self.name}.json"

    @property
    def log(self) -> str:
        """Its raw log, below the folder of the report."""
        return f"{RECORDS}/{self.variant}/{self.name}.log"

    @property
    def first_line(self) -> int | None:
        """Of those that have times."""
        return min(self._numbers, default=None)

    @property
    def last_line(self) -> int | None:
        """Of those that have times."""
        return max(self._numbers, default=None)

    @property
    def _numbers(self) -> Iterator[int]:
        return (line.number for row in self.rows for line in row.lines)


def evidence_of_cases(
    cases: Sequence[Case], lines_of_variant: Mapping[str, TimeLines]
) -> tuple[Evidence, ...]:
    """For each case with a record that was kept; rows are of those alone that have times."""
    return tuple(_of_case(case, lines_of_variant.get(case.variant)) for case in cases if _is_kept(case))


def _is_kept(case: Case) -> bool:
    return case.record is not None and bool(case.record.log)


def _of_case(case: Case, lines: TimeLines | None) -> Evidence:
    record = case.record
    assert record is not None
    image = record.image
    return Evidence(
        case=case.label,
        variant=case.variant,
        name=record.name,
        clock_hz=record.measurement.clock.measured_hz if record.measurement else record.clock_hz,
        build_id=image.build_id if image else "",
        elf_sha256=image.elf_sha256 if image else "",
        rows=tuple(_rows(case, lines)),
    )


def _rows(case: Case, lines: TimeLines | None) -> Iterator[ProvedRow]:
    if not case.is_measured:
        return
    assert case.record is not None and case.record.measurement is not None
    measurement = case.record.measurement
    for index, layer in enumerate(measurement.layers):
        found = lines.layers[index] if lines and index < len(lines.layers) else ()
        yield ProvedRow(layer.op, layer.cycles, found)
    yield ProvedRow(TOTAL, measurement.total_cycles, lines.total if lines else ())
