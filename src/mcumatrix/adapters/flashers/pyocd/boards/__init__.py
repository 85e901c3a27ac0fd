"""One module for each board of the firmware that has flash beside its chip, called after its folder:
`EXTERNAL_FLASH`, which is data and needs nothing of pyOCD.
"""

from importlib import import_module
from pkgutil import iter_modules

from mcumatrix.adapters.flashers.pyocd.chip import ExternalFlash


def external_flash(firmware_board: str) -> ExternalFlash | None:
    """The flash beside the chip of a board; None where there is none that can be written."""
    if firmware_board not in (module.name for module in iter_modules(__path__)):
        return None
    found: ExternalFlash = import_module(f"{__name__}.{firmware_board}").EXTERNAL_FLASH
    return found
