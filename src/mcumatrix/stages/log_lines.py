"""Where in a raw log its numbers stand: whoever doubts one can look at the line that it was read from."""

import re
from dataclasses import dataclass

from mcumatrix import wire

_BENCH = b"@begin 0 command=%d " % wire.RunBench.number
_TIME = re.compile(rb"@time [0-9]+ repeat=([0-9]+) layer=([0-9]+) cycles=")
_TOTAL = re.compile(rb"@total [0-9]+ repeat=([0-9]+) cycles=")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a raw log: its number, from 1, and what stands in it."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class TimeLines:
    """The lines with the cycles of a measurement: of each layer and of the whole, one for each repeat."""

    layers: tuple[tuple[LogLine, ...], ...]
    total: tuple[LogLine, ...]


def time_lines(log: bytes) -> TimeLines:
    """Those of the last measurement of a log that `evidence.read_log` can read; none where it has none."""
    layers: dict[int, dict[int, LogLine]] = {}
    total: dict[int, LogLine] = {}
    for number, line in enumerate(log.split(b"\n"), 1):
        if line.startswith(_BENCH):
            layers, total = {}, {}
        elif match := _TIME.match(line):
            layers.setdefault(int(match[2]), {})[int(match[1])] = _line(number, line)
        elif match := _TOTAL.match(line):
            total[int(match[1])] = _line(number, line)
    return TimeLines(tuple(_in_order(layers[layer]) for layer in sorted(layers)), _in_order(total))


def _line(number: int, line: bytes) -> LogLine:
    return LogLine(number, line.decode("ascii", "backslashreplace").strip())


def _in_order(by_repeat: dict[int, LogLine]) -> tuple[LogLine, ...]:
    return tuple(by_repeat[repeat] for repeat in sorted(by_repeat))
