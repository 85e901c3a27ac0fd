"""What goes to both implementations and what comes back: states, blocks, and where they stand in memory.

A batch is a header of four words (blocks, states, bytes after the header, bytes of a block), the states, and
the code of the blocks. Every block is run from every state; the results come back in that order. A record,
which is a state before or after a run, is

    r0-r12 lr | APSR | FPSCR | s0-s31 | scratch memory | SP | fault

The memory exists on both: the machines mps2-an500 and mps2-an386 have RAM from 0 and from 0x20000000, 4 MiB
each; the chips of vstm32 have ITCM RAM or flash from 0, and 320 KiB of RAM or more from 0x20000000, by their
reference manuals.
"""

import struct
from dataclasses import dataclass, field

CORE_REGISTERS = 14
FLOAT_REGISTERS = 32
SCRATCH_BYTES = 256
HEADER_BYTES = 16

APSR_OFFSET = 14 * 4
FPSCR_OFFSET = 15 * 4
FLOAT_OFFSET = 16 * 4
MEMORY_OFFSET = 48 * 4
SP_OFFSET = MEMORY_OFFSET + SCRATCH_BYTES
FAULT_OFFSET = SP_OFFSET + 4
RECORD_BYTES = FAULT_OFFSET + 4

DRIVER = 0x0000_0000
INPUT = 0x2000_0000
BLOCK_CODE = 0x2000_4000
SCRATCH = 0x2001_8000
BLOCK_SP = SCRATCH + 64
"""SP while a block runs: pushes go into the first 64 bytes of the scratch memory."""
SAVE_BELOW_SP = 128
CODE_END = 0x2001_7000
# Far enough from the code that no store goes to a page with code, which costs both implementations time.
VARIABLES = 0x2001_9000
STACK_TOP = 0x2001_9C00
OUTPUT = 0x2001_A000
OUTPUT_END = 0x2005_0000

APSR_BITS = 0xF80F_0000
"""N, Z, C, V, Q and GE (Armv7-M ARM, section B1.4.2)."""
FPSCR_BITS = 0xF7C0_009F
"""N, Z, C, V, AHP, DN, FZ, RMode, IDC, IXC, UFC, OFC, DZC, IOC (Armv7-M ARM, section A2.5.3)."""

RETURN_TO_DRIVER_BYTES = 8
NOP = b"\x00\xbf"
MAX_STATES = (BLOCK_CODE - INPUT - HEADER_BYTES) // RECORD_BYTES
MAX_RUNS = (OUTPUT_END - OUTPUT) // RECORD_BYTES
_RECORD = struct.Struct(f"<{CORE_REGISTERS}III{FLOAT_REGISTERS}I{SCRATCH_BYTES}sII")


@dataclass(frozen=True, slots=True)
class State:
    """Everything a block can see or change. `core` is r0 to r12 and lr; `memory` is the scratch memory.

    `fault` is CFSR (Armv7-M ARM, section B3.2.15), not 0 when the run ended with an exception; then the rest
    has no meaning.
    """

    core: tuple[int, ...] = (0,) * CORE_REGISTERS
    apsr: int = 0
    fpscr: int = 0
    floats: tuple[int, ...] = (0,) * FLOAT_REGISTERS
    memory: bytes = bytes(SCRATCH_BYTES)
    stack_pointer: int = BLOCK_SP
    fault: int = 0

    def to_bytes(self) -> bytes:
        """The record of this state."""
        return _RECORD.pack(
            *self.core, self.apsr, self.fpscr, *self.floats, self.memory, self.stack_pointer, self.fault
        )

    @classmethod
    def from_bytes(cls, record: bytes) -> "State":
        """The state of a record of RECORD_BYTES."""
        values = _RECORD.unpack(record)
        return cls(values[:14], values[14], values[15], values[16:48], values[48], values[49], values[50])


@dataclass(frozen=True, slots=True)
class Unit:
    """Instructions that stand or fall together: one, an IT block, an address and the access to it, ..."""

    code: bytes
    instructions: int = 1
    label: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Blocks, each a sequence of units, and the states that each of them is run from."""

    blocks: tuple[tuple[Unit, ...], ...]
    states: tuple[State, ...]
    least_block_bytes: int = 0
    """Where the blocks of a batch stand depends on the longest; this puts them where those of another did."""
    block_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        longest = max(sum(len(unit.code) for unit in block) for block in self.blocks)
        # A multiple of 8, so that literals and tables are aligned alike in all blocks.
        needed = (longest + 2 + RETURN_TO_DRIVER_BYTES + 7) & ~7
        object.__setattr__(self, "block_bytes", max(needed, self.least_block_bytes))
        if len(self.states) > MAX_STATES or self.runs > MAX_RUNS:
            raise ValueError(f"{len(self.blocks)} blocks and {len(self.states)} states are too many")
        if BLOCK_CODE + len(self.blocks) * self.block_bytes > CODE_END:
            raise ValueError(f"{len(self.blocks)} blocks of {self.block_bytes} bytes are too long")

    @property
    def runs(self) -> int:
        """How often a block is run: blocks times states."""
        return len(self.blocks) * len(self.states)

    @property
    def instructions(self) -> int:
        """Instructions that all runs go through, those that a branch or a condition skips included."""
        return len(self.states) * sum(unit.instructions for block in self.blocks for unit in block)

    @property
    def result_bytes(self) -> int:
        """Size of the results."""
        return self.runs * RECORD_BYTES

    def to_bytes(self, block_end: int) -> bytes:
        """The batch for the driver; `block_end` is the address in the driver where all blocks end."""
        states = b"".join(state.to_bytes() for state in self.states)
        code = b"".join(self._block(block, block_end) for block in self.blocks)
        body = states.ljust(BLOCK_CODE - INPUT - HEADER_BYTES, b"\0") + code
        return struct.pack("<4I", len(self.blocks), len(self.states), len(body), self.block_bytes) + body

    def _block(self, block: tuple[Unit, ...], block_end: int) -> bytes:
        code = b"".join(unit.code for unit in block)
        if len(code) % 4:
            code += NOP
        # LDR.W PC, [PC, #0]: takes no register.
        code += struct.pack("<2HI", 0xF8DF, 0xF000, block_end | 1)
        return code.ljust(self.block_bytes, b"\0")

    def result(self, results: bytes, block: int, state: int) -> State:
        """The state after a run."""
        first = (block * len(self.states) + state) * RECORD_BYTES
        return State.from_bytes(results[first : first + RECORD_BYTES])
