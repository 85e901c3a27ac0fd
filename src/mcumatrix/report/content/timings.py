"""Times of cases, whatever they come from: records, or numbers that somebody printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import median

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.publication import Printed, PrintedColumn
from mcumatrix.report.content.tables import BETWEEN, TOTAL, Case, cycles_by_row
from mcumatrix.units import milliseconds

VIRTUAL = "virtual board"
HARDWARE = "hardware"


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, or a sum: msec of each repeat of all runs.

    `half_unit_msec` is how far rounding may have moved them; `runs` is in how many runs of the same length
    they were.
    """

    op: str
    msec: tuple[float, ...]
    half_unit_msec: float = 0.0
    runs: int = 1

    @property
    def by_run(self) -> tuple[tuple[float, ...], ...]:
        """The same, by runs."""
        repeats = len(self.msec) // self.runs
        return tuple(self.msec[start : start + repeats] for start in range(0, len(self.msec), repeats))

    @property
    def median_msec(self) -> float:
        """The middle one of the repeats."""
        return _median(self.msec)


@lru_cache(maxsize=2**18)
def _median(msec: tuple[float, ...]) -> float:
    """Asked for again and again: each row is compared with several others."""
    return median(msec)


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of one case.

    `layers` are rows in the order of the network, `total` the whole inference. `conditions` is what a time
    depends on besides, by names as people call it; None where that is not known. Repeats on a board that is
    `deterministic` are the same each time, so that they say nothing about each other.
    """

    label: str
    axes: Mapping[str, str]
    layers: tuple[Row, ...]
    total: Row
    between: Row | None = None
    conditions: Mapping[str, str | None] = field(default_factory=dict)
    deterministic: bool = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """As they stand below each other in a table."""
        return (*self.layers, *([self.between] if self.between else []), self.total)

    @property
    def operators(self) -> tuple[str, ...]:
        """What stands before the rows; two cases with other ones are other networks."""
        return tuple(row.op for row in self.layers)

    @property
    def kind(self) -> str | None:
        """`VIRTUAL` or `HARDWARE`; None if it is not known."""
        return self.conditions.get("kind of board")


def timings_of_cases(cases: Sequence[Case]) -> tuple[Timing, ...]:
    """The times of those cases that have some that count."""
    return tuple(_of_case(case) for case in cases if case.is_measured)


def _of_case(case: Case) -> Timing:
    record = case.record
    assert record is not None and record.measurement is not None
    measurement = record.measurement
    clock_hz = measurement.clock.measured_hz

    def row(op: str, runs: Sequence[Sequence[int]]) -> Row:
        msec = tuple(milliseconds(count, clock_hz) for cycles in runs for count in cycles)
        return Row(op, msec, runs=len(runs))

    *layers, between, total = cycles_by_row(case)

    is_virtual = record.provenance.kind is BoardKind.VIRTUAL
    flags = case.flags
    return Timing(
        label=case.label,
        axes=case.axes,
        layers=tuple(row(layer.op, runs) for layer, runs in zip(measurement.layers, layers, strict=True)),
        between=row(BETWEEN, between),
        total=row(TOTAL, total),
        conditions={
            "kind of board": VIRTUAL if is_virtual else HARDWARE,
            "timing model": record.provenance.timing_model or "none",
            "board": record.provenance.board,
            "model": case.axes.get("model"),
            "input": f"{measurement.input_crc32:08x}",
            "element type": measurement.output.element.value,
            "compiler": record.image.toolchain.version if record.image else None,
            "flags": " ".join(flags) or "none of one's own" if flags is not None else None,
            "assertions": None
            if flags is None
            else "out"
            if "-DNDEBUG" in flags
            else "as the runtime has them",
            "clock": f"{measurement.clock.measured_hz} Hz",
            "warm-up": str(measurement.warmup),
        },
        deterministic=is_virtual,
    )


def timing_of_column(column: PrintedColumn) -> Timing:
    """The times of a printed column, which others measured on hardware; its layers, if it has no total."""
    total = column.total
    layers = tuple(_printed(number) for number in column.layers)
    summed = Row(TOTAL, (sum(row.msec[0] for row in layers),), sum(row.half_unit_msec for row in layers))
    return Timing(
        label=column.place,
        axes=column.axes,
        layers=layers,
        total=Row(TOTAL, (float(total.value),), float(total.half_unit)) if total else summed,
        conditions={
            "kind of board": HARDWARE,
            "model": column.axes.get("model"),
            "board": column.axes.get("board"),
        },
    )


def _printed(number: Printed) -> Row:
    return Row(number.op, (float(number.value),), float(number.half_unit))
