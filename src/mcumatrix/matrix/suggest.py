"""What a person probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN_CHARACTERS = 60
_SHOWN_NAMES = 12


def shown(text: str) -> str:
    """Quotes `text` for an error message: one line, printable, not longer than a line has room for."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "...")


def listed(names: Iterable[str]) -> str:
    """Names with commas between them; a long list is cut, and says so."""
    known = list(names)
    cut = f" and {len(known) - _SHOWN_NAMES} more" if len(known) > _SHOWN_NAMES else ""
    return ", ".join(known[:_SHOWN_NAMES]) + cut


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is most like `text`, if any is; upper and lower case are not told apart."""
    originals = {name.lower(): name for name in names}
    near = get_close_matches(text[:_SHOWN_CHARACTERS].lower(), originals, n=1)
    return originals[near[0]] if near else None


def did_you_mean(text: str, names: Iterable[str], *, known: str = "Known") -> str:
    """A hint: the nearest of `names`, or the list of them when none is near.

    `known` begins the sentence with the list.
    """
    possible = list(dict.fromkeys(names))
    if near := nearest(text, possible):
        return f"Did you mean {near!r}?"
    return f"{known}: {listed(possible)}." if possible else ""
