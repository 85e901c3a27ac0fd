"""Instructions are counted exactly, wherever the code stands."""

import pytest

COUNT = """
int main(void)
{{
    cycles_on();
    __asm volatile(
        "ldr r4, =0xE0001004\\n ldr r5, =seen\\n"
        "ldr r0, [r4]\\n"
        {code}
        "ldr r1, [r4]\\n"
        "subs r1, r0\\n str r1, [r5]\\n"
        ::: "r0", "r1", "r2", "r3", "r4", "r5", "r6", "cc", "memory", "s0");
    seen[63] = 1;
    return 0;
}}
"""


@pytest.mark.parametrize(
    ("code", "instructions"),
    [
        ("", 0),
        ('"movs r2, #1\\n movs r3, #2\\n"', 2),
        ('"movw r2, #4660\\n movt r2, #1\\n movs r3, #2\\n add.w r3, r3, r2\\n umull r2, r6, r3, r2\\n"', 5),
        ('"movs r2, #10\\n 1: subs r2, #1\\n bne 1b\\n"', 21),
        (
            '"movs r2, #0\\n cmp r2, #0\\n itte eq\\n addeq r2, #1\\n addeq.w r2, r2, #1\\n addne r2, #2\\n"',
            6,
        ),
        ('"vmov s0, r0\\n vadd.f32 s0, s0, s0\\n bl 1f\\n b 2f\\n 1: bx lr\\n 2: nop\\n"', 6),
        ('"ldr r2, [r4]\\n ldr.w r3, [r4]\\n ldr r2, [r4]\\n"', 3),
    ],
)
def test_a_known_sequence_takes_one_cycle_per_instruction(bench, code, instructions):
    source = COUNT.format(code=code).replace('"s0")', '"s0", "lr")')
    assert bench(source).run().seen(0) == instructions + 1


RAM_CODE = """
__attribute__((section(".ramcode"), noinline, naked)) void rewritten(void)
{
    __asm volatile("movs r2, #1\\n movs r3, #2\\n nop.w\\n bx lr");
}
static uint32_t timed(void)
{
    uint32_t before = REG(DWT_CYCCNT);
    rewritten();
    return REG(DWT_CYCCNT) - before;
}
int main(void)
{
    cycles_on();
    for (int i = 0; i < 3; i++) seen[0] = timed();
    /* Four bytes at +4: a 32-bit nop becomes two 16-bit ones. */
    *(volatile uint32_t *)(((uint32_t)rewritten & ~1u) + 4) = 0xBF00BF00u;
    __asm volatile("dsb\\n isb");
    for (int i = 0; i < 3; i++) seen[1] = timed();
    seen[63] = 1;
    return 0;
}
"""


def test_code_in_ram_that_rewrites_itself_is_counted_as_it_stands(bench):
    board = bench(RAM_CODE).run()
    assert board.seen(1) == board.seen(0) + 1


def test_the_board_says_which_timing_model_its_cycles_come_from(bench):
    assert bench("int main(void) { return 0; }").board.timing_model == "instructions"
    assert bench("int main(void) { return 0; }", timing="m7-block-1").board.timing_model == "m7-block-1"
