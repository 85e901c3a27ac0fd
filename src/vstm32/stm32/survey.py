"""A survey: what a firmware does to registers that the board does not model, all of it in one run.

They read as after reset, and writes do nothing. What follows from that is no measurement: a board that makes
a survey is for people who want to know what is missing, and for nobody else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vstm32.base.memory_map import PPB_BASE, PPB_SIZE_BYTES, Window
from vstm32.base.registers import Register, RegisterBlock
from vstm32.cortex_m.core import Core
from vstm32.stm32.bus import Bus
from vstm32.stm32.unmodelled import register_name, reset_value

_MOST_CALLERS = 8
# Of blocks that are larger, such as USB with its FIFOs, what is behind that stays a fault.
_LARGEST_BLOCK_BYTES = 0x2000


@dataclass(slots=True)
class Surveyed:
    """A register that is not modelled and was accessed. `callers` are the first instructions that did so."""

    block: str
    register: str
    address: int
    reads: int = 0
    writes: int = 0
    callers: list[int] = field(default_factory=list)


class Survey:
    """Everything that has been accessed, by address."""

    def __init__(self, core: Core, bus: Bus) -> None:
        """Puts a block on the bus wherever a peripheral is that is not modelled, and for what is missing of
        those that are.
        """
        self._core = core
        self._seen: dict[int, Surveyed] = {}
        self._cover(bus)

    @property
    def seen(self) -> tuple[Surveyed, ...]:
        """Registers in the order of their addresses."""
        return tuple(self._seen[address] for address in sorted(self._seen))

    def _cover(self, bus: Bus) -> None:
        stands = self._core.memory.map
        self._core.open_unmodelled_registers(bus.read, bus.write)
        spaces = (
            stands.peripherals,
            stands.ahb2,
            *((stands.controllers,) if stands.controllers else ()),
            *stands.unmodelled,
            Window("PPB", PPB_BASE, PPB_SIZE_BYTES),
        )
        for window in stands.blocks:
            if not any(space.holds(window.base) for space in spaces):
                continue
            size_bytes = min(window.size_bytes, _LARGEST_BLOCK_BYTES)
            missing = [at for at in range(0, size_bytes, 4) if bus.block_at(window.base + at) is None]
            if missing:
                bus.attach(_Unmodelled(window.name, window.base, missing, self._note))

    def _note(self, block: str, register: Register, address: int, *, writes: bool) -> None:
        entry = self._seen.setdefault(address, Surveyed(block, register.name, address))
        entry.writes += writes
        entry.reads += not writes
        caller = self._core.access_program_counter
        if caller not in entry.callers and len(entry.callers) < _MOST_CALLERS:
            entry.callers.append(caller)


class _Unmodelled(RegisterBlock):
    """A block, or a part of one, of which nothing is known but what its registers are after reset."""

    def __init__(self, name: str, base: int, offsets: list[int], note: Callable[..., None]) -> None:
        self._note = note
        super().__init__(name, base, _registers(name, offsets))

    def read_register(self, offset: int) -> int:
        """As after reset."""
        self._note(self.name, self.registers[offset], self.base + offset, writes=False)
        return self.registers[offset].reset

    def write_register(self, offset: int, value: int) -> None:  # noqa: ARG002
        """Nothing comes of it."""
        self._note(self.name, self.registers[offset], self.base + offset, writes=True)

    def debugger_read(self, offset: int) -> int:
        """A debugger's look is no access of the firmware."""
        return self.registers[offset].reset

    def debugger_write(self, offset: int, value: int) -> None:
        """Nothing comes of it."""


def _registers(block: str, offsets: list[int]) -> Iterator[Register]:
    return (Register(register_name(block, at), at, reset=reset_value(block, at)) for at in offsets)
