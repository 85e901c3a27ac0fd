"""The order in which ST's HAL touches registers, in our own words: timeouts, UART by interrupt."""

import time

from vstm32.stm32.clock_tree import Clocks

# 216 MHz from the crystal: HSE, PLL (M 25, N 432, P 2, Q 9), over-drive, wait states, buses.
CLOCK = """
static volatile uint32_t ticks;
void systick_handler(void) { ticks++; }

static void fail(uint32_t where) { seen[60] = where; seen[63] = 2; for (;;) { } }

static void wait_for(uint32_t address, uint32_t mask, uint32_t value, uint32_t limit_ms, uint32_t where)
{
    uint32_t began = ticks;
    while ((REG(address) & mask) != value) {
        if (ticks - began > limit_ms) fail(where);
    }
}

static void set(uint32_t address, uint32_t mask, uint32_t value)
{
    REG(address) = (REG(address) & ~mask) | value;
}

static void tick_each_millisecond(uint32_t core_hz)
{
    REG(SYST_RVR) = core_hz / 1000 - 1; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
}

static void start(void)
{
    REG(FLASH_ACR) |= 1u << 9; REG(FLASH_ACR) |= 1u << 8;
    tick_each_millisecond(16000000u);
    REG(RCC_APB1ENR) |= 1u << 28; (void)(REG(RCC_APB1ENR) & 1u << 28);
    REG(RCC_APB2ENR) |= 1u << 14; (void)(REG(RCC_APB2ENR) & 1u << 14);
}

static void oscillators(void)
{
    REG(RCC_APB1ENR) |= 1u << 28; (void)(REG(RCC_APB1ENR) & 1u << 28);
    set(PWR_CR1, 3u << 14, 3u << 14); (void)REG(PWR_CR1);
    REG(RCC_CR) |= 1u << 16;
    wait_for(RCC_CR, 1u << 17, 1u << 17, 100, 1);
    REG(RCC_CR) &= ~(1u << 24);
    wait_for(RCC_CR, 1u << 25, 0, 2, 2);
    REG(RCC_PLLCFGR) = 1u << 22 | 25u | 432u << 6 | 0u << 16 | 9u << 24;
    REG(RCC_CR) |= 1u << 24;
    wait_for(RCC_CR, 1u << 25, 1u << 25, 2, 3);
}

static void over_drive(void)
{
    REG(PWR_CR1) |= 1u << 16;
    wait_for(PWR_CSR1, 1u << 16, 1u << 16, 1000, 4);
    REG(PWR_CR1) |= 1u << 17;
    wait_for(PWR_CSR1, 1u << 17, 1u << 17, 1000, 5);
}

static void buses(void)
{
    set(FLASH_ACR, 0xFu, 7u);
    if ((REG(FLASH_ACR) & 0xFu) != 7u) fail(6);
    set(RCC_CFGR, 7u << 10, 7u << 10); set(RCC_CFGR, 7u << 13, 7u << 13); set(RCC_CFGR, 0xFu << 4, 0);
    if (!(REG(RCC_CR) & 1u << 25)) fail(7);
    set(RCC_CFGR, 3u, 2u);
    wait_for(RCC_CFGR, 3u << 2, 2u << 2, 5000, 8);
    set(RCC_CFGR, 7u << 10, 5u << 10); set(RCC_CFGR, 7u << 13, 4u << 13);
    tick_each_millisecond(216000000u);
}
"""

# USART1 on the ST-LINK: PA9 and PB7, 8N1 at 115200 baud, received by interrupt, sent by waiting.
UART = """
#define GPIOA 0x40020000u
#define GPIOB 0x40020400u
#define USART1 0x40011000u
enum { CR1 = 0, CR2 = 4, CR3 = 8, BRR = 12, ISR = 28, ICR = 32, RDR = 36, TDR = 40 };

static void pin(uint32_t port, uint32_t number, uint32_t function)
{
    set(port + 0x08, 3u << 2 * number, 3u << 2 * number);
    set(port + 0x04, 1u << number, 0);
    set(port + 0x0C, 3u << 2 * number, 1u << 2 * number);
    set(port + 0x20 + number / 8 * 4, 0xFu << number % 8 * 4, function << number % 8 * 4);
    set(port + 0x00, 3u << 2 * number, 2u << 2 * number);
}

static void serial(void)
{
    set(0x40023890u, 3u, 0);
    REG(RCC_APB2ENR) |= 1u << 4; (void)(REG(RCC_APB2ENR) & 1u << 4);
    REG(RCC_AHB1ENR) |= 1u << 0; (void)(REG(RCC_AHB1ENR) & 1u << 0);
    REG(RCC_AHB1ENR) |= 1u << 1; (void)(REG(RCC_AHB1ENR) & 1u << 1);
    pin(GPIOA, 9, 7); pin(GPIOB, 7, 7);
    REG8(NVIC_IPR + 37) = 0x50; REG(NVIC_ISER + 4) = 1u << 5;
    REG(USART1 + CR1) &= ~1u;
    set(USART1 + CR1, 1u << 28 | 1u << 15 | 1u << 12 | 3u << 9 | 3u << 2, 3u << 2);
    set(USART1 + CR2, 3u << 12, 0);
    set(USART1 + CR3, 1u << 8 | 1u << 9 | 1u << 11, 0);
    REG(USART1 + BRR) = (108000000u + 57600u) / 115200u;
    REG(USART1 + CR2) &= ~(1u << 14 | 1u << 11);
    REG(USART1 + CR3) &= ~(1u << 5 | 1u << 3 | 1u << 1);
    REG(USART1 + CR1) |= 1u;
    wait_for(USART1 + ISR, 1u << 21, 1u << 21, 100, 9);
    wait_for(USART1 + ISR, 1u << 22, 1u << 22, 100, 10);
}

static char line[64];
static volatile uint32_t wanted, got;

static void receive(uint32_t count)
{
    wanted = count; got = 0;
    REG(USART1 + CR3) |= 1u;
    REG(USART1 + CR1) |= 1u << 8 | 1u << 5;
}

void usart1_handler(void)
{
    uint32_t status = REG(USART1 + ISR), control = REG(USART1 + CR1), errors = REG(USART1 + CR3);
    if (status & 0xFu) { seen[10]++; REG(USART1 + ICR) = 0xFu; }
    if (status & 1u << 5 && control & 1u << 5) {
        line[got++] = (char)(REG(USART1 + RDR) & 0xFFu);
        if (got == wanted) {
            REG(USART1 + CR1) &= ~(1u << 5 | 1u << 8);
            REG(USART1 + CR3) = errors & ~1u;
        }
    }
}

static void send(const char *text, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        wait_for(USART1 + ISR, 1u << 7, 1u << 7, 1000, 11);
        REG(USART1 + TDR) = (uint8_t)text[i];
    }
    wait_for(USART1 + ISR, 1u << 6, 1u << 6, 1000, 12);
}

int main(void)
{
    start(); oscillators(); over_drive(); buses(); serial();
    send("ready\\r\\n", 7);
    uint32_t before = ticks;
    while (ticks - before < 250) { }
    for (int round = 0; round < 3; round++) {
        receive(10);
        while (got < wanted) __asm volatile("wfi");
        for (int i = 0; i < 10; i++) line[i] ^= 0x20;
        send(line, 10);
    }
    seen[0] = ticks; seen[63] = 1;
    return 0;
}
"""


def test_firmware_in_the_manner_of_the_hal_sets_its_clock_and_talks_by_interrupt(bench):
    board = bench(CLOCK + UART, serial="USART1")
    line = board.board.line()
    board.board.start()
    assert line.read_until(b"\n") == b"ready\r\n"
    for text in (b"Abcdefghij", b"KLmnopqrst", b"uvwxyzABCD"):
        line.write(text)
        assert line.read_until(text.swapcase()) == text.swapcase()
    while not board.seen(63):
        time.sleep(0.01)
    board.board.stop()
    assert (board.seen(63), board.seen(60), board.seen(10)) == (1, 0, 0)
    assert board.board.clocks == Clocks(216_000_000, 216_000_000, 54_000_000, 108_000_000)
    assert board.board.findings == ()
    assert board.seen(0) >= 250


def test_a_crystal_that_nobody_switches_on_is_a_timeout_in_the_manner_of_the_hal(bench):
    """HSE off, so the PLL never locks: the firmware notices after 2 ms, and the finding says why."""
    crystal = "REG(RCC_CR) |= 1u << 16;\n    wait_for(RCC_CR, 1u << 17, 1u << 17, 100, 1);"
    assert crystal in CLOCK
    board = bench(CLOCK.replace(crystal, "") + UART).run()
    assert (board.seen(63), board.seen(60)) == (2, 3)
    assert "PLL does not lock: its source is the HSE, which is off" in str(board.board.findings[0])
