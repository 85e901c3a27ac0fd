"""All checks over the cases of a matrix."""

from collections.abc import Sequence

from mcumatrix.model.record import Record
from mcumatrix.model.schedule import Schedule
from mcumatrix.report.content.findings import answers, configurations, runs, times
from mcumatrix.report.content.findings.finding import Finding
from mcumatrix.report.content.tables import Case
from mcumatrix.report.content.timings import Timing, timings_of_cases


def find(
    cases: Sequence[Case],
    timings: Sequence[Timing] | None = None,
    drift_percent: float = Schedule().drift_percent,
) -> list[Finding]:
    """What they noticed, in the order of its weight; `timings` are those of the cases, if they are known."""
    timings = timings_of_cases(cases) if timings is None else timings
    compilations = [(case.label, case.record.compiled if case.record else None) for case in cases]
    return [
        *configurations.unexpected_pass(cases),
        *configurations.other_failure(cases),
        *answers.wrong(cases),
        *answers.other_classes(cases),
        *answers.not_a_number(cases),
        *answers.near_uniform(cases),
        *runs.lacking(cases),
        *runs.unequal(cases),
        *runs.drift(cases, drift_percent),
        *runs.flaky(cases),
        *configurations.clocks(cases),
        *configurations.above_rating(
            (case.label, case.record.clock_hz, case.rated_hz) for case in cases if case.record
        ),
        *times.clock_scaling(timings),
        *times.sums(timings),
        *times.zero_time(timings),
        *times.constant_time(timings),
        *times.too_fast(cases),
        *configurations.label_changed(cases),
        *configurations.same_meaning(setting for case in cases for setting in case.declared or ()),
        *configurations.known_before(cases),
        *configurations.not_accelerated(cases),
        *times.no_effect(cases),
        *configurations.defeating_flags((case.label, case.flags or ()) for case in cases),
        *configurations.assertions(compilations),
        *configurations.unrestricted(compilations),
    ]


def find_of_units(tests: Sequence[Record], unbelieved: Sequence[str]) -> list[Finding]:
    """What the tests of the units of boards show."""
    return [*runs.units(tests), *runs.unbelieved(unbelieved)]
