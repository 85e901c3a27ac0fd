"""Every cycle of a board is found at the function that took it, on the path that called it."""

import pytest

from vstm32 import Board, BoardOptions, load_elf
from vstm32.base.symbols import Functions, read_functions
from vstm32.look.profiler import Stalls, exception_name


class Run:
    """A firmware that has run with a profiler up to the last word of `seen`."""

    def __init__(self, board):
        self.board = board
        done = board.symbol("seen") + 4 * 63
        board.run(until=lambda: any(board.read_memory(done, 4)), timeout_seconds=60)
        self.profile = board.profiler.profile()
        assert self.profile.cycles + self.profile.waited_cycles == board.cycles

    def seen(self, index):
        return int.from_bytes(self.board.read_memory(self.board.symbol("seen") + 4 * index, 4), "little")

    def costs(self):
        return {cost.name: cost for cost in self.profile.functions()}

    def paths(self, function):
        return {path.stack: path for path in self.profile.paths if path.stack[-1] == function}


@pytest.fixture
def profiled(compile_firmware):
    boards = []

    def run(source, *flags, functions=None, timing="instructions"):
        elf = compile_firmware(source, *flags)
        functions = read_functions(elf) if functions is None else functions
        board = Board(load_elf(elf), BoardOptions(timing=timing), profile=functions)
        boards.append(board)
        return Run(board)

    yield run
    for board in boards:
        board.close()


MAIN = ("reset_handler", "start_up", "main")
THREE = '__attribute__((naked, noinline)) void three(void) { __asm volatile("nop\\n nop\\n bx lr"); }\n'


def test_a_function_has_the_cycles_of_its_instructions_for_each_call(profiled):
    run = profiled(THREE + "int main(void) { for (int i = 0; i < 50; i++) three(); seen[63] = 1; return 0; }")
    (path,) = run.paths("three").values()
    assert (path.stack, path.cycles, path.waited_cycles, path.calls) == ((*MAIN, "three"), 150, 0, 50)
    assert run.costs()["three"].cycles == 150


def test_cycles_stand_where_they_were_called_from(profiled):
    source = (
        THREE
        + """
    __attribute__((noinline)) void one(void) { three(); __asm volatile(""); }
    __attribute__((noinline)) void two(void) { three(); three(); __asm volatile(""); }
    int main(void) { one(); two(); two(); seen[63] = 1; return 0; }
    """
    )
    run = profiled(source)
    found = {stack: (path.cycles, path.calls) for stack, path in run.paths("three").items()}
    assert found == {(*MAIN, "one", "three"): (3, 1), (*MAIN, "two", "three"): (12, 4)}
    costs = run.costs()
    assert costs["three"].cycles == 15
    assert costs["two"].inclusive_cycles == costs["two"].cycles + 12
    assert costs["reset_handler"].inclusive_cycles == run.profile.cycles


def test_a_call_through_a_pointer_is_a_call(profiled):
    source = (
        THREE
        + """
    void (*volatile pointer)(void) = three;
    int main(void) { pointer(); pointer(); seen[63] = 1; return 0; }
    """
    )
    (path,) = profiled(source).paths("three").values()
    assert (path.stack, path.cycles, path.calls) == ((*MAIN, "three"), 6, 2)


def test_a_tail_call_takes_the_place_of_its_caller(profiled):
    source = (
        THREE
        + """
    __attribute__((naked, noinline)) void jumps(void) { __asm volatile("nop\\n b.w three"); }
    int main(void) { for (int i = 0; i < 4; i++) jumps(); three(); seen[63] = 1; return 0; }
    """
    )
    run = profiled(source)
    found = {stack: (path.cycles, path.calls) for stack, path in run.paths("three").items()}
    assert found == {(*MAIN, "three"): (15, 5)}
    assert {stack: path.cycles for stack, path in run.paths("jumps").items()} == {(*MAIN, "jumps"): 8}


def test_a_recursion_is_as_deep_as_it_was_and_counts_once_with_callees(profiled):
    source = """
    __attribute__((noinline)) uint32_t sum(uint32_t n) { return n ? n + seen[1] + sum(n - 1) : 0; }
    int main(void) { seen[0] = sum(9); seen[63] = 1; return 0; }
    """
    run = profiled(source, "-fno-optimize-sibling-calls", "-fno-tree-tail-merge", "-O1")
    depths = {len(stack) - len(MAIN) for stack in run.paths("sum")}
    assert depths == set(range(1, 11))
    cost = run.costs()["sum"]
    assert (cost.calls, cost.inclusive_cycles) == (10, cost.cycles)


def test_a_multiplication_before_a_loop_branch_is_no_call(profiled):
    """MUL ends with 0xFnxx, and BNE with 0xDxxx: together they look like a BL."""
    source = """
    int main(void) { __asm volatile("movs r0, #20\\n movs r1, #3\\n 1: subs r0, #1\\n"
      "mul.w r1, r1, r1\\n bne 1b"
      ::: "r0", "r1", "cc"); seen[63] = 1; return 0; }
    """
    run = profiled(source)
    assert list(run.paths("main")) == [MAIN]
    assert run.costs()["main"].calls == 1


def test_an_interrupt_has_a_frame_of_its_own_and_costs_whom_it_interrupts_nothing(profiled):
    source = (
        THREE
        + """
    void systick_handler(void) { seen[0]++; three(); __asm volatile(""); }
    __attribute__((noinline)) void busy(void) { while (seen[0] < 20) { } }
    int main(void) { REG(SYST_RVR) = 499; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7; busy(); REG(SYST_CSR) = 0;
      seen[63] = 1; return 0; }
    """
    )
    run = profiled(source)
    (path,) = run.paths("three").values()
    assert (path.stack, path.cycles) == (("(SysTick)", "systick_handler", "three"), 3 * run.seen(0))
    assert list(run.paths("busy")) == [(*MAIN, "busy")]
    costs = run.costs()
    assert costs["busy"].calls == 1
    assert costs["busy"].inclusive_cycles == costs["busy"].cycles
    assert costs["(SysTick)"].calls == run.seen(0)
    assert costs["(SysTick)"].inclusive_cycles == costs["systick_handler"].inclusive_cycles


def test_a_nested_interrupt_returns_into_the_one_it_interrupted(profiled):
    source = (
        THREE
        + """
    void exti1_handler(void) { three(); __asm volatile(""); }
    void exti0_handler(void) { REG(NVIC_ISPR) = 1u << 7; three(); three(); __asm volatile(""); }
    int main(void) { REG8(NVIC_IPR + 6) = 0x40; REG8(NVIC_IPR + 7) = 0x20; REG(NVIC_ISER) = 3u << 6;
      REG(NVIC_ISPR) = 1u << 6; __asm volatile("dsb\\n isb"); three(); seen[63] = 1; return 0; }
    """
    )
    found = {stack: path.cycles for stack, path in profiled(source).paths("three").items()}
    assert found == {
        ("(interrupt 7)", "exti1_handler", "three"): 3,
        ("(interrupt 6)", "exti0_handler", "three"): 6,
        (*MAIN, "three"): 3,
    }


def test_a_supervisor_call_is_a_frame_of_its_own(profiled):
    source = (
        THREE
        + """
    void svc_handler(void) { three(); __asm volatile(""); }
    int main(void) { __asm volatile("svc 0" ::: "r0", "r1", "r2", "r3", "r12", "lr"); three();
      seen[63] = 1; return 0; }
    """
    )
    assert set(profiled(source).paths("three")) == {("(SVCall)", "svc_handler", "three"), (*MAIN, "three")}


def test_a_fault_handler_that_skips_the_instruction_is_left_again(profiled):
    source = (
        THREE
        + """
    __attribute__((naked)) void hard_fault_handler(void)
    { __asm volatile("ldr r0, [sp, #24]\\n adds r0, #2\\n str r0, [sp, #24]\\n bx lr"); }
    int main(void) { __asm volatile("movs r0, #0x60\\n lsls r0, #24\\n ldr r1, [r0]" ::: "r0", "r1"); three();
      seen[63] = 1; return 0; }
    """
    )
    run = profiled(source)
    assert set(run.paths("three")) == {(*MAIN, "three")}
    assert run.costs()["(HardFault)"].calls == 1


def test_longjmp_leaves_the_functions_that_it_jumps_out_of(profiled):
    source = (
        THREE
        + """
    static uint32_t jump[2];
    __attribute__((naked, noinline)) void set(uint32_t *to)
    { __asm volatile("mov r1, sp\\n str r1, [r0]\\n str lr, [r0, #4]\\n movs r0, #0\\n bx lr"); }
    __attribute__((naked, noinline)) void leap(uint32_t *from)
    { __asm volatile("ldr r1, [r0]\\n mov sp, r1\\n ldr lr, [r0, #4]\\n movs r0, #1\\n bx lr"); }
    __attribute__((noinline)) void inner(void) { seen[1]++; leap(jump); __asm volatile(""); }
    __attribute__((noinline)) void outer(void) { inner(); __asm volatile(""); }
    __attribute__((noinline)) void guarded(void)
    { seen[2]++; set(jump); if (!seen[1]) outer(); three(); seen[3]++; }
    int main(void) { guarded(); three(); seen[63] = 1; return 0; }
    """
    )
    run = profiled(source)
    assert set(run.paths("three")) == {(*MAIN, "guarded", "three"), (*MAIN, "three")}
    assert set(run.paths("leap")) == {(*MAIN, "guarded", "outer", "inner", "leap")}


def test_code_in_ram_has_its_name(profiled):
    source = """
    __attribute__((section(".ramcode"), noinline, long_call, naked)) void fast(void)
    { __asm volatile("nop\\n bx lr"); }
    int main(void) { fast(); fast(); seen[63] = 1; return 0; }
    """
    (path,) = profiled(source).paths("fast").values()
    assert (path.stack, path.cycles, path.calls) == ((*MAIN, "fast"), 4, 2)


def test_code_without_a_symbol_is_shown_as_such(profiled):
    source = """
    int main(void) { static uint16_t code[2]; code[0] = 0xBF00; code[1] = 0x4770;
      __asm volatile("dsb\\n isb"); ((void (*)(void))((uint32_t)code | 1))(); seen[63] = 1; return 0; }
    """
    run = profiled(source)
    (path,) = run.paths("(no symbol in DTCM RAM)").values()
    assert (path.stack, path.cycles) == ((*MAIN, "(no symbol in DTCM RAM)"), 2)


def test_without_any_symbol_all_cycles_are_those_of_a_region(profiled):
    run = profiled(THREE + "int main(void) { three(); seen[63] = 1; return 0; }", functions=Functions(()))
    assert set(run.costs()) == {"(no symbol in flash)"}


def test_sleep_and_polling_are_waiting(profiled):
    source = """
    void systick_handler(void) { seen[0]++; }
    __attribute__((noinline)) void rest(void) { while (seen[0] < 3) __asm volatile("wfi"); }
    int main(void) { serial_on(139); put_text("abc"); REG(SYST_RVR) = 99999; REG(SYST_CVR) = 0;
      REG(SYST_CSR) = 7; rest(); REG(SYST_CSR) = 0; seen[63] = 1; return 0; }
    """
    run = profiled(source)
    (rest,) = run.paths("rest").values()
    assert 280_000 < rest.waited_cycles < 300_000
    assert rest.cycles < 100
    waited = sum(path.waited_cycles for name in ("put", "put_text") for path in run.paths(name).values())
    # Three frames of ten bits, a bit has 139 cycles of the core at 16 MHz; the instructions are no waiting.
    assert 0.9 * 3 * 1390 < waited <= 3 * 1390


def test_threads_have_their_own_call_paths(profiled):
    source = (
        THREE
        + """
    static uint32_t stacks[2][64], *tops[3], current = 2;
    __attribute__((used)) uint32_t *other(uint32_t *top)
    { tops[current] = top; current = current == 0; return tops[current]; }
    __attribute__((naked)) void pendsv_handler(void)
    { __asm volatile("mrs r0, psp\\n stmdb r0!, {r4-r11}\\n push {r3, lr}\\n bl other\\n pop {r3, lr}\\n"
                     "ldmia r0!, {r4-r11}\\n msr psp, r0\\n bx lr"); }
    __attribute__((noinline)) void yield(void) { REG(SCB_ICSR) = 1u << 28; __asm volatile("dsb\\n isb"); }
    __attribute__((noinline)) void step(uint32_t i) { seen[i]++; yield(); three(); __asm volatile(""); }
    void first(void) { for (int i = 0; i < 5; i++) { step(0); } seen[63] = 1; for (;;) { } }
    void second(void) { for (;;) { step(1); three(); } }
    int main(void) {
      stacks[0][62] = (uint32_t)first & ~1u; stacks[0][63] = 1u << 24; tops[0] = &stacks[0][48];
      stacks[1][62] = (uint32_t)second & ~1u; stacks[1][63] = 1u << 24; tops[1] = &stacks[1][48];
      static uint32_t idle[64];
      __asm volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb"
        :: "r"(idle + 64) : "r0", "memory");
      yield(); for (;;) { } }
    """
    )
    run = profiled(source)
    assert (run.seen(0), run.seen(1)) == (5, 5)
    assert set(run.paths("three")) == {
        ("first", "step", "three"),
        ("second", "step", "three"),
        ("second", "three"),
    }
    assert set(run.paths("step")) == {("first", "step"), ("second", "step")}


def test_after_a_reset_paths_begin_anew_and_no_cycle_is_lost(profiled):
    source = (
        THREE
        + """
    __attribute__((noinline)) void restart(void) { REG(SCB_AIRCR) = 0x05FA0004; for (;;) { } }
    int main(void) { volatile uint32_t *kept = (uint32_t *)0x20040000; three();
      if (*kept != 77) { *kept = 77; restart(); } seen[63] = 1; return 0; }
    """
    )
    run = profiled(source)
    (path,) = run.paths("three").values()
    assert (path.stack, path.cycles, path.calls) == ((*MAIN, "three"), 6, 2)


def test_more_calls_than_can_be_followed_lose_no_cycle(profiled):
    source = """
    __attribute__((noinline, naked)) void deep(uint32_t n)
    { __asm volatile("cbz r0, 1f\\n push {r4, lr}\\n subs r0, #1\\n bl deep\\n pop {r4, pc}\\n 1: bx lr"); }
    int main(void) { deep(6000); seen[63] = 1; return 0; }
    """
    run = profiled(source)
    assert not run.profile.is_complete
    assert run.costs()["deep"].cycles == 5 * 6000 + 2
    assert list(run.paths("main")) == [MAIN]


BUSY = """
void systick_handler(void) { seen[1]++; }
int main(void) { clock_216(); serial_on(938); REG(SYST_RVR) = 2000; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
  cycles_on(); put_text("hello"); while (seen[1] < 200) { }
  seen[0] = REG(DWT_CYCCNT); seen[63] = 1; return 0; }
"""


@pytest.mark.parametrize("timing", ["instructions", "m7-block-1", "m7-cache-2"])
def test_no_cycle_is_different_for_being_counted(profiled, bench, timing):
    assert profiled(BUSY, timing=timing).seen(0) == bench(BUSY, timing=timing).run().seen(0)


def test_single_steps_and_breakpoints_lose_no_cycle(compile_firmware):
    elf = compile_firmware(THREE + "int main(void) { for (;;) { three(); seen[0]++; } }")
    with Board(load_elf(elf), profile=read_functions(elf)) as board:
        board.run(until=lambda: any(board.read_memory(board.symbol("seen"), 4)), timeout_seconds=60)
        for _ in range(100):
            board.step()
        board.run(max_cycles=1000)
        profile = board.profiler.profile()
        assert profile.cycles + profile.waited_cycles == board.cycles
        assert {path.stack for path in profile.paths if path.stack[-1] == "three"} == {(*MAIN, "three")}


def test_cycles_of_a_cortex_m4_that_are_not_the_first_of_an_instruction_are_told_apart(compile_firmware):
    source = """
    __attribute__((naked, noinline)) void work(volatile uint32_t *word)
    {
        __asm volatile("ldr r1, [r0]\\n add r1, r1, #1\\n str r1, [r0]\\n udiv r1, r1, r0\\n bx lr");
    }
    int main(void)
    {
        for (int i = 0; i < 50; i++) work(&seen[0]);
        seen[63] = 1;
        return 0;
    }
    """
    elf = compile_firmware(source, "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16")
    options = BoardOptions(chip="stm32l4r5xi")
    with Board(load_elf(elf), options, profile=read_functions(elf)) as board:
        work = Run(board).costs()["work"]
    # A load takes two cycles, a division seven, and the call has refilled the pipeline in two.
    assert work.stalls == Stalls(load_store=50, others=50 * (6 + 2))
    assert work.cycles == 50 * 5 + work.stalls.load_store + work.stalls.others


def test_where_the_timing_model_does_not_know_stalls_there_are_none(profiled):
    run = profiled(THREE + "int main(void) { three(); seen[63] = 1; return 0; }", timing="m7-block-1")
    assert {cost.stalls for cost in run.costs().values()} == {None}


def test_a_board_has_a_profiler_only_if_it_is_asked_for(bench):
    assert bench("int main(void) { return 0; }").board.profiler is None


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (2, "(NMI)"),
        (3, "(HardFault)"),
        (6, "(UsageFault)"),
        (11, "(SVCall)"),
        (14, "(PendSV)"),
        (15, "(SysTick)"),
        (16, "(interrupt 0)"),
        (87, "(interrupt 71)"),
        (7, "(exception 7)"),
    ],
)
def test_exceptions_have_their_names(number, name):
    assert exception_name(number) == name
