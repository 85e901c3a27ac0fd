"""Reports of MLonMCU: the CSV file of a session, with one row for each run.

https://github.com/tum-ei-eda/mlonmcu: columns such as Model, Framework, Backend, Platform, Target, `Run
Cycles`, `Runtime [s]`, `Total ROM` and `Total RAM`; which of them there are depends on the target.
"""

import ast
import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from mcumatrix.adapters.importers.reading import column, msec_of_ticks, refuse
from mcumatrix.model.publication import Imported, PrintedColumn, Quantity

_AXES = {
    "Backend": "runtime",
    "Model": "model",
    "Target": "board",
    "Platform": "platform",
    "Frontend": "frontend",
}
_SIZES = {"Total ROM": "ROM", "Total RAM": "RAM"}
_LONGEST_FIELD = 1_000_000


class MlonmcuImporter:
    """A column for the time of each run, and one for each of its sizes."""

    def read(self, name: str, text: str, clock_hz: int | None) -> Imported:
        """See `ports.Importer`."""
        csv.field_size_limit(_LONGEST_FIELD)
        try:
            reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            raise refuse(name, None, f"it is no CSV file: {error}") from error
        header = reader.fieldnames or ()
        if missing := [needed for needed in ("Model", "Backend", "Target") if needed not in header]:
            raise refuse(name, 1, f"it lacks the column {missing[0]!r}, which reports of MLonMCU have")
        notes: list[str] = []
        columns: list[PrintedColumn] = []
        for line, row in rows:
            if None in row:
                raise refuse(name, line, "it has more cells than the header")
            found = list(_columns(name, line, row, clock_hz))
            if not found:
                notes.append(f"left out: run {row.get('Run') or line}, which has neither a time nor a size")
            columns += found
        if not columns:
            raise refuse(name, None, "none of its runs has a time or a size")
        return Imported("MLonMCU", None, tuple(columns), tuple(notes))


def _columns(name: str, line: int, row: Mapping[str, str], clock_hz: int | None) -> Iterator[PrintedColumn]:
    axes = {axis: row[head] for head, axis in _AXES.items() if row.get(head)}
    if features := " ".join(_listed(row.get("Features", ""))):
        axes["features"] = features
    head = f"run {row['Run']}" if row.get("Run") else f"line {line}"
    msec = _msec(name, line, row, clock_hz)
    if msec is not None:
        yield column("runs", head, axes, (), msec)
    for column_name, what in _SIZES.items():
        size = _number(name, line, column_name, row)
        if size is not None:
            yield column(f"{what} (bytes)", head, axes, (), f"{size:f}", quantity=Quantity.SIZE)


def _msec(name: str, line: int, row: Mapping[str, str], clock_hz: int | None) -> str | None:
    """The time of the inference, without that of setting it up, where the two are told apart."""
    run_s, cycles = (_number(name, line, key, row) for key in ("Run Runtime [s]", "Run Cycles"))
    total_s, total_cycles = (_number(name, line, key, row) for key in ("Runtime [s]", "Total Cycles"))
    if run_s is not None:
        return f"{run_s * 1_000:f}"
    if cycles is not None and clock_hz is not None:
        return msec_of_ticks(cycles, clock_hz)
    if cycles is not None and total_s and total_cycles:
        # The clock that the target was taken for: it is what its own runtime was worked out with.
        return msec_of_ticks(cycles, max(1, round(total_cycles / total_s)))
    if total_s is not None:
        return f"{total_s * 1_000:f}"
    if cycles is not None:
        raise refuse(
            name,
            line,
            "it has cycles, and no clock that makes a time of them",
            "Say the clock of the target: --clock '100 MHz'",
        )
    return None


def _number(name: str, line: int, key: str, row: Mapping[str, str]) -> Decimal | None:
    text = row.get(key, "")
    if text in ("", "-", "nan"):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number < 0 or number.adjusted() > 18:
        raise refuse(name, line, f"{key} is {text[:40]!r}, which is no number")
    return number


def _listed(text: str) -> list[str]:
    """What stands in a cell as Python's list of words; none where it is none."""
    try:
        found = ast.literal_eval(text) if len(text) < 1_000 else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []
