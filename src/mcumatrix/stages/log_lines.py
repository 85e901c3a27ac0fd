"""Where in a raw log its numbers stand: whoever doubts one can look at the line that it was read from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mcumatrix import wire

_FOUND = re.compile(
    rb"\n@(?:begin 0 command=%d |(?:time [0-9]+ repeat=(?P<repeat>[0-9]+) layer=(?P<layer>[0-9]+)"
    rb"|total [0-9]+ repeat=(?P<whole>[0-9]+)) cycles=[^\n]*)" % wire.RunBench.number
)
"""Where a measurement begins, and its times, at the beginning of a line. That is found by its bytes, where a
pattern with ^ would be tried at each byte of a log."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a raw log: its number, from 1, and what stands in it; empty where nobody asked for that."""

    number: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class TimeLines:
    """The lines with the cycles of a measurement: of each layer and of the whole, one for each repeat."""

    layers: tuple[tuple[LogLine, ...], ...]
    total: tuple[LogLine, ...]


def time_lines(log: bytes, *, with_texts: bool = True) -> TimeLines:
    """Those of the last measurement of a log that `evidence.read_log` can read; none where it has none.

    Without texts, logs that have their times on the same lines have these in common: of many logs, texts take
    more memory than all else that is known of them.
    """
    layers: dict[int, dict[int, _Line]] = {}
    total: dict[int, _Line] = {}
    lines = b"\n" + log
    number, at = 0, 0
    for match in _FOUND.finditer(lines):
        number += lines.count(b"\n", at, match.start() + 1)
        at = match.start() + 1
        line = number, _text(match[0]) if with_texts else ""
        if match["whole"]:
            total[int(match["whole"])] = line
        elif match["repeat"]:
            layers.setdefault(int(match["layer"]), {})[int(match["repeat"])] = line
        else:
            layers, total = {}, {}
    found = tuple(_in_order(layers[layer]) for layer in sorted(layers)), _in_order(total)
    return _made(*found) if with_texts else _made_once(*found)


_Line = tuple[int, str]


def _text(line: bytes) -> str:
    return line.decode("ascii", "backslashreplace").strip()


def _in_order(by_repeat: Mapping[int, _Line]) -> tuple[_Line, ...]:
    return tuple(by_repeat[repeat] for repeat in sorted(by_repeat))


def _made(layers: tuple[tuple[_Line, ...], ...], total: tuple[_Line, ...]) -> TimeLines:
    return TimeLines(tuple(_lines(layer) for layer in layers), _lines(total))


_made_once = lru_cache(maxsize=1024)(_made)


def _lines(found: tuple[_Line, ...]) -> tuple[LogLine, ...]:
    return tuple(LogLine(*line) for line in found)
