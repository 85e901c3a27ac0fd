"""Comparators of the DWT as data watchpoints (Arm v7-M ARM, section C1.8.1).

A watchpoint is not precise on a Cortex-M7 either: the core halts some instructions after the access. Here it
halts at the end of the basic block. What else comparators can do (cycle matches, values, trace) is a finding.
Reset by power-on only.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vstm32.base.registers import WORD, Register, RegisterBlock

COMP0, MASK0, FUNCTION0, COMPARATOR_BYTES = 0x020, 0x024, 0x028, 0x10
COMPARATORS = 4
_FUNCTION, _MATCHED = 0xF, 1 << 24
_ON_READ, _ON_WRITE, _ON_BOTH = 5, 6, 7
_OTHER_FUNCTIONS = 0x000F_FFA8

REGISTERS = tuple(
    register
    for number in range(COMPARATORS)
    for register in (
        Register(f"COMP{number}", COMP0 + COMPARATOR_BYTES * number, writable=WORD),
        Register(f"MASK{number}", MASK0 + COMPARATOR_BYTES * number, writable=0xF),
        Register(
            f"FUNCTION{number}",
            FUNCTION0 + COMPARATOR_BYTES * number,
            writable=_FUNCTION,
            unsupported=_OTHER_FUNCTIONS,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Watchpoint:
    """`size_bytes` at `address`: reading, writing or both halts the core. `comparator` is its number."""

    comparator: int
    address: int
    size_bytes: int
    reads: bool
    writes: bool


class Watchpoints(RegisterBlock):
    """`changed` gets all watchpoints whenever they change."""

    reset_by_power_only = True

    def __init__(self, changed: Callable[[frozenset[Watchpoint]], None]) -> None:
        self._changed = changed
        super().__init__("DWT", 0xE000_1000, REGISTERS)

    def reset(self) -> None:
        """No watchpoints."""
        super().reset()
        self._changed(frozenset())

    def matched(self, comparator: int) -> None:
        """A watchpoint was hit: its FUNCTION says so until it is read."""
        self.values[FUNCTION0 + COMPARATOR_BYTES * comparator] |= _MATCHED

    def read_register(self, offset: int) -> int:
        """Reading FUNCTION clears that it has matched."""
        value = self.values[offset]
        self.values[offset] = (
            value & ~_MATCHED if offset % COMPARATOR_BYTES == FUNCTION0 % COMPARATOR_BYTES else value
        )
        return value

    def write_register(self, offset: int, value: int) -> None:
        """A comparator counts from the moment its function is set."""
        super().write_register(offset, value)
        self._changed(self.watchpoints())

    def watchpoints(self) -> frozenset[Watchpoint]:
        """What the comparators watch now."""
        found = set()
        for number in range(COMPARATORS):
            first = COMPARATOR_BYTES * number
            function = self.values[FUNCTION0 + first] & _FUNCTION
            if function in (_ON_READ, _ON_WRITE, _ON_BOTH):
                size = 1 << self.values[MASK0 + first]
                found.add(
                    Watchpoint(
                        comparator=number,
                        address=self.values[COMP0 + first] & ~(size - 1),
                        size_bytes=size,
                        reads=function != _ON_WRITE,
                        writes=function != _ON_READ,
                    )
                )
        return frozenset(found)
