"""One thing that a careful reader would notice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """What looked. The names stay, so that tools can tell findings apart; sentences may change."""

    UNEXPECTED_PASS = "unexpected-pass"
    OTHER_FAILURE = "other-failure"
    FLAKY = "flaky"
    WRONG_OUTPUT = "wrong-output"
    OTHER_CLASSES = "other-classes"
    NOT_A_NUMBER = "not-a-number"
    NEAR_UNIFORM = "near-uniform"
    KNOWN_BEFORE = "known-before"
    NOT_ACCELERATED = "not-accelerated"
    NO_EFFECT = "no-effect"
    CLOCK = "clock"
    CLOCK_SCALING = "clock-scaling"
    ABOVE_RATING = "above-rating"
    ZERO_TIME = "zero-time"
    CONSTANT_TIME = "constant-time"
    SUM = "sum"
    SIGN = "sign"
    CONTRADICTION = "contradiction"
    REPEATED_TABLE = "repeated-table"
    FLAGS = "flags"
    ASSERTIONS = "assertions"
    LABEL_CHANGED = "label-changed"
    SAME_MEANING = "same-meaning"
    TOO_FAST = "too-fast"
    LACKING_RUNS = "lacking-runs"
    UNEQUAL_RUNS = "unequal-runs"
    DRIFT = "drift"
    UNIT_UNFIT = "unit-unfit"
    UNIT_DRIFT = "unit-drift"
    UNIT_FLAKY = "unit-flaky"
    UNIT_UNBELIEVED = "unit-unbelieved"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence that says what was noticed, and the numbers behind it, one a line."""

    check: Check
    sentence: str
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


def once(check: Check, said: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Each sentence once, after the labels of all cases that it is about; `said` has label and sentence."""
    labels: dict[str, list[str]] = {}
    for label, sentence in said:
        labels.setdefault(sentence, []).append(label)
    for sentence, cases in labels.items():
        yield Finding(check, f"{', '.join(cases)}: {sentence}")
