"""What a notebook shows: tables as HTML and charts as SVG, and the same as text for who sees neither."""

from collections.abc import Sequence
from dataclasses import dataclass

from mcumatrix.notebook.comparison import Answer, Comparison
from mcumatrix.notebook.confusion import Confusion
from mcumatrix.notebook.images import ServedImages, name_of
from mcumatrix.project import shipped_folder
from mcumatrix.report.content.charts import Bar, LayerChart, Segment
from mcumatrix.report.content.tables import NO_VALUE, Table
from mcumatrix.report.render.charts.svg import svg_file
from mcumatrix.report.render.template import render_template
from mcumatrix.units import milliseconds

_TEMPLATE = "notebook.html.j2"
_DARKEST = 0.5
"""As dark as a shade may be behind black or white letters."""

Shades = Sequence[Sequence[float]]
"""For each row of a table, how dark its cells are, from 0 to 1; the first cell of a row has none."""


@dataclass(frozen=True)
class Shown:
    """Something that Jupyter shows as a picture or a table; `text` says the same in lines."""

    text: str
    html: str = ""
    svg: str = ""

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str | None:
        return self.html or None

    def _repr_svg_(self) -> str | None:
        return self.svg or None


def show_notes(*notes: str) -> Shown:
    """Sentences alone."""
    return _table(Table((), ()), "", notes)


def show_images(*served: ServedImages) -> Shown:
    """What can be asked, and what has to be built for the rest."""
    rows = tuple((name_of(one), one.board.name) for images in served for one in images.built)
    notes = [images.note for images in served if images.note]
    return _table(Table(("Image", "board"), rows), "", notes)


def show_comparison(comparison: Comparison, *notes: str) -> Shown:
    """A row for each answer: the digit, its score, and the time; `notes` besides those of the comparison."""
    rows = tuple(
        (
            answer.who,
            str(answer.digit),
            f"{100 * max(answer.scores):.1f} %",
            NO_VALUE if answer.milliseconds is None else f"{answer.milliseconds:.3f}",
        )
        for answer in comparison.answers
    )
    return _table(
        Table(("Who", "digit", "score", "msec"), rows), "", [*comparison.notes, *filter(None, notes)]
    )


def show_scores(answer: Answer) -> Shown:
    """One answer: the digit, and how likely each of the others is."""
    took = f" in {answer.milliseconds:.3f} msec" if answer.milliseconds is not None else ""
    caption = f"{answer.who}: a {answer.digit}{took}"
    header = ("Digit", *map(str, range(len(answer.scores))))
    row = ("score", *(f"{100 * score:.0f} %" for score in answer.scores))
    shades = [tuple(min(1.0, max(0.0, score)) * _DARKEST for score in answer.scores)]
    return _table(Table(header, (row,)), caption, (), shades)


def show_layers(comparison: Comparison) -> Shown:
    """A bar for each answer of a board, with what each layer took of it; a sentence where there is none."""
    bars = tuple(_bar(answer) for answer in comparison.answers if answer.layers)
    if not bars:
        return show_notes("No board has answered, so that there are no times of layers.")
    title = "Time per layer in msec, of one inference each"
    totals = [f"{bar.case}: {bar.total_msec:.3f} msec" for bar in bars]
    chart = LayerChart("layers", title, f"{title}. {'; '.join(totals)}.", "", bars)
    layers = [f"  {part.layer}: {part.msec:.3f} msec" for bar in bars for part in bar.segments]
    each = len(layers) // len(bars)
    text = [line for number, total in enumerate(totals) for line in (total, *layers[number * each :][:each])]
    return Shown("\n".join(text), svg=svg_file(chart).decode())


def show_confusion(confusion: Confusion) -> Shown:
    """A row for each label and a column for each answer, and how many were right."""
    low, high = confusion.interval.low, confusion.interval.high
    caption = (
        f"{confusion.right} of {confusion.asked} are right; of other such digits, {100 * low:.1f} % to "
        f"{100 * high:.1f} % would be, with a confidence of 95 %"
    )
    counts = confusion.counts
    table = Table(
        ("Label", *(f"answer {number}" for number in range(len(counts)))),
        tuple((str(label), *(str(count or "·") for count in row)) for label, row in enumerate(counts)),
    )
    notes = []
    if confusion.unlike_host is not None:
        unlike = ", ".join(map(str, confusion.unlike_host))
        notes.append(
            f"TensorFlow Lite Micro answers otherwise to digits {unlike} of the set."
            if unlike
            else "TensorFlow Lite Micro answers the same to each of them, within its tolerance."
        )
    shades = [[count / (sum(row) or 1) * _DARKEST for count in row] for row in counts]
    return _table(table, caption, notes, shades)


def _bar(answer: Answer) -> Bar:
    segments = tuple(
        Segment(f"{place} {layer.operator}", milliseconds(layer.cycles, answer.clock_hz))
        for place, layer in enumerate(answer.layers)
    )
    return Bar(answer.who, segments, answer.milliseconds or 0.0)


def _table(table: Table, caption: str, notes: Sequence[str], shades: Shades = ()) -> Shown:
    context = {"table": table, "caption": caption, "notes": notes, "shades": shades}
    html = render_template(shipped_folder() / "templates", _TEMPLATE, context, autoescape=True).decode()
    rows = (table.header, *table.rows) if table.rows else ()
    lines = [*([caption] if caption else []), *("  ".join(filter(None, row)) for row in rows), *notes]
    return Shown("\n".join(lines), html)
