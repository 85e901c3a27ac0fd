"""Results as other tools get them: times that count, with what they are of, and the tables of the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """A layer, or the whole inference, which has no number: msec of each repeat, without warm-up.

    `interval_msec` is where the median lies with 95 %; None where repeats do not say.
    """

    op: str
    layer: int | None
    msec: tuple[float, ...]
    interval_msec: tuple[float, float] | None = None

    @property
    def median_msec(self) -> float:
        """The middle one of the repeats."""
        return median(self.msec)

    @property
    def name(self) -> str:
        """As it is called beside the others: `0 CONV_2D`, or `total`."""
        return "total" if self.layer is None else f"{self.layer} {self.op}"


@dataclass(frozen=True, slots=True)
class ExportedCase:
    """A variant that was measured. Its `name` is the same from run to run; the total is the last of `rows`.

    `machine` is the board, with the timing model where that is virtual: times of two machines are not to be
    compared. Repeats on a `deterministic` board say nothing about each other. `sizes_bytes` has sizes of the
    image by what they are of. `finished_at` is in UTC, ISO 8601; empty if it is not known.
    """

    name: str
    machine: str
    axes: Mapping[str, str]
    rows: tuple[ExportedRow, ...]
    sizes_bytes: Mapping[str, int]
    conditions: Mapping[str, str]
    finished_at: str
    deterministic: bool = False


@dataclass(frozen=True, slots=True)
class ExportedTable:
    """A table of the report, with the paragraphs that stand above it."""

    heading: str
    notes: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the project: its full hash, and when it was made, in seconds since 1970 (UTC).

    `repository` is where git has it, seen from the folder that an export is written to.
    """

    commit: str
    committed_s: int
    repository: str = "."


@dataclass(frozen=True, slots=True)
class Exported:
    """A set of results. `revision` is None where the project's commit is not known."""

    name: str
    description: str
    cases: tuple[ExportedCase, ...]
    tables: tuple[ExportedTable, ...]
    revision: Revision | None = None
