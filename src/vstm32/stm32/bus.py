"""The buses: from an address to the register block that answers, and what happens when none does.

A block that is modelled but whose clock is off in RCC behaves as on the real chip: it reads as
zero, ignores writes, and the finding "clock off" is written down once per block and instruction.
A block that RCC holds in reset has its reset values and ignores writes: "held in reset". DWT and ITM ignore
them until they are unlocked: "locked".
"""

from collections.abc import Callable

from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.base.memory_map import PPB_BASE, PPB_SIZE_BYTES
from vstm32.base.registers import RegisterBlock
from vstm32.cortex_m.core import Core


class Bus:
    """All register blocks of the board."""

    def __init__(self, core: Core, report: Callable[[Finding], None]) -> None:
        self._core = core
        self._report = report
        self._blocks: dict[int, RegisterBlock] = {}
        self._gates: dict[str, Callable[[], bool]] = {}
        self._resets: dict[str, Callable[[], bool]] = {}
        self._complained: set[tuple[str, int]] = set()
        stands = core.memory.map
        for window in filter(None, (stands.peripherals, stands.ahb2, stands.controllers)):
            core.map_registers(window.base, window.size_bytes, self.read, self.write)
        core.map_registers(PPB_BASE, PPB_SIZE_BYTES, self.read, self.write)

    def attach(
        self,
        block: RegisterBlock,
        clocked: Callable[[], bool] | None = None,
        held: Callable[[], bool] | None = None,
    ) -> None:
        """Puts a block on the bus; RCC may give it a clock (`clocked`) and hold it in reset (`held`)."""
        for offset in block.registers:
            self._blocks[block.base + offset] = block
            self._core.announce_registers(block.base + offset, 4)
        if clocked is not None:
            self._gates[block.name] = clocked
        if held is not None:
            self._resets[block.name] = held

    def read(self, address: int, size_bytes: int) -> int:
        """A load by the core; the native access hook has made sure that a register is there."""
        block = self._blocks[address & ~3]
        if not self.is_clocked(block):
            self._clock_off(block, address, size_bytes, Direction.READ)
            return 0
        return block.read(address - block.base, size_bytes)

    def write(self, address: int, size_bytes: int, value: int) -> None:
        """A store by the core."""
        block = self._blocks[address & ~3]
        if not self.is_clocked(block):
            self._clock_off(block, address, size_bytes, Direction.WRITE)
            return
        held = self._resets.get(block.name)
        if held is not None and held():
            why = "RCC holds it in reset."
            self._write_ignored(FindingKind.HELD_IN_RESET, block, address, size_bytes, why)
            return
        if block.is_locked(address - block.base & ~3):
            why = (
                f"it is locked until 0xC5ACCE55 is written to {block.name}_LAR. "
                "A debugger may open the lock on a real board."
            )
            self._write_ignored(FindingKind.LOCKED, block, address, size_bytes, why)
            return
        block.write(address - block.base, size_bytes, value)
        if block.unsupported_seen:
            self._unsupported(block, address, size_bytes)

    def reset(self, *, power_on: bool) -> None:
        """Every block to its reset state; debug blocks only when the power comes on."""
        self._complained.clear()
        for block in self.blocks:
            if power_on or not block.reset_by_power_only:
                block.reset()

    def block_at(self, address: int) -> RegisterBlock | None:
        """The block that has a register at an address, or None."""
        return self._blocks.get(address & ~3)

    @property
    def blocks(self) -> tuple[RegisterBlock, ...]:
        """All blocks of the board, in the order in which they were attached."""
        return tuple(dict.fromkeys(self._blocks.values()))

    def is_clocked(self, block: RegisterBlock) -> bool:
        """Whether a block's clock is on in RCC; without it, it reads as zero and ignores writes."""
        gate = self._gates.get(block.name)
        return gate is None or gate()

    def _clock_off(self, block: RegisterBlock, address: int, size_bytes: int, direction: Direction) -> None:
        program_counter = self._core.access_program_counter
        verb = "reads as zero" if direction is Direction.READ else "ignores the write"
        self._refused(
            Finding(
                FindingKind.CLOCK_OFF,
                address,
                program_counter,
                direction,
                size_bytes,
                block.name,
                f"{block.name} {verb} at {address:#010x} (instruction at {program_counter:#010x}): "
                "its clock is not enabled in RCC.",
            )
        )

    def _write_ignored(
        self, kind: FindingKind, block: RegisterBlock, address: int, size_bytes: int, why: str
    ) -> None:
        program_counter = self._core.access_program_counter
        self._refused(
            Finding(
                kind,
                address,
                program_counter,
                Direction.WRITE,
                size_bytes,
                block.name,
                f"{block.name} ignores the write at {address:#010x} "
                f"(instruction at {program_counter:#010x}): {why}",
            )
        )

    def _refused(self, finding: Finding) -> None:
        """Once per block and instruction."""
        if (finding.block, finding.program_counter) not in self._complained:
            self._complained.add((finding.block, finding.program_counter))
            self._report(finding)

    def _unsupported(self, block: RegisterBlock, address: int, size_bytes: int) -> None:
        program_counter = self._core.access_program_counter
        for register, bits in block.unsupported_seen:
            if (f"{block.name}_{register.name}", bits) in self._complained:
                continue
            self._complained.add((f"{block.name}_{register.name}", bits))
            self._report(
                Finding(
                    FindingKind.UNSUPPORTED,
                    address,
                    program_counter,
                    Direction.WRITE,
                    size_bytes,
                    block.name,
                    f"{block.name}_{register.name}: the virtual board does not act on bits {bits:#x} "
                    f"(set by the instruction at {program_counter:#010x}).",
                )
            )
        block.unsupported_seen.clear()
