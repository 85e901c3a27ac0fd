"""Numbers that others published, entered by hand as they were printed: a CSV file for each publication.

One row is one printed number. results/published/README.md documents the columns; every column that is not in
`COLUMNS` is an axis, as in a matrix.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from mcumatrix.errors import PublishedError

COLUMNS = ("source", "date", "table", "title", "column", "layer", "op", "quantity", "base", "printed")
"""What every file of published numbers has."""

TOTAL_OP = "TOTAL"
"""The operator of the row that has the time of the whole inference; its layer is empty."""

_MODEL = "results/published/README.md has the columns."


class Quantity(StrEnum):
    """What a printed number is: msec, msec more than in the base, or an element of the model's output."""

    TIME = "time"
    DIFFERENCE = "difference"
    OUTPUT = "output"


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
    """What one publication printed. `published_on` is its date; `columns` are in its order."""

    name: str
    source: str
    published_on: date
    columns: tuple[PrintedColumn, ...]

    def of(self, quantity: Quantity) -> tuple[PrintedColumn, ...]:
        """The columns with numbers of one kind."""
        return tuple(column for column in self.columns if column.quantity is quantity)


def find_publication(name: str, folder: Path) -> Path:
    """The file of a publication: a name in `folder`, or a path.

    Raises:
        PublishedError: there is none.
    """
    for path in (folder / f"{name}.csv", Path(name)):
        if path.suffix == ".csv" and path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in folder.glob("*.csv"))) or "none"
    raise PublishedError(f"there are no published numbers {name!r}", hint=f"Known: {known}.")


def read_publication(path: Path) -> Publication:
    """Reads a file of published numbers.

    Raises:
        PublishedError: it cannot be read, or says something that published numbers cannot be; with the line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, restval="", strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PublishedError(f"{path} cannot be read: {error}", hint=_MODEL) from error
    if not rows:
        raise PublishedError(f"{path} has no numbers", hint=_MODEL)
    missing = [name for name in COLUMNS if name not in rows[0]]
    if missing:
        raise PublishedError(f"{path} lacks the column {missing[0]!r}", hint=_MODEL)
    sources = {(row["source"], row["date"]) for row in rows}
    if len(sources) != 1:
        raise PublishedError(f"{path} has {len(sources)} sources or dates", hint="Give each one its file.")
    source, day = sources.pop()
    try:
        published_on = date.fromisoformat(day)
    except ValueError as error:
        raise PublishedError(f"{path}: {day!r} is no date", hint="Write it as in 2020-04-16.") from error
    return Publication(path.stem, source, published_on, tuple(_columns(path, rows)))


_Key = tuple[str, str, str, tuple[tuple[str, str], ...], Quantity, tuple[tuple[str, str], ...]]


def _columns(path: Path, rows: Iterable[dict[str, str]]) -> Iterator[PrintedColumn]:
    found: dict[_Key, list[Printed]] = {}
    for line, row in enumerate(rows, start=2):
        try:
            key, number = _entry(row)
        except ValueError as error:
            raise PublishedError(f"{path}:{line}: {error}", hint=_MODEL) from error
        numbers = found.setdefault(key, [])
        if any(other.layer == number.layer for other in numbers):
            what = "a total" if number.layer is None else f"layer {number.layer}"
            raise PublishedError(
                f"{path}:{line}: {key[0]} {key[2]} has {what} already", hint="Remove one of the two rows."
            )
        numbers.append(number)
    for (table, title, column, axes, quantity, base), numbers in found.items():
        layers = tuple(
            sorted(
                (n for n in numbers if n.layer is not None), key=lambda n: -1 if n.layer is None else n.layer
            )
        )
        total = next((number for number in numbers if number.layer is None), None)
        yield PrintedColumn(table, title, column, dict(axes), quantity, dict(base), layers, total)


def _entry(row: dict[str, str]) -> tuple[_Key, Printed]:
    if None in row or None in row.values():
        raise ValueError("it has more or fewer cells than the header")
    if row["quantity"] not in set(Quantity):
        raise ValueError(f"{row['quantity']!r} is no quantity: {', '.join(Quantity)}")
    quantity = Quantity(row["quantity"])
    axes = tuple((name, value) for name, value in row.items() if name not in COLUMNS and value)
    base = tuple(_setting(part) for part in row["base"].split(";") if part)
    if bool(base) != (quantity is Quantity.DIFFERENCE):
        raise ValueError("a difference has a base, as in runtime=tflm-1.14.0, and nothing else has one")
    if unknown := [name for name, _ in base if name not in dict(axes)]:
        raise ValueError(f"its base names {unknown[0]!r}, which is no axis of it")
    if (row["op"] == TOTAL_OP) != (not row["layer"]):
        raise ValueError(f"a total has the op {TOTAL_OP} and no layer, and nothing else has")
    if row["layer"] and not (row["layer"].isascii() and row["layer"].isdigit()):
        raise ValueError(f"{row['layer']!r} is no number of a layer")
    layer = int(row["layer"]) if row["layer"] else None
    key = (row["table"], row["title"], row["column"], axes, quantity, base)
    return key, Printed(layer, row["op"], _number(row["printed"]))


def _number(text: str) -> str:
    try:
        is_finite = Decimal(text).is_finite()
    except InvalidOperation:
        is_finite = False
    if not is_finite:
        raise ValueError(f"{text!r} is no number")
    return text


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"{text!r} is no base; write it as in runtime=tflm-1.14.0")
    return name, value
