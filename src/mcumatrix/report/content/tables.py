"""The tables of a report: numbered cases, layers x cases, sizes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from types import MappingProxyType

from mcumatrix.model.axes import Setting
from mcumatrix.model.catalogue import BoardKind, Model
from mcumatrix.model.expected import failed_as_expected, is_expected
from mcumatrix.model.record import Flashed, Measurement, Record, Status
from mcumatrix.model.reproduction import Reproduction
from mcumatrix.model.results import MatrixResults, VariantRuns
from mcumatrix.model.variant import Expectation, Matrix, Variant
from mcumatrix.report.content.wide import split
from mcumatrix.units import milliseconds

NO_VALUE = "-"

BETWEEN = "Between layers"
TOTAL = "Total time"
"""The last rows of a table of times."""


@dataclass(frozen=True, slots=True)
class Case:
    """A column of the report: a variant with its number, and its record if it was ever run.

    `untried` says why it has no result now, if something kept it from being tried or kept, as a phrase such
    as "not tried: the probe is not attached"; `refused` is the status that it has without being built.
    `declared` is what the labels of own axes mean by its matrix, None where there is no matrix; `expect` is
    what that says of it now, whatever it said when it ran. `rated_hz` is the clock that its chip is rated
    for, 0 where that is not known.
    `least_cycles` has the operators of its network, each with the cycles that it cannot take less than.

    A variant that is run several times has the records of its other runs in `further`, of the `due` ones that
    it is to have, and those of its runs as the reference in `references`.
    """

    number: int
    variant: str
    axes: dict[str, str]
    record: Record | None
    reproduction: Reproduction | None = None
    untried: str = ""
    refused: Status | None = None
    declared: tuple[Setting, ...] | None = None
    rated_hz: int = 0
    least_cycles: tuple[tuple[str, float], ...] = ()
    expect: Expectation = field(default_factory=Expectation)
    further: tuple[Record, ...] = ()
    due: int = 1
    references: tuple[Record, ...] = ()

    @property
    def runs(self) -> tuple[Record, ...]:
        """The records of its runs, by their numbers."""
        found = (self.record, *self.further) if self.record else ()
        return tuple(sorted(found, key=lambda record: record.slot.run))

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """Of its runs that count, by their numbers; none where the variant has no times."""
        if not self.is_measured:
            return ()
        return tuple(one.measurement for one in self.runs if one.status is Status.OK and one.measurement)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Why some of its runs have no times, where the others have; each as a phrase that names the run."""
        if not self.is_measured:
            return ()
        there = {record.slot.run for record in self.runs}
        missing = [f"run {run} was not run yet" for run in range(1, self.due + 1) if run not in there]
        failed = [
            f"run {one.slot.run} ended with {blamed(one)}: {one.reason}"
            for one in self.runs
            if one.status is not Status.OK
        ]
        return (*failed, *missing)

    @property
    def is_complete(self) -> bool:
        """Whether it has the times of all its runs."""
        return self.is_measured and not self.lacking

    @property
    def is_blocked(self) -> bool:
        """Whether it only lacks a unit that is fit to run it."""
        lacking = [record for record in self.runs if record.status is not Status.OK]
        return bool(lacking) and all(record.status is Status.BLOCKED for record in lacking)

    @property
    def settings(self) -> tuple[Setting, ...] | None:
        """What the labels of own axes stood for when it ran, as far as that is known."""
        kept = self.record.settings if self.record else None
        return self.declared if kept is None else kept

    @property
    def flags(self) -> tuple[str, ...] | None:
        """The compiler flags that its own axes add; None if they are not known."""
        if self.settings is None:
            return None
        return tuple(flag for setting in self.settings for flag in setting.flags)

    @property
    def failed_as_expected(self) -> bool:
        """Whether it was tried or refused, and has no times because of what the matrix says about it."""
        if self.record is not None:
            return failed_as_expected(self.expect, self.record)
        return self.refused is not None and is_expected(self.expect, self.refused)

    @property
    def label(self) -> str:
        """The head of its column, as in the table of cases."""
        return f"[{self.number}]"

    @property
    def is_measured(self) -> bool:
        """Whether it has times that count: a time counts only with a correct answer."""
        return self.record is not None and self.record.status is Status.OK

    @property
    def result(self) -> str:
        """How its run ended, in a word or two."""
        if self.record is None:
            return "not run"
        if self.record.status is Status.BLOCKED:
            return "blocked"
        if any(record.flaky for record in self.runs):
            return "correct, flaky"
        return {Status.OK: "correct", Status.WRONG_OUTPUT: "wrong answer"}.get(
            self.record.status, f"failed: {blamed(self.record)}"
        )


def blamed(record: Record) -> str:
    """The status of a run that failed, with what is to blame, as in "infrastructure, no-probe"."""
    parts = (record.blame, record.status)
    return ", ".join(dict.fromkeys(part.value for part in parts if part))


LeastCycles = Callable[[Model], tuple[tuple[str, float], ...]]
"""Gives of a model what `Case` has under that name."""


def number_cases(
    variants: Sequence[Variant],
    records: Sequence[Record | None],
    reproductions: Sequence[Reproduction | None] | None = None,
    untried: Mapping[str, str] = MappingProxyType({}),
    least_cycles: LeastCycles = lambda _model: (),
) -> list[Case]:
    """The columns of a report: variants in their order, each with its record and reproduction, or None, where
    each is run once.

    `untried` has by their slugs why variants have no result, as phrases. `least_cycles` gives of a model what
    `Case` has under that name.
    """
    rows = zip(variants, records, reproductions or [None] * len(variants), strict=True)
    return [
        Case(
            number,
            variant.slug,
            variant.axes,
            record,
            reproduction,
            untried.get(variant.slug, ""),
            declared=variant.settings,
            rated_hz=variant.rated_hz,
            least_cycles=least_cycles(variant.model) if record and record.measurement else (),
            expect=variant.expect,
        )
        for number, (variant, record, reproduction) in enumerate(rows, start=1)
    ]


def cases_of_results(
    matrix: Matrix, results: MatrixResults, least_cycles: LeastCycles = lambda _model: ()
) -> list[Case]:
    """The columns of a report of what is known of the variants of a matrix."""
    nothing = VariantRuns()
    runs = [results.runs.get(variant.slug, nothing) for variant in matrix.variants]
    cases = number_cases(
        matrix.variants,
        [one.standing for one in runs],
        results.reproductions,
        results.untried,
        least_cycles,
    )
    last = matrix.schedule.runs
    return [
        replace(
            case,
            # A matrix may have had more runs than it has now.
            further=tuple(record for record in one.further if record.slot.run <= last),
            due=last,
            references=one.references if case.variant in matrix.schedule.references else (),
            refused=results.refused.get(case.variant),
        )
        for case, one in zip(cases, runs, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A table that is one of several; `heading` says which, and is empty where there is one only."""

    heading: str
    table: Table


def case_table(cases: Sequence[Case]) -> Table:
    """One row per case, with the axes that the numbers in the other tables stand for."""
    names = list(dict.fromkeys(name for case in cases for name in case.axes))
    return Table(
        ("Case", *names, "answer"),
        tuple(
            (case.label, *(case.axes.get(name, NO_VALUE) for name in names), case.result) for case in cases
        ),
    )


def label_table(cases: Sequence[Case]) -> Table | None:
    """What the labels of the maintainer's own axes stand for; None if there are no such axes."""
    known = dict.fromkeys(setting for case in cases for setting in case.settings or ())
    if not known:
        return None
    placed = any(setting.layout for setting in known)
    return Table(
        ("Axis", "label", "flags", "CMake variables", *(("layout",) if placed else ())),
        tuple(
            (
                setting.axis,
                setting.label,
                " ".join(setting.flags) or NO_VALUE,
                " ".join(f"{name}={value}" for name, value in setting.cmake) or NO_VALUE,
                *((" ".join(setting.placed) or NO_VALUE,) if placed else ()),
            )
            for setting in known
        ),
    )


@dataclass(frozen=True, slots=True)
class TimeTable:
    """Cases whose times can stand side by side: the same layers, from the same source of cycles.

    `part` says which cases they are, where all of them would be too wide for a page. `repeats` are in each of
    `runs`.
    """

    kind: BoardKind
    timing_model: str
    expected_error: str
    repeats: tuple[int, ...]
    table: Table
    part: str = ""
    runs: tuple[int, ...] = (1,)

    @property
    def samples(self) -> str:
        """Of what its numbers are the medians, as in "3 runs of 5 repeats"."""
        repeats = f"{' or '.join(map(str, self.repeats))} repeat{'s' * (self.repeats != (1,))}"
        return repeats if self.runs == (1,) else f"{' or '.join(map(str, self.runs))} runs of {repeats}"


def time_tables(cases: Sequence[Case]) -> list[TimeTable]:
    """Layers x cases in milliseconds, medians; one table for each network and source of cycles.

    A case without times keeps its column, in the table of its model.
    """
    groups: dict[_Group, list[Case]] = {}
    for case in cases:
        if case.is_measured:
            groups.setdefault(_group(case), []).append(case)
    if not groups:
        return []
    for case in cases:
        if not case.is_measured:
            _home(case, list(groups.values())).append(case)
    return [
        _time_table(group, part, heading)
        for group, members in groups.items()
        for heading, part in split(sorted(members, key=lambda case: case.number))
    ]


_Group = tuple[BoardKind, str, str, tuple[str, ...]]
"""Kind of board, timing model, its expected error, operators of the layers."""


def _group(case: Case) -> _Group:
    assert case.record is not None and case.record.measurement is not None
    provenance = case.record.provenance
    operators = tuple(layer.op for layer in case.record.measurement.layers)
    return provenance.kind, provenance.timing_model, provenance.expected_error, operators


def _home(case: Case, groups: list[list[Case]]) -> list[Case]:
    for group in groups:
        if any(member.axes.get("model") == case.axes.get("model") for member in group):
            return group
    return groups[0]


def _time_table(group: _Group, cases: Sequence[Case], part: str) -> TimeTable:
    kind, timing_model, expected_error, ops = group
    columns = [_times(case, len(ops)) for case in cases]
    names = (*ops, BETWEEN, TOTAL)
    return TimeTable(
        kind=kind,
        timing_model=timing_model,
        expected_error=expected_error,
        repeats=_counts(len(one.total_cycles) for case in cases for one in case.measurements),
        table=Table(
            ("Layer", *(case.label for case in cases)),
            tuple((name, *(column[row] for column in columns)) for row, name in enumerate(names)),
        ),
        part=part,
        runs=_counts(len(case.measurements) for case in cases if case.measurements),
    )


def _counts(counts: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(counts)))


def _times(case: Case, layers: int) -> list[str]:
    if not case.is_measured:
        return [case.result, *[NO_VALUE] * (layers + 1)]
    clock_hz = case.measurements[0].clock.measured_hz
    return [
        f"{milliseconds(median(cycle for run in runs for cycle in run), clock_hz):.3f}"
        for runs in cycles_by_row(case)
    ]


def cycles_by_row(case: Case) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The cycles of each run of a case that has times: its layers, then what is between, then the total."""
    measurements = case.measurements
    for index in range(len(measurements[0].layers)):
        yield tuple(measurement.layers[index].cycles for measurement in measurements)
    yield tuple(between_layers(measurement) for measurement in measurements)
    yield tuple(measurement.total_cycles for measurement in measurements)


def between_layers(measurement: Measurement) -> tuple[int, ...]:
    """What of each repeat is spent between its layers, in cycles."""
    per_repeat = zip(*(layer.cycles for layer in measurement.layers), strict=True)
    return tuple(
        total - sum(layers) for total, layers in zip(measurement.total_cycles, per_repeat, strict=True)
    )


def size_tables(cases: Sequence[Case]) -> tuple[Part, ...]:
    """Bytes of each image by section and by memory region; none if there is no image."""
    built = [case for case in cases if case.record and case.record.image]
    return tuple(Part(heading, _size_table(part)) for heading, part in split(built) if part)


def _size_table(cases: Sequence[Case]) -> Table:
    images = [(case, case.record.image) for case in cases if case.record and case.record.image]
    regions = list(dict.fromkeys(name for _, image in images for name in image.sizes.region_bytes))
    arenas = [
        str(case.record.measurement.arena_bytes) if case.record and case.record.measurement else NO_VALUE
        for case, _ in images
    ]
    return Table(
        ("Bytes", *(case.label for case, _ in images)),
        (
            ("text", *(str(image.sizes.text_bytes) for _, image in images)),
            ("data", *(str(image.sizes.data_bytes) for _, image in images)),
            ("bss", *(str(image.sizes.bss_bytes) for _, image in images)),
            *(
                (f"in {name}", *(str(image.sizes.region_bytes.get(name, 0)) for _, image in images))
                for name in regions
            ),
            ("tensors", *arenas),
        ),
    )


def provenance_table(cases: Sequence[Case]) -> Table | None:
    """What each column can be traced to; None if there is no record."""
    recorded = [(case, case.record) for case in cases if case.record]
    if not recorded:
        return None
    return Table(
        ("Case", "build id", "ELF SHA-256", "probe", "flash", "finished", "record"),
        tuple(
            (
                case.label,
                record.image.build_id if record.image else NO_VALUE,
                record.image.elf_sha256 if record.image else NO_VALUE,
                record.flashed.probe if record.flashed else NO_VALUE,
                _flash_proof(record.flashed) if record.flashed else NO_VALUE,
                record.finished_at,
                record.name or NO_VALUE,
            )
            for case, record in recorded
        ),
    )


def _flash_proof(flashed: Flashed) -> str:
    """How an image got into flash. Only what was read back and found equal is ever in a record."""
    came = f"{flashed.written_bytes} bytes written" if flashed.written_bytes else "there already"
    return f"{came}, read back equal"


def reproduction_table(cases: Sequence[Case]) -> Table | None:
    """What came of building images again; None if nobody did."""
    rebuilt = [(case, case.reproduction) for case in cases if case.reproduction]
    if not rebuilt:
        return None
    return Table(
        ("Case", "built again", "ELF SHA-256"),
        tuple((case.label, found.verdict, found.elf_sha256) for case, found in rebuilt),
    )
