"""All eight UARTs on all their pins, with their clocks, interrupts and resets."""

import itertools

import pytest

from vstm32.chips.stm32f746 import CHIP
from vstm32.stm32.rcc import APB1ENR

RCC = 0x4002_3800

ECHO = """
static void alternate(uint32_t port, uint32_t pin, uint32_t function)
{
    uint32_t base = 0x40020000u + 0x400u * port;
    REG(RCC_AHB1ENR) |= 1u << port; (void)REG(RCC_AHB1ENR);
    REG(base) = (REG(base) & ~(3u << 2 * pin)) | 2u << 2 * pin;
    REG(base + 0x20 + pin / 8 * 4) |= function << pin % 8 * 4;
}
int main(void)
{
    clock_216();
    alternate(TX_PORT, TX_PIN, FUNCTION); alternate(RX_PORT, RX_PIN, FUNCTION);
    REG(ENABLE) |= 1u << BIT; (void)REG(ENABLE);
    REG(0x40023890u) = SELECT << FIELD;
    REG(BASE + 0x0C) = DIVIDER; REG(BASE) = 1u << 0 | 1u << 2 | 1u << 3 | 1u << 5;
    REG(NVIC_ISER + IRQ / 32 * 4) = 0;
    for (;;) {
        while (!(REG(BASE + 0x1C) & 1u << 5)) { }
        seen[0] = REG(NVIC_ISPR + IRQ / 32 * 4);
        uint32_t byte = REG(BASE + 0x24) & 0xFFu;
        REG(BASE + 0x28) = byte ^ 0x20u;
        if (byte == '.') break;
    }
    while (!(REG(BASE + 0x1C) & 1u << 6)) { }
    seen[63] = 1;
    return 0;
}
"""


def flags(wiring, transmit, receive, *, select=0, divider=0):
    bus_hz = 54_000_000 if wiring.enable_register == APB1ENR else 108_000_000
    ports = "ABCDEFGHIJK"
    values = {
        "TX_PORT": ports.index(transmit.port), "TX_PIN": transmit.number,
        "RX_PORT": ports.index(receive.port), "RX_PIN": receive.number,
        "FUNCTION": transmit.alternate_function, "BASE": wiring.base,
        "ENABLE": RCC + wiring.enable_register, "BIT": wiring.enable_bit, "FIELD": wiring.clock_field,
        "SELECT": select, "DIVIDER": divider or round(bus_hz / 115_200), "IRQ": wiring.interrupt,
    }  # fmt: skip
    return [f"-D{name}={value}u" for name, value in values.items()]


CASES = [
    (wiring, transmit, receive)
    for wiring in CHIP.usarts
    for transmit, receive in itertools.zip_longest(
        wiring.host_transmit, wiring.host_receive, fillvalue=wiring.receive[0]
    )
]


@pytest.mark.parametrize(
    ("wiring", "transmit", "receive"), CASES, ids=[f"{case[0].name}-{case[1]}-{case[2]}" for case in CASES]
)
def test_each_uart_hears_and_answers_on_its_pins_and_interrupts(bench, wiring, transmit, receive):
    board = bench(ECHO, *flags(wiring, transmit, receive), serial=wiring.name)
    board.board.line().write(b"Hello.")
    board.run()
    assert board.board.line().read() == b"hELLO\x0e"
    assert board.seen(0) >> wiring.interrupt % 32 & 1
    assert board.board.findings == ()
    assert all(board.board.line(other.name).read() == b"" for other in CHIP.usarts if other != wiring)


@pytest.mark.parametrize(("select", "divider"), [(1, 1875), (2, 139)])
@pytest.mark.parametrize("wiring", CHIP.usarts, ids=lambda wiring: wiring.name)
def test_each_uart_has_its_own_selection_of_the_clock(bench, wiring, select, divider):
    """The system clock and the HSI, whatever the bus has."""
    pins = wiring.transmit[0], wiring.receive[0]
    board = bench(ECHO, *flags(wiring, *pins, select=select, divider=divider), serial=wiring.name)
    board.board.line().write(b"Ab.")
    assert board.run().board.line().read() == b"aB\x0e"


@pytest.mark.parametrize("name", ["USART1", "USART6", "UART7"])
def test_of_the_ports_that_are_led_out_only_the_pins_of_the_connector_reach_the_host(bench, name):
    [wiring] = [wiring for wiring in CHIP.usarts if wiring.name == name]
    board = bench(ECHO, *flags(wiring, wiring.transmit[1], wiring.receive[0]), serial=name)
    board.board.line().write(b".")
    assert board.run().board.line().read() == b""
    [finding] = board.board.findings
    assert str(finding) == (
        f"{name} sends, and nothing of it reaches the host: it is on {wiring.transmit[1]}, and the board has "
        f"it on {wiring.transmit[0]}."
    )


def test_what_the_host_sends_to_a_pin_that_is_not_set_up_is_lost_and_a_finding(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938); REG(GPIOC) &= ~(3u << 14);
        REG(USART6_CR1) |= 1u << 5;
        for (volatile int i = 0; i < 100000; i++) { }
        seen[0] = REG(USART6_ISR) & 0x20u; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    board.board.line().write(b"x")
    board.run()
    assert board.seen(0) == 0
    assert [str(finding) for finding in board.board.findings] == [
        "The host sends, and nothing of it reaches USART6: PC7 is not in alternate function 8 (GPIO MODER "
        "and AFR)."
    ]


def test_addresses_interrupts_bits_and_pins_are_each_used_once():
    """A pin may serve two UARTs with different functions; PC10 and PC11 do."""
    for what in ("base", "interrupt", "clock_field", "name"):
        assert len({getattr(wiring, what) for wiring in CHIP.usarts}) == 8
    assert len({(wiring.enable_register, wiring.enable_bit) for wiring in CHIP.usarts}) == 8
    pins = [pin for wiring in CHIP.usarts for pin in (*wiring.transmit, *wiring.receive)]
    assert len(set(pins)) == len(pins)
