"""The chips that a virtual board can have: one module each, with `CHIP`, which is data.

Another chip of the family is another module here; nothing else lists them.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from vstm32.base.chip import Chip
from vstm32.base.errors import VirtualBoardError

DEFAULT_CHIP = "stm32f746xg"
"""What a virtual board is if nobody says otherwise."""


def module_names() -> tuple[str, ...]:
    """The modules of all chips, in order."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def chips() -> tuple[Chip, ...]:
    """All chips, in the order of their modules."""
    return tuple(_chip(name) for name in module_names())


def find_chip(name: str) -> Chip:
    """The chip of one of its names.

    Raises:
        VirtualBoardError: there is none.
    """
    return _chip(module_of(name))


@cache
def module_of(name: str) -> str:
    """The module, without its package, of the chip of that name. Raises VirtualBoardError as `find_chip`."""
    for module in module_names():
        if name in _chip(module).names:
            return module
    known = ", ".join(name for chip in chips() for name in chip.names)
    raise VirtualBoardError(f"There is no virtual board with a chip {name!r}.", hint=f"There are {known}.")


def _chip(module: str) -> Chip:
    chip: Chip = import_module(f"{__name__}.{module}").CHIP
    return chip
