"""Faults, lockup, sleep, reset, determinism: what the run loop promises."""

import threading
import time

import pytest

from vstm32 import Board, BoardOptions, Direction, FindingKind, Injection, VirtualBoardError

FAULT_HANDLER = """
__attribute__((used)) void report(uint32_t *frame)
{
    seen[0] = REG(SCB_CFSR); seen[1] = REG(SCB_HFSR); seen[2] = REG(SCB_BFAR);
    seen[3] = frame[6]; seen[4] = frame[7];
    __asm volatile("mrs %0, ipsr" : "=r"(*(uint32_t *)&seen[5]));
    seen[63] = 1;
    for (;;) __asm volatile("wfi");
}
#define FAULT_HANDLER(name) \\
    __attribute__((naked)) void name(void) { __asm volatile("mov r0, sp\\n b report"); }
"""


def test_an_access_to_nothing_modelled_is_a_precise_bus_fault_for_firmware_and_host(bench):
    source = (
        FAULT_HANDLER
        + """
    FAULT_HANDLER(bus_fault_handler)
    int main(void)
    {
        REG(SCB_SHCSR) |= 1u << 17;
        __asm volatile("ldr r0, =0x40000410\\n movs r1, #7\\n .global bad\\n"
                       "bad: ldr r1, [r0]\\n nop" ::: "r0", "r1");
        seen[63] = 2;
        return 0;
    }
    """
    )
    board = bench(source).run()
    bad = board.board.symbol("bad") & ~1
    assert (board.seen(0), board.seen(1)) == (0x8200, 0)
    assert (board.seen(2), board.seen(3), board.seen(5)) == (0x4000_0410, bad, 5)
    fault = board.board.fault
    assert (fault.kind, fault.address, fault.program_counter) == (FindingKind.BUS_FAULT, 0x4000_0410, bad)
    assert (fault.direction, fault.size_bytes, fault.block) == (Direction.READ, 4, "TIM3")
    assert str(fault) == (
        f"The instruction at {bad:#010x} reads 0x40000410 (TIM3, 4 bytes), "
        "which is not modelled by the virtual board."
    )


@pytest.mark.parametrize(
    ("code", "direction", "address"),
    [
        ("strb r1, [r0]", Direction.WRITE, 0x4000_0414),
        ("it eq\n streq r1, [r0]", Direction.WRITE, 0x4000_0414),
        ("it eq\n ldreq r1, [r0]", Direction.READ, 0x4000_0414),
        ("ldrd r2, r3, [r0, #4]", Direction.READ, 0x4000_0418),
        ("ldr r1, [r0], #4", Direction.READ, 0x4000_0414),
        ("vldr s0, [r0, #4]", Direction.READ, 0x4000_0418),
    ],
)
def test_a_fault_is_precise_whatever_the_instruction(bench, code, direction, address):
    label = "bad: " if not code.startswith("it") else ""
    lines = code.replace("\n ", "\\n bad: ") if code.startswith("it") else label + code
    source = (
        FAULT_HANDLER
        + f"""
    FAULT_HANDLER(hard_fault_handler)
    int main(void)
    {{
        __asm volatile("ldr r0, =0x40000414\\n cmp r0, r0\\n .global bad\\n {lines}\\n nop\\n"
                       ::: "r0", "r1", "r2", "r3", "cc");
        seen[63] = 2;
        return 0;
    }}
    """
    )
    board = bench(source).run()
    assert board.seen(3) == board.board.symbol("bad") & ~1
    assert board.board.fault.direction is direction
    assert board.seen(2) == board.board.fault.address == address
    assert board.seen(1) == 1 << 30
    assert board.seen(5) == 3


def test_a_reserved_register_of_a_modelled_block_is_a_bus_fault_too(bench):
    source = (
        FAULT_HANDLER
        + """
    FAULT_HANDLER(hard_fault_handler)
    int main(void) { serial_on(16); seen[10] = REG(0x4001142Cu); seen[63] = 2; return 0; }
    """
    )
    board = bench(source).run()
    assert board.seen(2) == 0x4001_142C
    assert board.board.fault.block == "USART6"


@pytest.mark.parametrize(("address", "block"), [(0x6000_0000, "FMC memory"), (0x0700_0000, "nothing")])
def test_an_address_outside_of_every_window_is_a_bus_fault(bench, address, block):
    source = (
        FAULT_HANDLER
        + f"""
    FAULT_HANDLER(hard_fault_handler)
    int main(void) {{ REG({address}u) = 1; seen[63] = 2; return 0; }}
    """
    )
    board = bench(source).run()
    assert board.seen(2) == address
    assert board.board.fault.block == block


def test_a_write_to_system_memory_is_a_bus_fault_that_says_why(bench):
    source = (
        FAULT_HANDLER
        + """
    FAULT_HANDLER(hard_fault_handler)
    int main(void) { REG(0x1FF0F420u) = 1; seen[63] = 2; return 0; }
    """
    )
    board = bench(source).run()
    assert board.seen(2) == 0x1FF0_F420
    assert str(board.board.fault).endswith("(system memory, 4 bytes), which cannot be written by the core.")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("udf #1", 1 << 16),
        ("ldr r0, =0x20001000\\n bx r0", 1 << 17),
        ("ldr r0, =0x60000001\\n bx r0", 1 << 8),
        ("ldr r0, =0x40000401\\n bx r0", 1 << 0),
        ("ldr r0, =0xFFFFFFF1\\n bx r0", 1 << 0),
    ],
)
def test_bad_code_sets_the_right_fault_status(bench, code, status):
    source = (
        FAULT_HANDLER
        + f"""
    FAULT_HANDLER(hard_fault_handler)
    int main(void) {{ __asm volatile("{code}" ::: "r0"); seen[63] = 2; return 0; }}
    """
    )
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (status, 1 << 30)


def test_floating_point_with_the_fpu_off_is_a_usage_fault_at_the_instruction(bench):
    source = (
        FAULT_HANDLER
        + """
    FAULT_HANDLER(hard_fault_handler)
    int main(void)
    {
        __asm volatile("movs r1, #1\\n adds r1, #4\\n ldr r0, =seen\\n str r1, [r0, #40]\\n"
                       ".global bad\\n bad: vmov s0, r1\\n nop" ::: "r0", "r1");
        seen[63] = 2;
        return 0;
    }
    """
    )
    board = bench(source, "-DFPU_OFF=1").run()
    assert (board.seen(0), board.seen(1)) == (1 << 19, 1 << 30)
    assert board.seen(3) == board.board.symbol("bad") & ~1
    assert board.seen(10) == 5


def test_a_breakpoint_without_a_debugger_is_a_hard_fault(bench):
    source = (
        FAULT_HANDLER
        + """
    FAULT_HANDLER(hard_fault_handler)
    int main(void) { __asm volatile("bkpt 0"); seen[63] = 2; return 0; }
    """
    )
    board = bench(source).run()
    assert board.seen(1) == 1 << 31


def test_a_fault_inside_the_hard_fault_handler_locks_up_and_says_why(bench):
    source = """
    void hard_fault_handler(void) { REG(0x40000800u) = 1; }
    int main(void) { REG(0x40000400u) = 1; return 0; }
    """
    board = bench(source)
    board.board.run(timeout_seconds=60)
    assert not board.board.running
    fault = board.board.fault
    assert fault.kind is FindingKind.LOCKUP
    assert str(fault) == (
        f"Lockup at {fault.address:#010x}: A BusFault came inside the HardFault handler (The instruction at "
        f"{fault.address:#010x} writes 0x40000800 (TIM4, 4 bytes), which is not modelled by the virtual "
        "board). The core has stopped."
    )


def test_an_exception_whose_frame_has_no_room_becomes_a_hard_fault_with_stkerr_that_says_where(bench):
    source = """
    __attribute__((naked)) void hard_fault_handler(void)
    {
        __asm volatile("ldr r0, =0x20008000\\n mov sp, r0\\n b report");
    }
    __attribute__((used)) void report(void)
    {
        seen[0] = REG(SCB_CFSR); seen[1] = REG(SCB_HFSR); seen[2] = REG(SCB_SHCSR); seen[63] = 1;
        for (;;) __asm volatile("wfi");
    }
    int main(void) { __asm volatile("ldr r0, =0x30000000\\n mov sp, r0\\n svc 0"); return 0; }
    """
    board = bench(source).run()
    # STKERR; FORCED; the supervisor call is still pending (SVCALLPENDED).
    assert (board.seen(0), board.seen(1), board.seen(2)) == (1 << 12, 1 << 30, 1 << 15)
    assert str(board.board.fault) == (
        "The frame of exception 11 cannot be stored at 0x2fffffe0 (nothing): "
        "the stack has overflown, or the stack pointer was never in RAM."
    )


def test_a_hard_fault_whose_handler_has_no_stack_locks_up_and_says_why(bench):
    source = """
    void hard_fault_handler(void) { __asm volatile("push {r0}"); }
    int main(void) { __asm volatile("ldr r0, =0x30000000\\n mov sp, r0\\n svc 0"); return 0; }
    """
    board = bench(source)
    board.board.run(timeout_seconds=60)
    assert "A BusFault came inside the HardFault handler" in str(board.board.fault)
    assert not board.board.running


def test_a_block_without_its_clock_reads_zero_ignores_writes_and_is_a_finding(bench):
    source = """
    int main(void) { REG(GPIOC) = 5; seen[0] = REG(GPIOC); REG(RCC_AHB1ENR) |= 4; seen[1] = REG(GPIOC);
                     REG(GPIOC) = 5; seen[2] = REG(GPIOC); seen[63] = 1; return 0; }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(3)] == [0, 0, 5]
    assert board.board.fault is None
    kinds = [(finding.kind, finding.direction, finding.block) for finding in board.board.findings]
    assert kinds == [
        (FindingKind.CLOCK_OFF, Direction.WRITE, "GPIOC"),
        (FindingKind.CLOCK_OFF, Direction.READ, "GPIOC"),
    ]
    assert "its clock is not enabled in RCC" in str(board.board.findings[0])


def test_findings_reach_the_host_as_they_happen(bench):
    heard = []
    source = "int main(void) { REG(GPIOC) = 5; seen[63] = 1; return 0; }"
    board = bench(source, on_finding=heard.append).run()
    assert tuple(heard) == board.board.findings != ()


def test_a_software_reset_starts_again_keeps_ram_and_sets_its_flag(bench):
    source = """
    __attribute__((section(".keep"))) uint32_t boots;
    int main(void)
    {
        if (boots++ == 0) {
            clock_216(); serial_on(938); cycles_on();
            REG(SCB_AIRCR) = 0x05FA0004u;
            for (;;) { }
        }
        seen[0] = boots; seen[1] = REG(RCC_CSR); seen[2] = REG(RCC_CFGR); seen[3] = REG(USART6_CR1);
        seen[4] = REG(DWT_LSR); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, "-Wl,--section-start=.keep=0x20020000").run()
    assert board.seen(0) == 2
    assert board.seen(1) >> 28 & 1 == 1
    assert (board.seen(2), board.seen(3), board.seen(4)) == (0, 0, 3)
    assert board.board.clocks.sysclk_hz == 16_000_000


def test_a_reset_request_without_its_key_is_ignored(bench):
    board = bench("int main(void) { REG(SCB_AIRCR) = 4; seen[63] = 1; return 0; }").run()
    assert board.seen(63) == 1


def test_sleeping_until_the_next_tick_passes_virtual_time_only(bench):
    source = """
    static volatile uint32_t ticks;
    void systick_handler(void) { ticks++; }
    int main(void)
    {
        clock_216(); cycles_on();
        REG(SYST_RVR) = 216000 - 1; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        uint32_t before = REG(DWT_CYCCNT);
        while (ticks < 2000) __asm volatile("wfi");
        seen[0] = REG(DWT_CYCCNT) - before; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert (2_000 * 216_000 - board.seen(0)) % 2**32 < 20 or (board.seen(0) - 2_000 * 216_000) % 2**32 < 40


MEASURE = """
static volatile uint32_t ticks;
void systick_handler(void) { ticks++; }
int main(void)
{
    clock_216(); cycles_on(); serial_on(938);
    REG(SYST_RVR) = 41003; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
    put_text("ready\\n");
    for (int run = 0; run < 6; run++) {
        get(); get(); get();
        uint32_t before = REG(DWT_CYCCNT);
        for (volatile int i = 0; i < 50000; i++) { }
        seen[run] = REG(DWT_CYCCNT) - before;
        put_text("done\\n");
    }
    seen[63] = 1;
    return 0;
}
"""


def measured(bench, pause, timing):
    board = bench(MEASURE, timing=timing)
    line = board.board.line()
    board.board.start()
    line.read_until(b"ready\n")
    for run in range(6):
        for byte in (b"a", b"b", b"c"):
            pause(run)
            line.write(byte)
        line.read_until(b"done\n")
    board.board.stop()
    return [board.seen(run) for run in range(6)]


@pytest.mark.parametrize("timing", ["instructions", "m7-block-1", "m7-cache-2"])
def test_cycles_do_not_depend_on_when_the_host_writes(bench, timing):
    """With a tick interrupt running, so that its phase against the measurement would show."""
    at_once = measured(bench, lambda _run: None, timing)
    slowly = measured(bench, lambda run: time.sleep(0.004 * run), timing)
    assert at_once == slowly
    assert len(set(at_once)) > 1
    assert min(at_once) > 200_000


@pytest.fixture
def cpu_s():
    """cpu_s() gives the CPU time of all threads that were started since, those of a board."""
    others = set(threading.enumerate())

    def used():
        mine = [thread for thread in threading.enumerate() if thread not in others]
        assert mine
        return sum(time.clock_gettime(time.pthread_getcpuclockid(thread.ident)) for thread in mine)

    return used


def test_waiting_for_the_host_does_not_burn_a_cpu(cpu_s, bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938);
        put_text("ready\\n"); seen[0] = get(); put_text("end\\n");
        return 0;
    }
    """
    board = bench(source)
    line = board.board.line()
    board.board.start()
    line.read_until(b"ready\n")
    time.sleep(0.1)
    before = cpu_s()
    time.sleep(0.5)
    used = cpu_s() - before
    line.write(b"q")
    line.read_until(b"end\n")
    board.board.stop()
    assert board.seen(0) == ord("q")
    assert used < 0.25


def test_two_boards_run_side_by_side_without_disturbing_each_other(bench):
    source = """
    int main(void) { clock_216(); cycles_on(); for (volatile int i = 0; i < 300000; i++) { }
                     seen[0] = REG(DWT_CYCCNT); seen[63] = 1; return 0; }
    """
    boards = [bench(source) for _ in range(2)]
    threads = [threading.Thread(target=board.run) for board in boards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = bench(source).run()
    assert boards[0].seen(0) == boards[1].seen(0) == alone.seen(0)


def test_reading_memory_where_there_is_none_names_what_is_there(bench):
    board = bench("int main(void) { return 0; }").board
    with pytest.raises(VirtualBoardError) as caught:
        board.read_memory(0x4002_3800, 4)
    assert caught.value.message == "There is no memory at 0x40023800 to 0x40023803; it is RCC."


def test_an_unknown_symbol_gets_a_guess(bench):
    board = bench("int main(void) { return 0; }").board
    with pytest.raises(VirtualBoardError) as caught:
        board.symbol("sen")
    assert caught.value.message.endswith("has no symbol sen.")
    assert caught.value.hint == "Did you mean seen?"


def test_starting_twice_and_an_unknown_serial_port_are_refused(bench):
    board = bench("int main(void) { return 0; }").board
    board.start()
    with pytest.raises(VirtualBoardError, match="running already"):
        board.start()
    with pytest.raises(VirtualBoardError, match="has no serial port USART9"):
        bench("int main(void) { return 0; }", serial="USART9")


def test_a_run_can_be_limited_in_cycles(bench):
    board = bench("int main(void) { for (;;) { } }").board
    board.run(max_cycles=12_345)
    assert 12_345 <= board.cycles < 12_400


def test_bytes_that_nobody_reads_do_not_keep_a_sleeping_board_busy(cpu_s, bench):
    board = bench("int main(void) { return 0; }").board
    board.start()
    board.line().write(b"anybody?")
    time.sleep(0.1)
    before = cpu_s()
    time.sleep(0.5)
    assert cpu_s() - before < 0.25


def test_a_rate_of_zero_is_refused(bench):
    with pytest.raises(VirtualBoardError, match="cannot listen at 0 baud"):
        bench("int main(void) { return 0; }", host_baud=0)


COUNTING = "int main(void) { for (;;) seen[0]++; }"


def test_the_reset_pin_is_low_as_long_as_anybody_pulls_it(bench):
    board = bench(COUNTING).board
    board.hold_reset(True, by="a probe")
    board.press_reset()
    assert board.in_reset
    board.hold_reset(False, by="a probe")
    assert not board.in_reset


def test_a_reset_by_hand_begins_the_firmware_anew(bench):
    at = bench(COUNTING)
    at.board.start()
    with at.board.standing_still():
        before = at.board.cycles
    give_up_at = time.monotonic() + 60
    while at.board.cycles < before + 1_000_000:
        assert time.monotonic() < give_up_at
        time.sleep(0.001)
    with at.board.standing_still():
        counted = at.seen(0)
        at.board.press_reset()
        assert at.board.core.program_counter == at.board.symbol("reset_handler") & ~1
    assert counted > 1000


def test_a_board_that_begins_switched_off_has_nothing_to_say_until_it_is_on():
    with Board(options=BoardOptions(powered=False)) as board:
        board.start()
        assert (board.powered, board.running, board.cycles, board.findings) == (False, True, 0, ())
        board.switch_power(True)
        assert board.powered
        assert "The reset vector at 0x00200004 is 0xffffffff" in str(board.fault)


@pytest.mark.parametrize("once", [False, True])
def test_faults_on_purpose_stay_through_a_reset_and_end_with_the_power_if_they_are_to(bench, once):
    board = bench(COUNTING).board
    board.inject(Injection(silent=True, device_id=0x451), once=once)
    board.press_reset()
    assert board.injection == Injection(silent=True, device_id=0x451)
    board.switch_power(False)
    board.switch_power(True)
    assert board.injection == (Injection() if once else Injection(silent=True, device_id=0x451))
    assert board.line().muted == (not once)
