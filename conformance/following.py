"""The virtual board's core and QEMU run the same compiled program; their states are compared at every block.

QEMU prints the state of its core before each of its blocks (-d cpu,fpu,nochain); of the virtual board's core
a hook reads it before each of Unicorn's. Both cut blocks at branches, and elsewhere where the one may cut and
the other not: a block that only one of them begins is left out.
"""

import re
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from conformance.errors import ConformanceError
from conformance.program import Program
from conformance.qemu import MACHINES, PROGRAM
from vstm32.base.chip import Chip, CoreModel
from vstm32.cortex_m.core import Core, StopReason
from vstm32.timing.operation import instruction_starts

NAMES = (
    *(f"r{number}" for number in range(13)),
    *("sp", "lr", "pc", "xPSR"),
    *(f"s{number}" for number in range(32)),
    "FPSCR",
)
_PC, _XPSR = NAMES.index("pc"), NAMES.index("xPSR")
_COMPARED_FLAGS = 0xF80F_0000
"""N, Z, C, V, Q and GE of xPSR."""

_WORD = re.compile(rb"(?:R\d\d|XPSR|s\d\d)=([0-9a-f]{8})|FPSCR: ([0-9a-f]{8})")
_SLICE_CYCLES = 1 << 40

State = tuple[int, ...]
"""Values of `NAMES`, before a block."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where the two differ for the first time: after a block, at an address, in registers or memory."""

    block: int
    address: int
    parts: tuple[str, ...]


@dataclass
class Followed:
    """What was compared of a program."""

    name: str
    blocks: int = 0
    left_out: int = 0
    instructions: int = 0
    ended: bool = False
    """Whether the program came to its end, where its memory was compared too."""

    divergence: Divergence | None = None


class _Qemu:
    """The states that QEMU prints, from the first instruction of a program on."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._folder = folder
        without = ("-nographic", "-monitor", "none", "-serial", "none")
        semihosting = ("-semihosting-config", "enable=on,target=native")
        command = [
            PROGRAM,
            "-machine",
            MACHINES[CoreModel.CORTEX_M7],
            *without,
            *semihosting,
            "-d",
            "cpu,fpu,nochain",
        ]
        try:
            self._process = subprocess.Popen(
                [*command, "-kernel", str(program.elf)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise ConformanceError(
                f"{PROGRAM} is not on PATH; it is what the virtual board is compared with.",
                hint="Install it: apt-get install --no-install-recommends qemu-system-arm.",
            ) from error
        assert self._process.stderr is not None
        self._states = self._read(self._process.stderr)

    @staticmethod
    def _read(printed: IO[bytes]) -> Iterator[State]:
        values: list[int] = []
        for line in printed:
            if line.startswith(b"R00="):
                values = []
            values += [int(one or other, 16) for one, other in _WORD.findall(line)]
            if len(values) == len(NAMES):
                yield tuple(values)
                values = []

    def next(self) -> State | None:
        """The state before its next block; None if it has ended."""
        return next(self._states, None)

    def memory(self) -> bytes:
        """What RAM holds when the program is over."""
        for _ in self._states:
            pass
        return (self._folder / "memory").read_bytes()

    def close(self) -> None:
        """Ends QEMU."""
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()


class _VirtualCore:
    """The virtual board's core, which calls `at_block` with its state before each of its blocks."""

    def __init__(self, program: Program, chip: Chip, at_block: Callable[[State, int], None]) -> None:
        import unicorn

        self._program = program
        self._core = core = Core(chip, timing="instructions")
        core.set_fpu_enabled(True)
        core.memory.clear_ram()
        for address, data in program.segments:
            if address:
                core.memory.load(address, data)
        core.write_register(core.sp, program.stack_top)
        core.program_counter = program.begin
        self._registers = core.register_group(
            *core.r, core.sp, core.lr, core.pc, core.xpsr, *core.s, core.fpscr
        )
        self._at_block = at_block
        self._failed: BaseException | None = None
        core._engine.hook_add(unicorn.UC_HOOK_BLOCK, self._on_block)

    def _on_block(self, _engine: Any, address: int, size: int, _data: Any) -> None:
        values = self._registers.read()
        values[_PC] = address
        try:
            self._at_block(tuple(values), self._count(address, size))
        except BaseException as error:
            self._failed = error
            self.stop()

    def _count(self, address: int, size: int) -> int:
        code = self._core.memory.read(address, size)
        return 0 if code is None else _instructions(code)

    def stop(self) -> None:
        """The core stops before its next block."""
        self._core.request_stop()

    def run(self) -> bool:
        """Until the program is over, or `stop`; whether it is over."""
        stop = self._core.run(self._core.cycles + _SLICE_CYCLES, None)
        if self._failed is not None:
            raise self._failed
        if stop.reason not in (StopReason.SLICE, StopReason.BREAKPOINT):
            at = self._core.program_counter
            raise ConformanceError(
                f"The virtual board's core has stopped at {at:#x}: {stop.reason.name}.",
                hint=f"{self._program.name} does nothing that ends so: look at what it has just run.",
            )
        return stop.reason is StopReason.BREAKPOINT

    def memory(self) -> bytes:
        """What RAM holds."""
        found = self._core.memory.read(self._program.ram_start, self._program.ram_bytes)
        assert found is not None
        return found


@cache
def _instructions(code: bytes) -> int:
    return len(instruction_starts(code))


class _Comparison:
    """Goes along with the core, block by block."""

    def __init__(self, outcome: Followed, program: Program, qemu: _Qemu, most_instructions: int) -> None:
        self.outcome = outcome
        self.stop: Callable[[], None] = lambda: None
        self._qemu = qemu
        self._over = program.over
        self._most_instructions = most_instructions
        self._ahead: list[State] = []
        self._left_out_before = False
        while (state := self._peek(0)) is not None and state[_PC] != program.begin:
            self._ahead.pop(0)

    def at_block(self, state: State, instructions: int) -> None:
        """The core is about to run a block."""
        outcome = self.outcome
        if state[_PC] == self._over or outcome.divergence is not None:
            return
        other = self._match(state[_PC])
        if other is None:
            if self._left_out_before:
                self._diverge(state[_PC], ("where they go",))
            outcome.left_out += 1
            self._left_out_before = True
        else:
            self._left_out_before = False
            parts = differing(other, state)
            if parts:
                self._diverge(state[_PC], parts)
        outcome.blocks += 1
        outcome.instructions += instructions
        if outcome.instructions >= self._most_instructions:
            self.stop()

    def _match(self, address: int) -> State | None:
        """QEMU's state at this address, with one of its blocks left out if need be."""
        for skipped in range(2):
            state = self._peek(skipped)
            if state is not None and state[_PC] == address:
                del self._ahead[: skipped + 1]
                self.outcome.left_out += skipped
                return state
        return None

    def _peek(self, index: int) -> State | None:
        while len(self._ahead) <= index:
            state = self._qemu.next()
            if state is None:
                return None
            self._ahead.append(state)
        return self._ahead[index]

    def _diverge(self, address: int, parts: tuple[str, ...]) -> None:
        self.outcome.divergence = Divergence(self.outcome.blocks, address, parts)
        self.stop()


def differing(reference: State, tested: State) -> tuple[str, ...]:
    """What differs, in words: registers with QEMU's value and the virtual board's."""
    parts = []
    for index, (name, one, other) in enumerate(zip(NAMES, reference, tested, strict=True)):
        mask = _COMPARED_FLAGS if index == _XPSR else 0xFFFF_FFFF
        if (one ^ other) & mask:
            parts.append(f"{name}: {one & mask:#010x} and {other & mask:#010x}")
    return tuple(parts)


def follow(program: Program, chip: Chip, most_instructions: int) -> Followed:
    """Runs a program on both and compares registers, flags and FPU before each block, and memory at its end.

    Stops at the first difference, or when the virtual board's core has run so many instructions.
    """
    outcome = Followed(program.name)
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        qemu = _Qemu(program, Path(folder))
        try:
            comparison = _Comparison(outcome, program, qemu, most_instructions)
            core = _VirtualCore(program, chip, comparison.at_block)
            comparison.stop = core.stop
            outcome.ended = core.run() and outcome.divergence is None
            if outcome.ended:
                outcome.divergence = _differing_memory(program, outcome, qemu.memory(), core.memory())
        finally:
            qemu.close()
    return outcome


def _differing_memory(
    program: Program, outcome: Followed, reference: bytes, tested: bytes
) -> Divergence | None:
    if len(reference) != len(tested):
        return Divergence(
            outcome.blocks, program.over, (f"{len(reference)} and {len(tested)} bytes of memory",)
        )
    for (place, one), (_, other) in zip(_words(reference), _words(tested), strict=True):
        if one != other:
            address = program.ram_start + place
            words = f"memory at {address:#010x}: {one:#010x} and {other:#010x}"
            return Divergence(outcome.blocks, program.over, (words,))
    return None


def _words(memory: bytes) -> Iterator[tuple[int, int]]:
    return ((4 * number, word) for number, (word,) in enumerate(struct.iter_unpack("<I", memory)))
