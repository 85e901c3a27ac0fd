"""QUADSPI (RM0385 section 14): indirect reads and writes, status polling, and memory-mapped mode.

A transfer takes the clocks that its parts have; a read stops for nobody, as if the FIFO had room. Not
modelled: DMA, double data rate, two flashes, SIOO, and the timeout in memory-mapped mode.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vstm32.base.chip import Pin, SerialFlashPart
from vstm32.base.memory_map import Storage
from vstm32.base.registers import WORD, Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock
from vstm32.stm32.clock_limits import mhz
from vstm32.stm32.serial_flash import SerialFlash, Transfer
from vstm32.timing.m7_data_table import SerialReadTiming

if TYPE_CHECKING:
    from vstm32.cortex_m.core import Core

BASE = 0xA000_1000
CR, DCR, SR, FCR, DLR, CCR, AR, ABR, DR, PSMKR, PSMAR, PIR, LPTR = range(0, 0x34, 4)
EN, ABORT, _DMAEN, _TCEN, APMS, PMM = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 22, 1 << 23
_DFM, _FSEL = 1 << 6, 1 << 7
TEF, TCF, FTF, SMF, TOF, BUSY = (1 << bit for bit in range(6))
_SIOO, _DHHC, _DDRM = 1 << 28, 1 << 30, 1 << 31
_INTERRUPT_OF = {TEF: 1 << 16, TCF: 1 << 17, FTF: 1 << 18, SMF: 1 << 19, TOF: 1 << 20}
INDIRECT_WRITE, INDIRECT_READ, POLLING, MAPPED = range(4)
FIFO_BYTES = 32
_LINES = (0, 1, 2, 4)

REGISTERS = (
    Register("CR", CR, writable=0xFFDF_1FDF, unsupported=_DMAEN | _TCEN | _DFM | _FSEL),
    Register("DCR", DCR, writable=0x001F_0701),
    Register("SR", SR),
    Register("FCR", FCR),
    Register("DLR", DLR, writable=WORD),
    Register("CCR", CCR, writable=0xDFFF_FFFF, unsupported=_SIOO | _DHHC | _DDRM),
    Register("AR", AR, writable=WORD),
    Register("ABR", ABR, writable=WORD),
    Register("DR", DR, writable=WORD),
    Register("PSMKR", PSMKR, writable=WORD),
    Register("PSMAR", PSMAR, writable=WORD),
    Register("PIR", PIR, writable=0xFFFF),
    Register("LPTR", LPTR, writable=0xFFFF),
)
_KEPT_WHILE_BUSY = {DCR, DLR, CCR, AR, ABR, PIR}
"""Section 14.5: can be written only when BUSY = 0."""


class Quadspi(RegisterBlock):
    """`part` and `flash` are the board's serial flash and its data; None where it has none."""

    def __init__(
        self,
        core: "Core",
        clock: VirtualClock,
        part: SerialFlashPart | None,
        flash: SerialFlash | None,
        *,
        hclk_hz: Callable[[], int],
        is_clocked: Callable[[], bool],
        missing_pins: Callable[[tuple[Pin, ...]], str],
        interrupt: Callable[[bool], None],
        complain: Callable[[str], None],
    ) -> None:
        """`missing_pins` says which of some pins are not in their alternate function, "" if all are."""
        self._core = core
        self._clock = clock
        self._part = part
        self._flash = flash
        self._hclk_hz = hclk_hz
        self._is_clocked = is_clocked
        self._missing_pins = missing_pins
        self._interrupt = interrupt
        self._complain = complain
        self._timing: SerialReadTiming | None = None
        self._done = clock.alarm(self._transfer_ended)
        self._flash_ready = clock.alarm(self._ready)
        super().__init__("QUADSPI", BASE, REGISTERS)

    def reset(self) -> None:
        """Nothing goes on. The flash has no reset and keeps its registers."""
        super().reset()
        self._flags = 0
        self._running: Transfer | None = None
        self._length = 0
        self._started_at = 0
        self._taken = 0
        self._to_send = bytearray()
        self._done.clear()
        self._settle_interrupt()
        self.settle()

    # --- settings

    @property
    def _mode(self) -> int:
        return self.values[CCR] >> 26 & 3

    @property
    def _divider(self) -> int:
        return (self.values[CR] >> 24) + 1

    def _transfer(self) -> Transfer:
        """What CCR, AR and ABR say (section 14.5.6)."""
        control = self.values[CCR]

        def lines(position: int) -> int:
            return _LINES[control >> position & 3]

        return Transfer(
            instruction=control & 0xFF if lines(8) else None,
            instruction_lines=lines(8),
            address=self.values[AR],
            address_lines=lines(10),
            address_bytes=(control >> 12 & 3) + 1 if lines(10) else 0,
            alternate_lines=lines(14),
            alternate_bytes=(control >> 16 & 3) + 1 if lines(14) else 0,
            dummy_cycles=control >> 18 & 0x1F,
            data_lines=lines(24),
        )

    def _why_silent(self) -> str:
        if self._part is None or self._flash is None:
            return "no flash is connected to QUADSPI"
        return self._missing_pins(self._part.pins)

    # --- registers

    def read_register(self, offset: int) -> int:
        """SR follows from what goes on; reading DR takes 4 bytes out of the FIFO."""
        if offset == SR:
            self._wait()
            return self._status()
        if offset == DR:
            return int.from_bytes(self._take(4), "little")
        return self.values[offset]

    def read(self, offset: int, size_bytes: int) -> int:
        """DR gives as many bytes as are read (section 14.5.9)."""
        if offset & ~3 == DR and size_bytes < 4:
            return int.from_bytes(self._take(size_bytes), "little")
        return super().read(offset, size_bytes)

    def debugger_read(self, offset: int) -> int:
        """A look that takes nothing."""
        return 0 if offset == DR else self.read_register(offset)

    def write(self, offset: int, size_bytes: int, value: int) -> None:
        """DR takes as many bytes as are written."""
        if offset & ~3 == DR:
            self._put((value & (1 << 8 * size_bytes) - 1).to_bytes(size_bytes, "little"))
        else:
            super().write(offset, size_bytes, value)

    def write_register(self, offset: int, value: int) -> None:
        """CCR, AR and DR begin transfers, each where it is the last thing that is missing."""
        if offset == DR:
            self._put(value.to_bytes(4, "little"))
            return
        if offset == FCR:
            self._flags &= ~(value & (TEF | TCF | SMF | TOF))
            self._settle_interrupt()
            return
        if offset in _KEPT_WHILE_BUSY and self._status() & BUSY:
            name = self.registers[offset].name
            self._complain(f"QUADSPI_{name} is written while QUADSPI is busy, and keeps its value.")
            return
        if offset == CR and self._is_mapped and (value ^ self.values[CR]) >> 24:
            self._complain("PRESCALER in QUADSPI_CR is changed while QUADSPI is busy.")
        super().write_register(offset, value)
        if offset == CR:
            self._control()
        elif offset == CCR:
            self._begins_with(needs_address=False)
        elif offset == AR:
            self._begins_with(needs_address=True)
        self.settle()

    def _control(self) -> None:
        if self.values[CR] & ABORT:
            self.values[CR] &= ~ABORT
            if self._running is not None or self._is_mapped:
                self._flags |= TCF
            self._stop()
            # Section 14.3.14: what was mapped is not any more, until CCR is written again.
            self.values[CCR] &= ~(3 << 26) if self._is_mapped else WORD
        if not self.values[CR] & EN:
            self._stop()
        self._settle_interrupt()

    def _stop(self) -> None:
        self._running = None
        self._length = self._taken = 0
        self._to_send.clear()
        self._done.clear()

    # --- transfers

    @property
    def _is_mapped(self) -> bool:
        return bool(self.values[CR] & EN) and self._mode == MAPPED

    def _begins_with(self, *, needs_address: bool) -> None:
        transfer = self._transfer()
        if not self.values[CR] & EN or self._mode == MAPPED or bool(transfer.address_lines) != needs_address:
            return
        # Section 14.3.12: where data are to be written, they begin it.
        if self._mode == INDIRECT_WRITE and transfer.data_lines:
            self._length = self.values[DLR] + 1
            self._to_send.clear()
            return
        self._begin(transfer)

    def _begin(self, transfer: Transfer) -> None:
        if transfer.address_lines and transfer.address >> (self.values[DCR] >> 16 & 0x1F) + 1:
            self._flags |= TEF
            self._settle_interrupt()
            return
        if why := self._why_silent():
            self._complain(f"A command of QUADSPI reaches nobody: {why}.")
        self._running = transfer
        self._taken = 0
        self._started_at = self._clock.now
        if self._mode == POLLING:
            self._poll()
            return
        self._length = self.values[DLR] + 1 if transfer.data_lines else 0
        if self.values[DLR] == WORD and transfer.data_lines:
            self._length = (1 << (self.values[DCR] >> 16 & 0x1F) + 1) - transfer.address
        self._done.set(self._started_at + self._cycles(self._length))

    def _cycles(self, size_bytes: int) -> int:
        """From the beginning of the transfer that goes on until so many bytes have come or gone."""
        transfer = self._running
        assert transfer is not None
        return self._divider * (transfer.clocks_before_data + size_bytes * transfer.clocks_per_byte)

    def _transfer_ended(self) -> None:
        transfer = self._running
        if transfer is None:
            return
        if self._mode == INDIRECT_WRITE:
            self._running = None
            if self._flash is not None and not self._why_silent():
                self._flash.write(transfer, bytes(self._to_send))
                self._flash_ready.set(max(self._flash.ready_at, self._clock.now))
            self._to_send.clear()
        self._flags |= TCF
        if self._mode == INDIRECT_READ and self._taken >= self._length:
            self._running = None
        self._settle_interrupt()

    def _arrived(self) -> int:
        """Bytes of the read that goes on that are there, those that were taken as well."""
        if self._running is None or self._mode != INDIRECT_READ:
            return 0
        passed = self._clock.now - self._started_at - self._cycles(0)
        per_byte = self._divider * self._running.clocks_per_byte
        return min(max(passed, 0) // per_byte if per_byte else 0, self._length)

    def _take(self, size_bytes: int) -> bytes:
        """Bytes out of the FIFO, for which the core waits."""
        if self._mode == POLLING:
            return bytes(size_bytes)
        if self._running is None or self._mode != INDIRECT_READ:
            self._complain("QUADSPI_DR is read, and nothing has been asked for.")
            return bytes(size_bytes)
        count = min(size_bytes, self._length - self._taken)
        there_at = self._started_at + self._cycles(self._taken + count)
        if there_at > self._clock.now:
            self._clock.skip_to(there_at)
        data = self._bytes_of(self._running, self._taken, count)
        self._taken += count
        if self._taken >= self._length and self._flags & TCF:
            self._running = None
        return data.ljust(size_bytes, b"\0")

    def _bytes_of(self, transfer: Transfer, offset: int, count: int) -> bytes:
        if self._flash is None or self._why_silent():
            return b"\xff" * count
        return self._flash.read(transfer, offset, count)

    def _put(self, data: bytes) -> None:
        if not self.values[CR] & EN or self._mode != INDIRECT_WRITE or len(self._to_send) >= self._length:
            self._complain("QUADSPI_DR is written, and no data are to be sent.")
            return
        if not self._to_send:
            transfer = self._transfer()
            length = self._length
            self._begin(transfer)
            self._length = length
            if self._running is None:
                return
            self._done.clear()
        self._to_send += data[: self._length - len(self._to_send)]
        if len(self._to_send) == self._length:
            self._done.set(max(self._started_at + self._cycles(self._length), self._clock.now))
            self._length = 0

    # --- status polling

    def _poll(self) -> None:
        """Section 14.3.10: looks until the status matches, which may be when the flash has become ready."""
        transfer = self._running
        if transfer is None or self._mode != POLLING:
            return
        size_bytes = min(self.values[DLR] + 1, 4)
        status = int.from_bytes(self._bytes_of(transfer, 0, size_bytes), "little")
        mask, wanted = self.values[PSMKR], self.values[PSMAR]
        matches = (status ^ wanted) & mask == 0
        if self.values[CR] & PMM:
            matches = bool(~(status ^ wanted) & mask)
        if matches:
            self._done.clear()
            self._flags |= SMF
            if self.values[CR] & APMS:
                self._running = None
            self._settle_interrupt()

    def _wait(self) -> None:
        """Who reads SR while a command is sent, or until a status matches, waits: time goes on to the end,
        but no further than to what else is due.
        """
        alarm = self._flash_ready if self._mode == POLLING else self._done
        if self._running is None or self._mode == INDIRECT_READ or alarm.at is None:
            return
        due = self._clock.next_alarm()
        self._clock.skip_to(alarm.at if due is None else min(due, alarm.at))

    def _ready(self) -> None:
        """The flash has done what it was told to."""
        self._poll()
        self.settle()

    # --- status

    def _status(self) -> int:
        flags = self._flags
        level = 0
        if self._mode == INDIRECT_READ and self._running is not None:
            level = min(self._arrived() - self._taken, FIFO_BYTES)
            threshold = (self.values[CR] >> 8 & 0x1F) + 1
            if level >= threshold or (level and self._flags & TCF):
                flags |= FTF
        elif self._mode == INDIRECT_WRITE and len(self._to_send) < self._length:
            flags |= FTF
        if self._running is not None or self._is_mapped:
            flags |= BUSY
        return flags | level << 8

    def _settle_interrupt(self) -> None:
        wanted = sum(enable for flag, enable in _INTERRUPT_OF.items() if self._flags & flag)
        self._interrupt(bool(self.values[CR] & wanted))

    # --- memory

    def clocks_changed(self) -> None:
        """RCC was written."""
        self.settle()

    def settle(self) -> None:
        """Opens or closes the memory-mapped flash, after anything has changed that it depends on."""
        part = self._part
        if part is None:
            return
        why = self._why_closed()
        if why:
            self._core.memory.close(Storage.SERIAL_FLASH, why)
            return
        self._core.memory.open(Storage.SERIAL_FLASH)
        transfer = self._transfer()
        select = (self.values[DCR] >> 8 & 7) + 1
        timing = SerialReadTiming(
            clock_divider=self._divider,
            command_clocks=select + transfer.clocks_before_data,
            byte_clocks=transfer.clocks_per_byte,
        )
        if timing != self._timing:
            self._timing = timing
            self._core.blocks.set_serial_read(timing)
        clock_hz = self._hclk_hz() / self._divider
        most_hz = part.max_read_hz if transfer.instruction == 0x03 else part.max_hz
        if clock_hz > most_hz:
            self._complain(
                f"QUADSPI runs at {mhz(clock_hz)}, and the {part.name} does {mhz(most_hz)} with instruction "
                f"{transfer.instruction:#04x}."
            )

    def _why_closed(self) -> str:
        if not self._is_clocked():
            return "the clock of QUADSPI is not enabled in RCC"
        if not self.values[CR] & EN:
            return "QUADSPI is off (EN in QUADSPI_CR)"
        if self._mode != MAPPED:
            return "QUADSPI is not in memory-mapped mode (FMODE in QUADSPI_CCR)"
        if why := self._why_silent():
            return why
        assert self._part is not None and self._flash is not None
        bits = (self.values[DCR] >> 16 & 0x1F) + 1
        if 1 << bits < self._part.size_bytes:
            return f"FSIZE in QUADSPI_DCR is for {1 << bits} bytes"
        return self._flash.why_not_readable(self._transfer())
