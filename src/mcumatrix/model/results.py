"""The results of a matrix, as reports are made from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcumatrix.model.record import Cause, Record, Status
from mcumatrix.model.reproduction import Reproduction
from mcumatrix.model.schedule import Moment


@dataclass(frozen=True, slots=True)
class VariantRuns:
    """The last record of each run of a variant, all from the same inputs.

    `numbered` are in the order of their numbers, `references` in that of their moments.
    """

    numbered: tuple[Record, ...] = ()
    references: tuple[Record, ...] = ()

    @property
    def standing(self) -> Record | None:
        """The record that stands for the variant.

        It is a failure that the variant is to blame for, if there is one, or else the first that has times.
        """
        failed = (one for one in self.numbered if one.blame in {Cause.TARGET, Cause.BUILD})
        measured = (one for one in self.numbered if one.status is Status.OK)
        return next((one for some in (failed, measured, self.numbered) for one in some), None)

    @property
    def further(self) -> tuple[Record, ...]:
        """The records of the other runs."""
        standing = self.standing
        return tuple(one for one in self.numbered if one is not standing)

    @property
    def all(self) -> tuple[Record, ...]:
        """Every record."""
        return (*self.numbered, *self.references)


def group_runs(records: Iterable[Record]) -> VariantRuns:
    """The records of the runs of one variant, in their order."""
    found = tuple(sorted(records, key=lambda record: record.slot.run))
    return VariantRuns(
        tuple(record for record in found if record.slot.moment is None),
        tuple(record for moment in Moment for record in found if record.slot.moment is moment),
    )


@dataclass(frozen=True, slots=True)
class MatrixResults:
    """What is known of the variants of a matrix.

    `runs` has their records and `untried` why others have none, both by slugs; `refused` has the status of
    those that were refused before they were built. `reproductions` are in the order of the variants. `health`
    has the last test of each unit that they ran on, and `unbelieved` why others do not count. `told_sha256`
    has by slugs the hash of what each of `VariantRuns.all` says, where that is known without reading them.
    """

    runs: Mapping[str, VariantRuns] = field(default_factory=dict)
    reproductions: tuple[Reproduction | None, ...] | None = None
    untried: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, Status] = field(default_factory=dict)
    health: tuple[Record, ...] = ()
    unbelieved: tuple[str, ...] = ()
    told_sha256: Mapping[str, tuple[str, ...]] | None = None
