from vstm32.base.findings import FindingKind


def test_the_lock_ignores_writes_until_its_key_and_tells_of_itself(bench):
    source = """
    int main(void)
    {
        REG(DEMCR) |= 1u << 24;
        seen[0] = REG(DWT_LSR);
        REG(DWT_CTRL) |= 1; seen[1] = REG(DWT_CTRL) & 1; seen[2] = REG(DWT_CYCCNT);
        REG(DWT_LAR) = 0x12345678u; REG(DWT_CTRL) |= 1; seen[3] = REG(DWT_CTRL) & 1;
        REG(DWT_LAR) = 0xC5ACCE55u; seen[4] = REG(DWT_LSR);
        REG(DWT_CTRL) |= 1; seen[5] = REG(DWT_CTRL) & 1; seen[6] = REG(DWT_CYCCNT) != 0;
        REG(DWT_LAR) = 0; REG(DWT_CYCCNT) = 5000000; seen[7] = REG(DWT_CYCCNT) < 5000000;
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(8)] == [3, 0, 0, 0, 1, 1, 1, 1]


def test_what_a_closed_lock_keeps_away_is_a_finding_that_says_how_to_open_it(bench):
    source = "int main(void) { REG(DWT_CTRL) |= 1; REG(DWT_CYCCNT) = 0; seen[63] = 1; return 0; }"
    board = bench(source).run()
    first, second = board.board.findings
    assert (first.kind, first.address, second.address) == (FindingKind.LOCKED, 0xE0001000, 0xE0001004)
    assert str(first) == (
        f"DWT ignores the write at 0xe0001000 (instruction at {first.program_counter:#010x}): it is locked"
        " until 0xC5ACCE55 is written to DWT_LAR. A debugger may open the lock on a real board."
    )


def test_nothing_counts_without_trace_enable(bench):
    source = """
    int main(void)
    {
        REG(DWT_LAR) = 0xC5ACCE55u; REG(DWT_CTRL) |= 1;
        for (volatile int i = 0; i < 50; i++) { }
        seen[0] = REG(DWT_CYCCNT);
        REG(DEMCR) |= 1u << 24;
        for (volatile int i = 0; i < 50; i++) { }
        seen[1] = REG(DWT_CYCCNT);
        REG(DEMCR) &= ~(1u << 24); seen[2] = REG(DWT_CYCCNT); seen[3] = REG(DWT_CYCCNT);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(0) == 0
    assert 200 < board.seen(1) < board.seen(2) == board.seen(3)


def test_the_counter_can_be_set_and_wraps_after_32_bits(bench):
    source = """
    int main(void)
    {
        cycles_on(); REG(DWT_CYCCNT) = 0xFFFFFFF0u;
        for (volatile int i = 0; i < 50; i++) { }
        seen[0] = REG(DWT_CYCCNT); seen[63] = 1;
        return 0;
    }
    """
    assert 100 < bench(source).run().seen(0) < 1000
