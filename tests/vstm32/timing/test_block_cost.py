"""The cost of a block follows from its instructions, the block before it, and what memory is set to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.timing import m7_data_table, m7_table
from vstm32.timing.block_cost import (
    CodeMemory,
    MemorySystem,
    count_instructions,
    m7_block_cost,
    m7_cost_after,
)
from vstm32.timing.operation import operations

FAST = MemorySystem(instruction_cache=True, data_cache=True, wait_states=7)
SLOW = MemorySystem(wait_states=7)
TCM = CodeMemory.TCM


def entered(code, memory=FAST, stands_in=TCM):
    return m7_block_cost(code, stands_in, memory).entered


def test_a_block_without_loads_costs_what_its_pipeline_takes(assemble):
    assert entered(assemble("adds r0, #1; adds r1, #1; adds r2, #1; b .")) == 2


def test_half_a_cycle_is_left_for_the_block_that_follows(assemble):
    code = assemble("adds r0, #1; adds r1, #1; cbz r2, .+8")
    following = assemble("adds r3, #1")
    assert entered(code) == 1.5
    assert m7_cost_after(code, following, False, TCM, FAST) == 0.5
    # After a taken branch the block begins a new pair, and half a cycle is lost.
    assert m7_cost_after(code, following, True, TCM, FAST) == 1.0


def test_nothing_follows_in_the_cycle_of_an_instruction_that_is_issued_alone(assemble):
    assert entered(assemble("ldrd r0, r1, [sp]")) == 1.0


def test_a_block_waits_for_what_the_one_before_it_loads(assemble):
    before = assemble("ldr r0, [sp]; b .")
    assert m7_cost_after(before, assemble("ldr r1, [r0]"), True, TCM, SLOW) - entered(
        assemble("ldr r1, [r0]"), SLOW
    ) == pytest.approx(2)


def test_a_loop_costs_what_a_turn_takes_in_the_long_run(assemble):
    """A multiply-accumulate is followed by the next one's loads four cycles later: J."""
    code = assemble("1: vldmia r0!, {s1}; vldmia r1!, {s2}; cmp r0, r2; vfma.f32 s0, s1, s2; bne 1b")
    waits = 2 * m7_table.SHARE_OF_LOADS_THAT_STREAM * m7_table.flash_line_cycles(7) * 4 / 32
    assert m7_cost_after(code, code, True, TCM, FAST) == 6 + waits
    assert entered(code) == 3.5 + waits


def test_loads_from_the_stack_and_of_literals_hit_the_data_cache(assemble):
    assert entered(assemble("ldr r0, [sp, #4]")) == entered(assemble("ldr r0, [pc, #4]")) == 0.5
    assert entered(assemble("ldr r0, [r1, #4]")) == 0.5 + 0.35 * 20 * 4 / 32


def test_a_byte_waits_for_a_quarter_of_what_a_word_waits_for(assemble):
    byte, word = (entered(assemble(f"{load} r0, [r1]")) - 0.5 for load in ("ldrb", "ldr"))
    assert word == 4 * byte > 0


@pytest.mark.parametrize(("wait_states", "cycles"), [(0, 13), (5, 18), (7, 20)])
def test_a_line_of_flash_takes_longer_with_more_wait_states(assemble, wait_states, cycles):
    memory = MemorySystem(instruction_cache=True, wait_states=wait_states)
    assert m7_block_cost(assemble("nop"), CodeMemory.FLASH, memory).line_cycles == cycles


def test_without_the_instruction_cache_each_run_fetches_every_line(assemble):
    code = assemble("nop; " * 20)
    cached = MemorySystem(instruction_cache=True, wait_states=7)
    flash = entered(code, SLOW, CodeMemory.FLASH) - entered(code, cached, CodeMemory.FLASH)
    sram = entered(code, SLOW, CodeMemory.SRAM) - entered(code, cached, CodeMemory.SRAM)
    assert (flash, sram) == (2 * 20, 2 * 14)
    assert m7_block_cost(code, CodeMemory.FLASH, SLOW).line_cycles == 0


def test_tightly_coupled_memory_needs_no_cache(assemble):
    code = assemble("nop; nop")
    assert entered(code, SLOW) == entered(code, FAST) == 1
    assert m7_block_cost(code, TCM, FAST).line_cycles == 0


def test_flash_on_the_itcm_bus_is_as_fast_as_the_art_accelerator_makes_it(assemble):
    code = assemble("nop; nop")
    off, on = (
        m7_block_cost(code, CodeMemory.FLASH_ITCM, MemorySystem(art=art, wait_states=7))
        for art in (False, True)
    )
    assert (off.entered, off.line_cycles) == (1 + 7, 0)
    assert (on.entered, on.line_cycles) == (1, 7)


def test_without_the_data_cache_each_load_goes_all_the_way(assemble):
    code = assemble("ldr r0, [r1]")
    assert entered(code, SLOW) > entered(code, FAST) + 5
    assert entered(assemble("ldr r0, [pc, #4]"), SLOW) > 10


def test_cycles_that_are_left_count_down_from_the_cost_of_the_block(assemble):
    cost = m7_block_cost(assemble("ldr r0, [sp]; ands r0, r1; mul r2, r0, r0; b ."), TCM, FAST)
    assert cost.left == (3, 2, 1, 1)


@pytest.mark.parametrize(
    "source", ["b .", "bx lr", "pop {pc}", "tbb [pc, r0]", "cbz r0, .+8", "ldr pc, [r0]"]
)
def test_what_ends_in_a_branch_is_known(assemble, source):
    assert m7_block_cost(assemble(source), TCM, FAST).ends_in_branch
    assert not m7_block_cost(assemble("adds r0, #1"), TCM, FAST).ends_in_branch


def test_the_model_instructions_counts_instructions(assemble):
    cost = count_instructions(assemble("adds r0, #1; add.w r0, r0, #1; ldr r1, [r2]; b ."))
    assert (cost.entered, cost.left, cost.line_cycles, cost.ends_in_branch) == (4, (4, 3, 2, 1), 0, False)


CODE = st.binary(min_size=2, max_size=48).filter(lambda code: len(code) % 2 == 0)
MEMORY = st.builds(MemorySystem, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 15))
PLACE = st.sampled_from(CodeMemory)


@given(CODE, PLACE, MEMORY)
def test_a_block_takes_at_least_half_a_cycle_for_each_instruction(code, stands_in, memory):
    cost = m7_block_cost(code, stands_in, memory)
    assert cost.entered >= len(operations(code)) / 2
    assert len(cost.left) == len(operations(code))


@given(CODE, CODE, st.booleans(), PLACE, MEMORY)
def test_what_a_block_costs_after_another_is_always_the_same_and_never_less_than_half_a_cycle_each(
    before, code, taken, stands_in, memory
):
    cost = m7_cost_after(before, code, taken, stands_in, memory)
    assert cost == m7_cost_after.__wrapped__(before, code, taken, stands_in, memory)
    assert cost >= len(operations(code)) / 2


@given(CODE, CODE, st.booleans())
def test_waiting_for_the_block_before_makes_nothing_faster_by_more_than_its_free_half_cycle(
    before, code, taken
):
    assert m7_cost_after(before, code, taken, TCM, FAST) >= entered(code) - 1


@given(CODE, PLACE, MEMORY)
def test_left_cycles_never_grow_and_never_exceed_the_block(code, stands_in, memory):
    cost = m7_block_cost(code, stands_in, memory)
    assert list(cost.left) == sorted(cost.left, reverse=True)
    assert cost.left[0] <= cost.entered + 1


@given(CODE, PLACE, st.integers(0, 14))
def test_more_wait_states_are_never_faster(code, stands_in, wait_states):
    few = MemorySystem(True, True, True, wait_states)
    many = MemorySystem(True, True, True, wait_states + 1)
    assert entered(code, many, stands_in) >= entered(code, few, stands_in)


@given(CODE, PLACE, st.integers(0, 15))
def test_caches_are_never_slower_than_none_for_what_is_in_them(code, stands_in, wait_states):
    on, off = MemorySystem(True, True, True, wait_states), MemorySystem(False, False, False, wait_states)
    assert entered(code, on, stands_in) <= entered(code, off, stands_in)


ADDRESSED = MemorySystem(wait_states=7, prices_addresses=True)
"""m7-cache-2, with no cache."""


def test_where_addresses_are_priced_loads_cost_nothing_beforehand(assemble):
    code = assemble("ldr r0, [r1]; nop; nop; ldr r2, [r3]; nop; nop; ldr r4, [r5]")
    seen = MemorySystem(True, True, True, 7, prices_addresses=True)
    waits = 3 * m7_table.SHARE_OF_LOADS_THAT_STREAM * 20 * 4 / 32
    assert entered(code, MemorySystem(True, True, True, 7)) - entered(code, seen) == pytest.approx(waits)


def test_the_prefetch_queue_runs_ahead_of_a_slow_pipeline(assemble):
    """Eight divisions in a row take longer than their code takes to come."""
    code = assemble("udiv r0, r1, r2; " * 8)
    cached = MemorySystem(True, True, True, 7, prices_addresses=True)
    flash = CodeMemory.FLASH
    assert entered(code, ADDRESSED, flash) == entered(code, cached, flash)


def test_after_a_taken_branch_the_first_word_of_code_is_waited_for_and_not_where_code_goes_on(assemble):
    before, code = assemble("cmp r0, #1; beq .+8"), assemble("adds r0, #1; adds r1, #1")
    first = m7_data_table.flash(7).first
    assert m7_cost_after(before, code, True, CodeMemory.FLASH, ADDRESSED) == first
    assert m7_cost_after(before, code, False, CodeMemory.FLASH, ADDRESSED) <= 2


@pytest.mark.parametrize("place", [CodeMemory.FLASH, CodeMemory.FLASH_ITCM, CodeMemory.SRAM])
def test_code_that_is_fetched_ahead_is_not_slower_than_line_by_line_by_more_than_a_beat(assemble, place):
    for size in (1, 7, 20):
        code = assemble("adds r0, #1; " * size)
        assert entered(code, ADDRESSED, place) < entered(code, SLOW, place) + 1


def test_loads_through_different_registers_go_together_where_their_addresses_are_priced(assemble):
    """Whoever prices them adds a cycle if they are of one bank."""
    code = assemble("ldr r0, [r1]; ldr r2, [r3]")
    seen = MemorySystem(True, True, True, 7, prices_addresses=True)
    assert entered(code, seen) == 1
    assert entered(assemble("ldr r0, [r1]; ldr r2, [r1, #8]"), seen) == 1.5
