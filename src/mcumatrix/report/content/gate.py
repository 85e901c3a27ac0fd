"""Two sets of results against each other: what got slower, what is gone, and what cannot be compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mcumatrix.model.comparison import Thresholds
from mcumatrix.report.content.comparable import Refusal
from mcumatrix.report.content.comparisons import Difference, Pair, Verdict, compare, percent
from mcumatrix.report.content.tables import Table
from mcumatrix.report.content.timings import Timing

SETS = "results"
"""What the two sets are compared by, where an axis would stand."""

_COUNTS_FROM = 0.01
"""A layer that takes less than this share of the whole inference is no regression by itself."""


class Judgement(StrEnum):
    """What became of a case. The names stay, so that tools can tell them apart."""

    SAME = "same"
    FASTER = "faster"
    SLOWER_WITHIN_LIMITS = "slower-within-limits"
    REGRESSION = "regression"
    LOST = "lost"
    NEW = "new"
    NOT_COMPARABLE = "not-comparable"


BAD = frozenset({Judgement.REGRESSION, Judgement.LOST, Judgement.NOT_COMPARABLE})
"""What a gate does not let through."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What times were measured of: a variant, and the fingerprint of its inputs."""

    variant: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ResultSet:
    """Some results under a name. `origins` has by the labels of timings what was measured, if it is known."""

    name: str
    timings: tuple[Timing, ...]
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case of both sets, or of one: `case` has the values that tell it from others of its set."""

    case: str
    judgement: Judgement
    reasons: tuple[str, ...] = ()
    pair: Pair | None = None
    refusal: Refusal | None = None
    side_by_side: Table | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """All that was judged. `differing` is what all cases of one set have otherwise than the other's."""

    base: str
    candidate: str
    thresholds: Thresholds
    differing: tuple[str, ...]
    cases: tuple[Judged, ...]

    @property
    def is_passed(self) -> bool:
        """Whether something could be compared, and nothing is bad."""
        return any(case.pair for case in self.cases) and not any(case.judgement in BAD for case in self.cases)

    @property
    def summary(self) -> str:
        """In a sentence."""
        counts = {kind: sum(case.judgement is kind for case in self.cases) for kind in Judgement}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing to compare"
        return f"{self.candidate} against {self.base}: {said}."


def judge(base: ResultSet, candidate: ResultSet, thresholds: Thresholds) -> Gate:
    """Each case of one set against those of the other that have the same settings.

    An axis that has one value in each set, and another one in each, is what the sets differ in: it is named,
    and cases are matched without it.
    """
    names = _shared_axes(base.timings, candidate.timings)
    differing: dict[str, str] = {}
    for name in names:
        ours, other = _values(base.timings, name), _values(candidate.timings, name)
        if len(ours) == len(other) == 1 and ours != other:
            differing[name] = f"{name}: {ours.pop()} and {other.pop()}"
    matched = [name for name in names if name not in differing]
    return Gate(
        base=base.name,
        candidate=candidate.name,
        thresholds=thresholds,
        differing=tuple(differing.values()),
        cases=tuple(_judge_all(base, candidate, thresholds, matched)),
    )


def suspects(gate: Gate, of: ResultSet) -> tuple[Origin, ...]:
    """What of one of the two sets belongs to a regression, and can be measured again."""
    regressions = [case.pair for case in gate.cases if case.judgement is Judgement.REGRESSION and case.pair]
    labels = {label for pair in regressions for label in (pair.base_label, pair.candidate_label)}
    return tuple(origin for label, origin in of.origins.items() if _label(of.name, label) in labels)


def _label(name: str, label: str) -> str:
    """What a case is called beside those of the other set."""
    return f"{name} {label}"


def _shared_axes(ours: Sequence[Timing], other: Sequence[Timing]) -> list[str]:
    of_others = {name for timing in other for name in timing.axes}
    return [name for name in dict.fromkeys(n for timing in ours for n in timing.axes) if name in of_others]


def _values(timings: Sequence[Timing], name: str) -> set[str]:
    return {timing.axes.get(name, "") for timing in timings}


def _judge_all(
    base: ResultSet, candidate: ResultSet, thresholds: Thresholds, matched: Sequence[str]
) -> Iterator[Judged]:
    varying = [name for name in matched if len(_values((*base.timings, *candidate.timings), name)) > 1]

    def settings(timing: Timing) -> tuple[str, ...]:
        return tuple(timing.axes.get(name, "") for name in matched)

    def case(timing: Timing) -> str:
        return " ".join(filter(None, (timing.axes.get(name, "") for name in varying))) or timing.label

    candidates: dict[tuple[str, ...], list[Timing]] = {}
    for timing in candidate.timings:
        candidates.setdefault(settings(timing), []).append(timing)
    known = {settings(timing) for timing in base.timings}
    for timing in base.timings:
        partners = candidates.get(settings(timing), [])
        if not partners:
            yield Judged(case(timing), Judgement.LOST, (f"{candidate.name} has no times for it",))
        for partner in partners:
            yield _judge(case(timing), _named(base.name, timing), _named(candidate.name, partner), thresholds)
    for timing in candidate.timings:
        if settings(timing) not in known:
            yield Judged(case(timing), Judgement.NEW, (f"{base.name} has no times for it",))


def _named(name: str, timing: Timing) -> Timing:
    return replace(timing, label=_label(name, timing.label))


def _judge(case: str, base: Timing, candidate: Timing, thresholds: Thresholds) -> Judged:
    pair = replace(compare(base, candidate, SETS), base="base", candidate="candidate")
    if pair.refused:
        shown = _side_by_side(base, candidate) if base.operators == candidate.operators else None
        return Judged(
            case, Judgement.NOT_COMPARABLE, (str(pair.refused),), refusal=pair.refused, side_by_side=shown
        )
    too_slow = tuple(_regressions(pair, thresholds))
    if too_slow:
        return Judged(case, Judgement.REGRESSION, too_slow, pair)
    if pair.total.verdict is not Verdict.DIFFERENT:
        return Judged(case, Judgement.SAME, (), pair)
    slower = pair.total.diff_msec > 0
    return Judged(case, Judgement.SLOWER_WITHIN_LIMITS if slower else Judgement.FASTER, (), pair)


def _regressions(pair: Pair, thresholds: Thresholds) -> Iterator[str]:
    if _is_slower(pair.total, thresholds.total_percent):
        yield _reason("the total", pair.total, thresholds.total_percent)
    for index, layer in enumerate(pair.differences[:-1]):
        counts = layer.candidate_msec >= _COUNTS_FROM * pair.total.candidate_msec
        if counts and _is_slower(layer, thresholds.layer_percent):
            yield _reason(f"layer {index}, {layer.op},", layer, thresholds.layer_percent)


def _is_slower(difference: Difference, limit_percent: float) -> bool:
    if difference.verdict is not Verdict.DIFFERENT or difference.diff_msec <= 0:
        return False
    return difference.relative is None or difference.relative * 100 > limit_percent


def _reason(what: str, difference: Difference, limit_percent: float) -> str:
    return (
        f"{what} takes {difference.candidate_msec:.3f} msec and took {difference.base_msec:.3f}: "
        f"{percent(difference.relative)} %, and {limit_percent:g} % is allowed"
    )


def _side_by_side(base: Timing, candidate: Timing) -> Table:
    """Times that cannot be subtracted may still be looked at."""
    return Table(
        ("Layer", base.label, candidate.label),
        tuple(
            (ours.op, f"{ours.median_msec:.3f}", f"{other.median_msec:.3f}")
            for ours, other in zip(
                (*base.layers, base.total), (*candidate.layers, candidate.total), strict=True
            )
        ),
    )


def rows(gate: Gate) -> Table:
    """One row for each case."""
    return Table(
        ("case", "base (msec)", "candidate (msec)", "diff (%)", "judgement", "because"),
        tuple(
            (
                judged.case,
                *_totals(judged.pair),
                str(judged.judgement),
                "; ".join((*judged.reasons, *(judged.pair.differing if judged.pair else ()))),
            )
            for judged in gate.cases
        ),
    )


def _totals(pair: Pair | None) -> tuple[str, str, str]:
    if pair is None:
        return "-", "-", "-"
    total = pair.total
    return f"{total.base_msec:.3f}", f"{total.candidate_msec:.3f}", percent(total.relative)
