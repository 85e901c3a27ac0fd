"""What a run says at its end, and how its variants ended; kept, so that nobody makes it of 10,000 again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from mcumatrix.by_contents import Known
from mcumatrix.hashing import fingerprint
from mcumatrix.model.record import Record, Status
from mcumatrix.model.results import MatrixResults
from mcumatrix.own_code import hash_of_own_code
from mcumatrix.work import Work


@dataclass(frozen=True, slots=True)
class Ending:
    """How a variant ended.

    `is_well` where it has the times of all its runs, or has failed as is expected; `lacks_board` for want of
    the board itself, `is_blocked` for want of a unit that is fit. One that `was_not_run` has no record.
    """

    is_well: bool
    lacks_board: bool = False
    is_blocked: bool = False
    was_not_run: bool = False


_MEASURED = Ending(is_well=True)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is said at the end of a run. Variants that are not in `other_endings` have all their times."""

    text: str
    other_endings: Mapping[str, Ending]

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Self:
        """What `asdict` makes of one, read again."""
        endings = {slug: Ending(**ending) for slug, ending in written["other_endings"].items()}
        return cls(written["text"], endings)


def conclusion(work: Work, results: MatrixResults, report: str) -> Conclusion:
    """That of some results; `report` is the fingerprint of their report, empty where it is not there.

    It follows from what the report follows from, and from our own code: with the same of both it is as it was
    kept.
    """
    if not report:
        return _made(work, results)
    file = work.project.build / "cache" / "conclusions" / f"{work.matrix.name}.json"
    key = fingerprint("conclusion", {"report": report, "code": hash_of_own_code()})
    # The key has all of our code in it.
    with Known(file, code=(), at_most=1) as known:
        return Conclusion.from_json(known.answer(key, lambda: asdict(_made(work, results))))


def _made(work: Work, results: MatrixResults) -> Conclusion:
    from mcumatrix.registry.models import least_cycles
    from mcumatrix.report.content.report import make_report, with_tests_of_units
    from mcumatrix.report.content.tables import cases_of_results
    from mcumatrix.report.render.terminal import report_text

    cases = cases_of_results(work.matrix, results, least_cycles)
    report = next(iter(work.reported), None) or with_tests_of_units(make_report(work.matrix, cases), results)
    endings = {
        case.variant: Ending(
            is_well=case.is_complete or case.failed_as_expected,
            lacks_board=case.record is not None and _is_not_there(case.record, results.health),
            is_blocked=case.is_blocked,
            was_not_run=case.record is None,
        )
        for case in cases
    }
    others = {slug: ending for slug, ending in endings.items() if ending != _MEASURED}
    return Conclusion(report_text(report), others)


def _is_not_there(record: Record, tests: Sequence[Record]) -> bool:
    """Whether a run failed, or was blocked by the last test of a unit, for want of the board itself."""
    boards = {test.axes["board"] for test in tests if test.status is Status.NO_PROBE}
    return record.status is Status.NO_PROBE or (
        record.status is Status.BLOCKED and record.axes["board"] in boards
    )
