"""Tables for LaTeX: `\\input` them into a document that loads booktabs."""

import re
from collections.abc import Iterable, Iterator, Mapping

from mcumatrix.model.exported import Exported, ExportedTable
from mcumatrix.printable import printable

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
}
"""Characters that LaTeX acts on, or that its default fonts do not have as they are."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class LatexExporter:
    """The tables of the report, one below the other, as floating `table` environments."""

    def export(self, results: Exported) -> Mapping[str, bytes]:
        """`tables.tex`, and `example.tex`, a whole document with it."""
        tables = "\n".join(
            _table(table, f"tab:{_label(results.name)}-{number}")
            for number, table in enumerate(results.tables, 1)
        )
        head = "% Needs \\usepackage[T1]{fontenc} and \\usepackage{booktabs}.\n"
        return {
            "tables.tex": f"{head}{tables}".encode(),
            "example.tex": _example(results).encode(),
        }


def escape(text: str) -> str:
    """Text on one line in which nothing is a command of LaTeX."""
    one_line = printable(" ".join(text.split()))
    return "".join(_SPECIAL.get(letter) or _as_ascii(letter) for letter in one_line)


def _as_ascii(letter: str) -> str:
    """Letters of Latin 1, which every LaTeX has; other ones by their number, since fonts may lack them."""
    return letter if ord(letter) < 0x100 else f"U+{ord(letter):04X}"


def _table(table: ExportedTable, label: str) -> str:
    columns = "".join("r" if is_number else "l" for is_number in _alignment(table))
    caption = " ".join((f"{table.heading}.", *table.notes))
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _row(table.header),
        r"\midrule",
        *map(_row, _with_rule(table.rows)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _alignment(table: ExportedTable) -> Iterator[bool]:
    for column in range(len(table.header)):
        cells = [row[column] for row in table.rows]
        yield bool(cells) and column > 0 and all(cell == "-" or _NUMBER.fullmatch(cell) for cell in cells)


def _with_rule(rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """A line above the total, as above the sum of a bill."""
    for row in rows:
        if row and row[0] == "Total time":
            yield ()
        yield row


def _row(cells: tuple[str, ...]) -> str:
    # A bracket after \\ would be taken for its length, so that rows begin with an empty group.
    return rf"{{}}{' & '.join(map(escape, cells))} \\" if cells else r"\midrule"


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", name)


def _example(results: Exported) -> str:
    return "\n".join(
        (
            r"\documentclass{article}",
            r"\usepackage[T1]{fontenc}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage{booktabs}",
            rf"\title{{{escape(results.name)}}}",
            r"\date{}",
            r"\begin{document}",
            r"\maketitle",
            r"\input{tables}",
            r"\end{document}",
            "",
        )
    )
