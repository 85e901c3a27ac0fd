"""What came of reproducing the results of a matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

from mcumatrix.errors import ExitCode
from mcumatrix.model.reproduction import Outcome, Reproduction
from mcumatrix.report.content.tables import NO_VALUE, Table


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A variant: `found` is what was built and run, None if there is nothing. `error` says what went wrong.

    `explained` is whether what differs is known to make a difference: other cycles on the same image are no
    surprise on another board.
    """

    variant: str
    outcome: Outcome
    found: Reproduction | None = None
    error: str = ""
    explained: bool = True

    def __str__(self) -> str:
        said = self.found.verdict if self.found else str(self.outcome)
        return f"{self.variant}: {said}{f': {self.error}' if self.error else ''}"

    @property
    def exit_code(self) -> ExitCode:
        """NOT_COMPARABLE where something that should be the same is not, VARIANTS_FAILED where it is not
        known."""
        is_other = self.outcome in (Outcome.OTHER_IMAGE, Outcome.NOT_BELIEVED)
        is_odd = self.outcome is Outcome.OTHER_CYCLES and not self.explained
        if is_other or is_odd or (self.found is not None and not self.found.is_same):
            return ExitCode.NOT_COMPARABLE
        is_unknown = self.outcome is Outcome.NOT_BUILT or bool(self.error)
        return ExitCode.VARIANTS_FAILED if is_unknown else ExitCode.OK


@dataclass(frozen=True, slots=True)
class Reproducibility:
    """All variants of a matrix that were reproduced; `source` says whose results they were held against."""

    matrix: str
    source: str
    variants: tuple[Reproduced, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The gravest of all: what differs comes before what is not known."""
        return max((one.exit_code for one in self.variants), default=ExitCode.OK)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How often each outcome came, those that came."""
        outcomes = [one.outcome for one in self.variants]
        return {outcome: outcomes.count(outcome) for outcome in Outcome if outcome in outcomes}

    @property
    def summary(self) -> str:
        """In a sentence or two."""
        counted = "; ".join(f"{outcome}: {count}" for outcome, count in self.counts.items())
        built = [one.found for one in self.variants if one.found]
        same = sum(found.is_same for found in built)
        by_all = f" {same} of {len(built)} images came out the same each time, bit for bit." if built else ""
        return f"{self.matrix}, {len(self.variants)} variants: {counted}.{by_all}"


def reproduced_table(variants: Sequence[Reproduced]) -> Table:
    """A row for each variant."""
    return Table(
        ("variant", "outcome", "what differs", "built again", "published record"),
        tuple(
            (
                one.variant,
                str(one.outcome),
                "; ".join(filter(None, (*_reasons(one), one.error))) or NO_VALUE,
                one.found.of_builders if one.found else NO_VALUE,
                one.found.published.record if one.found and one.found.published else NO_VALUE,
            )
            for one in variants
        ),
    )


def _reasons(one: Reproduced) -> tuple[str, ...]:
    return one.found.published.reasons if one.found and one.found.published else ()
