"""What PWR of each family has: DBP, and a voltage scale that hardware may refuse."""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.clock_limits import Regulator

CR1 = 0x00
_DBP = 1 << 8


class PwrBlock(RegisterBlock):
    """Its registers are those of `registers_of_family`."""

    narrow_writes_repeat = True
    registers_of_family: ClassVar[tuple[Register, ...]]

    def __init__(
        self,
        *,
        changed: Callable[[], None] = lambda: None,
        complain: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        """`changed` is called after each write, `complain` gets sentences."""
        self._changed = changed
        self._complain = complain
        super().__init__("PWR", 0x4000_7000, self.registers_of_family)

    def write_register(self, offset: int, value: int) -> None:
        """A voltage scale that cannot be chosen now keeps what it was."""
        if offset == CR1:
            value = self._checked(value)
        super().write_register(offset, value)
        self._changed()

    @abstractmethod
    def _checked(self, value: int) -> int:
        """What a write to CR1 changes."""

    @property
    @abstractmethod
    def regulator(self) -> Regulator:
        """What limits clocks."""

    @property
    def backup_writable(self) -> bool:
        """Whether DBP lets firmware write to the backup domain (RM0385 4.4.1, RM0432 5.4.1)."""
        return bool(self.values[CR1] & _DBP)

    def supplies(self, port: str, number: int) -> bool:  # noqa: ARG002 - for those of which some have none
        """Whether a pin has a supply."""
        return True
