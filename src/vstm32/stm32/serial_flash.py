"""What a controller and a serial flash say to each other."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Transfer:
    """One command: so many lines for each of its parts, of which 0 leaves it out."""

    instruction: int | None
    instruction_lines: int = 1
    address: int = 0
    address_lines: int = 0
    address_bytes: int = 0
    alternate_lines: int = 0
    alternate_bytes: int = 0
    dummy_cycles: int = 0
    data_lines: int = 0

    @property
    def lines(self) -> str:
        """As data sheets say it: 1-4-4."""
        return f"{self.instruction_lines}-{self.address_lines}-{self.data_lines}"

    @property
    def clocks_before_data(self) -> int:
        """Of the instruction, the address, the alternate bytes and the dummy cycles."""
        parts = (
            (self.instruction_lines, 1),
            (self.address_lines, self.address_bytes),
            (self.alternate_lines, self.alternate_bytes),
        )
        return self.dummy_cycles + sum(8 * size_bytes // lines for lines, size_bytes in parts if lines)

    @property
    def clocks_of_alternate_bytes(self) -> int:
        """Which a flash that takes none sees as dummy cycles."""
        return 8 * self.alternate_bytes // self.alternate_lines if self.alternate_lines else 0

    @property
    def clocks_per_byte(self) -> int:
        """Of the data."""
        return 8 // self.data_lines if self.data_lines else 0


class SerialFlash(Protocol):
    """A serial flash on the board."""

    @property
    def ready_at(self) -> int:
        """The cycle at which what it is doing ends, in the past if it does nothing."""

    def power_on(self) -> None:
        """Its volatile registers are as it was delivered."""

    def why_not_readable(self, transfer: Transfer) -> str:
        """Why a command reads nothing of its memory, as a phrase; "" if it does."""

    def read(self, transfer: Transfer, offset: int, size_bytes: int) -> bytes:
        """Bytes that a command reads, from the one with a number on."""

    def write(self, transfer: Transfer, data: bytes) -> None:
        """A command with what it writes, if anything."""
