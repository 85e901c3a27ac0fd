"""SYSCFG of the STM32L4+ (RM0432 section 9.2; bits are those of ST's CMSIS header).

Which ports the lines of EXTI follow counts; what is mapped at 0, boosts of switches, fast-mode pins and the
locks of SRAM2 are registers only.
"""

from vstm32.base.registers import WORD, Register
from vstm32.stm32.syscfg import EXTICR1

_MAPPED, _ERASE = 0x107, 1

REGISTERS = (
    Register("MEMRMP", 0x00, writable=_MAPPED, unsupported=_MAPPED),
    Register("CFGR1", 0x04, reset=0x7C00_0001, writable=0xFCFF_0101),
    *(Register(f"EXTICR{index + 1}", EXTICR1 + 4 * index, writable=0xFFFF) for index in range(3)),
    Register("EXTICR4", EXTICR1 + 12, writable=0x7777),  # port I has twelve pins
    Register("SCSR", 0x18, writable=_ERASE, unsupported=_ERASE),
    Register("CFGR2", 0x1C, writable=0xF, unsupported=0xF),
    Register("SWPR", 0x20, writable=WORD, unsupported=WORD),
    Register("SKR", 0x24),
    Register("SWPR2", 0x28, writable=WORD, unsupported=WORD),
)
