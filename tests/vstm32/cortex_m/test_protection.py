"""What the MPU forbids is a MemManage fault, and what it allows works as before."""

import pytest

from vstm32.base.findings import Direction, FindingKind
from vstm32.cortex_m.mpu import Mpu, permitted

PRELUDE = """
#define MPU_CTRL 0xE000ED94u
#define MPU_RNR 0xE000ED98u
#define MPU_RBAR 0xE000ED9Cu
#define MPU_RASR 0xE000EDA0u
#define SIZE(exponent) (((exponent) - 1u) << 1 | 1u)
#define AP(value) ((uint32_t)(value) << 24)
#define XN (1u << 28)
void region(uint32_t number, uint32_t base, uint32_t attributes)
{
    REG(MPU_RNR) = number; REG(MPU_RBAR) = base; REG(MPU_RASR) = attributes;
}
void on(uint32_t control)
{
    REG(SCB_SHCSR) |= 7u << 16;
    REG(MPU_CTRL) = control; __asm volatile("dsb\\n isb");
}
__attribute__((used)) void report(uint32_t *frame)
{
    seen[0] = REG(SCB_CFSR); seen[1] = REG(0xE000ED34u); seen[2] = frame[6];
    __asm volatile("mrs %0, ipsr" : "=r"(*(uint32_t *)&seen[3]));
    seen[63] = 1;
    for (;;) __asm volatile("wfi");
}
#define REPORTED(name) \\
    __attribute__((naked)) void name(void) { __asm volatile("mov r0, sp\\n b report"); }
REPORTED(mem_manage_handler)
uint32_t room[4096] __attribute__((aligned(4096)));
"""

IACCVIOL, DACCVIOL, MSTKERR, MMARVALID = 1, 2, 1 << 4, 1 << 7


def run(bench, body, *, before="", flags=("-fno-delete-null-pointer-checks",)):
    return bench(
        PRELUDE + before + f"int main(void) {{ {body} seen[62] = 1; seen[63] = 1; return 0; }}", *flags
    ).run()


def test_a_read_through_null_is_caught_by_a_region_without_access(bench):
    board = run(
        bench,
        """
        region(0, 0, AP(0) | XN | SIZE(8)); on(5);
        __asm volatile("movs r0, #16\\n .global bad\\n bad: ldr r1, [r0]" ::: "r0", "r1");
        """,
    )
    bad = board.board.symbol("bad") & ~1
    assert [board.seen(index) for index in range(4)] == [DACCVIOL | MMARVALID, 16, bad, 4]
    fault = board.board.fault
    assert (fault.kind, fault.address, fault.direction) == (FindingKind.PROTECTION, 16, Direction.READ)
    assert str(fault) == (
        f"The MPU does not let the privileged instruction at {bad:#010x} read 0x00000010 (ITCM RAM, 4 bytes)."
    )


@pytest.mark.parametrize(("offset", "caught"), [(-4, False), (0, True), (28, True), (32, False)])
def test_a_guard_of_32_bytes_guards_these_and_leaves_the_rest_of_the_page(bench, offset, caught):
    board = run(
        bench,
        f"""
        region(3, (uint32_t)room + 64, AP(6) | SIZE(5)); on(5);
        volatile uint8_t *place = (volatile uint8_t *)room + 64 + ({offset});
        *place = 0x5A; seen[4] = *place; seen[5] = place[0]; *(volatile uint16_t *)(place + 1000) = 0x1234;
        seen[6] = *(volatile uint16_t *)(place + 1000);
        """,
    )
    if caught:
        assert (board.seen(0), board.seen(62)) == (DACCVIOL | MMARVALID, 0)
        assert board.seen(1) == board.board.symbol("room") + 64 + offset
    else:
        assert [board.seen(index) for index in (0, 4, 6, 62)] == [0, 0x5A, 0x1234, 1]
        assert board.board.findings == ()


def test_code_in_a_region_that_is_execute_never_does_not_run(bench):
    board = run(
        bench,
        """
        region(1, 0x20000000u, AP(3) | XN | SIZE(19)); on(5);
        room[0] = 0x47704770u; __asm volatile("dsb\\n isb");
        ((void (*)(void))((uint32_t)room | 1u))();
        """,
    )
    assert board.seen(0) == IACCVIOL
    assert board.seen(2) == board.board.symbol("room")
    assert str(board.board.fault) == (
        f"The MPU lets no code run at {board.board.symbol('room'):#010x} (DTCM RAM)."
    )


def test_a_peripheral_without_access_is_caught_too(bench):
    board = run(
        bench, "region(0, 0x40023800u, AP(5) | SIZE(10)); on(5); seen[5] = REG(RCC_CR); REG(RCC_CR) = 1;"
    )
    assert (board.seen(0), board.seen(1), board.seen(5) & 3) == (DACCVIOL | MMARVALID, 0x4002_3800, 3)


def test_a_subregion_that_is_off_leaves_what_lies_below(bench):
    board = run(
        bench,
        """
        region(0, (uint32_t)room, AP(6) | 0x02u << 8 | SIZE(12)); on(5);
        room[512 / 4] = 7; seen[5] = room[512 / 4]; room[1024 / 4] = 7;
        """,
    )
    assert (board.seen(0), board.seen(5)) == (DACCVIOL | MMARVALID, 7)
    assert board.seen(1) == board.board.symbol("room") + 1024


THREAD = """
__attribute__((naked)) void svc_handler(void)
{
    __asm volatile("mrs r0, control\\n bic r0, #1\\n msr control, r0\\n bx lr");
}
static void unprivileged(void)
{
    __asm volatile("mrs r0, control\\n orr r0, #1\\n msr control, r0\\n isb" ::: "r0", "memory");
}
"""


def test_unprivileged_code_is_kept_out_where_privileged_code_is_not_and_a_call_opens_it_again(bench):
    board = run(
        bench,
        """
        region(0, 0, AP(3) | SIZE(32)); region(1, (uint32_t)room, AP(2) | SIZE(12)); on(1);
        room[0] = 1; seen[4] = room[0];
        unprivileged(); seen[5] = room[0];
        __asm volatile("svc 0" ::: "r0", "memory");
        room[0] = 2; seen[6] = room[0];
        unprivileged(); room[0] = 3;
        """,
        before=THREAD,
    )
    assert [board.seen(index) for index in (4, 5, 6)] == [1, 1, 2]
    assert (board.seen(0), board.seen(1)) == (DACCVIOL | MMARVALID, board.board.symbol("room"))
    assert "The MPU does not let the unprivileged instruction" in str(board.board.fault)


def test_without_a_background_region_nothing_else_may_be_accessed(bench):
    board = run(
        bench,
        """
        region(0, 0x08000000u, AP(6) | SIZE(20)); region(1, 0x20000000u, AP(3) | SIZE(16)); on(1);
        seen[5] = 1; seen[6] = *(volatile uint32_t *)0x20010000u;
        """,
    )
    assert [board.seen(index) for index in (0, 1, 5)] == [DACCVIOL | MMARVALID, 0x2001_0000, 1]


def test_a_frame_that_the_mpu_does_not_let_onto_the_process_stack_is_mstkerr(bench):
    board = run(
        bench,
        """
        region(0, (uint32_t)room, AP(6) | SIZE(12)); on(5);
        __asm volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb\\n svc 0"
                       :: "r"((uint32_t)room + 4096 + 16) : "r0");
        """,
        before="""
        #undef REPORTED
        void svc_handler(void) { seen[62] = 2; }
        """,
    )
    assert (board.seen(0), board.seen(3)) == (MSTKERR, 4)
    assert board.seen(62) == 0
    room = board.board.symbol("room")
    assert str(board.board.fault) == (
        f"The MPU does not let the frame of exception 11 be stored at {room + 4096 + 16 - 32:#010x}."
    )


def test_handlers_of_hard_faults_run_without_the_mpu_unless_it_is_told_otherwise(bench):
    source = """
    void hard_fault_handler(void) { room[0] = 5; seen[5] = room[0]; seen[63] = 1; for (;;) { } }
    """
    body = "region(0, (uint32_t)room, AP(6) | SIZE(12)); on(%d); REG(SCB_SHCSR) = 0; room[4] = 1;"
    board = run(bench, body % 5, before=source)
    assert (board.seen(5), board.board.running) == (5, True)
    board = bench(PRELUDE + source + f"int main(void) {{ {body % 7} return 0; }}")
    board.board.run(timeout_seconds=60)
    assert "A MemManage fault came inside the HardFault handler" in str(board.board.fault)


def test_an_mpu_that_is_switched_off_again_forbids_nothing(bench):
    board = run(
        bench,
        """
        region(0, (uint32_t)room, AP(0) | SIZE(12)); on(5); on(0);
        room[0] = 8; seen[5] = room[0];
        """,
    )
    assert (board.seen(0), board.seen(5), board.seen(62)) == (0, 8, 1)


def test_unprivileged_code_may_not_touch_the_system_registers_but_stir_if_it_is_let(bench):
    source = """
    void exti0_handler(void) { seen[10]++; }
    REPORTED(bus_fault_handler)
    """
    body = """
    REG(SCB_SHCSR) |= 7u << 16; REG(NVIC_ISER) = 1u << 6; REG(SCB_CCR) |= 2u;
    __asm volatile("mrs r0, control\\n orr r0, #1\\n msr control, r0\\n isb" ::: "r0", "memory");
    REG(0xE000EF00u) = 6; __asm volatile("dsb\\n isb"); seen[11] = seen[10]; REG(SCB_VTOR) = 0;
    """
    board = run(bench, body, before=source)
    assert (board.seen(11), board.seen(0), board.seen(3)) == (1, 0x8200, 5)
    assert str(board.board.fault).endswith(
        "writes 0xe000ed08 (SCB, 4 bytes), which only privileged code may access."
    )


def test_a_range_is_permitted_what_all_of_it_is():
    intervals = ((0, 7), (100, 1), (200, 3))
    assert [permitted(intervals, *place) for place in ((0, 100), (90, 20), (100, 1), (150, 100))] == [
        7,
        1,
        1,
        1,
    ]
    # All, of any alignment; but no code and nothing unaligned where the map has devices.
    assert permitted((), 5, 5) == 15
    assert permitted((), 0xC000_0000, 5) == 3


@pytest.mark.parametrize(("timing", "times"), [("instructions", 0), ("m7-block-1", 0), ("m7-cache-2", 1)])
def test_cache_policies_follow_from_the_regions_once_before_the_next_block_and_only_where_asked(
    bench, monkeypatch, timing, times
):
    """A scheduler sets all regions at each switch of threads."""
    asked = []
    policies = Mpu.cache_policy_map
    monkeypatch.setattr(Mpu, "cache_policy_map", lambda unit: asked.append(1) or policies(unit))
    writes = "".join(f"*rnr = {number}; *rasr = {number};" for number in range(4))
    registers = "volatile uint32_t *rnr = (uint32_t *)MPU_RNR, *rasr = (uint32_t *)MPU_RASR;"
    board = bench(
        PRELUDE + f"int main(void) {{ {registers} {writes} seen[63] = 1; return 0; }}", timing=timing
    )
    asked.clear()
    board.run()
    assert len(asked) <= times
    assert (timing == "m7-cache-2") == bool(asked)
