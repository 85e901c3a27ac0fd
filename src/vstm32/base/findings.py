"""What the board has to say about its firmware: frozen findings, each with one plain sentence."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """Why a finding was written down."""

    BUS_FAULT = "bus fault"
    USAGE_FAULT = "usage fault"
    HARD_FAULT = "hard fault"
    LOOP = "loop"
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
    instruction that did it, `block` the name of the peripheral or memory region at the address. A fault has a
    `status`, which is what it became and the fault status registers, and a `stack` of return addresses, the
    innermost first. `place` is the function at the program counter, such as `main+0x24`; it and those of the
    stack are known where the board was given an ELF file with symbols. `times` is how often it came.
    """

    kind: FindingKind
    address: int
    program_counter: int
    direction: Direction
    size_bytes: int
    block: str
    sentence: str
    status: str = ""
    stack: tuple[str, ...] = ()
    place: str = ""
    times: int = 1

    @property
    def is_note(self) -> bool:
        """Whether this is only worth knowing: somebody may well want it so, and the board goes on."""
        return self.kind is FindingKind.OVERCLOCKED

    @property
    def message(self) -> str:
        """All of it, for people: the sentence with the name of the function, and lines on what was behind."""
        at = f"{self.program_counter:#010x}"
        sentence = self.sentence.replace(at, f"{at} ({self.place})", 1) if self.place else self.sentence
        stack = f"Called from {', '.join(self.stack)}." if self.stack else ""
        return "\n  ".join(filter(None, (sentence, self.status, stack)))

    def __str__(self) -> str:
        return self.sentence
