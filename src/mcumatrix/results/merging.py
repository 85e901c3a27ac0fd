"""Which results of another machine can be added to ours, so that what stands for each run is beyond doubt.

A chain is the order of results, and nothing is ever put in between. Of a variant that only one side has
measured since both had the same records, the other simply goes on. Where both sides have, neither came first:
clocks of two machines are no evidence. Then it must not matter which of their results stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from mcumatrix.hashing import hash_bytes
from mcumatrix.model.record import FINAL, Record
from mcumatrix.results.chain import Link


@dataclass(frozen=True, slots=True)
class Result:
    """A record as its chain has it, and what of it decides whether it can stand beside another.

    `inputs` is its fingerprint, `run` which run of its variant it is. `outcome` is the same for two results
    that say the same, and `said` has it in words; `file` is for people.
    """

    link: Link
    file: Path
    variant: str
    inputs: str
    run: str
    is_final: bool
    outcome: str
    said: str

    @classmethod
    def of(cls, record: Record, link: Link, file: Path) -> "Result":
        """What there is to know of a record."""
        outcome = (record.status, record.measurement, record.correctness, record.accuracy, record.energy)
        times = record.measurement.total_cycles if record.measurement else ()
        cycles = f" with {' and '.join(f'{one:,}' for one in times)} cycles" if times else ""
        joules = record.energy.inferences_j if record.energy else ()
        energy = f" and {' and '.join(f'{1e3 * one:.4g}' for one in joules)} mJ" if joules else ""
        return cls(
            link,
            file,
            record.variant,
            record.fingerprint,
            record.slot.suffix,
            record.status in FINAL,
            hash_bytes(repr(outcome).encode()),
            f"{record.status}{cycles}{energy}",
        )


@dataclass(frozen=True, slots=True)
class Addition:
    """What of theirs is added to ours, in this order, what is left out and why, and what is in the way."""

    added: tuple[Result, ...] = ()
    left_out: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def addition(ours: Sequence[Result], theirs: Sequence[Result]) -> Addition:
    """What can be added to our results of theirs; both are oldest first, and may have records in common.

    - Where all of our results of a variant are among theirs, theirs go on from there.
    - Where both sides have results of a variant that the other has not, these have to be of the same inputs,
      and for each run that both have done, both must say the same. A run that failed for reasons that may be
      gone is no result: it is left out where there is one, and makes way for one.
    """
    common = {result.link.record for result in ours} & {result.link.record for result in theirs}
    of_ours = _by(_variant, [result for result in ours if result.link.record not in common])
    new = [result for result in theirs if result.link.record not in common]
    found = [
        _side_by_side(of_ours[variant], results) if variant in of_ours else Addition(tuple(results))
        for variant, results in _by(_variant, new).items()
    ]
    wanted = {result.link.record for one in found for result in one.added}
    return Addition(
        tuple(result for result in new if result.link.record in wanted),
        tuple(sentence for one in found for sentence in one.left_out),
        (*_same_names(ours, theirs), *(sentence for one in found for sentence in one.conflicts)),
    )


def history_addition(ours: Sequence[Result], theirs: Sequence[Result]) -> Addition:
    """The same for records of which none takes the place of another, such as tests of units."""
    have = {result.link.record for result in ours}
    new = tuple(result for result in theirs if result.link.record not in have)
    return Addition(new, conflicts=tuple(_same_names(ours, theirs)))


def _same_names(ours: Sequence[Result], theirs: Sequence[Result]) -> Iterator[str]:
    by_name = {result.link.record: result for result in ours}
    for result in theirs:
        other = by_name.get(result.link.record)
        if other and other.link.sha256 != result.link.sha256:
            yield f"{other.file} and {result.file} have the same name and other contents"


def _side_by_side(ours: Sequence[Result], theirs: Sequence[Result]) -> Addition:
    """What can be added of results of one variant, where neither side knew of those of the other."""
    inputs = ours[-1].inputs
    if theirs[-1].inputs != inputs:
        where = f"{ours[-1].file} and {theirs[-1].file}"
        return Addition(conflicts=(f"{ours[-1].variant} was made from other inputs on each side: {where}",))
    standing = {result.run: result for result in ours if result.inputs == inputs}
    added: list[Result] = []
    left_out: list[str] = []
    conflicts: list[str] = []
    for run, results in _by(_run, [result for result in theirs if result.inputs == inputs]).items():
        other, last = standing.get(run), results[-1]
        if other is None or not other.is_final or (last.is_final and last.outcome == other.outcome):
            added.extend(results)
        elif last.is_final:
            conflicts.append(f"{other.file} is {other.said}, and {last.file} is {last.said}")
        else:
            left_out.extend(f"{one.file} is {one.said}, and {other.file} is {other.said}" for one in results)
    wanted = {result.link.record for result in added}
    kept = [one for one in theirs if one.inputs != inputs or one.link.record in wanted]
    while kept and kept[-1].inputs != inputs:
        # What comes last stands, and this must not.
        one = kept.pop()
        left_out.append(f"{one.file} is of earlier inputs than {ours[-1].file}")
    return Addition(tuple(kept), tuple(left_out), tuple(conflicts))


def _by(key: Callable[[Result], str], results: Sequence[Result]) -> Mapping[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(key(result), []).append(result)
    return found


_variant, _run = attrgetter("variant"), attrgetter("run")
