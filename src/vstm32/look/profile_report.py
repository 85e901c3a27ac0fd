"""A profile for people: a table, and a file for speedscope (https://www.speedscope.app)."""

import json
from typing import IO

from vstm32.base.symbols import short_name
from vstm32.look.profiler import WAITING, FunctionCost, Profile

_ROWS = 30
_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def print_table(profile: Profile, timing_model: str, stream: IO[str]) -> None:
    """Writes the functions that cost most, by their own cycles; the last line has all cycles of the board."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    costs = profile.functions()
    total = profile.cycles
    table = Table(
        title=f"Cycles of the core by function (timing model: {timing_model}, an estimate)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    knows_stalls = any(cost.stalls is not None for cost in costs)
    of_stalls = ("load/store", "other stalls") if knows_stalls else ()
    blank = [""] * (3 + len(of_stalls))
    for heading in ("cycles", "share", *of_stalls, "with callees", "share", "calls"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("function", overflow="fold")
    for cost in costs[:_ROWS]:
        table.add_row(
            f"{cost.cycles:,}",
            _share(cost.cycles, total),
            *_stalls(cost),
            f"{cost.inclusive_cycles:,}",
            _share(cost.inclusive_cycles, total),
            f"{cost.calls:,}",
            Text(short_name(cost.name)),
        )
    if rest := costs[_ROWS:]:
        cycles = sum(cost.cycles for cost in rest)
        table.add_row(f"{cycles:,}", _share(cycles, total), *blank, f"({len(rest)} more functions)")
    table.add_row()
    table.add_row(f"{total:,}", _share(total, total), *blank, "(all functions)")
    table.add_row(f"{profile.waited_cycles:,}", "", *blank, f"{WAITING}: asleep, or polling a register")
    table.add_row(f"{total + profile.waited_cycles:,}", "", *blank, "(all cycles of the board)")
    # Where no terminal says how wide it is, no name is folded.
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else 200)
    console.print(table)
    if not profile.is_complete:
        console.print("There were more call paths than can be counted apart: some stand at their caller.")


def _stalls(cost: FunctionCost) -> tuple[str, ...]:
    return () if cost.stalls is None else (f"{cost.stalls.load_store:,}", f"{cost.stalls.others:,}")


def _share(cycles: int, total: int) -> str:
    return f"{100 * cycles / total:.1f} %" if total else ""


def speedscope_text(profile: Profile, name: str, timing_model: str) -> str:
    """A profile in speedscope's file format: one sample for each call path, weighted with its cycles.

    `name` is the firmware's. The unit is "none": speedscope has none for cycles. The samples stand in the
    order in which their paths came up first; times of one path that were apart are one sample.
    """
    numbers: dict[str, int] = {}
    samples: list[list[int]] = []
    weights: list[int] = []

    def add(stack: tuple[str, ...], cycles: int) -> None:
        if cycles > 0:
            samples.append([numbers.setdefault(frame, len(numbers)) for frame in stack])
            weights.append(cycles)

    for path in profile.paths:
        add(path.stack, path.cycles)
        add((*path.stack, WAITING), path.waited_cycles)
    return json.dumps(
        {
            "$schema": _SCHEMA,
            "name": name,
            "exporter": "mcumatrix virtual board",
            "activeProfileIndex": 0,
            "shared": {"frames": [{"name": frame} for frame in numbers]},
            "profiles": [
                {
                    "type": "sampled",
                    "name": f"{name}: cycles (timing model: {timing_model}, an estimate)",
                    "unit": "none",
                    "startValue": 0,
                    "endValue": sum(weights),
                    "samples": samples,
                    "weights": weights,
                }
            ],
        }
    )
