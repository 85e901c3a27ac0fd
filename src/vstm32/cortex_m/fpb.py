"""FPB: eight hardware breakpoints (Arm v7-M ARM, section C1.11; flash patch revision 2).

Literal comparators and remapping do not exist in this revision. Reset by power-on only.
"""

from collections.abc import Callable

from vstm32.base.registers import WORD, Register, RegisterBlock

CTRL, REMAP, COMP0 = 0x0, 0x4, 0x8
COMPARATORS = 8
_ENABLE, _KEY = 1 << 0, 1 << 1
_BREAKPOINT_ENABLE = 1 << 0
_REVISION_2 = 0x1000_0000
_CODE_COMPARATORS = COMPARATORS << 4


class Fpb(RegisterBlock):
    """`changed` gets the addresses of all breakpoints that count, whenever they change."""

    reset_by_power_only = True

    def __init__(self, changed: Callable[[frozenset[int]], None]) -> None:
        self._changed = changed
        super().__init__(
            "FPB",
            0xE000_2000,
            (
                Register("FP_CTRL", CTRL, reset=_REVISION_2 | _CODE_COMPARATORS, writable=_ENABLE),
                Register("FP_REMAP", REMAP),
                *(
                    Register(f"FP_COMP{index}", COMP0 + 4 * index, writable=WORD)
                    for index in range(COMPARATORS)
                ),
            ),
        )

    def reset(self) -> None:
        """No breakpoints."""
        super().reset()
        self._changed(frozenset())

    def write_register(self, offset: int, value: int) -> None:
        """FP_CTRL takes its enable bit only together with its key."""
        if offset == CTRL and not value & _KEY:
            return
        super().write_register(offset, value)
        self._changed(self.breakpoints())

    def breakpoints(self) -> frozenset[int]:
        """Addresses of instructions before which the core is to halt."""
        if not self.values[CTRL] & _ENABLE:
            return frozenset()
        comparators = (self.values[COMP0 + 4 * index] for index in range(COMPARATORS))
        return frozenset(value & ~1 for value in comparators if value & _BREAKPOINT_ENABLE)
