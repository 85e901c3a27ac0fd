"""Issue cycles of short sequences, counted by hand from the sources that m7_table.py names."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.timing.operation import operations
from vstm32.timing.scoreboard import Scoreboard, may_pair


def issued(code):
    scoreboard = Scoreboard()
    return [scoreboard.issue(operation) for operation in operations(code)]


@pytest.mark.parametrize(
    ("source", "cycles"),
    [
        # Two a cycle, in order.
        ("adds r0, #1; adds r1, #1; adds r2, #1; adds r3, #1", [0, 0, 1, 1]),
        # J: the early ALU hands its result to the late one in the same cycle, movw and movt go together.
        ("movw r0, #1; movt r0, #2", [0, 0]),
        ("adds r0, r1, r2; ands r3, r0", [0, 0]),
        # Late results are there in the next cycle, for addresses in the one after it.
        ("ands r0, r1; ands r0, r2", [0, 1]),
        ("ands r0, r1; ldr r2, [r0]", [0, 2]),
        ("adds r0, r1, r2; ldr r3, [r0]", [0, 1]),
        # J: a loaded word is there for the late ALU in the next cycle, as an address after three.
        ("ldr r0, [r1]; ands r0, r2", [0, 1]),
        ("ldr r0, [r1]; ldr r2, [r0]", [0, 3]),
        ("ldrb r0, [r1]; ands r0, r2", [0, 2]),
        # J: multiplications cannot consume a loaded word in the next cycle.
        ("ldr r0, [r1]; mul r2, r0, r3", [0, 2]),
        ("ldrb r0, [r1]; mul r2, r0, r3", [0, 2]),
        # J: one more cycle of latency, and accumulators chain in each cycle.
        ("mul r0, r1, r2; ands r0, r3", [0, 2]),
        ("mla r0, r1, r2, r0; mla r0, r3, r4, r0; mla r0, r5, r6, r0", [0, 1, 2]),
        # J: a store takes any result in the same cycle.
        ("ldr r0, [r1]; str r0, [r2]", [0, 0]),
        ("ands r0, r1; str r0, [r2]", [0, 0]),
        # J: an updated base is there for the next address in the next cycle.
        ("ldr r0, [r1], #4; ldr r2, [r1], #4", [0, 1]),
        # J: inline shifted operands are needed a cycle earlier.
        ("ands r0, r1; add.w r2, r3, r0, lsl #2", [0, 2]),
        # J: loads go together from an even and an odd word.
        ("ldr r0, [r2]; ldr r1, [r2, #4]", [0, 0]),
        ("ldr r0, [r2]; ldr r1, [r2, #8]", [0, 1]),
        ("ldr r0, [r2]; ldr r1, [r3, #4]", [0, 1]),
        # J: what never goes together.
        ("str r0, [r2]; str r1, [r3]", [0, 1]),
        ("mul r0, r1, r2; mul r3, r4, r5", [0, 1]),
        ("mul r0, r1, r2; str r3, [r4]", [0, 1]),
        ("vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5", [0, 1]),
        ("uxtb r0, r1; uxtb r2, r3", [0, 1]),
        ("adds r2, r3, r4; uxtb r0, r1", [0, 1]),
        ("uxtb r0, r1; adds r2, r3, r4", [0, 0]),
        ("eor.w r0, r1, r2, ror #3; eor.w r3, r4, r5, ror #3", [0, 1]),
        # J: pairs and multiples are issued alone, and take a cycle for two registers.
        ("ldrd r0, r1, [r2]; adds r3, #1; adds r4, #1", [0, 1, 1]),
        ("ldmia r0, {r1-r5}; adds r6, #1", [0, 3]),
        ("push {r0-r3}; adds r6, #1", [0, 2]),
        # J: the table of the FPU.
        ("vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s0", [0, 3]),
        ("vmul.f32 s0, s1, s2; vfma.f32 s3, s0, s1", [0, 3]),
        ("vmul.f32 s0, s1, s2; vfma.f32 s0, s3, s4", [0, 3]),
        ("vmul.f32 s0, s1, s2; vmla.f32 s0, s3, s4", [0, 2]),
        ("vfma.f32 s0, s1, s2; vfma.f32 s0, s3, s4", [0, 3]),
        ("vfma.f32 s0, s1, s2; vmul.f32 s3, s0, s0", [0, 5]),
        ("vmla.f32 s0, s1, s2; vmla.f32 s0, s3, s4", [0, 3]),
        ("vmla.f32 s0, s1, s2; vmul.f32 s3, s0, s0", [0, 6]),
        ("vfma.f32 s0, s1, s2; vstr s0, [r0]", [0, 3]),
        ("vmul.f32 s0, s1, s2; vstr s0, [r0]", [0, 1]),
        ("vldr s0, [r0]; vmul.f32 s1, s0, s0", [0, 1]),
        ("vldr s0, [r0]; vfma.f32 s0, s1, s2", [0, 3]),
        ("vdiv.f32 s0, s1, s2; adds r0, #1", [0, 16]),
        ("vsqrt.f32 s0, s1; adds r0, #1", [0, 14]),
        ("vmov s0, r0; vmul.f32 s1, s0, s0", [0, 3]),
        ("vmov r0, s0; ands r0, r1", [0, 1]),
        # J: nothing of these for three cycles after a multiply-accumulate.
        ("vfma.f32 s0, s1, s2; vadd.f32 s3, s4, s5", [0, 4]),
        ("vfma.f32 s0, s1, s2; vldmia r0!, {s8}", [0, 4]),
        ("vfma.f32 s0, s1, s2; adds r0, #1; adds r1, #1; vldr s8, [r2]", [0, 0, 1, 2]),
        # A branch goes with what is before it.
        ("cmp r0, #1; bne .+8", [0, 0]),
    ],
)  # fmt: skip
def test_a_sequence_is_issued_as_the_sources_say(assemble, source, cycles):
    assert issued(assemble(source)) == cycles


def test_the_dot_product_of_a_fully_connected_layer_takes_six_cycles(assemble):
    """A published one takes 8.67, of which the rest is waiting for flash: docs/timing.md."""
    code = assemble("1: vldmia r0!, {s1}; vldmia r1!, {s2}; cmp r0, r2; vfma.f32 s0, s1, s2; bne 1b")
    scoreboard = Scoreboard()
    spent = []
    for _ in range(5):
        for operation in operations(code):
            scoreboard.issue(operation)
        scoreboard.start_group()
        spent.append(scoreboard.spent)
    assert [after - before for before, after in pairwise(spent)] == [6] * 4


CODE = st.lists(
    st.sampled_from(
        ["0844", "0130", "4908", "0868", "0860", "4843", "03fb0201", "d1e90023", "20ee210a", "a0ee210a",
         "d1ed000a", "c1ed000a", "91fbf2f0", "08b2", "00bf", "12ea0302", "41ea4201"]
    ),
    max_size=24,
).map(lambda parts: bytes.fromhex("".join(parts)))  # fmt: skip


@given(CODE)
def test_issue_never_goes_back_and_takes_at_most_two_a_cycle(code):
    cycles = issued(code)
    assert cycles == sorted(cycles)
    assert all(cycles.count(cycle) <= 2 for cycle in cycles)


@given(CODE, CODE)
def test_more_instructions_never_take_less_time(code, more):
    short, long = Scoreboard(), Scoreboard()
    for operation in operations(code):
        short.issue(operation)
    for operation in operations(code + more):
        long.issue(operation)
    assert long.spent >= short.spent >= (len(operations(code)) + 1) // 2


@given(CODE)
def test_what_was_issued_together_may_be(code):
    for (before, first), (after, second) in pairwise(zip(issued(code), operations(code), strict=True)):
        assert before != after or may_pair(first, second)


def test_flags_of_a_comparison_of_the_fpu_come_when_the_model_says(assemble):
    code = assemble("vcmp.f32 s14, s15; vmrs APSR_nzcv, fpscr")
    for cycles in (1, 3):
        scoreboard = Scoreboard(compare_to_flags=cycles)
        assert [scoreboard.issue(operation) for operation in operations(code)] == [0, cycles]
