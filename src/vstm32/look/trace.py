"""What the firmware does at the registers of peripherals, one line for each access.

    cycle  address of the instruction and function   register, direction, value, and the bits that are set
       85  0x0800131e clock_pll+0x16   RCC.CR <- 0x00000083 HSION HSIRDY

A loop that only reads, such as one that waits for a flag, is written as its first round and its last, with a
line between that says how many were left out.
"""

import difflib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vstm32.base.errors import VirtualBoardError
from vstm32.base.register_fields import describe
from vstm32.base.registers import RegisterBlock
from vstm32.stm32.bus import Bus

_LONGEST_LOOP = 4
_DATA_REGISTERS = ("RDR", "DR")
"""A read of these takes something that the next one does not find any more: none is left out."""


@dataclass(frozen=True, slots=True)
class Access:
    """One access of the core to a register, at a cycle since power-on."""

    cycle: int
    program_counter: int
    address: int
    size_bytes: int
    value: int
    is_write: bool
    may_poll: bool
    """Whether it is a read that changes nothing, as in a waiting loop."""

    def repeats(self, other: "Access") -> bool:
        """Whether it is such a read by the same instruction of the same register."""
        return (
            self.may_poll
            and other.may_poll
            and (self.program_counter, self.address) == (other.program_counter, other.address)
        )


def block_label(block: RegisterBlock) -> str:
    """A block's name as it stands in a trace: one word."""
    return block.name.removesuffix(" interface").replace(" ", "-")


def choose_blocks(patterns: Sequence[str], blocks: Sequence[RegisterBlock]) -> frozenset[str]:
    """The labels of the blocks that the patterns name: `USART6`, or `GPIO*`, in any case of letters.

    Raises:
        VirtualBoardError: a pattern names none.
    """
    labels = sorted({block_label(block) for block in blocks})
    chosen: set[str] = set()
    for pattern in patterns:
        found = {label for label in labels if fnmatchcase(label.lower(), pattern.strip().lower())}
        if not found:
            close = difflib.get_close_matches(pattern.strip().upper(), labels, 1)
            raise VirtualBoardError(
                f"The virtual board has no block of registers {pattern.strip()!r} that could be traced.",
                hint=(f"Did you mean {close[0]}? " if close else "") + f"It has {', '.join(labels)}.",
            )
        chosen |= found
    return frozenset(chosen)


class Trace:
    """Writes accesses as lines. Made before the board, which then shows it the bus."""

    def __init__(
        self, write: Callable[[str], None], place: Callable[[int], str], only: Sequence[str] = ()
    ) -> None:
        """`write` takes a line without its end, `place` says in which function an address is. `only` are the
        blocks to write about, as `choose_blocks` takes them; none means all.
        """
        self._write = write
        self._place = place
        self._patterns = only
        self._only: frozenset[str] | None = None
        self._bus: Bus | None = None
        self._recent: deque[Access] = deque(maxlen=_LONGEST_LOOP)
        self._period = 0
        self._held: list[Access] = []
        self._dropped: list[Access] = []
        self._left_out = 0

    def watch(self, bus: Bus) -> None:
        """Gets to know the blocks of the board.

        Raises:
            VirtualBoardError: there is no block that was asked for.
        """
        self._bus = bus
        self._only = choose_blocks(self._patterns, bus.blocks) if self._patterns else None

    def __call__(  # noqa: PLR0917
        self, cycle: int, program_counter: int, address: int, size_bytes: int, value: int, is_write: bool
    ) -> None:
        """One access; what `Core` calls."""
        block = self._bus.block_at(address) if self._bus else None
        if self._only is not None and (block is None or block_label(block) not in self._only):
            return
        takes_data = block is not None and block.registers[address - block.base & ~3].name in _DATA_REGISTERS
        may_poll = not is_write and not takes_data
        self._take(Access(cycle, program_counter, address, size_bytes, value, is_write, may_poll))

    def flush(self) -> None:
        """Writes what is held back of a loop."""
        if not self._period:
            return
        rounds = self._left_out // self._period
        held, self._held = self._held, []
        if rounds == 1:
            held = self._dropped + held
        elif rounds:
            what = "this read" if self._period == 1 else f"these {self._period} reads"
            self._write(f"{'':>12}  ... {what} {rounds:,} more times")
        self._period = self._left_out = 0
        for access in held:
            self._write(self._line(access))

    def _take(self, access: Access) -> None:
        if self._period:
            if self._recent[-self._period].repeats(access):
                self._hold(access)
                return
            self.flush()
        self._period = next(
            (
                period
                for period in range(1, len(self._recent) + 1)
                if self._recent[-period].repeats(access)
                and all(each.may_poll for each in list(self._recent)[-period:])
            ),
            0,
        )
        if self._period:
            self._hold(access)
        else:
            self._recent.append(access)
            self._write(self._line(access))

    def _hold(self, access: Access) -> None:
        """Keeps the newest round and what has come of the next; older rounds are only counted."""
        self._recent.append(access)
        self._held.append(access)
        if len(self._held) >= 2 * self._period:
            self._dropped = self._held[: self._period]
            del self._held[: self._period]
            self._left_out += self._period

    def _line(self, access: Access) -> str:
        block = self._bus.block_at(access.address) if self._bus else None
        digits = 2 * access.size_bytes
        value = f"{access.value & ((1 << 4 * digits) - 1):#0{digits + 2}x}"
        name, notes = f"{access.address:#010x}", ""
        if self._bus is not None and block is not None:
            label, offset = block_label(block), access.address - block.base
            register = block.registers[offset & ~3]
            name = f"{label}.{register.name}" + (f"[{offset & 3}]" if offset & 3 else "")
            if not self._bus.is_clocked(block):
                notes = " (its clock is off)"
            elif access.size_bytes == 4:
                notes = describe(label, register.name, access.value)
        where = f"{access.program_counter:#010x} {self._place(access.program_counter)}"
        arrow = "<-" if access.is_write else "->"
        return f"{access.cycle:>12}  {where:<36}  {name} {arrow} {value}{notes}"
