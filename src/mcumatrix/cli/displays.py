"""What shows a person how far work is: a view on a terminal, lines in a log, or next to nothing."""

import os
import sys

from mcumatrix.cli.common import as_typed, say
from mcumatrix.progress.display import Display, Lines, Quiet


def display(*, quiet: bool) -> Display:
    """The one for standard output as it is now."""
    if quiet:
        return Quiet(_write, say)
    if sys.stdout.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}:
        from mcumatrix.progress.live import live_view

        return live_view(sys.stdout, as_typed)
    return Lines(_write, say)


def _write(line: str) -> None:
    print(as_typed(line), flush=True)
