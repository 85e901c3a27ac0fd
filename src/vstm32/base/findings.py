"""What the board has to say about its firmware: frozen findings, each with one plain sentence."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """Why a finding was written down."""

    BUS_FAULT = "bus fault"
    LOCKUP = "lockup"
    CLOCK_OFF = "clock off"
    HELD_IN_RESET = "held in reset"
    CLOCK = "clock"
    OVERCLOCKED = "overclocked"
    UNSUPPORTED = "unsupported"
    SERIAL_LINE = "serial line"
    FLASH = "flash"
    PROTECTION = "memory protection"
    LOCKED = "locked"


class Direction(StrEnum):
    """What the core wanted at an address."""

    READ = "read"
    WRITE = "write"
    FETCH = "fetch"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the firmware did that this board, or the real one, does not accept.

    `address` is what was accessed (for a lockup: the program counter), `program_counter` the
    instruction that did it, `block` the name of the peripheral or memory region at the address.
    """

    kind: FindingKind
    address: int
    program_counter: int
    direction: Direction
    size_bytes: int
    block: str
    sentence: str

    @property
    def is_note(self) -> bool:
        """Whether this is only worth knowing: somebody may well want it so, and the board goes on."""
        return self.kind is FindingKind.OVERCLOCKED

    def __str__(self) -> str:
        return self.sentence
