"""EXTI of the STM32L4+: its lines, and the interrupts that they have (RM0432 section 17).

Bits of registers are those of ST's CMSIS header. Lines 17 and 23 to 34, 39 and 40 are direct: enabled after
reset, without an edge to choose, and never pending here.
"""

from vstm32.base.registers import WORD, Register
from vstm32.stm32.exti import EMR, FTSR, IMR, PIN_INTERRUPTS, PR, RTSR, SWIER

_EDGES, _EDGES_2 = 0x007D_FFFF, 0x78
_LINES_2 = 0x17B

REGISTERS = (
    Register("IMR1", IMR, reset=0xFF82_0000, writable=WORD),
    Register("EMR1", EMR, writable=WORD),
    Register("RTSR1", RTSR, writable=_EDGES),
    Register("FTSR1", FTSR, writable=_EDGES),
    Register("SWIER1", SWIER, writable=_EDGES),
    Register("PR1", PR),
    # Lines from 32 on: voltage monitors, which have no edges here.
    Register("IMR2", 0x20, reset=0x103, writable=_LINES_2),
    Register("EMR2", 0x24, writable=_LINES_2),
    Register("RTSR2", 0x28, writable=_EDGES_2),
    Register("FTSR2", 0x2C, writable=_EDGES_2),
    Register("SWIER2", 0x30, writable=_EDGES_2, unsupported=_EDGES_2),
    Register("PR2", 0x34),
)

INTERRUPTS = (
    *PIN_INTERRUPTS,
    # PVD, RTC alarm, tamper, wakeup, and both comparators (sections 16.3 and 17.3.2).
    *((1 << line, number) for line, number in ((16, 1), (18, 41), (19, 2), (20, 3))),
    (0x3 << 21, 64),
)
