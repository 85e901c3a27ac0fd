"""Our times beside those that others published: claim, ours, and the difference where there can be one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcumatrix.model.comparison import Thresholds
from mcumatrix.model.publication import Origin, Publication
from mcumatrix.report.content.findings.printed import trusted
from mcumatrix.report.content.gate import Gate, Judged, ResultSet, judge
from mcumatrix.report.content.tables import Part
from mcumatrix.report.content.timings import Timing


@dataclass(frozen=True, slots=True)
class Beside:
    """What of a publication is about cases of ours.

    `notes` say what the two differ in and what was left out; `parts` has a table for each case of both.
    """

    name: str
    source: str
    notes: tuple[str, ...]
    parts: tuple[Part, ...]


def beside_published(timings: Sequence[Timing], publications: Sequence[Publication]) -> tuple[Beside, ...]:
    """One for each publication, in their order."""
    return tuple(_beside(timings, publication) for publication in publications)


def _beside(timings: Sequence[Timing], publication: Publication) -> Beside:
    believed = trusted(publication)
    published = believed.timings
    found = _judge(published, timings)
    notes = []
    if any(judged.refusal for judged in found.cases) and not any(map(_part, found.cases)):
        notes.append("Layers are other ones, or not known: only totals stand beside each other.")
        found = _judge(_totals(published), _totals(timings))
    notes += [f"The two differ in {one}." for one in found.differing]
    notes += [f"Left out, because it contradicts an earlier table: {table}." for table in believed.doubtful]
    if any(judged.refusal and judged.side_by_side for judged in found.cases):
        notes.append(
            "Times of a virtual board and of hardware, side by side: no difference is taken, since a model's "
            "time is an estimate."
        )
    parts = tuple(part for judged in found.cases if (part := _part(judged)))
    if not parts:
        notes.append("None of its cases has the settings of one of ours that has times.")
    source = f"{publication.source}, {publication.published_on.isoformat()}"
    if publication.origin is Origin.IMPORTED:
        source += f", imported from {publication.format}"
    return Beside(publication.name, source, tuple(notes), parts)


def _judge(published: Sequence[Timing], ours: Sequence[Timing]) -> Gate:
    return judge(ResultSet("published", tuple(published)), ResultSet("ours", tuple(ours)), Thresholds())


def _totals(timings: Sequence[Timing]) -> tuple[Timing, ...]:
    return tuple(replace(timing, layers=(), between=None) for timing in timings)


def _part(judged: Judged) -> Part | None:
    if judged.pair is not None:
        differing = f" (besides: {'; '.join(judged.pair.differing)})" if judged.pair.differing else ""
        return Part(
            f"{judged.case}{differing}",
            judged.pair.table_of(judged.pair.base_label, judged.pair.candidate_label),
        )
    return Part(judged.case, judged.side_by_side) if judged.side_by_side else None
