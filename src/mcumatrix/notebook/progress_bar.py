"""How far work is, as a bar below a cell."""

from collections.abc import Callable

from IPython.display import display
from ipywidgets import IntProgress


def progress_bar() -> Callable[[int, int], None]:
    """Shows a bar; what it gives is to be told how many are done, and of how many."""
    bar = IntProgress()
    display(bar)

    def tell(done: int, wanted: int) -> None:
        bar.max, bar.value, bar.description = wanted, done, f"{done} of {wanted}"

    return tell
