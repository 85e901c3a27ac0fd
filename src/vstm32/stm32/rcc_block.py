"""What RCC of each family has: registers of buses, backup domain, reset flags, the system clock's switch."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from vstm32.base.chip import Chip
from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.clock_tree import HSI_HZ, Clocks

RESET_BEFORE_ENABLE = 0x20
"""Each RSTR register stands that far before its ENR register."""

_LSEON = 1 << 0
BDRST = 1 << 16
"""Of BDCR: resets the backup domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RccLayout:
    """Where a family has it: offsets of registers, and bits."""

    base: int
    registers: tuple[Register, ...]
    control: int
    """CR."""
    configuration: int
    """CFGR, of which SW and SWS are the same everywhere."""
    backup: int
    """BDCR."""
    status: int
    """CSR."""
    usart_clocks: int
    """Which clock each USART has."""
    internal_on: int
    """HSION, a bit of CR."""
    system_clocks: tuple[int, ...]
    """The bits of CR that switch on what SW chooses, in its order."""
    reset_flags: int
    remove_reset_flags: int
    """RMVF of CSR."""
    second_bus: int
    """The enable register of APB2."""


class RccBlock(RegisterBlock):
    """What is not ready is not switched to; hardware keeps what is in use."""

    layout: ClassVar[RccLayout]

    def __init__(
        self,
        chip: Chip,
        *,
        changed: Callable[[], None] = lambda: None,
        complain: Callable[[str], None] = lambda _sentence: None,
        backup_writable: Callable[[], bool] = lambda: True,
    ) -> None:
        """`changed` is called after a write, `complain` gets sentences, `backup_writable` is PWR_CR1.DBP."""
        self._chip = chip
        self._kit = chip.kit
        self._changed = changed
        self._complain = complain
        self._backup_writable = backup_writable
        self.resets: dict[tuple[int, int], Callable[[], None]] = {}
        """What to do when a bit of a RSTR register is set: offset and number of the bit."""
        super().__init__("RCC", self.layout.base, chip.registers_of("RCC", self.layout.registers))

    def reset(self) -> None:
        """Everything but the backup domain (RM0385 5.1.3, RM0432 6.1.3): the LSE goes on."""
        backup = self.values.get(self.layout.backup, 0)
        super().reset()
        self.values[self.layout.backup] = backup

    def lose_backup(self) -> None:
        """The power was off, and VBAT of the board hangs on it."""
        self.values[self.layout.backup] = 0

    # --- what a family has of its own

    @abstractmethod
    def _store(self, offset: int, value: int) -> None:
        """Writes a register, but for what hardware protects."""

    @abstractmethod
    def _keep_system_clock(self) -> None:
        """The bits of what the system clock comes from cannot be cleared."""

    @abstractmethod
    def _look_at_plls(self, switched_on: int) -> None:
        """Bits of CR have been set: says what is wrong with a PLL that they switch on."""

    @abstractmethod
    def _is_ready(self, enable: int) -> bool:
        """Whether what a bit of CR switches on is on, and can be."""

    @property
    @abstractmethod
    def clocks(self) -> Clocks:
        """The bus clocks in Hz as the registers stand."""

    # --- registers

    def write_register(self, offset: int, value: int) -> None:
        """Keeps what hardware protects: a clock in use stays on, a running PLL keeps its settings."""
        layout, before = self.layout, self.values[offset]
        self._store(offset, value)
        if offset == layout.control:
            self._keep_system_clock()
            self._look_at_plls(self.values[offset] & ~before)
            self._switch_system_clock(self.values[layout.configuration])
        elif offset == layout.configuration:
            self._switch_system_clock(before)
        elif offset == layout.status and value & layout.remove_reset_flags:
            self.values[offset] &= ~layout.reset_flags
        for (register, bit), reset in self.resets.items():
            if register == offset and self.values[offset] & ~before & 1 << bit:
                reset()
        if self.values[offset] != before:
            self._changed()

    def _write_protected_backup(self, value: int) -> None:
        """BDCR, which DBP of PWR_CR1 opens for writing."""
        at = self.layout.backup
        if self._backup_writable():
            super().write_register(at, value)
        elif (self.values[at] ^ value) & self.registers[at].writable:
            self._complain("RCC_BDCR is protected and does not change: DBP in PWR_CR1 is not set.")

    def _switch_system_clock(self, before: int) -> None:
        """SWS follows SW once the source is ready; until then the old source stays (RM0385 5.3.3, RM0432
        6.4.3).
        """
        at, sources = self.layout.configuration, self.layout.system_clocks
        wanted = self.values[at] & 3
        ready = wanted < len(sources) and self._can_run_from(sources[wanted])
        source = wanted if ready else before >> 2 & 3
        self.values[at] = self.values[at] & ~0xC | source << 2

    def _can_run_from(self, enable: int) -> bool:
        """Whether the core can run from what a bit of CR switches on."""
        return self._is_ready(enable)

    @property
    def _system_clock(self) -> int:
        """The bit of CR that switches on what the core runs from."""
        return self.layout.system_clocks[self.values[self.layout.configuration] >> 2 & 3]

    # --- what the rest of the board wants to know

    def pclk_hz(self, enable_register: int) -> int:
        """The clock of the bus of an enable register."""
        return self.clocks.pclk2_hz if enable_register == self.layout.second_bus else self.clocks.pclk1_hz

    def enabled(self, register: int, bit: int) -> bool:
        """Whether a peripheral's clock enable bit is set."""
        return bool(self.values[register] >> bit & 1)

    def held_in_reset(self, register: int, bit: int) -> bool:
        """Whether a peripheral's reset bit is set; `register` is that of its enable bit."""
        return bool(self.values[register - RESET_BEFORE_ENABLE] >> bit & 1)

    @property
    def reset_flags(self) -> int:
        """Why there were resets, as in CSR (RM0385 5.3.21, RM0432 6.4.30)."""
        return self.values[self.layout.status] & self.layout.reset_flags

    def set_status(self, flags: int) -> None:
        """Sets the reset flags of CSR."""
        at, mask = self.layout.status, self.layout.reset_flags
        self.values[at] = self.values[at] & ~mask | flags & mask

    def baud_clock_hz(self, selection: int, pclk_hz: int) -> int:
        """Kernel clock of a USART by its field, 0 APB, 1 SYSCLK, 2 HSI, 3 LSE (RM0385 5.3.26, RM0432 6.4.28);
        `selection` is the field's place. 0 when the oscillator is off.
        """
        layout = self.layout
        field = self.values[layout.usart_clocks] >> selection & 3
        hsi_hz = HSI_HZ if self.values[layout.control] & layout.internal_on else 0
        lse_hz = self._kit.lse_hz if self.values[layout.backup] & _LSEON else 0
        return (pclk_hz, self.clocks.sysclk_hz, hsi_hz, lse_hz)[field]
