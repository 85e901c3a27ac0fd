"""ITM: stimulus ports for trace (Arm v7-M ARM, section C1.7). Nobody listens at the trace pin of this board.

A stimulus port always reads as ready, and what is written there leads nowhere, as on a chip without a trace
probe. Registers are kept for debuggers and firmware that set trace up.
"""

from vstm32.base.registers import WORD, Register, RegisterBlock

STIM0, TER, TPR, TCR, LAR, LSR = 0x000, 0xE00, 0xE40, 0xE80, 0xFB0, 0xFB4
PORTS = 32
_FIFO_READY = 1 << 0
_KEY = 0xC5AC_CE55
_LOCK_IMPLEMENTED, _LOCKED = 1 << 0, 1 << 1

REGISTERS = (
    *(Register(f"STIM{port}", STIM0 + 4 * port) for port in range(PORTS)),
    Register("TER", TER, writable=WORD),
    Register("TPR", TPR, writable=0xF),
    Register("TCR", TCR, writable=0x007F_0F1F),
    Register("LAR", LAR),
    Register("LSR", LSR),
)


class Itm(RegisterBlock):
    """Locked for firmware at first."""

    reset_by_power_only = True

    def __init__(self) -> None:
        super().__init__("ITM", 0xE000_0000, REGISTERS)

    def reset(self) -> None:
        """Locked, all ports off."""
        super().reset()
        self._locked = True

    def read_register(self, offset: int) -> int:
        """LSR tells of the lock, stimulus ports of room."""
        if offset < STIM0 + 4 * PORTS:
            return _FIFO_READY
        if offset == LSR:
            return _LOCK_IMPLEMENTED | (_LOCKED if self._locked else 0)
        return self.values[offset]

    def is_locked(self, offset: int) -> bool:
        """See `RegisterBlock`; stimulus ports have no lock."""
        return self._locked and offset != LAR and offset >= STIM0 + 4 * PORTS

    def write_register(self, offset: int, value: int) -> None:
        """What firmware writes."""
        if offset == LAR:
            self._locked = value != _KEY
        elif not self.is_locked(offset):
            self.debugger_write(offset, value)

    def debugger_write(self, offset: int, value: int) -> None:
        """What a debugger writes, for which there is no lock."""
        super().write_register(offset, value)
