"""USART6 as firmware and host see it."""

import pytest

from vstm32.base.findings import FindingKind

SAY = 'int main(void) {{ {clock}; serial_on({divider}); put_text("{text}"); seen[63] = 1; return 0; }}'


def said(bench, clock, divider, text="Hello, 123\\n", **options):
    board = bench(SAY.format(clock=clock, divider=divider, text=text), **options).run().board
    return board.line().read(), board


@pytest.mark.parametrize(("clock", "divider"), [("clock_216()", 938), ("clock_288()", 625), ("(void)0", 139)])
def test_the_right_divider_for_the_clock_is_read_right(bench, clock, divider):
    text, board = said(bench, clock, divider)
    problems = [finding for finding in board.findings if not finding.is_note]
    assert (text, problems) == (b"Hello, 123\n", [])


@pytest.mark.parametrize("divider", [938 // 2, 938 * 2, 900, 980])
def test_a_wrong_divider_is_garbage_on_the_line_and_a_finding(bench, divider):
    text, board = said(bench, "clock_216()", divider)
    assert len(text) == 11
    assert text != b"Hello, 123\n"
    assert sum(got == want for got, want in zip(text, b"Hello, 123\n", strict=True)) <= 2
    [finding] = board.findings
    assert finding.kind is FindingKind.SERIAL_LINE
    assert f"USART6 sends at {108_000_000 / divider:.0f} baud and the host listens at 115200" in str(finding)


def test_the_host_may_listen_at_another_rate(bench):
    text, board = said(bench, "clock_216()", 117, host_baud=921_600)
    assert (text, board.findings) == (b"Hello, 123\n", ())


def test_a_wrong_divider_garbles_what_the_firmware_receives(bench):
    source = "int main(void) { clock_216(); serial_on(469); seen[0] = get(); seen[63] = 1; return 0; }"
    board = bench(source)
    board.board.line().write(b"A")
    assert board.run().seen(0) != ord("A")


@pytest.mark.parametrize(
    "spoil",
    ["REG(GPIOC + 0x20) &= 0xF0FFFFFFu", "REG(GPIOC) &= ~0xF000u", "REG(GPIOC + 0x20) ^= 0x0F000000u"],
)
def test_without_the_alternate_function_nothing_leaves_the_chip(bench, spoil):
    source = (
        f'int main(void) {{ clock_216(); serial_on(938); {spoil}; put_text("x"); seen[63] = 1; return 0; }}'
    )
    board = bench(source).run().board
    assert board.line().read() == b""
    assert str(board.findings[0]) == (
        "USART6 sends, and nothing of it reaches the host: PC6 is not in alternate function 8 "
        "(GPIO MODER and AFR)."
    )


def test_a_byte_takes_ten_bit_times_of_virtual_time(bench):
    source = """
    int main(void)
    {
        clock_216(); cycles_on(); serial_on(938);
        uint32_t before = REG(DWT_CYCCNT);
        REG(USART6_TDR) = 'a';
        seen[1] = REG(USART6_ISR);
        REG(USART6_TDR) = 'b';
        seen[2] = REG(USART6_ISR);
        while (!(REG(USART6_ISR) & 0x80u)) { }
        seen[3] = REG(DWT_CYCCNT) - before;
        while (!(REG(USART6_ISR) & 0x40u)) { }
        seen[4] = REG(DWT_CYCCNT) - before;
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    frame = 10 * 938 * 2
    assert board.seen(1) & 0xC0 == 0x80
    assert board.seen(2) & 0xC0 == 0
    assert frame <= board.seen(3) <= frame + 30
    assert 2 * frame <= board.seen(4) <= 2 * frame + 40


def test_a_firmware_that_reads_in_time_loses_nothing_of_a_long_line(bench):
    source = """
    static char line[256];
    int main(void)
    {
        clock_216(); serial_on(938);
        int n = 0;
        do { line[n] = (char)get(); } while (line[n++] != '\\n');
        seen[0] = (uint32_t)n; seen[1] = REG(USART6_ISR) & 8u;
        for (int i = 0; i < n; i++) put(line[i]);
        put_text(""); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    text = bytes(32 + index % 90 for index in range(200)) + b"\n"
    board.board.line().write(text)
    board.run()
    assert (board.seen(0), board.seen(1)) == (201, 0)
    assert board.board.line().read() == text


def test_a_firmware_that_is_too_slow_gets_an_overrun_and_keeps_the_first_byte(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938);
        while (!(REG(USART6_ISR) & 0x20u)) { }
        for (volatile int i = 0; i < 40000; i++) { }
        seen[0] = REG(USART6_ISR) & 0x28u; seen[1] = REG(USART6_RDR);
        REG(USART6_ICR) = 8u; seen[2] = REG(USART6_ISR) & 0x28u;
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    board.board.line().write(b"abcdef")
    board.run()
    assert [board.seen(index) for index in range(3)] == [0x28, ord("a"), 0]


def test_reception_by_interrupt_echoes_every_byte(bench):
    source = """
    static volatile uint32_t count;
    void usart6_handler(void)
    {
        uint32_t byte = REG(USART6_RDR) & 0xFFu;
        REG(USART6_TDR) = byte ^ 0x20u;
        if (byte == '.') { REG(USART6_CR1) &= ~(1u << 5); seen[0] = count; }
        count++;
    }
    int main(void)
    {
        clock_216(); serial_on(938);
        REG(USART6_CR1) |= 1u << 5;
        REG(NVIC_ISER + 8) = 1u << 7;
        while (!seen[0]) __asm volatile("wfi");
        while (!(REG(USART6_ISR) & 0x40u)) { }
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    board.board.line().write(b"interrupt.")
    board.run()
    assert board.seen(0) == 9
    assert board.board.line().read() == b"INTERRUPT\x0e"


def test_transmission_by_interrupt_sends_everything_in_order(bench):
    source = """
    static const char text[] = "sent by interrupt";
    static volatile uint32_t next;
    void usart6_handler(void)
    {
        if (text[next]) REG(USART6_TDR) = (uint8_t)text[next++];
        else REG(USART6_CR1) &= ~(1u << 7);
    }
    int main(void)
    {
        clock_216(); serial_on(938);
        REG(NVIC_ISER + 8) = 1u << 7;
        REG(USART6_CR1) |= 1u << 7;
        while (text[next]) { }
        while (!(REG(USART6_ISR) & 0x40u)) { }
        seen[63] = 1;
        return 0;
    }
    """
    assert bench(source).run().board.line().read() == b"sent by interrupt"


def test_a_firmware_that_computes_gets_its_byte_after_a_second_of_virtual_time(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938); cycles_on();
        while (!(REG(USART6_ISR) & 0x20u)) { for (volatile int i = 0; i < 20000; i++) { } }
        seen[0] = REG(USART6_RDR); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    board.board.line().write(b"!")
    assert board.run().seen(0) == ord("!")
    assert 216_000_000 <= board.board.cycles < 240_000_000


def test_an_unusable_divider_is_a_finding(bench):
    source = """
    int main(void) { clock_216(); serial_on(0); REG(USART6_TDR) = 'x'; seen[63] = 1; return 0; }
    """
    board = bench(source).run().board
    assert str(board.findings[0]) == "USART6 cannot send: BRR is 0x0, and it must be 16 or more."


def test_a_feature_that_is_not_modelled_is_a_finding(bench):
    source = (
        "int main(void) { clock_216(); serial_on(938); REG(0x40011408u) = 1u << 8; seen[63] = 1; return 0; }"
    )
    board = bench(source).run().board
    assert str(board.findings[0]).startswith("USART6_CR3: the virtual board does not act on bits 0x100 ")


def test_usart1_has_a_line_of_its_own(bench):
    source = """
    int main(void)
    {
        clock_216();
        REG(RCC_AHB1ENR) |= 3u; REG(RCC_APB2ENR) |= 1u << 4;
        REG(0x40020000u) = (REG(0x40020000u) & ~(3u << 18)) | 2u << 18; REG(0x40020024u) |= 7u << 4;
        REG(0x4001100Cu) = 938; REG(0x40011000u) = 1u | 1u << 3;
        REG(0x40011028u) = 'U';
        while (!(REG(0x4001101Cu) & 0x40u)) { }
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, serial="USART1").run().board
    assert (board.line().read(), board.line("USART6").read()) == (b"U", b"")


@pytest.mark.parametrize(
    ("control", "byte", "received", "error"),
    [
        # Eight bits with parity: the top bit of what an 8N1 host sends is the parity bit.
        (1 << 10, 0x41, 0x41, 0),
        (1 << 10, 0x43, 0x43, 1),
        (1 << 10 | 1 << 9, 0x43, 0x43, 0),
        # Nine bits without parity: the ninth is the stop bit of the host.
        (1 << 12, 0x41, 0x141, 0),
        # Seven bits: the eighth is where the stop bit should be.
        (1 << 28, 0xC1, 0x41, 0),
        (1 << 28, 0x41, 0x41, 2),
    ],
)
def test_another_frame_than_that_of_the_host_is_received_bit_by_bit(bench, control, byte, received, error):
    source = f"""
    int main(void)
    {{
        clock_216(); serial_on(938); REG(USART6_CR1) = 0; REG(USART6_CR1) = 0xDu | {control}u;
        while (!(REG(USART6_ISR) & 0x20u)) {{ }}
        seen[0] = REG(USART6_ISR) & 3u; seen[1] = REG(USART6_RDR);
        REG(USART6_ICR) = 3u; seen[2] = REG(USART6_ISR) & 3u;
        seen[63] = 1;
        return 0;
    }}
    """
    board = bench(source)
    board.board.line().write(bytes([byte]))
    board.run()
    assert (board.seen(1), board.seen(0), board.seen(2)) == (received, error, 0)


def test_eight_times_oversampling_takes_twice_the_clock(bench):
    """RM0385 section 31.5.4: BRR[2:0] is USARTDIV[3:0] shifted right by one."""
    source = """
    int main(void)
    {
        clock_216(); serial_on(938); REG(USART6_CR1) = 0;
        REG(USART6_BRR) = (1875u & 0xFFF0u) | (1875u & 0xFu) >> 1;
        REG(USART6_CR1) = 1u | 1u << 3 | 1u << 15;
        put_text("eight\\n"); seen[63] = 1;
        return 0;
    }
    """
    assert bench(source).run().board.line().read() == b"eight\n"


def test_an_overrun_interrupts_with_eie(bench):
    source = """
    static volatile uint32_t overruns;
    void usart6_handler(void)
    {
        if (REG(USART6_ISR) & 8u) { overruns++; REG(USART6_ICR) = 8u; REG(USART6_CR1 + 8) = 0; }
    }
    int main(void)
    {
        clock_216(); serial_on(938); REG(USART6_CR1 + 8) = 1u; REG(NVIC_ISER + 8) = 1u << 7;
        while (!(REG(USART6_ISR) & 0x20u)) { }
        while (!overruns) { }
        seen[0] = overruns; seen[1] = REG(USART6_RDR); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    board.board.line().write(b"abc")
    board.run()
    assert (board.seen(0), board.seen(1)) == (1, ord("a"))


def test_the_end_of_a_transmission_interrupts_with_tcie(bench):
    source = """
    static volatile uint32_t ended;
    void usart6_handler(void) { REG(USART6_CR1) &= ~0x40u; ended++; }
    int main(void)
    {
        clock_216(); serial_on(938); REG(NVIC_ISER + 8) = 1u << 7;
        REG(USART6_TDR) = 'x'; REG(USART6_CR1) |= 0x40u;
        while (!ended) __asm volatile("wfi");
        seen[0] = ended; seen[1] = REG(USART6_ISR) & 0x40u; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (1, 0x40)
    assert board.board.line().read() == b"x"


def test_without_its_kernel_clock_nothing_is_sent_and_it_is_said(bench):
    source = """
    int main(void)
    {
        clock_216(); REG(0x40023890u) = 3u << 10; serial_on(938);
        REG(USART6_TDR) = 'x'; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run().board
    assert str(board.findings[0]) == ("USART6 cannot send: the clock that DCKCFGR2 selects for it is off.")


def test_a_reset_by_rcc_drops_what_was_set_and_the_interrupt(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938); REG(USART6_CR1) |= 1u << 7;
        seen[0] = REG(NVIC_ISPR + 8) >> 7 & 1u;
        REG(0x40023824u) |= 1u << 5; REG(0x40023824u) = 0;
        REG(NVIC_ISPR + 0x88) = 1u << 7;
        seen[1] = REG(USART6_CR1); seen[2] = REG(NVIC_ISPR + 8) >> 7 & 1u; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(3)] == [1, 0, 0]


def test_the_rate_follows_the_clock_that_is_set_afterwards(bench):
    source = """
    int main(void)
    {
        serial_on(938); clock_216();
        put_text("after\\n"); REG(RCC_CFGR) = (REG(RCC_CFGR) & ~(7u << 13)) | 5u << 13; REG(USART6_BRR) = 469;
        put_text("half\\n"); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run().board
    assert (board.line().read(), board.findings) == (b"after\nhalf\n", ())


def test_clearing_every_flag_keeps_those_that_are_states_and_the_transmitter_goes_on(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938);
        REG(USART6_ICR) = 0xFFFFFFFFu;
        seen[0] = REG(USART6_ISR);
        put_text("after\\n"); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    # TEACK and TXE stay, TC was cleared.
    assert board.seen(0) & 0x0020_00C0 == 0x0020_0080
    assert board.board.line().read() == b"after\n"


SENDS_WHILE_OFF = """
int main(void)
{
    clock_216(); serial_on(938);
    REG(USART6_CR1) = 0x5u;
    REG(USART6_TDR) = 'a';
    seen[0] = REG(USART6_ISR) & 0x80u;
    REG(USART6_CR1) = 0xDu;
    put_text("b\\n"); seen[63] = 1;
    return 0;
}
"""


def test_what_is_written_while_the_transmitter_is_off_waits_for_it_and_is_said(bench):
    board = bench(SENDS_WHILE_OFF).run()
    assert board.seen(0) == 0
    assert board.board.line().read() == b"ab\n"
    (finding,) = board.board.findings
    assert finding.sentence == "USART6 is to send while its transmitter is off: TE in CR1 is not set."


def test_a_disabled_uart_that_is_to_send_is_said(bench):
    source = """
    int main(void)
    { clock_216(); serial_on(938); REG(USART6_CR1) = 0xCu; REG(USART6_TDR) = 'a'; seen[63] = 1; return 0; }
    """
    (finding,) = bench(source).run().board.findings
    assert finding.sentence == "USART6 is to send while it is off: UE in CR1 is not set."


@pytest.mark.parametrize(
    ("control", "poll", "why"),
    [
        (
            "0x5u",
            "REG(USART6_TDR) = 'a'; while (!(REG(USART6_ISR) & 0x80u)) { }",
            "TXE is 0, and TE in CR1 is not set",
        ),
        ("0x9u", "while (!(REG(USART6_ISR) & 0x20u)) { }", "its receiver is off"),
    ],
)
def test_a_poll_that_can_never_end_is_no_waiting_for_the_host(bench, control, poll, why):
    source = (
        f"int main(void) {{ clock_216(); serial_on(938); REG(USART6_CR1) = {control}; {poll} return 0; }}"
    )
    board = bench(source).board
    board.run(max_cycles=216_000_000, timeout_seconds=60)
    assert not board.has_waited_for_host()
    assert board.findings[-1].sentence == (
        f"USART6_ISR is polled, and no bit of it will change by itself: {why}."
    )
