"""Where the serial ports are: addresses, clocks, interrupts and pins of the STM32F746's eight UARTs.

Addresses: RM0385 table 1. Interrupts: RM0385 section 10.1.2. Enable bits: sections 5.3.13 and 5.3.14. Clock
selection: section 5.3.26. Pins: DS10916 table 12. What the 32F746GDISCOVERY leads out: UM1907.
"""

from dataclasses import dataclass

from vstm32.stm32.rcc import APB1ENR, APB2ENR


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin of the package and the alternate function that a UART needs there."""

    port: str
    number: int
    alternate_function: int

    def __str__(self) -> str:
        return f"P{self.port}{self.number}"


@dataclass(frozen=True, slots=True)
class UsartWiring:
    """A UART and the pins on which its signals reach the host.

    `led_out` says that the board has the first pin of each on a connector. Then no other pin will do;
    of the other UARTs, the host's wires are on whatever pins the firmware uses.
    """

    name: str
    base: int
    interrupt: int
    enable_register: int
    enable_bit: int
    clock_field: int
    transmit: tuple[Pin, ...]
    receive: tuple[Pin, ...]
    led_out: bool = False

    @property
    def host_transmit(self) -> tuple[Pin, ...]:
        """Pins on which the host hears the board."""
        return self.transmit[:1] if self.led_out else self.transmit

    @property
    def host_receive(self) -> tuple[Pin, ...]:
        """Pins on which the board hears the host."""
        return self.receive[:1] if self.led_out else self.receive


def _pins(names: str, alternate_function: int) -> tuple[Pin, ...]:
    return tuple(Pin(name[1], int(name[2:]), alternate_function) for name in names.split())


USARTS = (
    # PA9 and PB7 go to the ST-LINK, which makes a virtual COM port of them.
    UsartWiring(
        "USART1", 0x4001_1000, 37, APB2ENR, 4, 0, _pins("PA9 PB6", 7), _pins("PB7 PA10", 7), led_out=True
    ),
    UsartWiring("USART2", 0x4000_4400, 38, APB1ENR, 17, 2, _pins("PA2 PD5", 7), _pins("PA3 PD6", 7)),
    UsartWiring(
        "USART3", 0x4000_4800, 39, APB1ENR, 18, 4, _pins("PB10 PC10 PD8", 7), _pins("PB11 PC11 PD9", 7)
    ),
    UsartWiring("UART4", 0x4000_4C00, 52, APB1ENR, 19, 6, _pins("PA0 PC10", 8), _pins("PA1 PC11", 8)),
    UsartWiring("UART5", 0x4000_5000, 53, APB1ENR, 20, 8, _pins("PC12", 8), _pins("PD2", 8)),
    # D1 and D0 of the Arduino connector.
    UsartWiring(
        "USART6", 0x4001_1400, 71, APB2ENR, 5, 10, _pins("PC6 PG14", 8), _pins("PC7 PG9", 8), led_out=True
    ),
    UsartWiring("UART7", 0x4000_7800, 82, APB1ENR, 30, 12, _pins("PE8 PF7", 8), _pins("PE7 PF6", 8)),
    UsartWiring("UART8", 0x4000_7C00, 83, APB1ENR, 31, 14, _pins("PE1", 8), _pins("PE0", 8)),
)
