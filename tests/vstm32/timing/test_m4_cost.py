"""Blocks on a Cortex-M4 take what Arm documents, and flash what its wait states and caches make of it."""

import pytest

from vstm32.timing import m4_table as m4
from vstm32.timing.block_cost import CodeMemory, MemorySystem
from vstm32.timing.m4_cost import m4_block_cost, m4_cost_after

FAST = MemorySystem(prices_addresses=True)
CACHED = MemorySystem(instruction_cache=True, wait_states=5, prefetch=True, prices_addresses=True)


def cycles(assemble, source: str, memory: MemorySystem = FAST, where: CodeMemory = CodeMemory.SRAM) -> float:
    """What a block takes, without the refill of the pipeline before it."""
    return m4_block_cost(assemble(source), where, memory).entered - m4.REFILL_CYCLES


# Arm's Cortex-M4 TRM r0p1, tables 3-1 and 7-1, and section 3.3.2.
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("add r0, r1, r2", 1),
        ("mul r0, r1, r2", 1),
        ("mla r0, r1, r2, r3", 1),
        ("smlad r0, r1, r2, r3", 1),
        ("smlal r0, r1, r2, r3", 1),
        ("sxtb16 r0, r1", 1),
        ("add r0, r1, r2, lsl #3", 1),
        ("ldr r0, [r1]", 2),
        ("ldrb r0, [r1, r2]", 2),
        ("str r0, [r1, #4]", 1),
        ("str r0, [r1, r2]", 2),
        ("ldm r0!, {r1, r2, r3}", 4),
        ("stm r0!, {r1, r2, r3, r4}", 5),
        ("ldrd r0, r1, [r2]", 3),
        ("push {r4, r5, lr}", 4),
        ("nop", 1),
        ("vadd.f32 s0, s1, s2", 1),
        ("vmul.f32 s0, s1, s2", 1),
        ("vfma.f32 s0, s1, s2", 3),
        ("vmla.f32 s0, s1, s2", 3),
        ("vdiv.f32 s0, s1, s2", 14),
        ("vsqrt.f32 s0, s1", 14),
        ("vldr s0, [r0]", 2),
        ("vldmia r0!, {s0-s3}", 5),
        ("vmov s0, r0", 1),
        ("vmov r0, r1, s0, s1", 2),
    ],
)
def test_an_instruction_takes_its_documented_cycles(assemble, source: str, expected: int):
    assert cycles(assemble, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ldr r0, [r1]; ldr r2, [r3]; ldr r4, [r5]", 4),
        ("ldr r0, [r1]; ldr r2, [r0]", 4),
        ("ldr r0, [r1]; str r0, [r2, r3]", 3),
        ("str r0, [r1, r2]; ldr r3, [r4]", 4),
        ("ldr r0, [r1]; add r0, r0, r0; ldr r2, [r1]", 5),
        ("ldrd r0, r1, [r2]; ldr r3, [r4]", 5),
        ("vldr s0, [r0]; vldr s1, [r0, #4]", 3),
    ],
)
def test_loads_behind_loads_are_pipelined_unless_the_address_was_loaded(assemble, source: str, expected: int):
    assert cycles(assemble, source) == expected


def test_a_result_of_the_fpu_that_is_used_at_once_is_waited_for(assemble):
    assert cycles(assemble, "vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s0") == 3
    assert cycles(assemble, "vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5") == 2
    # The addend of a multiply-accumulate is consumed later.
    assert cycles(assemble, "vmul.f32 s0, s1, s2; vfma.f32 s0, s3, s4") == 4


def test_only_a_branch_that_is_taken_refills_the_pipeline(assemble):
    before, code = assemble("cmp r0, #1; bne .+8"), assemble("adds r0, #1")
    assert m4_cost_after(before, code, False, CodeMemory.SRAM, FAST) == 1
    assert m4_cost_after(before, code, True, CodeMemory.SRAM, FAST) == 1 + m4.REFILL_CYCLES
    back = assemble("pop {r4, pc}")
    assert m4_cost_after(back, code, True, CodeMemory.SRAM, FAST) == 1 + m4.LOAD_PC_REFILL_CYCLES


def test_a_load_at_the_end_of_a_block_is_pipelined_with_the_next_one_that_follows(assemble):
    before, code = assemble("ldr r0, [r1]"), assemble("ldr r2, [r3]")
    assert m4_cost_after(before, code, False, CodeMemory.SRAM, FAST) == 1
    assert m4_cost_after(before, code, True, CodeMemory.SRAM, FAST) == 2 + m4.REFILL_CYCLES


def test_cached_code_waits_for_lines_alone(assemble):
    code = assemble("; ".join(["adds r0, #1"] * 8))
    cost = m4_block_cost(code, CodeMemory.FLASH, CACHED)
    assert cost.entered == 8 + m4.REFILL_CYCLES
    # Two reads of four instructions: five cycles, and six less the eight of what runs meanwhile.
    assert cost.line_cycles == round(5 / 2)
    slow = m4_block_cost(code, CodeMemory.FLASH, MemorySystem(instruction_cache=True, wait_states=5))
    assert slow.line_cycles == 5


def test_without_the_cache_each_run_reads_flash_anew(assemble):
    code = assemble("; ".join(["adds r0, #1"] * 8))
    memory = MemorySystem(wait_states=5)
    assert m4_block_cost(code, CodeMemory.FLASH, memory).entered == 8 + m4.REFILL_CYCLES + 2 * 5
    assert m4_block_cost(code, CodeMemory.SRAM, memory).entered == 8 + m4.REFILL_CYCLES


def test_what_is_left_of_a_block_is_what_its_instructions_take(assemble):
    cost = m4_block_cost(assemble("adds r0, #1; ldr r1, [r2]; adds r0, #1"), CodeMemory.SRAM, FAST)
    assert cost.left == (4 + m4.REFILL_CYCLES, 3, 1)
    assert not cost.ends_in_branch
