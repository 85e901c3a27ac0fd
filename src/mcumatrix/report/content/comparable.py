"""Whether two times may be compared, and what a reader has to know who does."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.model.axes import BUILTIN
from mcumatrix.report.content.timings import Timing

_SHOWN_BY_AXIS = {"clock": {"clock"}, "model": {"model", "element type"}, "toolchain": {"compiler"}}
"""What an axis changes by its nature, so that it goes without saying where values of it are compared."""


class RefusalKind(StrEnum):
    """What keeps two times from one column. The names stay, so that tools can tell them apart."""

    KIND_OF_BOARD = "kind-of-board"
    TIMING_MODEL = "timing-model"
    LAYERS = "layers"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why two times cannot stand in one column; `sentence` is the end of one."""

    kind: RefusalKind
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def refusal(base: Timing, candidate: Timing) -> Refusal | None:
    """Why two times cannot stand in one column; None if they can."""
    kinds = (base.kind, candidate.kind)
    if None not in kinds and kinds[0] != kinds[1]:
        sentence = f"{base.label} is from {kinds[0]} and {candidate.label} from {kinds[1]}"
        return Refusal(RefusalKind.KIND_OF_BOARD, sentence)
    models = tuple(timing.conditions.get("timing model") for timing in (base, candidate))
    if None not in models and models[0] != models[1]:
        sentence = f"{base.label} has the timing model {models[0]} and {candidate.label} has {models[1]}"
        return Refusal(RefusalKind.TIMING_MODEL, sentence)
    if base.operators != candidate.operators:
        return Refusal(RefusalKind.LAYERS, f"{base.label} and {candidate.label} have other layers")
    return None


def differing_conditions(base: Timing, candidate: Timing, compared: Collection[str] = ()) -> tuple[str, ...]:
    """What else differs besides the axes that are compared, each as `clock: 216 MHz and 288 MHz`.

    What is not known of one of the two is not said to differ.
    """
    goes_without_saying = set(compared).union(*(_SHOWN_BY_AXIS.get(axis, set()) for axis in compared))
    if not set(compared) <= set(BUILTIN):
        # An axis of the maintainer's own is made of flags and variables.
        goes_without_saying |= {"flags", "assertions"} - _kept_in_sight(base, candidate)
    names = dict.fromkeys((*base.axes, *base.conditions))
    found = []
    for name in names:
        if name in goes_without_saying:
            continue
        ours, other = (timing.axes.get(name) or timing.conditions.get(name) for timing in (base, candidate))
        if ours is not None and other is not None and ours != other:
            found.append(f"{name}: {ours} and {other}")
    return tuple(found)


def _kept_in_sight(base: Timing, candidate: Timing) -> set[str]:
    """Assertions are named even where flags are what is compared: they can cost more than all other flags."""
    differ = base.conditions.get("assertions") != candidate.conditions.get("assertions")
    return {"assertions"} if differ else set()
