"""The report as one HTML file that needs no network: style and script are in it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcumatrix.overlay import Folders
from mcumatrix.printable import printable
from mcumatrix.report.content.charts import Chart
from mcumatrix.report.content.evidence import RECORDS, Evidence
from mcumatrix.report.content.history import steps_table, summary_of
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.charts.svg import svg_inline
from mcumatrix.report.render.charts.theme import dark_style
from mcumatrix.report.render.numbers import number_columns
from mcumatrix.report.render.template import render_template

if TYPE_CHECKING:
    from markupsafe import Markup

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def render_html(report: Report, templates: Folders, name: str = "report.html.j2") -> bytes:
    """The report as a page; by the template `name` in these folders."""
    return render_template(
        templates,
        name,
        {"report": report},
        autoescape=True,  # also of what came over a wire
        filters={
            "column_classes": column_classes,
            "svg": _svg,
            "chart_style": _chart_style,
            "proofs": _proofs,
            "summary": summary_of,
            "steps": steps_table,
        },
        finalize=_shown,
    )


def column_classes(table: Table) -> str:
    """The classes of a table by which its columns of numbers stand right, `n2` for the second.

    `words` is for one whose last column is none, so that its lines may be broken.
    """
    are_numbers = number_columns(table)
    classes = [f"n{place}" for place, is_right in enumerate(are_numbers, 1) if is_right and place > 1]
    return " ".join(classes if are_numbers and are_numbers[-1] else ["words", *classes])


def _svg(chart: Chart) -> "Markup":
    from markupsafe import Markup

    return Markup(svg_inline(chart))


def _chart_style(charts: Sequence[Chart]) -> "Markup":
    """Once for all charts of a page."""
    from markupsafe import Markup

    return Markup(dark_style() if charts else "")


def _proofs(evidence: Sequence[Evidence]) -> "Markup":
    """The evidence as JSON that can stand in a `script`: what the page's script shows of it."""
    from markupsafe import Markup

    proofs = proofs_of(evidence)
    # One case after the other: of 10,000 the pieces of which JSON is made take more than the page.
    cases = (f"{_inert(label)}:{_inert(proof)}" for label, proof in proofs.cases.items())
    head = _inert({"folder": RECORDS, "lines": proofs.lines})
    return Markup("".join((head[:-1], ',"cases":{', ",".join(cases), "}}")))


def _inert(value: object) -> str:
    return _ENCODER.encode(value).replace("<", "\\u003c").replace("&", "\\u0026")


@dataclass(frozen=True, slots=True)
class Proofs:
    """What numbers were read from: `cases` by their labels.

    Many logs have their times on the same `lines`: these are there once, and cases have a number for them.
    Cycles that are the same in each repeat are there once.
    """

    lines: tuple[tuple[tuple[int, ...], ...], ...]
    cases: dict[str, dict[str, object]]


def proofs_of(evidence: Sequence[Evidence]) -> Proofs:
    """What the page's script shows; the texts of lines too, if evidence has them of all."""
    patterns: dict[tuple[tuple[int, ...], ...], int] = {}
    has_texts = all(line.text for one in evidence for row in one.rows for line in row.lines)
    cases: dict[str, dict[str, object]] = {}
    for one in evidence:
        numbers = tuple(tuple(line.number for line in row.lines) for row in one.rows)
        cases[one.case] = {
            "variant": one.variant,
            "name": one.name,
            "clock_hz": one.clock_hz,
            "build_id": one.build_id,
            "elf_sha256": one.elf_sha256,
            "repeats": max((len(row.cycles) for row in one.rows), default=0),
            "cycles": [_once_if_same(row.cycles) for row in one.rows],
            "lines": patterns.setdefault(numbers, len(patterns)),
        } | ({"texts": [[line.text for line in row.lines] for row in one.rows]} if has_texts else {})
    return Proofs(tuple(patterns), cases)


def _once_if_same(cycles: tuple[int, ...]) -> list[int]:
    return list(cycles[:1] if len(set(cycles)) == 1 else cycles)


def _shown(value: object) -> object:
    """Control characters of a board are shown and not sent; what is HTML already stays as it is."""
    return printable(value, keep="\n") if type(value) is str else value
