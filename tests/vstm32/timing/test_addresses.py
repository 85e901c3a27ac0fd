"""What a block accesses follows from the registers at its entry, as Unicorn finds it when the block runs."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vstm32.native.library import lib
from vstm32.timing import addresses
from vstm32.timing.addresses import MOST_VALUES, NO_VALUE, StepKind, address_program

CODE, DATA = 0x0800_0000, 0x2000_0000
DATA_BYTES = 1 << 16
WORD = 0xFFFF_FFFF


def test_python_and_c_mean_the_same():
    for kind in StepKind:
        assert kind == getattr(lib, f"STEP_{kind.name}")
    assert (lib.NO_VALUE, lib.MOST_VALUES) == (NO_VALUE, MOST_VALUES)


class Evaluation:
    """The accesses of a program, as native/data_access.c works them out."""

    def __init__(self, program, registers, memory):
        self.values = dict(enumerate(registers)) | {NO_VALUE: 0}
        self.memory = memory
        self.accesses = []
        for step in program.steps:
            self.go(step)

    def go(self, step):
        base, index = self.values[step.base], self.values[step.index]
        total = base + (index << step.shift) + step.constant & WORD
        kind = step.kind
        if kind is StepKind.SUM:
            self.values[step.result] = total
        elif kind is StepKind.NEGATE:
            self.values[step.result] = base - (index << step.shift) + step.constant & WORD
        elif kind is StepKind.MULTIPLY:
            self.values[step.result] = base * index + step.constant & WORD
        elif kind in (StepKind.BITS, StepKind.SIGNED_BITS):
            value = base >> step.shift & ((1 << step.size) - 1)
            self.values[step.result] = signed(value, step.size) if kind is StepKind.SIGNED_BITS else value
        else:
            self.access(step, total)

    def access(self, step, address):
        for word in range(0, step.size, 4):
            size = min(4, step.size - word)
            self.accesses.append((address + word & WORD, size, step.kind is StepKind.STORE))
        if step.kind in (StepKind.VALUE, StepKind.SIGNED_VALUE):
            value = int.from_bytes(self.memory[address - DATA :][: step.size], "little")
            is_signed = step.kind is StepKind.SIGNED_VALUE
            self.values[step.result] = signed(value, 8 * step.size) if is_signed else value


def signed(value, bits):
    return value - (1 << bits) & WORD if value >> bits - 1 else value


def seen_by_unicorn(code, registers, memory):
    import unicorn
    from unicorn import arm_const

    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    engine.mem_map(CODE, 1 << 16)
    engine.mem_write(CODE, code)
    engine.mem_map(DATA, DATA_BYTES)
    engine.mem_write(DATA, memory)
    for number, value in enumerate(registers):
        special = {13: arm_const.UC_ARM_REG_SP, 14: arm_const.UC_ARM_REG_LR}
        engine.reg_write(special.get(number, arm_const.UC_ARM_REG_R0 + number), value)
    accesses = []

    def on_access(_engine, kind, address, size, _value, _data):
        accesses.append((address, size, kind == unicorn.UC_MEM_WRITE))

    engine.hook_add(unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, on_access)
    engine.emu_start(CODE | 1, CODE + len(code))
    return accesses


# R0 to R3 are pointers, R4 to R6 are small, R7 is wherever a load or a sum has put it.
INSTRUCTIONS = [
    "ldr r8, [r0, #8]", "ldr r8, [r1], #4", "ldr r8, [r2, #12]!", "ldrb r6, [r3, r4]",
    "ldrh r8, [r0, r5, lsl #1]",
    "ldrsb r8, [r1, #1]", "ldr r8, [r2, r6, lsl #2]", "str r8, [r0, #16]", "strb r8, [r1], #1",
    "strh r8, [r2, #-2]!", "ldrd r8, r9, [r3, #8]", "strd r8, r9, [r0], #8", "ldmia r1!, {r8, r9, r10}",
    "stmdb r2!, {r8, r9}", "push {r4, r8}", "pop {r8, r9}", "adds r4, #1", "subs r5, #1", "add r0, r0, r4",
    "add r1, r1, r5, lsl #2", "add r2, sp, #64", "sub r3, sp, #128", "uxtb r6, r6", "ubfx r6, r8, #4, #5",
    "lsls r4, r5, #1", "lsrs r5, r4, #1", "movs r4, #7", "movw r5, #9", "mov r3, r0", "mul r6, r4, r5",
    "mla r0, r4, r5, r0", "mls r1, r4, r5, r1", "sub r2, r2, r4, lsl #1", "vldr s0, [r0, #4]",
    "vldmia r1!, {s0-s3}", "vstr s1, [r2, #8]", "and r4, r4, #15", "sxth r5, r4", "rsb r6, r5, #40",
    "ldr r7, [sp, #4]", "ldrsh r6, [r3]", "asrs r5, r6, #8", "ldr r8, [sp, r4, lsl #2]",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(source=st.lists(st.sampled_from(INSTRUCTIONS), min_size=1, max_size=14), seed=st.integers(0, 1 << 30))
def test_accesses_are_those_that_unicorn_makes(assemble, source, seed):
    code = assemble("; ".join(source))
    # Small values everywhere, so that what is loaded can be an index, and no store changes that.
    memory = bytes(DATA_BYTES)
    registers = [DATA + 0x4000 + 8 * (seed % 97 + 50 * number) for number in range(4)]
    registers += [seed % 13, seed % 7 + 1, seed % 5, 0, seed & 3, 1, 2, 3, 0, DATA + 0x8000, 0]
    program = address_program(code, CODE)
    assert program.unknown == 0
    expected = seen_by_unicorn(code, registers, memory)
    in_words = [
        (address + part, min(size, 4), store)
        for address, size, store in expected
        for part in range(0, size, 4)
    ]
    assert Evaluation(program, registers, memory).accesses == in_words


def test_a_pointer_that_is_loaded_is_followed(assemble):
    memory = bytearray(DATA_BYTES)
    struct.pack_into("<3I", memory, 0x100, DATA + 0x200, 7, DATA + 0x300)
    struct.pack_into("<I", memory, 0x204, DATA + 0x100)
    code = assemble("ldr r1, [r0]; ldr r2, [r1, #4]; ldr r3, [r2, #8]; ldrb r4, [r3]")
    registers = [DATA + 0x100, *[0] * 14]
    program = address_program(code, CODE)
    addresses_seen = [each[0] - DATA for each in Evaluation(program, registers, bytes(memory)).accesses]
    assert addresses_seen == [0x100, 0x204, 0x108, 0x300]
    assert [each[0] for each in seen_by_unicorn(code, registers, bytes(memory))] == [
        DATA + place for place in addresses_seen
    ]


def test_only_what_addresses_need_is_computed(assemble):
    program = address_program(
        assemble("adds r0, r1, r2; lsls r3, r0, #4; ldr r4, [r5, #4]; adds r5, #8"), CODE
    )
    assert [step.kind for step in program.steps] == [StepKind.LOAD]
    assert program.registers == {5}


def test_words_of_one_instruction_are_one_step(assemble):
    (step,) = address_program(assemble("ldmia r0!, {r1, r2, r3, r4}"), CODE).steps
    assert (step.kind, step.base, step.constant, step.size) == (StepKind.LOAD, 0, 0, 16)


def test_a_literal_has_its_address(assemble):
    (step,) = address_program(assemble("nop; ldr.w r0, [pc, #8]"), CODE + 0x100).steps
    assert (step.base, step.index, step.constant) == (NO_VALUE, NO_VALUE, CODE + 0x100 + 4 + 8)
    assert step.instruction == 1


def test_a_table_branch_loads_from_its_table(assemble):
    (step,) = address_program(assemble("tbh [pc, r1, lsl #1]"), CODE).steps
    assert (step.kind, step.base, step.index, step.shift, step.constant) == (
        StepKind.LOAD, NO_VALUE, 1, 1, CODE + 4
    )  # fmt: skip


@pytest.mark.parametrize(
    "lost", ["udiv r0, r1, r2", "mrs r0, primask", "vmov r0, s0", "clz r0, r1", "rbit r0, r1"]
)
def test_what_cannot_be_followed_has_no_step(assemble, lost):
    program = address_program(assemble(f"{lost}; ldr r3, [r0]; ldr r4, [r5]"), CODE)
    assert program.unknown == 1
    assert [step.base for step in program.steps] == [5]


def test_more_values_than_there_is_room_for_are_not_followed(assemble, monkeypatch):
    monkeypatch.setattr(addresses, "MOST_VALUES", NO_VALUE + 3)
    program = address_program(assemble("ldr r0, [r0]; " * 5), CODE)
    assert program.unknown == 2
