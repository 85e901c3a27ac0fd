"""Numbers that others published, as they were printed, or as their tools wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Quantity(StrEnum):
    """What a printed number is.

    A time is in msec, a difference in msec more than in the base, an output an element of the model's, and a
    size in bytes.
    """

    TIME = "time"
    DIFFERENCE = "difference"
    OUTPUT = "output"
    SIZE = "size"


class Origin(StrEnum):
    """How numbers came into a file: copied by a person as printed, or read from the file of a tool."""

    PRINTED = "printed"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as it was printed. `layer` is None for a total."""

    layer: int | None
    op: str
    text: str

    @property
    def value(self) -> Decimal:
        """The number."""
        return Decimal(self.text)

    @property
    def half_unit(self) -> Decimal:
        """How far rounding may have moved it: half a unit of its last digit, 0.005 for 25.19."""
        exponent = self.value.as_tuple().exponent
        assert isinstance(exponent, int)
        return Decimal(5).scaleb(exponent - 1)


@dataclass(frozen=True, slots=True)
class PrintedColumn:
    """A column of a printed table: the numbers of its layers in their order, and the total if it has one.

    `base` is for differences: the values of axes, by their names, that the subtracted column has instead.
    """

    table: str
    title: str
    column: str
    axes: Mapping[str, str]
    quantity: Quantity
    base: Mapping[str, str]
    layers: tuple[Printed, ...]
    total: Printed | None

    @property
    def place(self) -> str:
        """Where it stands, for a person who looks it up."""
        return f"{self.table} {self.column}" if self.column != self.table else self.table

    @property
    def numbers(self) -> tuple[Printed, ...]:
        """Those of the layers, then the total."""
        return (*self.layers, self.total) if self.total else self.layers


@dataclass(frozen=True, slots=True)
class Publication:
    """What one publication printed. `published_on` is its date; `columns` are in its order.

    `format` names the importer where its origin is a tool's file; it is empty for what was printed.
    """

    name: str
    source: str
    published_on: date
    columns: tuple[PrintedColumn, ...]
    origin: Origin = Origin.PRINTED
    format: str = ""

    def of(self, quantity: Quantity) -> tuple[PrintedColumn, ...]:
        """The columns with numbers of one kind."""
        return tuple(column for column in self.columns if column.quantity is quantity)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read from the file of another tool.

    `tool` is what wrote it, with its version if that is there; `made_on` the day that the file says, None if
    it does not. `notes` say what of the file was left out, and why.
    """

    tool: str
    made_on: date | None
    columns: tuple[PrintedColumn, ...]
    notes: tuple[str, ...] = ()
