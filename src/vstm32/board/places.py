"""Names for addresses of a firmware."""

from functools import cached_property

from vstm32.base.symbols import Functions
from vstm32.board.firmware import Firmware, functions_of


class Places:
    """The functions of a firmware, read from its file when somebody asks for the first time."""

    def __init__(self, firmware: Firmware | None) -> None:
        self._firmware = firmware

    def at(self, address: int) -> str:
        """An address as `main+0x24`; "" where nothing says what is there."""
        return "" if self._functions.at(address) is None else self._functions.place(address)

    @cached_property
    def _functions(self) -> Functions:
        try:
            return functions_of(self._firmware)
        except Exception:
            # The file was built anew or removed since: a name is not worth an end.
            return Functions(())
