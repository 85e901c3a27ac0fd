"""What m7-cache-2 makes of loads and stores by where they go: TCM, cache, SRAM, flash, store buffer."""

import pytest

from vstm32 import Board, BoardOptions, load_elf
from vstm32.timing import m7_data_table, m7_table

CACHE = "m7-cache-2"
TURNS = 512

# Every loop has the same form, so that what differs is the memory. The first runs warm code and caches.
FIRMWARE = """
#define CACHES(on) (REG(SCB_CCR) = (REG(SCB_CCR) & ~(3u << 16)) | ((uint32_t)(on) << 16))
#define DTCM 0x20004000u
#define SRAM 0x20020000u
#define FLASH 0x08080000u
#define FLASH_ITCM 0x00280000u
#define ITCM 0x00000000u

/* Loads a word from `from`, steps on, and stays within `mask`; `turns` times. */
__attribute__((noinline, naked)) static uint32_t
load(uint32_t from, uint32_t step, uint32_t mask, uint32_t turns)
{
    __asm volatile("push {r4, r5, r6, lr}\\n movs r4, #0\\n ldr r6, =0xE0001004\\n ldr r12, [r6]\\n"
                   "1: ldr r5, [r0, r4]\\n add r4, r4, r1\\n and r4, r4, r2\\n subs r3, #1\\n bne 1b\\n"
                   "ldr r0, [r6]\\n sub r0, r0, r12\\n pop {r4, r5, r6, pc}\\n .ltorg\\n");
}

/* The same with a store. */
__attribute__((noinline, naked)) static uint32_t
store(uint32_t to, uint32_t step, uint32_t mask, uint32_t turns)
{
    __asm volatile("push {r4, r5, r6, lr}\\n movs r4, #0\\n ldr r6, =0xE0001004\\n ldr r12, [r6]\\n"
                   "1: str r5, [r0, r4]\\n add r4, r4, r1\\n and r4, r4, r2\\n subs r3, #1\\n bne 1b\\n"
                   "ldr r0, [r6]\\n sub r0, r0, r12\\n pop {r4, r5, r6, pc}\\n .ltorg\\n");
}

/* Two lines in a row, the first of which is loaded or stored to, and a pause in which the bus falls idle. */
#define IN_PAIRS(name, access) \\
    __attribute__((noinline, naked)) static uint32_t name(uint32_t at, uint32_t bytes) \\
    { \\
        __asm volatile("push {r4, r5, r6, lr}\\n ldr r6, =0xE0001004\\n ldr r12, [r6]\\n" \\
                       "1: " access " r5, [r0]\\n ldr r4, [r0, #32]\\n .rept 80\\n nop\\n .endr\\n" \\
                       "adds r0, #64\\n subs r1, #64\\n bne 1b\\n" \\
                       "ldr r0, [r6]\\n sub r0, r0, r12\\n pop {r4, r5, r6, pc}\\n .ltorg\\n"); \\
    }
IN_PAIRS(load_pairs, "ldr")
IN_PAIRS(store_pairs, "str")

static uint32_t warm(uint32_t (*run)(uint32_t, uint32_t, uint32_t, uint32_t), uint32_t at, uint32_t step,
                     uint32_t bytes)
{
    run(at, step, bytes - 1, 512);
    run(at, step, bytes - 1, 512);
    return run(at, step, bytes - 1, 512);
}
"""


@pytest.fixture
def cycles(bench):
    """cycles("warm(load, SRAM, 4, 1024)", ...) gives what each expression is on a board at 216 MHz."""

    def measured(*expressions, **options):
        seen = "".join(f"seen[{number}] = {each};" for number, each in enumerate(expressions))
        main = f"int main(void) {{ clock_216(); CACHES(3); cycles_on(); {seen} seen[63] = 1; return 0; }}"
        board = bench(FIRMWARE + main, "-Wno-unused-function", **{"timing": CACHE} | options).run()
        return [board.seen(number) for number in range(len(expressions))]

    return measured


def a_turn(cycles_of_all, base):
    """Cycles of a turn more than of a turn that waits for nothing."""
    return (cycles_of_all - base) / TURNS


FREE = "warm(load, DTCM, 4, 1024)"


def test_tightly_coupled_memory_and_hits_of_the_cache_cost_the_same(cycles):
    free, itcm, *hits = cycles(
        FREE, "warm(load, ITCM, 4, 1024)", "warm(load, SRAM, 4, 1024)", "warm(load, FLASH, 4, 1024)"
    )
    assert {free, itcm, *hits} == {free}


def test_tightly_coupled_memory_does_not_care_for_the_data_cache(cycles):
    on, off, sram = cycles(
        FREE, "(CACHES(2), warm(load, DTCM, 4, 1024))", "(CACHES(2), warm(load, SRAM, 4, 1024))"
    )
    assert on == off < sram


def test_each_new_line_of_a_stream_waits_for_its_memory(cycles):
    """Lines that never come again, 32 bytes apart: a turn of a few cycles and the wait for the first word,
    and no earlier than the line before is there."""
    free, sram, flash = cycles(FREE, "warm(load, SRAM, 32, 65536)", "warm(load, FLASH, 32, 65536)")
    turn = free / TURNS
    for waited, latency in ((sram, m7_data_table.SRAM), (flash, m7_data_table.flash(7))):
        assert a_turn(waited, free) == pytest.approx(max(latency.first, latency.line - turn), abs=0.6)


def test_what_comes_next_of_a_line_waits_for_its_beat_alone(cycles):
    """A stream of words costs its lines, however many words are asked for of each."""
    free, by_line, by_word = cycles(
        FREE, "warm(load, FLASH, 32, 65536)", "load(FLASH + 0x20000, 4, 0xFFFF, 512)"
    )
    assert a_turn(by_word, free) == pytest.approx(m7_data_table.flash(7).first / 8, abs=0.3)
    assert by_word < by_line


def test_a_hit_costs_no_more_than_a_miss_and_a_miss_no_more_than_no_cache(cycles):
    hit, miss, uncached = cycles(
        "warm(load, SRAM, 32, 2048)", "warm(load, SRAM, 32, 65536)", "(CACHES(2), warm(load, SRAM, 4, 1024))"
    )
    assert hit < uncached
    assert hit < miss


def test_without_the_cache_each_load_goes_all_the_way(cycles):
    free, sram, flash = cycles(
        FREE, "(CACHES(2), warm(load, SRAM, 4, 1024))", "(CACHES(2), warm(load, FLASH, 4, 1024))"
    )
    assert a_turn(sram, free) == pytest.approx(m7_data_table.SRAM.first, abs=0.1)
    assert a_turn(flash, free) == pytest.approx(m7_data_table.flash(7).first, abs=0.1)


@pytest.mark.parametrize(("chip", "bytes_"), [("stm32f746xg", 4096), ("stm32f767xi", 16384)])
def test_what_fits_into_the_cache_of_the_chip_stays(cycles, chip, bytes_):
    """A walk through twice the cache finds no line again: the one that is needed next has given way."""
    step = bytes_ // 128
    free, fits, does_not = cycles(
        FREE, f"warm(load, SRAM, {step}, {bytes_ // 2})", f"warm(load, SRAM, {step}, {2 * bytes_})", chip=chip
    )
    assert fits == free
    assert a_turn(does_not, free) >= m7_data_table.SRAM.first


@pytest.mark.parametrize(("ways", "stays"), [(4, True), (8, False)])
def test_as_many_lines_of_a_set_stay_as_there_are_ways(cycles, ways, stays):
    """A step of 1 KB stays in one set of the 4 KB in 4 ways."""
    free, same_set = cycles(FREE, f"warm(load, SRAM, 1024, {1024 * ways})")
    assert (same_set == free) is stays


def test_the_line_that_was_used_longest_ago_gives_way(cycles):
    """Of one set: lines 0 1 2 3, 0 again, then 4. Line 1 has given way, and 0 has not."""
    touch = "(void)REG(SRAM + 0x200 + 1024 * {});"
    order = "".join(touch.format(line) for line in (0, 1, 2, 3, 0, 4))
    kept, gone = (f"({{ {order} load(SRAM + 0x200 + 1024 * {line}, 0, 0, 1); }})" for line in (0, 1))
    # The first runs have brought other lines into the set, and the loop's branch is not foreseen yet.
    *_, first, second = cycles(FREE, *(kept, gone) * 6)
    assert second - first == m7_data_table.SRAM.first


STORED = "warm(store, DTCM, 4, 1024)"


def test_words_are_stored_as_fast_as_the_core_goes(cycles):
    free, sram = cycles(STORED, "warm(store, SRAM, 4, 1024)")
    assert sram == free


def test_a_stream_of_stores_waits_for_lines_when_it_is_ahead_of_them(cycles):
    """A line is read before it is written to, and written back when it gives way, over the same bus."""
    (stream,) = cycles("warm(store, SRAM, 32, 65536)")
    lines = m7_data_table.SRAM.line + m7_table.LINE_BYTES // m7_data_table.SRAM.beat_bytes
    assert stream / TURNS == pytest.approx(lines, abs=1)


def test_stores_past_the_cache_wait_when_the_buffer_is_full(cycles):
    (slow,) = cycles("(CACHES(2), warm(store, SRAM, 4, 1024))")
    assert slow / TURNS == pytest.approx(m7_data_table.UNCACHED_STORE_CYCLES, abs=0.5)


UNALIGNED = "warm(load, DTCM + 1, 4, 1024)"


def test_a_load_of_a_word_that_is_not_aligned_takes_longer(cycles):
    free, unaligned = cycles(FREE, UNALIGNED)
    assert a_turn(unaligned, free) == pytest.approx(m7_data_table.UNALIGNED_LOAD_CYCLES, abs=0.1)


def repeated(count, code, operands):
    """The third run of an assembly text that stands `count` times in a row."""
    return (
        "({ uint32_t taken = 0; for (volatile int run = 0; run < 3; run++) {"
        "uint32_t before = REG(DWT_CYCCNT);"
        f'__asm volatile(".rept {count}\\n {code}\\n .endr" :: {operands} : "r2", "r3", "memory");'
        "taken = REG(DWT_CYCCNT) - before; } taken; })"
    )


def test_bytes_that_are_stored_one_behind_the_other_fill_the_buffer(cycles):
    """One byte a cycle: 2.4 cycles each, once the buffer is full."""
    narrow, wide = cycles(*(repeated(200, f"{store} r2, [%0]", '"r"(DTCM)') for store in ("strb", "str")))
    assert wide == pytest.approx(200, abs=12)
    assert narrow == pytest.approx(200 * m7_data_table.NARROW_STORE_CYCLES, rel=0.05)


def test_two_loads_go_together_if_they_are_of_two_banks(cycles):
    other_bank, same_bank, far_bank = cycles(
        *(
            repeated(30, "ldr.w r2, [%0]\\n ldr.w r3, [%1]", f'"r"(DTCM), "r"(DTCM + {offset})')
            for offset in (4, 8, 0x104)
        )
    )
    assert other_bank == far_bank == pytest.approx(30, abs=5)
    assert same_bank == pytest.approx(60, abs=5)


CLEAN, DROP, DROP_SET = 0xE000EF68, 0xE000EF5C, 0xE000EF60


@pytest.mark.parametrize(("register", "value", "waits"), [
    (CLEAN, "SRAM", 0), (DROP, "SRAM", 1), (DROP, "SRAM + 32", 0), (DROP_SET, "(SRAM & 0x3E0)", 1),
    (DROP_SET, "(SRAM & 0x3E0) + 32", 0),
])  # fmt: skip
def test_a_line_that_was_dropped_is_fetched_again(cycles, register, value, waits):
    touched = f"({{ (void)REG(SRAM); REG({register:#x}u) = {value}; load(SRAM, 0, 0, 1); }})"
    left = "({ (void)REG(SRAM); REG(0xE000EF58u) = 0; load(SRAM, 0, 0, 1); })"
    _, _, at_hand, after = cycles(FREE, left, left, f"({{ {touched}; {touched}; }})")
    assert after - at_hand == waits * m7_data_table.SRAM.first


def test_flash_on_the_itcm_bus_is_sped_up_by_the_art_accelerator(cycles):
    free, art, without = cycles(
        FREE,
        "warm(load, FLASH_ITCM, 4, 1024)",
        "(REG(FLASH_ACR) = 7, warm(load, FLASH_ITCM, 4, 1024))",
    )
    assert art == free
    assert a_turn(without, free) == pytest.approx(7, abs=0.1)


def test_a_peripheral_costs_its_bus(cycles):
    rcc, tim, memory = cycles(
        "warm(load, 0x40023800u, 0, 1)", "warm(load, 0x40007000u, 0, 1)", "warm(load, DTCM, 0, 1)"
    )
    assert a_turn(rcc, memory) == pytest.approx(m7_data_table.AHB_CYCLES, abs=0.1)
    assert a_turn(tim, memory) == pytest.approx(m7_data_table.APB_CYCLES, abs=0.1)


# RASR of a region of 128 KB with full access, without TEX, S, C and B.
REGION = 3 << 24 | 16 << 1 | 1
TEX_1, SHAREABLE, C, B = 1 << 19, 1 << 18, 1 << 17, 1 << 16


@pytest.mark.parametrize(
    ("attributes", "loads_are_cached", "stores_are_buffered"),
    [
        (TEX_1 | C | B, True, False),
        (C | B, True, False),  # written back, for the loads have brought the line
        (C, True, True),  # written through
        (TEX_1, False, True),
        (TEX_1 | C | B | SHAREABLE, False, True),
    ],
)
def test_the_mpu_says_what_the_data_cache_does(cycles, attributes, loads_are_cached, stores_are_buffered):
    on = f"REG(0xE000ED98u) = 0; REG(0xE000ED9Cu) = SRAM; REG(0xE000EDA0u) = {REGION | attributes:#x}u;"
    on += "REG(0xE000ED94u) = 5;"
    free, load, free_store, store = cycles(
        FREE, f"({{ {on} warm(load, SRAM, 4, 1024); }})", STORED, "warm(store, SRAM, 4, 1024)"
    )
    assert a_turn(load, free) == pytest.approx(0 if loads_are_cached else m7_data_table.SRAM.first, abs=0.1)
    assert (store > free_store + TURNS // 2) is stores_are_buffered


def test_memory_outside_of_a_region_is_cached_as_without_the_mpu(cycles):
    on = f"REG(0xE000ED98u) = 0; REG(0xE000ED9Cu) = SRAM; REG(0xE000EDA0u) = {REGION | TEX_1:#x}u;"
    free, outside = cycles(FREE, f"({{ {on} REG(0xE000ED94u) = 5; warm(load, 0x20040000u, 4, 1024); }})")
    assert outside == free


MIXED = "({ warm(load, FLASH, 4, 1024); warm(store, SRAM, 32, 65536); warm(load, SRAM, 32, 8192); })"


def test_the_same_image_takes_the_same_cycles(cycles):
    assert cycles(MIXED, MIXED) == cycles(MIXED, MIXED)


@pytest.mark.parametrize("slice_cycles", [997, 100_003])
def test_a_core_that_is_stopped_again_and_again_takes_the_same_cycles(compile_firmware, slice_cycles):
    source = FIRMWARE + (
        "int main(void) { clock_216(); CACHES(3); cycles_on();"
        f"for (int turn = 0; turn < 3; turn++) {{ seen[turn] = {MIXED}; }} seen[63] = 1; for (;;) {{ }} }}"
    )
    elf = compile_firmware(source, "-Wno-unused-function")
    seen = []
    for cycles_of_run in (1_000_000, slice_cycles):
        with Board(load_elf(elf), BoardOptions(timing=CACHE)) as board:
            while board.cycles < 1_000_000:
                board.run(max_cycles=cycles_of_run)
            words = board.symbol("seen")
            assert any(board.read_memory(words + 4 * 63, 4))
            seen.append(bytes(board.read_memory(words, 12)))
    assert seen[0] == seen[1]


def test_a_line_is_written_back_after_the_one_that_takes_its_place_has_come(cycles):
    """The first load of each pair finds the bus idle, whether the line that gives way is dirty or not; the
    second one finds it busy for as long as that is written."""
    _, clean, dirty = cycles(
        "(load_pairs(SRAM, 4096), store_pairs(SRAM, 4096), load_pairs(SRAM, 4096))",
        "(load_pairs(SRAM + 0x1000, 4096), load_pairs(SRAM, 4096))",
        "(store_pairs(SRAM + 0x1000, 4096), load_pairs(SRAM, 4096))",
    )
    write_back = m7_table.LINE_BYTES // m7_data_table.SRAM.beat_bytes
    assert (dirty - clean) / 64 == pytest.approx(write_back, abs=0.2)


RESET_FIRMWARE = """
int main(void)
{
    CACHES(3);
    cycles_on();
    REG(0xE0001004) = 0;
    seen[0] = load(SRAM, 4, 1023, 400);
    seen[1] = REG(0xE0001004);
    seen[63] = 1;
    for (;;) { }
}
"""


@pytest.mark.parametrize("timing", ["m7-block-1", CACHE])
def test_a_reset_leaves_nothing_in_the_caches_and_nothing_of_what_branches_did(bench, timing):
    """Arm v7-M ARM, section B2.2: caches are off after a reset, and firmware may count on nothing in them."""
    board = bench(FIRMWARE + RESET_FIRMWARE, "-Wno-unused-function", timing=timing).run()
    after_power_on = [board.seen(number) for number in range(2)]
    board.board.press_reset()
    board.board.core.memory.store(board.board.symbol("seen"), bytes(256))
    board.run()
    assert [board.seen(number) for number in range(2)] == after_power_on
