"""A survey for people: the registers that the board does not model and that the firmware has used."""

from collections.abc import Callable, Sequence
from typing import IO

from vstm32.base.words import counted
from vstm32.stm32.survey import Surveyed

MARK = "A survey, and no measurement"


def print_survey(surveyed: Sequence[Surveyed], place: Callable[[int], str], stream: IO[str]) -> None:
    """Writes a line for each register. `place` names the function at an address; "" where none is known."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False, width=None if stream.isatty() else 200)
    if not surveyed:
        console.print(f"{MARK}: the firmware has used no register that this board does not model.")
        return
    blocks = len({each.block for each in surveyed})
    used = f"{counted(len(surveyed), 'register')} of {counted(blocks, 'block')}"
    console.print(f"{MARK}: {used} that this board does not model.", soft_wrap=True)
    console.print(
        "They read as after reset, and writes did nothing: what the firmware did then, no board would do.",
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("block", "register"):
        table.add_column(heading, no_wrap=True)
    for heading in ("reads", "writes"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from", overflow="fold")
    for each in surveyed:
        callers = ", ".join(place(caller) or f"{caller:#010x}" for caller in each.callers)
        table.add_row(each.block, each.register, f"{each.reads:,}", f"{each.writes:,}", Text(callers))
    console.print(table)
