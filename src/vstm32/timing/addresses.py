"""Which addresses a block loads from and stores to, as far as they follow from the registers at its entry.

A block is gone through once, with a symbolic value for each register. What its addresses are made of becomes
a short program (`struct step` of native/layout.h), which runs whenever the block does (native/data_access.c).
Values that the block loads are looked up in memory as it is when the block is entered. What is conditional is
taken to happen. An address that cannot be followed (a result of a division, of the FPU, of flags) has no
step: that access costs as a hit of the data cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from typing import Any

from vstm32.timing.operation import (
    LR,
    PC,
    SP,
    disassemble,
    encodings,
    instruction_starts,
    plain_name,
    register_number,
)

_WORD = 0xFFFF_FFFF
_BITS = 32


class StepKind(IntEnum):
    """What a step does: the STEP_ constants of native/layout.h."""

    END = 0
    SUM = 1
    NEGATE = 2
    MULTIPLY = 3
    BITS = 4
    SIGNED_BITS = 5
    LOAD = 6
    STORE = 7
    VALUE = 8
    SIGNED_VALUE = 9


NO_VALUE = PC
"""The number of the value that is always 0; those below it are registers, those above it results."""

MOST_VALUES = 80
"""How many values a program may have; what would need more is not followed."""

_LOADS = {
    "ldr": (4, False), "ldrt": (4, False), "ldrex": (4, False), "vldr": (4, False),
    "ldrb": (1, False), "ldrbt": (1, False), "ldrexb": (1, False), "ldrsb": (1, True), "ldrsbt": (1, True),
    "ldrh": (2, False), "ldrht": (2, False), "ldrexh": (2, False), "ldrsh": (2, True), "ldrsht": (2, True),
    "ldrd": (8, False),
}  # fmt: skip
"""Bytes, and whether they have a sign."""

_STORES = {"str": 4, "strt": 4, "vstr": 4, "strb": 1, "strbt": 1, "strh": 2, "strht": 2, "strd": 8,
           "strex": 4, "strexb": 1, "strexh": 2}  # fmt: skip
_EXCLUSIVE_STORES = frozenset({"strex", "strexb", "strexh"})
_MULTIPLES = {
    "ldm": False, "ldmdb": False, "pop": False, "vldmia": False, "vldmdb": False, "vpop": False,
    "stm": True, "stmdb": True, "push": True, "vstmia": True, "vstmdb": True, "vpush": True,
}  # fmt: skip
"""Whether they store."""

_DOWNWARDS = frozenset({"ldmdb", "stmdb", "push", "vldmdb", "vstmdb", "vpush"})
_OF_STACK = frozenset({"push", "pop", "vpush", "vpop"})
_EXTENDED = {"uxtb": (8, False), "uxth": (16, False), "sxtb": (8, True), "sxth": (16, True)}
_NO_RESULT = frozenset(
    {
        "cmp",
        "cmn",
        "tst",
        "teq",
        "b",
        "bx",
        "cbz",
        "cbnz",
        "nop",
        "tbb",
        "tbh",
        "dmb",
        "dsb",
        "isb",
        "msr",
        "pld",
    }
)


@dataclass(frozen=True, slots=True)
class Term:
    """A symbolic value: what a step makes of other values; or a register at the entry of the block."""

    kind: StepKind
    base: "Term | int" = NO_VALUE
    index: "Term | int" = NO_VALUE
    shift: int = 0
    constant: int = 0
    size: int = 0
    access: int = -1
    """Of a value that is loaded: the number of that access in the block."""


@dataclass(frozen=True, slots=True)
class Step:
    """One `struct step`. `instruction` is the number of the one that accesses, in the block."""

    kind: StepKind
    base: int = NO_VALUE
    index: int = NO_VALUE
    shift: int = 0
    constant: int = 0
    result: int = NO_VALUE
    size: int = 0
    instruction: int = 0


@dataclass(frozen=True, slots=True)
class AddressProgram:
    """The steps of a block, the registers that they begin with, and how many accesses have no step."""

    steps: tuple[Step, ...]
    registers: frozenset[int]
    unknown: int


def address_program(code: bytes, address: int) -> AddressProgram:
    """What a block of Thumb code at an address accesses."""
    block = _Block(address)
    for number, (start, encoding) in enumerate(zip(instruction_starts(code), encodings(code), strict=True)):
        block.go_through(_decoded(encoding), address + start, number)
    return _Program(block.accesses).made()


@dataclass(frozen=True, slots=True)
class _Operand:
    register: int | None = None
    immediate: int | None = None
    shift: tuple[str, int] | None = None
    is_shifted_by_register: bool = False
    is_memory: bool = False
    base: int | None = None
    index: int | None = None
    index_shift: int = 0
    displacement: int = 0
    negative: bool = False


@dataclass(frozen=True, slots=True)
class _Instruction:
    name: str
    operands: tuple[_Operand, ...]
    writes_back: bool
    post_indexed: bool
    fp_registers: int
    """How many words of FPU registers are listed."""


@cache
def _decoded(encoding: bytes) -> _Instruction | None:
    """One instruction; None for what is no instruction."""
    raw = disassemble(encoding)
    if raw is None:
        return None
    return _Instruction(
        plain_name(raw.mnemonic, raw.update_flags),
        tuple(_operand(raw, each) for each in raw.operands),
        bool(raw.writeback),
        bool(raw.writeback) and "], " in raw.op_str,
        sum(_fp_words(raw, each) for each in raw.operands),
    )


def _fp_words(raw: Any, operand: Any) -> int:
    from capstone import arm

    name = raw.reg_name(operand.reg) if operand.type == arm.ARM_OP_REG else ""
    if not name or not name[1:].isdecimal():
        return 0
    return {"s": 1, "d": 2}.get(name[0], 0)


def _operand(raw: Any, operand: Any) -> _Operand:
    from capstone import arm

    if operand.type == arm.ARM_OP_IMM:
        return _Operand(immediate=operand.imm)
    if operand.type == arm.ARM_OP_MEM:
        memory = operand.mem
        return _Operand(
            is_memory=True,
            base=register_number(raw.reg_name(memory.base)),
            index=register_number(raw.reg_name(memory.index)),
            index_shift=operand.shift.value if operand.shift.type == arm.ARM_SFT_LSL else memory.lshift,
            displacement=memory.disp,
            negative=bool(operand.subtracted) or memory.scale == -1,
        )
    if operand.type != arm.ARM_OP_REG:
        return _Operand()
    by_constant = {
        arm.ARM_SFT_LSL: "lsl", arm.ARM_SFT_LSR: "lsr", arm.ARM_SFT_ASR: "asr"
    }.get(operand.shift.type)  # fmt: skip
    return _Operand(
        register=register_number(raw.reg_name(operand.reg)),
        shift=(by_constant, operand.shift.value) if by_constant else None,
        is_shifted_by_register=operand.shift.type != 0 and by_constant is None,
    )


def _constant(value: int) -> Term:
    return Term(StepKind.SUM, constant=value & _WORD)


def _is_constant(term: Term) -> bool:
    return term.kind is StepKind.SUM and term.base == term.index == NO_VALUE


def _sum(one: Term, other: Term) -> Term:
    """The sum of two values, with constants put together and, where it can be, as one step."""
    if _is_constant(one):
        one, other = other, one
    if _is_constant(other) and one.kind is StepKind.SUM:
        return Term(StepKind.SUM, one.base, one.index, one.shift, (one.constant + other.constant) & _WORD)
    constant = 0
    parts: list[Term | int] = []
    shift = 0
    for term in (one, other):
        if _is_constant(term):
            constant += term.constant
        elif term.kind is StepKind.SUM and term.index == NO_VALUE:
            constant += term.constant
            parts.append(term.base)
        else:
            parts.append(term)
    if len(parts) == 2:
        # A value that is only shifted can be the index.
        for place, part in enumerate(parts):
            if isinstance(part, Term) and part.kind is StepKind.SUM and part.base == NO_VALUE:
                shift, constant = part.shift, constant + part.constant
                parts = [parts[1 - place], part.index]
                break
    parts += [NO_VALUE] * (2 - len(parts))
    return Term(StepKind.SUM, parts[0], parts[1], shift, constant & _WORD)


def _shifted(term: Term, shift: str, count: int) -> Term:
    if shift == "lsl":
        if count == 0:
            return term
        if _is_constant(term):
            return _constant(term.constant << count)
        if term.kind is StepKind.SUM and term.index == NO_VALUE:
            return Term(StepKind.SUM, NO_VALUE, term.base, count, term.constant << count & _WORD)
        if term.kind is StepKind.SUM and term.base == NO_VALUE and term.shift + count < _BITS:
            return Term(
                StepKind.SUM, NO_VALUE, term.index, term.shift + count, term.constant << count & _WORD
            )
        return Term(StepKind.SUM, NO_VALUE, term, count)
    kind = StepKind.SIGNED_BITS if shift == "asr" else StepKind.BITS
    return _bits(kind, term, min(count, _BITS - 1), _BITS - min(count, _BITS - 1))


def _bits(kind: StepKind, term: Term, lowest: int, width: int) -> Term:
    return Term(kind, term, NO_VALUE, lowest, 0, width)


def _negated_sum(one: Term, other: Term) -> Term:
    """The difference of two values."""
    if _is_constant(other):
        return _sum(one, _constant(-other.constant))
    return Term(StepKind.NEGATE, one, other)


@dataclass(frozen=True, slots=True)
class _Access:
    address: Term | None
    size: int
    stores: bool
    signed: bool
    instruction: int


@dataclass
class _Block:
    """A block that is gone through: what its registers are, and what it has accessed."""

    start: int
    registers: dict[int, Term | None] = field(default_factory=dict)
    accesses: list[_Access] = field(default_factory=list)
    _at: int = 0
    _number: int = 0

    def __post_init__(self) -> None:
        self.registers = {number: Term(StepKind.SUM, number) for number in range(PC)}

    def go_through(self, instruction: _Instruction | None, address: int, number: int) -> None:
        """The next instruction, which stands at an address."""
        if instruction is None:
            return
        self._at, self._number = address, number
        name, operands = instruction.name, instruction.operands
        if name in ("tbb", "tbh"):
            self._access(self._place(operands[0], 0 if name == "tbb" else 1), 1 if name == "tbb" else 2)
        elif name in _NO_RESULT or name.startswith("it"):
            return
        elif name in ("bl", "blx", "svc"):
            # The block ends here.
            self._set(LR, None)
        elif name in _MULTIPLES:
            self._multiple(instruction)
        elif (name in _LOADS or name in _STORES) and any(operand.is_memory for operand in operands):
            self._single(instruction)
        else:
            self._arithmetic(instruction)

    def _value(self, register: int | None) -> Term | None:
        if register is None:
            return None
        if register == PC:
            return _constant(self._at + 4)
        return self.registers.get(register)

    def _set(self, register: int | None, value: Term | None) -> None:
        if register is not None and register != PC:
            self.registers[register] = value

    def _access(
        self, address: Term | None, size: int, *, stores: bool = False, signed: bool = False
    ) -> Term | None:
        """Notes an access; what it loads."""
        number = len(self.accesses)
        self.accesses.append(_Access(address, size, stores, signed, self._number))
        if stores or address is None or size > 4:
            return None
        kind = StepKind.SIGNED_VALUE if signed else StepKind.VALUE
        return Term(kind, address, size=size, access=number)

    def _place(self, operand: _Operand, shift: int | None = None) -> Term | None:
        """The address of a memory operand, before a write-back."""
        base = self._value(operand.base)
        if base is None:
            return None
        if operand.base == PC:
            base = _constant((self._at + 4) & ~3)
        if operand.index is None:
            return _sum(base, _constant(operand.displacement))
        index = self._value(operand.index)
        if index is None:
            return None
        index = _shifted(index, "lsl", operand.index_shift if shift is None else shift)
        return _negated_sum(base, index) if operand.negative else _sum(base, index)

    def _single(self, instruction: _Instruction) -> None:
        name, operands = instruction.name, instruction.operands
        place = next(operand for operand in operands if operand.is_memory)
        written_back = self._place(place)
        if instruction.post_indexed:
            address = self._value(place.base)
            if len(operands) > operands.index(place) + 1 and address is not None:
                delta = operands[-1]
                step = delta.immediate if delta.immediate is not None else None
                written_back = None if step is None else _sum(address, _constant(step))
        else:
            address = written_back
        data = [operand.register for operand in operands if not operand.is_memory]
        if name in _LOADS:
            size, signed = _LOADS[name]
            if name == "vldr":
                self._access(address, 4 * max(instruction.fp_registers, 1))
            elif size > 4:
                self._load_each(address, data[:2])
            else:
                self._set(data[0] if data else None, self._access(address, size, signed=signed))
        else:
            size = 4 * max(instruction.fp_registers, 1) if name == "vstr" else _STORES[name]
            self._access(address, size, stores=True)
            if name in _EXCLUSIVE_STORES:
                self._set(data[0], None)
        if instruction.writes_back:
            self._set(place.base, written_back)

    def _multiple(self, instruction: _Instruction) -> None:
        name, operands = instruction.name, instruction.operands
        on_stack = name in _OF_STACK
        base_register = SP if on_stack else operands[0].register
        listed = operands if on_stack else operands[1:]
        size = 4 * (instruction.fp_registers or len(listed))
        base = self._value(base_register)
        moved = None if base is None else _sum(base, _constant(-size if name in _DOWNWARDS else size))
        address = moved if name in _DOWNWARDS else base
        stores = _MULTIPLES[name]
        if stores or instruction.fp_registers:
            self._access(address, size, stores=stores)
        else:
            self._load_each(address, [operand.register for operand in listed])
        if on_stack or instruction.writes_back:
            self._set(base_register, moved)

    def _load_each(self, address: Term | None, registers: list[int | None]) -> None:
        """Words of a list of registers: each is an access of its own, as its value may be wanted."""
        for number, register in enumerate(registers):
            at = None if address is None else _sum(address, _constant(4 * number))
            self._set(register, self._access(at, 4))

    def _arithmetic(self, instruction: _Instruction) -> None:
        operands = instruction.operands
        if not operands or operands[0].register is None:
            return
        self._set(operands[0].register, self._result(instruction.name, operands))
        if instruction.name in ("smull", "umull", "smlal", "umlal", "umaal") and len(operands) > 1:
            self._set(operands[1].register, None)

    def _source(self, operand: _Operand) -> Term | None:
        if operand.immediate is not None:
            return _constant(operand.immediate)
        value = self._value(operand.register)
        if value is None or operand.is_shifted_by_register:
            return None
        return _shifted(value, *operand.shift) if operand.shift else value

    def _result(self, name: str, operands: tuple[_Operand, ...]) -> Term | None:
        """What an instruction without memory puts into its first operand; None if that is not followed."""
        if name == "movt":
            low = self._value(operands[0].register)
            if low is None or not _is_constant(low) or operands[1].immediate is None:
                return None
            return _constant(low.constant & 0xFFFF | operands[1].immediate << 16)
        if name == "adr":
            return _constant(((self._at + 4) & ~3) + (operands[1].immediate or 0))
        sources = [self._source(operand) for operand in (operands[1:] if len(operands) > 2 else operands)]
        if name in ("mov", "movw") or name in _EXTENDED:
            sources = sources[-1:]
        known = [source for source in sources if source is not None]
        if len(known) != len(sources) or not known:
            return None
        return self._computed(name, known)

    @staticmethod
    def _computed(name: str, sources: list[Term]) -> Term | None:
        first, last = sources[0], sources[-1]
        if name in ("mov", "movw"):
            return last
        if name in _EXTENDED:
            width, signed = _EXTENDED[name]
            return _bits(StepKind.SIGNED_BITS if signed else StepKind.BITS, last, 0, width)
        if name in ("add", "addw") and len(sources) == 2:
            return _sum(first, last)
        if name in ("sub", "subw") and len(sources) == 2:
            return _negated_sum(first, last)
        if name == "rsb" and len(sources) == 2:
            return _negated_sum(last, first)
        if name in ("lsl", "lsr", "asr") and _is_constant(last) and last.constant < _BITS:
            return _shifted(first, name, last.constant)
        if name == "mul" and len(sources) == 2:
            return Term(StepKind.MULTIPLY, first, last)
        if name == "mla" and len(sources) == 3:
            return _sum(Term(StepKind.MULTIPLY, first, sources[1]), last)
        if name == "mls" and len(sources) == 3:
            return _negated_sum(last, Term(StepKind.MULTIPLY, first, sources[1]))
        if name in ("ubfx", "sbfx") and len(sources) == 3:
            kind = StepKind.SIGNED_BITS if name == "sbfx" else StepKind.BITS
            return _bits(kind, first, sources[1].constant, last.constant)
        if name == "and" and len(sources) == 2 and _is_constant(last) and _is_mask(last.constant):
            return _bits(StepKind.BITS, first, 0, last.constant.bit_length())
        return None


def _is_mask(value: int) -> bool:
    """Ones from bit 0 on."""
    return value != 0 and value & (value + 1) == 0


class _Program:
    """The steps that a list of accesses needs."""

    def __init__(self, accesses: list[_Access]) -> None:
        self._accesses = accesses
        self._wanted = set(self._loads_wanted())
        self._steps: list[Step] = []
        self._numbers: dict[Term, int] = {}
        self._of_access: dict[int, int] = {}
        self._registers: set[int] = set()
        self._next = NO_VALUE + 1

    def _loads_wanted(self) -> Iterator[int]:
        """Accesses whose value is part of an address."""
        left = [access.address for access in self._accesses if access.address is not None]
        seen: set[Term] = set()
        while left:
            term = left.pop()
            if term in seen:
                continue
            seen.add(term)
            if term.access >= 0:
                yield term.access
            left += [part for part in (term.base, term.index) if isinstance(part, Term)]

    def made(self) -> AddressProgram:
        """All steps, in order."""
        unknown = 0
        for number, access in enumerate(self._accesses):
            place = None if access.address is None else self._operands(access.address)
            if place is None:
                unknown += 1
                continue
            kind = StepKind.STORE if access.stores else StepKind.LOAD
            result = NO_VALUE
            if number in self._wanted and self._next < MOST_VALUES:
                kind = StepKind.SIGNED_VALUE if access.signed else StepKind.VALUE
                result = self._new_number()
                self._of_access[number] = result
            self._append(Step(kind, *place, result, access.size, access.instruction))
        return AddressProgram(tuple(self._steps), frozenset(self._registers), unknown)

    def _append(self, step: Step) -> None:
        """Words in a row that one instruction loads, and whose values nothing needs, are one step."""
        last = self._steps[-1] if self._steps else None
        if (
            last is not None
            and last.kind is step.kind is StepKind.LOAD
            and step == replace(last, constant=(last.constant + last.size) & _WORD, size=step.size)
        ):
            self._steps[-1] = replace(last, size=last.size + step.size)
        else:
            self._steps.append(step)

    def _new_number(self) -> int:
        self._next += 1
        return self._next - 1

    def _operands(self, term: Term) -> tuple[int, int, int, int] | None:
        """Base, index, shift and constant of an address, with the steps before it."""
        if term.kind is not StepKind.SUM:
            number = self._number(term)
            return None if number is None else (number, NO_VALUE, 0, 0)
        base, index = self._number(term.base), self._number(term.index)
        if base is None or index is None:
            return None
        return base, index, term.shift, term.constant

    def _number(self, term: Term | int) -> int | None:
        """The number of a value, made by steps if it is not there yet; None if that cannot be."""
        if isinstance(term, int):
            if term != NO_VALUE:
                self._registers.add(term)
            return term
        if term.access >= 0:
            return self._of_access.get(term.access)
        if term in self._numbers:
            return self._numbers[term]
        if term.kind is StepKind.SUM and term.index == NO_VALUE and term.constant == 0:
            return self._number(term.base)
        base, index = self._number(term.base), self._number(term.index)
        if base is None or index is None or self._next >= MOST_VALUES:
            return None
        number = self._new_number()
        self._steps.append(Step(term.kind, base, index, term.shift, term.constant, number, term.size))
        self._numbers[term] = number
        return number
