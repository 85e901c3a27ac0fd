"""What m7-block-1 makes of running firmware: loops, branches, caches, exceptions, code that changes."""

import pytest

from vstm32.cortex_m import block_records

M7 = "m7-block-1"

TIMED = """
#define CACHES_ON (REG(SCB_CCR) |= 3u << 16)
#define CACHES_OFF (REG(SCB_CCR) &= ~(3u << 16))
#define EMPTY_CACHE (REG(0xE000EF50u) = 0)
static uint32_t timed(void (*function)(uint32_t), uint32_t argument)
{
    uint32_t before = REG(DWT_CYCCNT);
    function(argument);
    return REG(DWT_CYCCNT) - before;
}
"""


def firmware(functions, main):
    return f"{TIMED}{functions}\nint main(void) {{ cycles_on(); {main} seen[63] = 1; return 0; }}"


def assembly(name, code, section=""):
    attributes = f'section("{section}"), noinline, naked' if section else "noinline, naked"
    text = "".join(f'"{line.strip()}\\n"' for line in code.split(";"))
    return f"__attribute__(({attributes})) static void {name}(uint32_t count) {{ __asm volatile({text}); }}\n"


LOOP = assembly("loop", "1: subs r0, #1; bne 1b; bx lr")
TWICE = "for (int i = 0; i < 2; i++) { seen[0] = timed(loop, 1000); seen[1] = timed(loop, 101000); }"


def test_a_loop_of_a_pair_takes_one_cycle_a_turn(bench):
    board = bench(firmware(LOOP, "CACHES_ON;" + TWICE), timing=M7).run()
    assert board.seen(1) - board.seen(0) == pytest.approx(100_000, abs=20)


def test_parts_of_a_cycle_add_up(bench):
    """Each turn loads two words, of which a share waits for flash without wait states: 13 cycles a line."""
    loop = assembly("loop", "1: ldr r2, [r3]; ldr r2, [r3]; subs r0, #1; bne 1b; bx lr")
    loop = loop.replace('"1:', '"mov r3, sp\\n mov r12, r4\\n mov r4, r3\\n" "1:').replace(
        "bx lr", "mov r4, r12\\n bx lr"
    )
    board = bench(firmware(loop, "CACHES_ON;" + TWICE), timing=M7).run()
    waits = 2 * 0.35 * 13 * 4 / 32
    assert board.seen(1) - board.seen(0) == pytest.approx(100_000 * (3 + waits), rel=0.01)


BRANCH = "1: tst r0, r1; beq 2f; nop; nop; 2: subs r0, #1; bne 1b; bx lr"


@pytest.mark.parametrize(("mask", "wrong"), [(0, 0.0), (1, 1.0), (2, 0.75)])
def test_a_branch_that_is_not_foreseen_costs_eight_cycles(bench, mask, wrong):
    """A counter of two bits never foresees a branch that is taken every other time, and one time in four one
    that is taken twice and then not taken twice."""
    functions = assembly("never", "movs r1, #0; " + BRANCH) + assembly("loop", f"movs r1, #{mask}; " + BRANCH)
    main = (
        "CACHES_ON; timed(loop, 4000); timed(never, 4000);"
        "seen[0] = timed(never, 4000); seen[1] = timed(loop, 4000);"
    )
    board = bench(firmware(functions, main), timing=M7).run()
    # What is not skipped takes a cycle or less.
    assert 8 * wrong - 0.1 <= (board.seen(1) - board.seen(0)) / 4000 <= 8 * wrong + 1


# A loop of three turns in a loop.
NESTED = "push {r4, lr}; 1: movs r1, #3; 2: nop; subs r1, #1; bne 2b; subs r0, #1; bne 1b; pop {r4, pc}"


@pytest.mark.parametrize(("timing", "wrong"), [(M7, 1), ("m7-cache-2", 0)])
def test_a_loop_of_three_turns_is_foreseen_where_a_history_is_kept(bench, timing, wrong):
    """A counter of two bits is wrong at the end of each loop; what the three branches before did tells it."""
    functions = assembly("nested", NESTED)
    main = "CACHES_ON; timed(nested, 500); seen[0] = timed(nested, 1000); seen[1] = timed(nested, 3000);"
    board = bench(firmware(functions, main), timing=timing).run()
    of_pipeline = bench(firmware(functions, main), timing="instructions").run()
    turn, instructions = ((each.seen(1) - each.seen(0)) / 2000 for each in (board, of_pipeline))
    assert instructions == 12
    assert 8 * wrong + 6 <= turn <= 8 * wrong + instructions


def test_a_branch_that_was_never_taken_is_no_part_of_the_history(bench):
    """As checks that never fail are between the turns of a loop."""
    checked = NESTED.replace("2: nop;", "2: " + "cmp r1, #9; bhi 1b;" * 4)
    functions = assembly("checked", checked)
    main = "CACHES_ON; timed(checked, 500); seen[0] = timed(checked, 1000); seen[1] = timed(checked, 3000);"
    board = bench(firmware(functions, main), timing="m7-cache-2").run()
    assert (board.seen(1) - board.seen(0)) / 2000 < 3 * 6 + 4


def test_a_function_that_returns_to_another_place_each_time_is_not_foreseen(bench):
    callee = assembly("callee", "bx lr")
    same = assembly("same", "push {r4, lr}; mov r4, r0; 1: bl callee; nop; subs r4, #1; bne 1b; pop {r4, pc}")
    two = assembly(
        "two", "push {r4, lr}; mov r4, r0; 1: bl callee; nop; bl callee; subs r4, #2; bne 1b; pop {r4, pc}"
    )
    main = "CACHES_ON; callee(0); timed(same, 1000); timed(two, 1000);"
    main += "seen[0] = timed(same, 1000); seen[1] = timed(two, 1000);"
    board = bench(firmware(callee + same + two, main), timing=M7).run()
    assert board.seen(1) > board.seen(0) + 1000 * 6


LONG = assembly("loop", "nop.w; " * 128 + "bx lr")
THREE = "seen[0] = timed(loop, 0); seen[1] = timed(loop, 0); EMPTY_CACHE; seen[2] = timed(loop, 0);"


def test_code_is_fetched_line_by_line_until_it_is_in_the_cache(bench):
    """128 instructions of 4 bytes are 16 lines or 17, of 20 cycles each at 7 wait states."""
    board = bench(firmware(LONG, "clock_216(); CACHES_ON; EMPTY_CACHE;" + THREE), timing=M7).run()
    cold, warm, emptied = (board.seen(index) for index in range(3))
    assert 16 * 20 <= cold - warm <= 20 * 20
    assert 16 * 20 <= emptied - warm <= 20 * 20
    assert 64 <= warm <= 110


def test_a_loop_that_is_larger_than_the_cache_is_fetched_again_and_again(bench):
    big = assembly("loop", "nop.w; " * 1600 + "bx lr")
    board = bench(firmware(big, "clock_216(); CACHES_ON;" + THREE), timing=M7).run()
    assert board.seen(1) > 800 + 1600 * 4 / 32 * 20 * 0.9


def test_caches_that_are_off_cost_time_and_more_of_it_with_more_wait_states(bench):
    main = (
        "CACHES_ON; timed(loop, 1000); seen[0] = timed(loop, 1000);"
        "CACHES_OFF; seen[1] = timed(loop, 1000); REG(FLASH_ACR) = 7; seen[2] = timed(loop, 1000);"
        "CACHES_ON; timed(loop, 1000); seen[3] = timed(loop, 1000);"
    )
    board = bench(firmware(LOOP, main), timing=M7).run()
    on, off, slow, on_again = (board.seen(index) for index in range(4))
    assert on == pytest.approx(1000, abs=80)
    assert off - on == pytest.approx(1000 * 13, rel=0.02)
    assert slow - off == pytest.approx(1000 * 7, rel=0.02)
    assert abs(on_again - on) < 80


def test_the_art_accelerator_speeds_up_code_on_the_itcm_bus(bench):
    main = (
        "void (*alias)(uint32_t) = (void (*)(uint32_t))((uint32_t)loop - 0x08000000u + 0x00200000u);"
        "REG(FLASH_ACR) = 7; timed(alias, 1000); seen[0] = timed(alias, 1000);"
        "REG(FLASH_ACR) = 7 | 1 << 9; timed(alias, 1000); seen[1] = timed(alias, 1000);"
    )
    board = bench(firmware(LOOP, main), timing=M7).run()
    assert board.seen(0) - board.seen(1) == pytest.approx(1000 * 7, rel=0.05)


def test_code_in_ram_that_rewrites_itself_costs_what_it_is_now(bench):
    code = assembly("loop", "nop.w; nop.w; nop.w; nop.w; bx lr", section=".ramcode")
    main = (
        "timed(loop, 0); seen[0] = timed(loop, 0);"
        "volatile uint16_t *code = (volatile uint16_t *)((uint32_t)loop & ~1u);"
        'code[0] = 0xfb90; code[1] = 0xf0f1; __asm volatile("dsb\\n isb");'  # sdiv r0, r0, r1
        "timed(loop, 1); seen[1] = timed(loop, 1);"
    )
    board = bench(firmware(code, main), timing=M7).run()
    assert 6 <= board.seen(1) - board.seen(0) <= 9


def test_an_exception_costs_its_entry_and_its_return(bench):
    source = """
    void pendsv_handler(void) { }
    int main(void)
    {
        cycles_on();
        for (int run = 0; run < 3; run++) {
            uint32_t before = REG(DWT_CYCCNT);
            REG(SCB_ICSR) = 1u << 28;
            __asm volatile("dsb\\n isb");
            seen[run] = REG(DWT_CYCCNT) - before;
        }
        seen[63] = 1;
        return 0;
    }
    """
    counted, timed = (bench(source, timing=timing).run().seen(2) for timing in ("instructions", M7))
    assert counted < 24 <= timed


def test_the_same_firmware_takes_the_same_cycles(bench):
    source = firmware(LOOP + LONG.replace("loop", "long_one"), "timed(long_one, 0);" + TWICE)
    runs = [bench(source, timing=M7).run().board.cycles for _ in range(2)]
    assert runs[0] == runs[1]


def test_instructions_are_counted_whatever_memory_is_set_to(bench):
    main = "seen[0] = timed(loop, 1000); CACHES_ON; REG(FLASH_ACR) = 7; seen[1] = timed(loop, 1000);"
    board = bench(firmware(LOOP, main)).run()
    assert board.seen(0) == board.seen(1)


@pytest.mark.parametrize("timing", ["instructions", M7])
def test_a_full_table_begins_anew(bench, monkeypatch, timing):
    monkeypatch.setattr(block_records, "MOST_BLOCKS", 8)
    board = bench(firmware(LOOP, "CACHES_ON;" + TWICE), timing=timing).run()
    turn = 2 if timing == "instructions" else 1
    assert board.seen(1) - board.seen(0) == pytest.approx(100_000 * turn, abs=40)


def test_what_goes_wrong_while_a_cost_is_found_stops_the_run(bench, monkeypatch):
    def fails(*_):
        raise ArithmeticError("no cost")

    monkeypatch.setattr(block_records.CostCache, "block", fails)
    with pytest.raises(ArithmeticError, match="no cost"):
        bench(firmware(LOOP, TWICE), timing=M7).run()
