def test_enables_are_set_and_cleared_by_ones_and_stop_at_the_last_interrupt(bench):
    source = """
    int main(void)
    {
        REG(NVIC_ISER) = 0xF0u; REG(NVIC_ISER) = 0x0Fu; REG(NVIC_ISER + 0x80) = 0x18u;
        seen[0] = REG(NVIC_ISER); seen[1] = REG(NVIC_ISER + 0x80);
        REG(NVIC_ISER + 12) = 0xFFFFFFFFu; seen[2] = REG(NVIC_ISER + 12);
        seen[3] = REG(0xE000E004u); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(4)] == [0xE7, 0xE7, 0x3, 3]


def test_pending_is_set_cleared_and_triggered_by_number(bench):
    source = """
    int main(void)
    {
        REG(NVIC_ISPR) = 0x60u; REG(NVIC_ISPR + 0x80) = 0x20u; seen[0] = REG(NVIC_ISPR);
        REG(0xE000EF00u) = 70; seen[1] = REG(NVIC_ISPR + 8); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (0x40, 1 << 6)
