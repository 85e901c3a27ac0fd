"""How far work is, as one view at the bottom of a terminal that is drawn again and again.

Above it, lines go by: with few tasks one for each that ended, with many those of failures alone.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from mcumatrix.printable import printable
from mcumatrix.progress.display import Display
from mcumatrix.progress.tally import Ended, Snapshot
from mcumatrix.progress.words import counts, times_in_words, transfer_in_words

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

FEW_TASKS = 200
"""With as many, each has a line of its own when it has ended. A person reads no more."""

_ROWS = 12
"""As many tasks are shown at most, and fewer where the terminal is low."""

_BESIDE_ROWS = 5
"""Lines of the terminal that are not for tasks: the bar, the counts, and what was said last."""

_BAR = 40
"""Columns for the bar, or as many as the numbers leave."""

_DRAWN_PER_S = 4


class View:
    """A snapshot as rich draws it. Names come from elsewhere: they are shown as they are, never as markup."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        snapshot = self._snapshot()
        if not snapshot.total and not snapshot.transfers:
            return
        rows = max(min(_ROWS, console.height - _BESIDE_ROWS), 1)
        longest = sorted(snapshot.at_work, key=lambda one: -one.for_s)
        table = Table.grid(padding=(0, 2), expand=False)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=2)
        table.add_column(no_wrap=True, justify="right")
        for one in longest[:rows]:
            table.add_row(
                Text(printable(one.task)), Text(printable(one.where), "cyan"), Text(times_in_words(one))
            )
        if longest:
            yield table
        if len(longest) > rows:
            yield Text(f"and {len(longest) - rows:,} more at work", "dim")
        for transfer in snapshot.transfers[:rows]:
            yield Text(transfer_in_words(transfer), "dim", no_wrap=True, overflow="ellipsis")
        if snapshot.total:
            text = Text(counts(snapshot), "bold red" if snapshot.failed else "bold")
            width = min(options.max_width - len(text) - 1, _BAR)
            if width >= _BAR // 5:
                line = Table.grid(padding=(0, 1))
                line.add_row(ProgressBar(snapshot.total, snapshot.ended, width), text)
                yield line
            else:
                # The numbers come before the bar where there is no room for both.
                yield text


class LiveView(Display):
    """One view on a terminal, and lines above it."""

    def __init__(
        self,
        console: "Console",
        clock: Callable[[], float] = time.monotonic,
        worded: Callable[[str], str] = lambda said: said,
    ) -> None:
        """`worded` makes of each line what a person is to read."""
        super().__init__(self._print, self._print, clock)
        self._console = console
        self._worded = worded

    def _showing(self) -> "Live":
        """Within this, the view is there; it goes when this ends."""
        from rich.live import Live

        return Live(
            View(self.snapshot),
            console=self._console,
            refresh_per_second=_DRAWN_PER_S,
            transient=True,
            vertical_overflow="crop",
        )

    def _is_said(self, how: Ended) -> bool:
        return how is not Ended.DONE or self.snapshot().total <= FEW_TASKS

    def _print(self, said: str) -> None:
        from rich.text import Text

        # Long lines stay whole: terminals fold them, and a copy has no line ends that nobody wrote.
        self._console.print(Text(self._worded(said)), soft_wrap=True)


def live_view(stream: TextIO, worded: Callable[[str], str]) -> LiveView:
    """The view for a terminal that a stream leads to, with lines as `worded` makes them."""
    from rich.console import Console

    return LiveView(Console(file=stream, highlight=False, markup=False, emoji=False), worded=worded)
