"""What importers have in common: lines with their numbers, and columns of the numbers that are in them."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from mcumatrix.errors import PublishedError
from mcumatrix.model.publication import Printed, PrintedColumn, Quantity

_LONGEST = 4_000
"""Characters. A longer line is no row of a table that people read."""

_DOCUMENTED = "docs/exchange.md says what is read of it."


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Line numbers from 1, and lines without their ends; those that are no rows of a table are left out."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) <= _LONGEST:
            yield number, line.rstrip("\r")


def refuse(name: str, line: int | None, what: str, hint: str = _DOCUMENTED) -> PublishedError:
    """The error about a file, by its name and the line, or about the whole file."""
    return PublishedError(f"{name}:{line}: {what}" if line else f"{name}: {what}", hint=hint)


def msec_of_ticks(ticks: Decimal, clock_hz: int) -> str:
    """The time of so many ticks of a clock in msec, to the digit that still tells two ticks apart."""
    digits = len(str(clock_hz // 1_000))
    return f"{ticks * 1_000 / clock_hz:.{digits}f}"


def column(
    title: str,
    head: str,
    axes: Mapping[str, str],
    layers: Sequence[tuple[str, str]],
    total: str | None,
    *,
    quantity: Quantity = Quantity.TIME,
) -> PrintedColumn:
    """A column of numbers: `layers` has the operator and the number of each, in their order."""
    return PrintedColumn(
        table=title,
        title=title,
        column=head,
        axes=dict(axes),
        quantity=quantity,
        base={},
        layers=tuple(Printed(index, op, text) for index, (op, text) in enumerate(layers)),
        total=Printed(None, "TOTAL", total) if total is not None else None,
    )
