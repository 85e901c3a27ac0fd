"""The DWT's event counters, by a firmware that reads them as on silicon."""

import pytest

L4 = {"chip": "stm32l4r5xi", "timing": "m4-1"}
M4 = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16")
COUNTERS = ("CYCCNT", "CPICNT", "EXCCNT", "SLEEPCNT", "LSUCNT", "FOLDCNT")
READ = """
    __asm volatile(
        "ldr r1, [%0, #4]\\n ldr r2, [%0, #8]\\n ldr r3, [%0, #12]\\n"
        "ldr r4, [%0, #16]\\n ldr r5, [%0, #20]\\n ldr r6, [%0, #24]\\n stm %1, {r1-r6}\\n"
        {body}
        "ldr r1, [%0, #4]\\n ldr r2, [%0, #8]\\n ldr r3, [%0, #12]\\n"
        "ldr r4, [%0, #16]\\n ldr r5, [%0, #20]\\n ldr r6, [%0, #24]\\n stm %2, {r1-r6}\\n"
        :: "r"(DWT_CTRL), "r"(&seen[0]), "r"(&seen[6]), "r"(words)
        : "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "cc", "memory");
"""
"""Both times the same instructions, so that what they take of the counters is the same."""

BETWEEN = 7
"""Instructions of the first reading, which come between the two looks at each counter."""


def _source(body: str, before: str = "", handlers: str = "") -> str:
    lines = "".join(f'"{line.strip()}\\n" ' for line in body.strip().splitlines())
    return f"""
    static uint32_t words[8];
    {handlers}
    int main(void)
    {{
        REG(DEMCR) |= 1u << 24;
        REG(DWT_CTRL) |= 1u | 0x1Fu << 17;
        seen[20] = REG(DWT_CTRL);
        {before}
        {READ.replace("{body}", lines)}
        seen[63] = 1;
        return 0;
    }}
    """


def _passed(bench, body: str, *, faults: int = 0, **parts: str) -> dict[str, int]:
    """What each counter has counted, of the reading as well, as a firmware sees it: 0 to 255."""
    board = bench(_source(body, **parts), *M4, **L4).run()
    assert board.seen(63) == 1
    assert len(board.board.findings) == faults
    return {
        name: (board.seen(6 + number) - board.seen(number)) & 0xFF for number, name in enumerate(COUNTERS)
    }


def _instructions(passed: dict[str, int]) -> int:
    """Those that were executed, as the architecture has it."""
    stalls = sum(passed[name] for name in ("CPICNT", "EXCCNT", "SLEEPCNT", "LSUCNT"))
    return (passed["CYCCNT"] - stalls + passed["FOLDCNT"]) & 0xFF


@pytest.fixture
def nothing(bench) -> dict[str, int]:
    """What the reading itself takes."""
    return _passed(bench, "nop")


@pytest.mark.parametrize(
    ("body", "cpi", "lsu"),
    [
        ("add r1, r1, #1", 0, 0),
        ("udiv r1, r2, r0", 6, 0),  # 7 cycles
        ("ldr r7, [%3]\n add r1, r7, r7", 0, 1),
        ("ldr r7, [%3]\n ldr r8, [%3]\n add r1, r7, r8", 0, 1),  # pipelined
        ("ldr r7, [%3]\n add r8, r7, r7\n ldr r8, [%3]\n add r1, r8, r7", 0, 2),
        ("str r1, [%3, #4]", 0, 0),
        ("ldm %3, {r5-r8}", 0, 4),
        ("b 1f\n nop\n 1: nop", 2, 0),  # refills the pipeline
    ],
)
def test_each_kind_of_cycle_is_counted_where_the_manual_has_it(
    bench, nothing: dict[str, int], body: str, cpi: int, lsu: int
) -> None:
    # A NOP of one cycle separates them from the reading.
    passed = _passed(bench, f"nop\n {body}")
    assert passed["CPICNT"] - nothing["CPICNT"] == cpi
    assert passed["LSUCNT"] - nothing["LSUCNT"] == lsu
    assert (passed["EXCCNT"], passed["SLEEPCNT"], passed["FOLDCNT"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "instructions"),
    [
        ("nop", 1),
        ("ldr r7, [%3]\n mul r7, r7, r7\n str r7, [%3]\n ldm %3, {r5-r8}\n udiv r7, r7, r0", 5),
        ("mov r7, #5\n 1: ldr r8, [%3]\n add r8, r8, r7\n str r8, [%3]\n subs r7, #1\n bne 1b", 1 + 5 * 5),
        # Blocks that follow each other without a branch that is taken, a load at the end of one.
        ("mov r7, #1\n cmp r7, #2\n beq 1f\n ldr r8, [%3]\n cbz r7, 1f\n ldr r5, [%3]\n 1: nop", 7),
        ("cmp r0, #0\n ite eq\n moveq r7, #1\n movne r7, #2", 4),
    ],
)
def test_together_they_tell_the_instructions_that_were_executed(bench, body: str, instructions: int) -> None:
    assert _instructions(_passed(bench, body)) == BETWEEN + instructions


def test_exceptions_have_a_counter_of_their_own(bench, nothing: dict[str, int]) -> None:
    passed = _passed(
        bench, "svc 0\n nop\n nop", handlers='void svc_handler(void) { __asm volatile("nop\\n nop"); }'
    )
    assert passed["EXCCNT"] == 24  # 12 to enter, 12 to return
    assert passed["SLEEPCNT"] == 0


def test_an_instruction_that_faults_is_none_that_was_executed(bench) -> None:
    handler = """
    __attribute__((naked)) void hard_fault_handler(void)
    {
        __asm volatile("ldr r0, [sp, #24]\\n add r0, #2\\n str r0, [sp, #24]\\n bx lr");
    }
    """
    passed = _passed(
        bench, "ldr r7, [%3]\n udiv r7, r7, %3\n udf #1\n ldr r7, [%3]\n nop", handlers=handler, faults=1
    )
    assert passed["EXCCNT"] == 24
    assert _instructions(passed) == BETWEEN + 4 + 4


def test_sleep_has_a_counter_of_its_own(bench) -> None:
    passed = _passed(
        bench,
        "1: wfi\n ldr r7, [%3]\n cmp r7, #0\n beq 1b",
        before="REG(SYST_RVR) = 199; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;",
        handlers="void systick_handler(void) { REG(SYST_CSR) = 0; words[0] = 1; }",
    )
    assert 100 < passed["SLEEPCNT"] < 200
    assert passed["EXCCNT"] == 24


def test_a_counter_begins_at_zero_when_it_is_enabled_and_stays_when_it_is_not(bench) -> None:
    source = """
    static volatile uint32_t word;
    int main(void)
    {
        REG(DEMCR) |= 1u << 24;
        REG(0xE0001014u) = 0x1A5; seen[0] = REG(0xE0001014u);
        REG(DWT_CTRL) |= 1u << 20; seen[1] = REG(0xE0001014u);
        for (int i = 0; i < 20; i++) word = word + 1;
        REG(DWT_CTRL) &= ~(1u << 20); seen[2] = REG(0xE0001014u);
        for (int i = 0; i < 20; i++) word = word + 1;
        seen[3] = REG(0xE0001014u);
        REG(0xE0001014u) = 7; seen[4] = REG(0xE0001014u);
        seen[5] = REG(0xE0001008u);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, *M4, **L4).run()
    assert board.seen(0) == 0xA5
    assert board.seen(1) < 10
    assert 20 <= board.seen(2) == board.seen(3)
    assert board.seen(4) == 7
    assert board.seen(5) == 0


def test_where_the_timing_model_knows_no_counters_the_core_says_that_it_has_none(bench) -> None:
    source = """
    int main(void)
    {
        cycles_on(); seen[0] = REG(DWT_CTRL) >> 24 & 1;
        REG(DWT_CTRL) |= 1u << 20; seen[1] = REG(DWT_CTRL) >> 20 & 1;
        REG(0xE0001014u) = 5; seen[2] = REG(0xE0001014u);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, timing="m7-cache-2").run()
    assert [board.seen(index) for index in range(3)] == [1, 0, 0]
    assert str(board.board.findings[0]).startswith(
        "DWT_CTRL: the virtual board does not act on bits 0x100000 "
    )
