"""FMC, as far as it drives SDRAM (RM0385 section 13.7): bank 1 has the board's, bank 2 has none.

Commands take no time, and BUSY reads as 0. The registers for SRAM, NOR and NAND are not modelled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vstm32.base.chip import Pin, Sdram
from vstm32.base.memory_map import Storage
from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.sdram import Command, SdramSettings, SdramState, excesses
from vstm32.timing.m7_data_table import SdramTiming

if TYPE_CHECKING:
    from vstm32.cortex_m.core import Core

BASE = 0xA000_0000
SDCR1, SDCR2, SDTR1, SDTR2, SDCMR, SDRTR, SDSR = range(0x140, 0x15C, 4)
_WRITE_PROTECTED = 1 << 9
_BANK_1, _CLEAR_ERROR, _ERROR_INTERRUPT = 1 << 4, 1 << 0, 1 << 14

REGISTERS = (
    Register("SDCR1", SDCR1, reset=0x2D0, writable=0x7FFF, unsupported=_WRITE_PROTECTED),
    Register("SDCR2", SDCR2, reset=0x2D0, writable=0x7FFF),
    Register("SDTR1", SDTR1, reset=0x0FFF_FFFF, writable=0x0FFF_FFFF),
    Register("SDTR2", SDTR2, reset=0x0FFF_FFFF, writable=0x0FFF_FFFF),
    Register("SDCMR", SDCMR, writable=0x003F_FFFF),
    Register("SDRTR", SDRTR, writable=0x7FFE, unsupported=_ERROR_INTERRUPT),
    Register("SDSR", SDSR),
)


class Fmc(RegisterBlock):
    """`sdram` is the board's; None where it has none."""

    def __init__(
        self,
        core: "Core",
        sdram: Sdram | None,
        *,
        hclk_hz: Callable[[], int],
        is_clocked: Callable[[], bool],
        missing_pins: Callable[[tuple[Pin, ...]], str],
        complain: Callable[[str], None],
    ) -> None:
        """`missing_pins` says which of some pins are not in their alternate function, "" if all are."""
        self._core = core
        self._sdram = sdram
        self._hclk_hz = hclk_hz
        self._is_clocked = is_clocked
        self._missing_pins = missing_pins
        self._complain = complain
        self._state = SdramState()
        super().__init__("FMC", BASE, REGISTERS)

    def reset(self) -> None:
        """Nothing refreshes the SDRAM any more: it has to be initialised again."""
        super().reset()
        self._state = SdramState()
        self.settle()

    def write_register(self, offset: int, value: int) -> None:
        """SDCMR sends commands; SDTR2 and SDCR2 are of a bank that the board does not have."""
        super().write_register(offset, value)
        if offset == SDCMR and value & _BANK_1:
            self._send(value)
        self.settle()

    def _send(self, value: int) -> None:
        if value & 7 not in set(Command):
            self._complain(f"MODE in FMC_SDCMR is {value & 7}, which is reserved.")
            return
        now_s = self._core.now / self._hclk_hz()
        self._state.take(Command(value & 7), now_s, (value >> 5 & 0xF) + 1, value >> 9 & 0x1FFF)

    def clocks_changed(self) -> None:
        """RCC was written."""
        self.settle()

    def settle(self) -> None:
        """Opens or closes the SDRAM, after anything has changed that it depends on."""
        if self._sdram is None:
            return
        settings = self.settings()
        why = self._why_closed(self._sdram, settings)
        if why:
            self._core.memory.close(Storage.SDRAM, why)
            return
        self._core.memory.open(Storage.SDRAM)
        self._core.blocks.set_sdram(
            SdramTiming(
                clock_divider=settings.clock_divider,
                cas_latency=settings.cas_latency,
                data_bits=settings.data_bits,
                active_to_read=settings.active_to_read,
                precharge=settings.precharge,
                reads_ahead=settings.reads_ahead,
                read_pipe_cycles=settings.read_pipe_cycles,
            ),
            row_bytes=self._sdram.data_bits // 8 << self._sdram.column_bits,
            bank_bytes=self._sdram.data_bits // 8 << self._sdram.column_bits + self._sdram.row_bits,
        )
        for sentence in excesses(self._sdram, settings, self._hclk_hz()):
            self._complain(sentence)

    def _why_closed(self, sdram: Sdram, settings: SdramSettings) -> str:
        if not self._is_clocked():
            return "the clock of FMC is not enabled in RCC"
        return self._state.missing(sdram, settings) or self._missing_pins(sdram.pins)

    def settings(self) -> SdramSettings:
        """What the registers of bank 1 say (section 13.7.5)."""
        control, timing, refresh = self.values[SDCR1], self.values[SDTR1], self.values[SDRTR] >> 1
        divider = control >> 10 & 3

        def clocks(position: int) -> int:
            return (timing >> position & 0xF) + 1

        return SdramSettings(
            column_bits=8 + (control & 3),
            row_bits=11 + (control >> 2 & 3),
            data_bits=8 << (control >> 4 & 3),
            banks=4 if control >> 6 & 1 else 2,
            cas_latency=control >> 7 & 3,
            clock_divider=divider if divider >= 2 else 0,
            reads_ahead=bool(control >> 12 & 1),
            read_pipe_cycles=control >> 13 & 3,
            load_mode=clocks(0),
            exit_self_refresh=clocks(4),
            row_active=clocks(8),
            row_cycle=clocks(12),
            write_recovery=clocks(16),
            precharge=clocks(20),
            active_to_read=clocks(24),
            refresh_clocks=refresh + 1 if refresh else 0,
        )
