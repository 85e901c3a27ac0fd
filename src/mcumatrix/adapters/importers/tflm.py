"""Logs of TensorFlow Lite Micro's own benchmarks: MicroProfiler's Log, LogCsv and LogTicksPerTagCsv.

tensorflow/lite/micro/micro_profiler.cc and tensorflow/lite/micro/tools/benchmarking/README.md: a line `TAG
took N ticks (M ms).` for each event, or a table with the columns Event, Tag, Ticks and ms; then a table of
ticks by tag, which ends with the total number of ticks. Ticks are those of the timer that the port reads.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from mcumatrix.adapters.importers.reading import column, lines_of, msec_of_ticks, refuse
from mcumatrix.model.publication import Imported, PrintedColumn

_TOOK = re.compile(
    r"(?P<tag>[A-Za-z][A-Za-z0-9_:()]{0,80}) took (?P<ticks>[0-9]{1,18}) ticks \([0-9]+ ms\)\.?"
)
_EVENT = re.compile(r"[0-9]{1,9},(?P<tag>[A-Za-z][A-Za-z0-9_]{0,80}),(?P<ticks>[0-9]{1,18}),[0-9]+")
_OF_TAG = re.compile(r"(?P<tag>[A-Za-z][A-Za-z0-9_]{0,80}), ?(?P<ticks>[0-9]{1,18})")
_TOTAL = re.compile(r'"total number of ticks", ?(?P<ticks>[0-9]{1,18})')
_OPERATOR = re.compile(r"[A-Z][A-Z0-9_]*")
"""Tags of layers are the names of operators; those of steps such as `TfliteGetModel` are not."""
_REVISION = re.compile(r"Git SHA: (?P<sha>[0-9a-f]{7,40})")
_ITERATION = re.compile(r"\w*Iterations\(1\)")
_MOST_LAYERS = 100_000


@dataclass(slots=True)
class _Found:
    """What of one inference was read: events of layers, ticks by tag, the total, and what was no layer."""

    layers: list[tuple[str, int]] = field(default_factory=list)
    by_tag: list[tuple[str, int]] = field(default_factory=list)
    total: int | None = None
    left_out: list[str] = field(default_factory=list)


class TflmImporter:
    """Reads the first inference of a log; its ticks become msec by the clock that a person says."""

    def read(self, name: str, text: str, clock_hz: int | None) -> Imported:
        """See `ports.Importer`."""
        found, revision, is_followed = _read(name, text)
        if clock_hz is None:
            raise refuse(
                name,
                None,
                "its times are ticks, and it does not say of how many hertz",
                "Say it: --clock '216 MHz', if ticks are cycles of the core.",
            )
        notes = [f"left out, because it is no layer: {tag}" for tag in found.left_out]
        if is_followed:
            notes.append("left out: all inferences but the first")
        tool = "TensorFlow Lite Micro benchmark" + (f" {revision[:12]}" if revision else "")
        return Imported(tool, None, (_column(name, found, clock_hz, notes),), tuple(notes))


def _read(name: str, text: str) -> tuple[_Found, str, bool]:
    found, revision, is_over = _Found(), "", False
    for number, whole in lines_of(text):
        line = whole.strip()
        if match := _REVISION.search(line):
            revision = match["sha"]
        elif match := _TOTAL.fullmatch(line):
            if is_over:
                return found, revision, True
            found.total, is_over = int(match["ticks"]), True
        elif is_over:
            continue
        elif match := _TOOK.fullmatch(line) or _EVENT.fullmatch(line):
            _add(found, match["tag"], int(match["ticks"]))
        elif (match := _OF_TAG.fullmatch(line)) and _OPERATOR.fullmatch(match["tag"]):
            found.by_tag.append((match["tag"], int(match["ticks"])))
        elif " took " in line and " ticks" in line:
            raise refuse(name, number, f"{line[:80]!r} is not `TAG took N ticks (M ms).`")
        if len(found.layers) > _MOST_LAYERS:
            raise refuse(name, number, f"it has more than {_MOST_LAYERS} events")
    if not found.layers and not found.by_tag and found.total is None:
        raise refuse(name, None, "it has no lines such as `CONV_2D took 249560 ticks (9 ms).`")
    return found, revision, False


def _add(found: _Found, tag: str, ticks: int) -> None:
    if _OPERATOR.fullmatch(tag):
        found.layers.append((tag, ticks))
    elif _ITERATION.fullmatch(tag) and found.total is None:
        found.total = ticks
    else:
        found.left_out.append(tag)


def _column(name: str, found: _Found, clock_hz: int, notes: list[str]) -> PrintedColumn:
    layers = found.layers or found.by_tag
    if not found.layers and found.by_tag:
        notes.append("its rows are sums of all layers with one operator")
    total = found.total if found.total is not None else sum(ticks for _, ticks in layers)
    if found.layers and found.total is not None and sum(ticks for _, ticks in layers) > found.total:
        raise refuse(name, None, f"its layers take more than its total of {found.total} ticks")
    return column(
        "profile",
        "time",
        {"runtime": "tflm"},
        [(op, msec_of_ticks(Decimal(ticks), clock_hz)) for op, ticks in layers],
        msec_of_ticks(Decimal(total), clock_hz),
    )
