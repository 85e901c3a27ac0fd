"""What the pipeline has to know of an instruction, taken from its disassembly (capstone).

capstone's own lists of registers that are read and written are not used: they miss the accumulators of long
multiplications, the lists of VLDM and others. Operands are told apart by their place in the instruction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from vstm32.timing.m7_table import MNEMONICS, Kind

SP, LR, PC, S0 = 13, 14, 15, 16
"""Registers have numbers: R0 to R15 are 0 to 15, S0 to S31 are 16 to 47."""

_KINDS = {mnemonic: kind for kind, names in MNEMONICS.items() for mnemonic in names.split()}
_CONDITIONS = frozenset(
    {"eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"}
)
_DOUBLES = 16
_LONGEST_IT = 4
_CORE_REGISTERS = {f"r{number}": number for number in range(16)} | {
    "sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": SP, "lr": LR, "pc": PC
}  # fmt: skip
_COMPARISONS = frozenset({"cmp", "cmn", "tst", "teq"})
_READS_ITS_RESULT = frozenset({"bfc", "bfi", "movt"})
_ONE_SOURCE = frozenset({"adr", "mov", "movw", "mvn"})
_LONG_MULTIPLY = ("smull", "umull", "smlal", "umlal", "umaal", "smlsld")
_LONG_ACCUMULATE = ("smlal", "umlal", "umaal", "smlsld")
_ACCUMULATE = ("mla", "mls", "smla", "smls", "smmla", "smmls")
_SECOND_IS_EARLY = frozenset(
    {"bfi", "pkhbt", "pkhtb"} | {f"{sign}xta{size}" for sign in "su" for size in ("b", "h", "b16")}
)
_LOADED_BYTES = {
    "ldrb": 1, "ldrbt": 1, "ldrexb": 1, "ldrsb": 1, "ldrsbt": 1,
    "ldrh": 2, "ldrht": 2, "ldrexh": 2, "ldrsh": 2, "ldrsht": 2,
}  # fmt: skip
_LOADS = frozenset({Kind.LOAD, Kind.LOAD_NARROW, Kind.FP_LOAD, Kind.LOAD_MULTIPLE, Kind.FP_LOAD_MULTIPLE})


@dataclass(frozen=True, slots=True)
class Operation:
    """One instruction, as the pipeline sees it."""

    mnemonic: str
    kind: Kind
    size_bytes: int
    late: tuple[int, ...] = ()
    """Sources that the late ALU uses, or arithmetic of the FPU."""

    early: tuple[int, ...] = ()
    """Sources that are used a cycle earlier: addresses, and operands of inline shifts."""

    accumulators: tuple[int, ...] = ()
    results: tuple[int, ...] = ()
    base: int | None = None
    """The register of an address."""

    offset: int | None = None
    """What is added to the base; None if it is a register."""

    writes_back: bool = False
    shifts: bool = False
    """Whether an operand is shifted inline, or is a constant that the shifter makes."""

    registers: int = 1
    """How many registers are loaded or stored."""

    loaded_bytes: int = 0
    alone: bool = False
    """Whether it moves two FP registers at once, which goes with nothing else (m7_table.py, J)."""

    target: int | None = None
    """Where a direct branch goes, from the address of this instruction."""


@cache
def _disassembler() -> Any:
    import capstone

    modes = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
    engine = capstone.Cs(capstone.CS_ARCH_ARM, modes)
    engine.detail = True
    return engine


def instruction_starts(code: bytes) -> list[int]:
    """Where the instructions of Thumb code start (Arm v7-M ARM, section A5.1: which have 32 bits)."""
    starts = []
    position = 0
    while position + 1 < len(code):
        starts.append(position)
        position += 4 if code[position + 1] >= 0xE8 else 2
    return starts


def ends_conditionally(code: bytes) -> bool:
    """Whether the branch at the end of Thumb code may not be taken: a conditional B, CBZ, CBNZ, and any in an
    IT block (Arm v7-M ARM, sections A7.7.12, A7.7.21 and A7.7.38).
    """
    starts = instruction_starts(code)
    if not starts:
        return False
    first, *others = (int.from_bytes(code[at : at + 2], "little") for at in range(starts[-1], len(code), 2))
    if others:
        conditional = first & 0xF800 == 0xF000 and others[0] & 0xD000 == 0x8000 and first & 0x0380 != 0x0380
    else:
        conditional = (first & 0xF000 == 0xD000 and first & 0x0E00 != 0x0E00) or first & 0xF500 == 0xB100
    return conditional or any(
        _it_length(code[start : start + 2]) >= before
        for before, start in enumerate(reversed(starts[-1 - _LONGEST_IT : -1]), 1)
    )


def _it_length(halfword: bytes) -> int:
    """How many instructions after this one are conditional because of it; 0 if it is no IT."""
    value = int.from_bytes(halfword, "little")
    mask = value & 0xF
    return 5 - (mask & -mask).bit_length() if value & 0xFF00 == 0xBF00 and mask else 0


def encodings(code: bytes) -> Iterator[bytes]:
    """The instructions of a piece of Thumb code, each 2 or 4 bytes; the last one may be cut off."""
    starts = instruction_starts(code)
    for start, end in pairwise((*starts, len(code))):
        yield code[start:end]


def operations(code: bytes) -> tuple[Operation, ...]:
    """The instructions of a piece of Thumb code."""
    return tuple(operation(encoding) for encoding in encodings(code))


def disassemble(encoding: bytes) -> Any:
    """What capstone says of one instruction of 2 or 4 bytes; None if it is none."""
    instruction = next(_disassembler().disasm(encoding, 0, 1), None)
    return instruction if instruction is not None and instruction.size == len(encoding) else None


def register_number(name: str | None) -> int | None:
    """The number of a core register, 0 to 15; None for what is none."""
    return _CORE_REGISTERS.get(name or "")


@cache
def operation(encoding: bytes) -> Operation:
    """One instruction of 2 or 4 bytes; what is no instruction is of the class SYSTEM."""
    instruction = disassemble(encoding)
    if instruction is None:
        return Operation("undefined", Kind.SYSTEM, len(encoding))
    name = plain_name(instruction.mnemonic, instruction.update_flags)
    kind = _KINDS.get(name, Kind.SYSTEM)
    operands = [_Operand(instruction, operand) for operand in instruction.operands]
    if name == "vmov":
        return _fp_move(operands, len(encoding))
    if kind is Kind.SYSTEM:
        results = tuple(x.register for x in operands[:1] if name == "mrs" and x.register is not None)
        return Operation(name, kind, len(encoding), results=results)
    if kind in (Kind.BRANCH, Kind.TABLE_BRANCH):
        return _branch(name, kind, operands, len(encoding))
    if any(operand.is_memory for operand in operands) and kind is not Kind.IT:
        return _memory(name, kind, operands, instruction.writeback, len(encoding))
    if kind in (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE):
        return _multiple(name, kind, operands, instruction.writeback, len(encoding))
    if name.startswith("v"):
        return _fp_arithmetic(name, kind, operands, len(encoding))
    if kind is Kind.MULTIPLY:
        return _multiply(name, operands, len(encoding))
    return _alu(name, kind, operands, len(encoding))


def plain_name(mnemonic: str, sets_flags: bool) -> str:
    """Without width, types, condition and the S of instructions that set flags."""
    name = mnemonic.partition(".")[0]
    if name in _KINDS or name == "vmov":
        return name
    if name[-2:] in _CONDITIONS and (name[:-2] in _KINDS or name[:-2] == "vmov"):
        return name[:-2]
    return name[:-1] if sets_flags and name[:-1] in _KINDS else name


class _Operand:
    """An operand of capstone's, read once."""

    def __init__(self, instruction: Any, operand: Any) -> None:
        from capstone import arm

        self.is_memory = operand.type == arm.ARM_OP_MEM
        self.immediate = operand.imm if operand.type == arm.ARM_OP_IMM else None
        self.is_shifted = operand.type == arm.ARM_OP_REG and operand.shift.type != 0
        self.registers: tuple[int, ...] = ()
        self.is_double = False
        self.base = self.index = None
        self.offset = 0
        if operand.type == arm.ARM_OP_REG:
            self._read_register(instruction.reg_name(operand.reg))
        elif self.is_memory:
            self.base = register_number(instruction.reg_name(operand.mem.base))
            self.index = register_number(instruction.reg_name(operand.mem.index))
            self.offset = operand.mem.disp

    def _read_register(self, name: str) -> None:
        if name in _CORE_REGISTERS:
            self.registers = (_CORE_REGISTERS[name],)
        elif name[0] == "s" and name[1:].isdecimal():
            self.registers = (S0 + int(name[1:]),)
        elif name[0] == "d" and name[1:].isdecimal() and int(name[1:]) < _DOUBLES:
            self.is_double = True
            first = S0 + 2 * int(name[1:])
            self.registers = (first, first + 1)

    @property
    def register(self) -> int | None:
        return self.registers[0] if self.registers else None


def _all(operands: list[_Operand]) -> tuple[int, ...]:
    return tuple(register for operand in operands for register in operand.registers)


def _branch(name: str, kind: Kind, operands: list[_Operand], size_bytes: int) -> Operation:
    target = next((operand.immediate for operand in operands if operand.immediate is not None), None)
    sources = _all(operands) + tuple(
        register for operand in operands for register in (operand.base, operand.index) if register is not None
    )
    return Operation(
        name,
        kind,
        size_bytes,
        late=tuple(register for register in sources if register != PC),
        results=(LR,) if name in ("bl", "blx") else (),
        target=target,
    )


def _memory(name: str, kind: Kind, operands: list[_Operand], writes_back: bool, size_bytes: int) -> Operation:
    place = next(operand for operand in operands if operand.is_memory)
    data = _all(operands)
    addresses = tuple(x for x in (place.base, place.index) if x is not None and x != PC)
    loads = kind in _LOADS
    words = len(data) if kind is not Kind.LOAD_NARROW else 1
    return Operation(
        name,
        kind,
        size_bytes,
        late=() if loads else data,
        early=addresses,
        results=data if loads else (),
        base=place.base,
        offset=place.offset if place.index is None else None,
        writes_back=bool(writes_back) and place.base is not None,
        registers=words,
        loaded_bytes=_LOADED_BYTES.get(name, 4 * words) if loads else 0,
        alone=any(operand.is_double for operand in operands),
    )


def _multiple(
    name: str, kind: Kind, operands: list[_Operand], writes_back: bool, size_bytes: int
) -> Operation:
    on_stack = name in ("push", "pop", "vpush", "vpop")
    base = SP if on_stack else operands[0].register
    data = _all(operands if on_stack else operands[1:])
    loads = kind in _LOADS
    return Operation(
        name,
        kind,
        size_bytes,
        late=() if loads else data,
        early=(base,) if base is not None else (),
        results=data if loads else (),
        base=base,
        offset=0,
        writes_back=on_stack or bool(writes_back),
        registers=len(data),
        loaded_bytes=4 * len(data) if loads else 0,
    )


def _fp_move(operands: list[_Operand], size_bytes: int) -> Operation:
    target, *sources = operands
    into_core = target.register is not None and target.register < S0
    if not sources or not sources[0].registers:
        return Operation("vmov", Kind.FP_MOVE_CONSTANT, size_bytes, results=target.registers)
    pair = len(operands) > 2
    count = len(operands) // 2
    written, read = _all(operands[:count]), _all(operands[count:])
    kind = Kind.FP_FROM_CORE if read and read[0] < S0 else Kind.FP_MOVE
    if into_core:
        kind = Kind.FP_TO_CORE
    return Operation("vmov", kind, size_bytes, late=read, results=written, alone=pair)


def _fp_arithmetic(name: str, kind: Kind, operands: list[_Operand], size_bytes: int) -> Operation:
    if kind is Kind.FP_COMPARE:
        return Operation(name, kind, size_bytes, late=_all(operands))
    if kind is Kind.FP_FLAGS:
        return Operation(name, kind, size_bytes, results=_all(operands[:1]))
    written, read = _all(operands[:1]), _all(operands[1:])
    accumulates = kind in (Kind.FP_FUSED, Kind.FP_CHAINED)
    return Operation(
        name, kind, size_bytes, late=read, accumulators=written if accumulates else (), results=written
    )


def _multiply(name: str, operands: list[_Operand], size_bytes: int) -> Operation:
    if name.startswith(_LONG_MULTIPLY) and len(operands) == 4:
        results, factors = _all(operands[:2]), _all(operands[2:])
        accumulators = results if name.startswith(_LONG_ACCUMULATE) else ()
    elif name.startswith(_ACCUMULATE) and len(operands) == 4:
        results, factors, accumulators = _all(operands[:1]), _all(operands[1:3]), _all(operands[3:])
    else:
        results, accumulators = _all(operands[:1]), ()
        factors = _all(operands[1:] if len(operands) > 2 else operands)
    return Operation(name, Kind.MULTIPLY, size_bytes, factors, (), accumulators, results)


def _alu(name: str, kind: Kind, operands: list[_Operand], size_bytes: int) -> Operation:
    results: tuple[int, ...] = ()
    sources = operands
    if operands and name not in _COMPARISONS:
        results = operands[0].registers
        sources = operands[1:]
        two_operands = len(operands) == 2 and name not in _ONE_SOURCE and kind in _TWO_OPERAND_KINDS
        if two_operands or name in _READS_ITS_RESULT:
            sources = operands
    early = [operand for operand in sources if operand.is_shifted]
    if kind is Kind.EARLY_BITFIELD:
        early = sources
    elif name in _SECOND_IS_EARLY:
        early = [operand for operand in operands if operand.registers][-1:]
    shifts = kind not in _BITFIELD_KINDS and (
        any(operand.is_shifted for operand in sources)
        or any(_is_made_by_shifter(name, kind, operand.immediate) for operand in operands)
    )
    early_registers = _all(early)
    return Operation(
        name,
        Kind.ALU if shifts and kind is Kind.EARLY_ALU else kind,
        size_bytes,
        late=tuple(
            register for register in _all(sources) if register not in early_registers and register != PC
        ),
        early=early_registers,
        results=results,
        shifts=shifts,
    )


_TWO_OPERAND_KINDS = frozenset({Kind.EARLY_ALU, Kind.ALU, Kind.SHIFT})
_BITFIELD_KINDS = frozenset({Kind.BITFIELD, Kind.EARLY_BITFIELD})


def _is_made_by_shifter(name: str, kind: Kind, immediate: int | None) -> bool:
    """A constant that is neither short nor a pattern of bytes (Arm v7-M ARM, section A5.3.2)."""
    if immediate is None or kind is Kind.SHIFT or name in ("movw", "movt", "addw", "subw", "adr"):
        return False
    value = immediate & 0xFFFF_FFFF
    low, second = value & 0xFF, value >> 8 & 0xFF
    return value > 0xFF and value not in (low * 0x0001_0001, second * 0x0100_0100, low * 0x0101_0101)
