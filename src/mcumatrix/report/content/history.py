"""Runs of the same variants over time: where layers changed, and at which commit of the project."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import PROJECT, Record, Status
from mcumatrix.report.content.comparisons import percent
from mcumatrix.report.content.tables import NO_VALUE, TOTAL, Table
from mcumatrix.results.change_points import MINIMUM_RUNS, change_points, every_change
from mcumatrix.units import milliseconds


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a variant: when it ended, and the commit of the project; empty where that is not known."""

    number: int
    finished_at: str
    commit: str
    record: str


@dataclass(frozen=True, slots=True)
class Step:
    """A new level of a layer: from which run on, and the medians of the runs before and after in msec."""

    run: int
    layer: str
    before_msec: float
    after_msec: float

    @property
    def relative(self) -> float | None:
        """The change as a share of the time before; None where that was nothing."""
        return (self.after_msec - self.before_msec) / self.before_msec if self.before_msec else None


@dataclass(frozen=True, slots=True)
class Past:
    """The runs of a variant that can be compared with the last one, oldest first.

    `msec` has the median of each run by layer, the total last; `left_out` is how many runs cannot be compared
    with the last, having no times, other layers, or another source of times.
    """

    variant: str
    deterministic: bool
    runs: tuple[Run, ...]
    msec: Mapping[str, tuple[float, ...]]
    steps: tuple[Step, ...]
    left_out: int

    @property
    def totals(self) -> tuple[float, ...]:
        """Of each run, in msec."""
        return self.msec[TOTAL]

    @property
    def note(self) -> str:
        """What a reader has to know who sees no change; empty where there is nothing."""
        notes = []
        if not self.deterministic and len(self.runs) < MINIMUM_RUNS:
            notes.append(f"Fewer than {MINIMUM_RUNS} runs on hardware do not tell a change from chance.")
        if self.left_out:
            notes.append(f"{self.left_out} more runs cannot be compared with the last one.")
        return " ".join(notes)


def pasts(records_of_variants: Mapping[str, Sequence[Record]]) -> tuple[Past, ...]:
    """Of each variant with at least two runs that can be compared; those with changes first."""
    found = [past for variant, records in records_of_variants.items() if (past := _past(variant, records))]
    return tuple(sorted(found, key=lambda past: not past.steps))


def _past(variant: str, records: Sequence[Record]) -> Past | None:
    measured = [record for record in records if record.status is Status.OK and record.measurement]
    if not measured:
        return None
    kept = [record for record in measured if _source(record) == _source(measured[-1])]
    if len(kept) < 2:
        return None
    deterministic = kept[-1].provenance.kind is BoardKind.VIRTUAL
    msec = _msec(kept)
    return Past(
        variant=variant,
        deterministic=deterministic,
        runs=tuple(
            Run(number, record.finished_at, record.provenance.tools.get(PROJECT, ""), record.name)
            for number, record in enumerate(kept, 1)
        ),
        msec=msec,
        steps=tuple(sorted(_steps(msec, deterministic=deterministic), key=lambda step: step.run)),
        left_out=len(records) - len(kept),
    )


def _source(record: Record) -> tuple[object, ...]:
    """What two runs must have in common to be compared."""
    assert record.measurement is not None
    operators = tuple(layer.op for layer in record.measurement.layers)
    return record.provenance.kind, record.provenance.timing_model, record.provenance.board, operators


def _msec(records: Sequence[Record]) -> dict[str, tuple[float, ...]]:
    columns: dict[str, list[float]] = {}
    for measurement in (record.measurement for record in records if record.measurement):
        rows = [(f"{index} {layer.op}", layer.cycles) for index, layer in enumerate(measurement.layers)]
        for name, cycles in (*rows, (TOTAL, measurement.total_cycles)):
            msec = milliseconds(median(cycles), measurement.clock.measured_hz)
            columns.setdefault(name, []).append(msec)
    return {name: tuple(values) for name, values in columns.items()}


def _steps(msec: Mapping[str, tuple[float, ...]], *, deterministic: bool) -> Iterator[Step]:
    for layer, values in msec.items():
        places = every_change(values) if deterministic else change_points(values, looked_at=len(msec))
        edges = (0, *places, len(values))
        levels = [median(values[start:end]) for start, end in pairwise(edges)]
        for place, (before, after) in zip(places, pairwise(levels), strict=True):
            yield Step(place + 1, layer, before, after)


def steps_table(past: Past) -> Table:
    """One row for each change, the last first: from which run on, when and at which commit that was."""
    runs = {run.number: run for run in past.runs}
    return Table(
        ("From run", "finished", "project", "layer", "before (msec)", "after (msec)", "diff (%)"),
        tuple(
            (
                str(step.run),
                runs[step.run].finished_at,
                runs[step.run].commit or NO_VALUE,
                step.layer,
                f"{step.before_msec:.3f}",
                f"{step.after_msec:.3f}",
                percent(step.relative),
            )
            for step in sorted(past.steps, key=lambda step: -step.run)
        ),
    )


def runs_table(past: Past) -> Table:
    """One row for each run, with its total."""
    return Table(
        ("Run", "finished", "project", "total (msec)"),
        tuple(
            (str(run.number), run.finished_at, run.commit or NO_VALUE, f"{total:.3f}")
            for run, total in zip(past.runs, past.totals, strict=True)
        ),
    )


def summary_of(past: Past) -> str:
    """In a sentence."""
    changed = list(dict.fromkeys(step.run for step in past.steps))
    first, last = past.totals[0], past.totals[-1]
    said = f"{past.variant}: {len(past.runs)} runs, {first:.3f} to {last:.3f} msec in total"
    if not changed:
        return f"{said}; no change. {past.note}".rstrip()
    word = "run" if len(changed) == 1 else "runs"
    return f"{said}; changed at {word} {', '.join(map(str, changed))}. {past.note}".rstrip()
