"""What the pipeline has to know is read from the disassembly as it stands in the instruction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.timing.m7_table import Kind
from vstm32.timing.operation import LR, PC, S0, SP, ends_conditionally, operation, operations

R = tuple(range(13))


def s(*numbers):
    return tuple(S0 + number for number in numbers)


@pytest.mark.parametrize(
    ("source", "kind", "late", "early", "accumulators", "results"),
    [
        ("adds r0, r1, r2", Kind.EARLY_ALU, (1, 2), (), (), (0,)),
        ("adds r3, #1", Kind.EARLY_ALU, (3,), (), (), (3,)),
        ("add.w r0, r1, r2, lsl #3", Kind.ALU, (1,), (2,), (), (0,)),
        ("lsrs r0, r1", Kind.SHIFT, (0, 1), (), (), (0,)),
        ("mov.w r0, r1, lsr #3", Kind.SHIFT, (1,), (), (), (0,)),
        ("movt r0, #2", Kind.EARLY_ALU, (0,), (), (), (0,)),
        ("cmp r4, r5", Kind.ALU, (4, 5), (), (), ()),
        ("ands r0, r1", Kind.ALU, (0, 1), (), (), (0,)),
        ("mvns r0, r1", Kind.ALU, (1,), (), (), (0,)),
        ("bfi r0, r1, #3, #4", Kind.BITFIELD, (0,), (1,), (), (0,)),
        ("ubfx r0, r1, #3, #4", Kind.EARLY_BITFIELD, (), (1,), (), (0,)),
        ("sxtab16 r0, r1, r2", Kind.BITFIELD, (1,), (2,), (), (0,)),
        ("mul r0, r1, r2", Kind.MULTIPLY, (1, 2), (), (), (0,)),
        ("smlad r0, r1, r2, r3", Kind.MULTIPLY, (1, 2), (), (3,), (0,)),
        ("smull r0, r1, r2, r3", Kind.MULTIPLY, (2, 3), (), (), (0, 1)),
        ("smlal r0, r1, r2, r3", Kind.MULTIPLY, (2, 3), (), (0, 1), (0, 1)),
        ("ldr r0, [r1, r2, lsl #2]", Kind.LOAD, (), (1, 2), (), (0,)),
        ("ldrsb r0, [r1, #1]", Kind.LOAD_NARROW, (), (1,), (), (0,)),
        ("str r0, [sp, #4]", Kind.STORE, (0,), (SP,), (), ()),
        ("ldrd r0, r1, [r2]", Kind.LOAD_MULTIPLE, (), (2,), (), (0, 1)),
        ("push {r4, r5, lr}", Kind.STORE_MULTIPLE, (4, 5, LR), (SP,), (), ()),
        ("pop {r4, pc}", Kind.LOAD_MULTIPLE, (), (SP,), (), (4, PC)),
        ("ldmia r0!, {r1, r2}", Kind.LOAD_MULTIPLE, (), (0,), (), (1, 2)),
        ("vldmia r0!, {s0-s3}", Kind.FP_LOAD_MULTIPLE, (), (0,), (), s(0, 1, 2, 3)),
        ("vpush {d8}", Kind.FP_STORE_MULTIPLE, s(16, 17), (SP,), (), ()),
        ("vldr d0, [r1]", Kind.FP_LOAD, (), (1,), (), s(0, 1)),
        ("vstr s3, [r1]", Kind.FP_STORE, s(3), (1,), (), ()),
        ("vadd.f32 s0, s1, s2", Kind.FP_ADD, s(1, 2), (), (), s(0)),
        ("vfma.f32 s0, s1, s2", Kind.FP_FUSED, s(1, 2), (), s(0), s(0)),
        ("vmla.f32 s0, s1, s2", Kind.FP_CHAINED, s(1, 2), (), s(0), s(0)),
        ("vcmpe.f32 s0, #0.0", Kind.FP_COMPARE, s(0), (), (), ()),
        ("vmov s0, r1", Kind.FP_FROM_CORE, (1,), (), (), s(0)),
        ("vmov r1, s0", Kind.FP_TO_CORE, s(0), (), (), (1,)),
        ("vmov r0, r1, s2, s3", Kind.FP_TO_CORE, s(2, 3), (), (), (0, 1)),
        ("vmov.f32 s0, s1", Kind.FP_MOVE, s(1), (), (), s(0)),
        ("vmov.f32 s0, #1.0", Kind.FP_MOVE_CONSTANT, (), (), (), s(0)),
        ("vmaxnm.f32 s0, s1, s2", Kind.FP_ARITHMETIC, s(1, 2), (), (), s(0)),
        ("cbz r3, .+8", Kind.BRANCH, (3,), (), (), ()),
        ("tbb [pc, r0]", Kind.TABLE_BRANCH, (0,), (), (), ()),
        ("blx r3", Kind.BRANCH, (3,), (), (), (LR,)),
        ("sdiv r0, r1, r2", Kind.DIVIDE, (1, 2), (), (), (0,)),
        ("mrs r5, primask", Kind.SYSTEM, (), (), (), (5,)),
        ("dsb", Kind.SYSTEM, (), (), (), ()),
    ],
)
def test_operands_are_told_apart(assemble, source, kind, late, early, accumulators, results):  # noqa: PLR0917
    found = operation(assemble(source))
    assert (found.kind, found.late, found.early) == (kind, late, early)
    assert (found.accumulators, found.results) == (accumulators, results)


@pytest.mark.parametrize(
    ("source", "shifts"),
    [
        ("add.w r0, r1, #0xff", False),
        ("addw r0, r1, #0xfff", False),
        ("eor.w r0, r1, #0x1b1b1b1b", False),
        ("eor.w r0, r1, #0x001b001b", False),
        ("eor.w r0, r1, #0x1fc0", True),
        ("eor.w r0, r1, r2, ror #22", True),
        ("lsl.w r0, r1, #12", False),
    ],
)
def test_what_the_shifter_makes_is_seen(assemble, source, shifts):
    """The kinds of operand2 that J's matrix tells apart."""
    assert operation(assemble(source)).shifts is shifts


def test_a_branch_knows_where_it_goes_from_where_it_stands(assemble):
    loop = operations(assemble("1: adds r0, #1; nop.w; bne 1b"))
    assert loop[-1].target == -6
    assert operation(assemble("bx lr")).target is None


@pytest.mark.parametrize(
    ("source", "loaded"),
    [("ldr r0, [r1]", 4), ("ldrb r0, [r1]", 1), ("ldrsh r0, [r1]", 2), ("ldrd r0, r1, [r2]", 8),
     ("vldr d0, [r1]", 8), ("pop {r4-r7}", 16), ("str r0, [r1]", 0), ("vldmia r0, {s0-s3}", 16)],
)  # fmt: skip
def test_the_bytes_of_a_load_are_counted(assemble, source, loaded):
    assert operation(assemble(source)).loaded_bytes == loaded


def test_a_condition_changes_nothing_but_the_name(assemble):
    found = operations(assemble("itte ne; addne r0, r1, r2; ldrne r0, [r1]; moveq r3, r4"))
    assert [each.kind for each in found] == [Kind.IT, Kind.EARLY_ALU, Kind.LOAD, Kind.EARLY_ALU]


@given(st.binary(max_size=64))
def test_any_bytes_are_instructions_of_their_length(code):
    found = operations(code)
    assert sum(each.size_bytes for each in found) in (len(code) & ~1, (len(code) & ~1) - 2, len(code))
    for each in found:
        assert all(0 <= register < 48 for register in (*each.late, *each.early, *each.results))


@pytest.mark.parametrize(
    ("source", "conditional"),
    [
        ("x: cmp r0, #1; beq x", True),
        ("x: cmp r0, #1; beq.w x", True),
        (".hword 0xB108 @ cbz", True),
        (".hword 0xBB08 @ cbnz", True),
        ("x: b x", False),
        ("x: b.w x", False),
        ("x: bl x", False),
        ("bx lr", False),
        ("pop {r4, pc}", False),
        ("it eq; bxeq lr", True),
        ("itt ne; movne r0, #1; popne {r4, pc}", True),
        ("ittte lt; movlt r0, #1; movlt.w r8, #1; movlt r2, #1; bxge lr", True),
        ("itt ne; movne r0, #1; movne r1, #1; bx lr", False),
        ("it eq; moveq r0, #1; nop; bx lr", False),
        ("svc #0", False),
    ],
)
def test_a_branch_that_may_not_be_taken_is_told_from_others(assemble, source, conditional):
    assert ends_conditionally(assemble(source)) is conditional
