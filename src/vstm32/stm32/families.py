"""Which blocks the chips of a family have, and where: what `system.py` puts them together from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vstm32.base.chip import EnableRegister, Family, L4EnableRegister
from vstm32.base.registers import Register
from vstm32.stm32 import exti, l4_exti, l4_syscfg, syscfg
from vstm32.stm32.flash import FlashInterface
from vstm32.stm32.gpio import PORTS
from vstm32.stm32.l4_flash import L4FlashInterface
from vstm32.stm32.l4_pwr import L4Pwr
from vstm32.stm32.l4_rcc import L4Rcc
from vstm32.stm32.pwr import Pwr
from vstm32.stm32.rcc import Rcc

Say = Callable[[str], None]
Changed = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyBlocks:
    """The blocks that differ, and of the others their addresses and enable bits in RCC.

    `pwr` gets RCC, what to call after a change, and who hears complaints. Ports of GPIO follow each other
    in their enable register. `rng_clock_hz` is None where RNG is not modelled.
    """

    rcc: type[Rcc] | type[L4Rcc]
    pwr: Callable[[Any, Changed, Say], Pwr | L4Pwr]
    flash: type[FlashInterface]
    pwr_enable: tuple[int, int]
    gpio_base: int
    gpio_ports: str
    gpio_enable: int
    gpio_reset_modes: Mapping[str, int] = field(default_factory=dict)
    """MODER after reset, where it is not that of the STM32F7."""

    gpio_has_brr: bool = False
    exti_base: int
    exti_registers: tuple[Register, ...]
    exti_interrupts: tuple[tuple[int, int], ...]
    syscfg_base: int
    syscfg_registers: tuple[Register, ...]
    syscfg_enable: tuple[int, int]
    crc_enable: tuple[int, int]
    timer_enable: int
    dma_enable_bits: Mapping[str, int]
    rng_clock_hz: Callable[[Any], int] | None
    usart_clock_register: str
    fmc_enable: tuple[int, int] | None = None
    """None where FMC is not modelled; likewise of QUADSPI."""

    quadspi_enable: tuple[int, int] | None = None


def _f7_pwr(rcc: Rcc, changed: Changed, complain: Say) -> Pwr:
    return Pwr(pll_on=lambda: rcc.pll_on, changed=changed, complain=complain)


def _l4_pwr(_rcc: L4Rcc, changed: Changed, complain: Say) -> L4Pwr:
    return L4Pwr(changed=changed, complain=complain)


_ANALOG = 0xFFFF_FFFF

FAMILIES: Mapping[Family, FamilyBlocks] = {
    # RM0385 and RM0410, sections 2.2.2 and 5.3.
    Family.STM32F7: FamilyBlocks(
        rcc=Rcc,
        pwr=_f7_pwr,
        flash=FlashInterface,
        pwr_enable=(EnableRegister.APB1, 28),
        gpio_base=0x4002_0000,
        gpio_ports=PORTS,
        gpio_enable=EnableRegister.AHB1,
        exti_base=0x4001_3C00,
        exti_registers=exti.REGISTERS,
        exti_interrupts=exti.INTERRUPTS,
        syscfg_base=0x4001_3800,
        syscfg_registers=syscfg.REGISTERS,
        syscfg_enable=(EnableRegister.APB2, 14),
        crc_enable=(EnableRegister.AHB1, 12),
        timer_enable=EnableRegister.APB1,
        dma_enable_bits={"DMA1": 21, "DMA2": 22},
        rng_clock_hz=lambda rcc: rcc.pll48_hz,
        usart_clock_register="DCKCFGR2",
        fmc_enable=(EnableRegister.AHB3, 0),
        quadspi_enable=(EnableRegister.AHB3, 1),
    ),
    # RM0432, sections 2.2, 6.4 and 8.4.1.
    Family.STM32L4_PLUS: FamilyBlocks(
        rcc=L4Rcc,
        pwr=_l4_pwr,
        flash=L4FlashInterface,
        pwr_enable=(L4EnableRegister.APB1, 28),
        gpio_base=0x4800_0000,
        gpio_ports="ABCDEFGHI",
        gpio_enable=L4EnableRegister.AHB2,
        gpio_reset_modes={
            **dict.fromkeys("CDEFGI", _ANALOG),
            "A": 0xABFF_FFFF,
            "B": 0xFFFF_FEBF,
            "H": 0x0000_000F,
        },
        gpio_has_brr=True,
        exti_base=0x4001_0400,
        exti_registers=l4_exti.REGISTERS,
        exti_interrupts=l4_exti.INTERRUPTS,
        syscfg_base=0x4001_0000,
        syscfg_registers=l4_syscfg.REGISTERS,
        syscfg_enable=(L4EnableRegister.APB2, 0),
        crc_enable=(L4EnableRegister.AHB1, 12),
        timer_enable=L4EnableRegister.APB1,
        dma_enable_bits={},
        rng_clock_hz=None,
        usart_clock_register="CCIPR",
    ),
}
