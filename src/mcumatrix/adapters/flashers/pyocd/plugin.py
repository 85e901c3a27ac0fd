"""What every `pyocd` command in this environment gets from us: see the entry point in pyproject.toml."""

from importlib.metadata import version
from typing import Any

from pyocd.core.plugin import Plugin

TARGETS = ("stm32f746xg", "stm32f746ng")
"""Names of the target; the second is the part on the 32F746GDISCOVERY."""


class VirtualBoardPlugin(Plugin):  # type: ignore[misc]
    """The probes of virtual boards; and on the way, a target."""

    def load(self) -> Any:
        """Makes the target known and returns the class of the probes.

        pyOCD has no entry point for targets. Both modules are imported here: what they need of pyOCD is not
        ready before.
        """
        from pyocd.target import TARGET

        from mcumatrix.adapters.flashers.pyocd.target import STM32F746xG
        from mcumatrix.adapters.flashers.pyocd.virtual_probe import VirtualBoardProbe

        for name in TARGETS:
            TARGET[name] = STM32F746xG
        return VirtualBoardProbe

    @property
    def name(self) -> str:
        """What stands before the colon in `-u vboard:<unique id>`."""
        return "vboard"

    @property
    def description(self) -> str:
        """For `pyocd list --plugins`."""
        return "Virtual boards of mcumatrix that run on this machine"

    @property
    def version(self) -> str:
        """That of mcumatrix."""
        return version("mcumatrix")
