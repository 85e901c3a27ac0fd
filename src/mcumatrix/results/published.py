"""Numbers that others published, entered by hand as they were printed: a CSV file for each publication.

One row is one printed number. results/published/README.md documents the columns; every column that is not in
`COLUMNS` is an axis, as in a matrix.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from mcumatrix.errors import PublishedError
from mcumatrix.model.publication import Origin, Printed, PrintedColumn, Publication, Quantity
from mcumatrix.overlay import Folders, entries, find

COLUMNS = ("source", "date", "table", "title", "column", "layer", "op", "quantity", "base", "printed")
"""What every file of published numbers has."""

LATER_COLUMNS = ("origin", "format")
"""What a file may have besides: how its numbers came into it, and by which importer. No axis is called so."""

_NO_AXES = frozenset((*COLUMNS, *LATER_COLUMNS))

TOTAL_OP = "TOTAL"
"""The operator of the row that has the time of the whole inference; its layer is empty."""

_MODEL = "results/published/README.md has the columns."


def find_publication(name: str, folders: Folders) -> Path:
    """The file of a publication: a name in `folders`, or a path.

    Raises:
        PublishedError: there is none.
    """
    for path in (find(folders, f"{name}.csv"), Path(name)):
        if path.suffix == ".csv" and path.is_file():
            return path
    known = ", ".join(path.stem for path in entries(folders, "*.csv")) or "none"
    raise PublishedError(f"there are no published numbers {name!r}", hint=f"Known: {known}.")


def read_publications(names: Iterable[str], folders: Folders) -> tuple[Publication, ...]:
    """Publications by their names in `folders`. Raises PublishedError."""
    return tuple(read_publication(find_publication(name, folders)) for name in names)


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
    sources = {(row["source"], row["date"], row.get("origin"), row.get("format")) for row in rows}
    if len(sources) != 1:
        raise PublishedError(f"{path} has {len(sources)} sources or dates", hint="Give each one its file.")
    source, day, origin, format_name = sources.pop()
    try:
        published_on = date.fromisoformat(day)
    except ValueError as error:
        raise PublishedError(f"{path}: {day!r} is no date", hint="Write it as in 2020-04-16.") from error
    if origin and origin not in set(Origin):
        raise PublishedError(f"{path}: {origin!r} is no origin: {', '.join(Origin)}", hint=_MODEL)
    return Publication(
        path.stem,
        source,
        published_on,
        tuple(_columns(path, rows)),
        Origin(origin or Origin.PRINTED),
        format_name or "",
    )


def publication_csv(publication: Publication) -> bytes:
    """A publication as a file that `read_publication` reads.

    Raises:
        PublishedError: an axis has the name of another column.
    """
    axes = dict.fromkeys(name for column in publication.columns for name in column.axes)
    known = (*COLUMNS, *LATER_COLUMNS)
    if wrong := [name for name in axes if name in known]:
        raise PublishedError(f"an axis cannot be called {wrong[0]!r}", hint=_MODEL)
    names = (*COLUMNS[:5], *axes, *COLUMNS[5:], *LATER_COLUMNS)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    for column in publication.columns:
        shared = {
            "source": publication.source,
            "date": publication.published_on.isoformat(),
            "table": column.table,
            "title": column.title,
            "column": column.column,
            "quantity": column.quantity.value,
            "base": ";".join(f"{name}={value}" for name, value in column.base.items()),
            "origin": publication.origin.value,
            "format": publication.format,
        }
        for number in column.numbers:
            place = {"layer": "", "op": TOTAL_OP}
            if number.layer is not None:
                place = {"layer": str(number.layer), "op": number.op}
            writer.writerow({**column.axes, **shared, **place, "printed": number.text})
    return text.getvalue().encode()


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
    axes = tuple((name, value) for name, value in row.items() if name not in _NO_AXES and value)
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
