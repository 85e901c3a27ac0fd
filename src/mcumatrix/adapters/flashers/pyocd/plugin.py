"""What every `pyocd` command in this environment gets from us: see the entry point in pyproject.toml."""

from importlib.metadata import version
from typing import Any

from pyocd.core.plugin import Plugin


class VirtualBoardPlugin(Plugin):  # type: ignore[misc]
    """The probes of virtual boards; and on the way, targets."""

    def load(self) -> Any:
        """Makes the targets known and returns the class of the probes.

        pyOCD has no entry point for targets. Both modules are imported here: what they need of pyOCD is not
        ready before.
        """
        from pyocd.target import TARGET

        from mcumatrix.adapters.flashers.pyocd.chips import chips
        from mcumatrix.adapters.flashers.pyocd.target import target_class
        from mcumatrix.adapters.flashers.pyocd.virtual_probe import VirtualBoardProbe

        for chip in chips():
            for name in chip.targets:
                TARGET[name] = target_class(chip)
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
