"""One module per chip that pyOCD has not built in: `CHIP`, which is data and needs nothing of pyOCD."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mcumatrix.adapters.flashers.pyocd.chip import Chip


@cache
def chips() -> tuple[Chip, ...]:
    """All of them, in the order of their modules' names."""
    modules = sorted(module.name for module in iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").CHIP for name in modules)
