"""USART and UART (RM0385 section 31): asynchronous frames in virtual time, polled or by interrupt.

    TDR -> shift register -> serial line (host)      one frame time per byte, at the BRR rate
    serial line (host) -> RDR                        one frame time per byte, at the host's rate

What the host sends reaches the pin only when the firmware can be expected to look: while it polls
an empty receiver, sleeps, or has the receive interrupt enabled, and else after a second of virtual
time. Gaps between bytes are whole SysTick periods. Both together make cycles independent of the
wall-clock time at which a host writes. Once a burst runs, bytes follow each other at the line rate,
and a firmware that does not read in time gets an overrun, as on hardware.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.base.registers import Register, RegisterBlock
from vstm32.base.serial_line import SerialLine, frame_bits, sample_frame
from vstm32.cortex_m.clock import VirtualClock

CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR = range(0, 0x2C, 4)

UE, RE, TE, IDLEIE, RXNEIE, TCIE, TXEIE, PEIE = (
    1 << 0, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8,
)  # fmt: skip
PARITY_ODD, PARITY_ENABLE, M0, OVER8, M1 = 1 << 9, 1 << 10, 1 << 12, 1 << 15, 1 << 28
PE = 1 << 0
FE, ORE, IDLE, RXNE, TC, TXE = 1 << 1, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
TEACK, REACK = 1 << 21, 1 << 22
EIE, DMAR, DMAT, OVRDIS = 1 << 0, 1 << 6, 1 << 7, 1 << 12
_RESET_STATUS = 0x0200_00C0

# Polls of ISR that follow each other within this many cycles are one waiting loop.
_POLL_GAP_CYCLES = 200
_POLLS_BEFORE_SKIP = 3
_POLLS_BEFORE_HOST = 200
_POLLS_BETWEEN_WAITS = 16
_WAITS_PER_SECOND = 50
_LEAST_LOW_POWER_DIVIDER = 0x300
# Of virtual time: who counts polls until a timeout has given up by then.
_STUCK_SECONDS = 10

REGISTERS = (
    Register("CR1", CR1, writable=0x1FFF_FFFD, unsupported=0x0C00_6802),
    Register("CR2", CR2, writable=0xFFFF_FF70, unsupported=0xFFFF_CF60),
    Register("CR3", CR3, writable=0x000E_FFFF, unsupported=0x00FE_C73E),
    Register("BRR", BRR, writable=0xFFFF),
    Register("GTPR", GTPR, writable=0xFFFF, unsupported=0xFFFF),
    Register("RTOR", RTOR, writable=0xFFFF_FFFF, unsupported=0xFFFF_FFFF),
    Register("RQR", RQR, unsupported=0x17),
    Register("ISR", ISR, reset=_RESET_STATUS),
    Register("ICR", ICR, writable=0x0002_1B5F),
    Register("RDR", RDR),
    Register("TDR", TDR, writable=0x1FF),
)
"""Section 31.8. What ICR has writable are the flags that it clears: neither RXNE (5) nor TXE (7) is one.
Chips whose UARTs wake from Stop mode have more bits: see `Chip.registers`."""


LOW_POWER_REGISTERS = (
    Register("CR1", CR1, writable=0xF3FF_7FFF, unsupported=0xE3FF_6802),
    Register("CR2", CR2, writable=0xFF0F_B010, unsupported=0xFF0F_8010),
    Register("CR3", CR3, writable=0xFFF0_F7C9, unsupported=0xFFF0_C708),
    Register("BRR", BRR, writable=0xF_FFFF),
    Register("RQR", RQR, unsupported=0x16),
    Register("ISR", ISR, reset=_RESET_STATUS),
    Register("ICR", ICR, writable=0x0012_025F),
    Register("RDR", RDR),
    Register("TDR", TDR, writable=0x1FF),
    Register("PRESC", 0x2C, writable=0xF, unsupported=0xF),
)
"""An LPUART (RM0432 section 50.7). Its FIFOs and its prescaler are not modelled."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a USART needs of the rest of the board.

    `kernel_clock_hz` is 0 while that clock is off; the two troubles say why a signal does not get
    through the pins, and are empty when it does. `low_power` says that it is an LPUART, `clock_register`
    which register of RCC selects its clock. `request_dma` gets "RX" or "TX", and whether an item is
    to be moved. `wait_for_host` tells whether the seconds that it was given may pass in virtual time.
    """

    clock: VirtualClock
    line: SerialLine
    kernel_clock_hz: Callable[[], int]
    core_clock_hz: Callable[[], int]
    transmit_trouble: Callable[[], str]
    receive_trouble: Callable[[], str]
    interrupt: Callable[[bool], None]
    request_dma: Callable[[str, bool], None]
    quiet_period_cycles: Callable[[], int]
    wait_for_host: Callable[[float], bool]
    report: Callable[[Finding], None]
    low_power: bool = False
    clock_register: str = "DCKCFGR2"
    host_baud: int = 115_200
    tolerance: float = 0.03


class Usart(RegisterBlock):
    """One USART with its serial line."""

    narrow_writes_repeat = True

    def __init__(self, name: str, base: int, around: Surroundings, registers: Iterable[Register]) -> None:
        self._around = around
        self._clock = around.clock
        self._line = around.line
        self._sent = self._clock.alarm(self._frame_sent)
        self._arrived = self._clock.alarm(self._frame_arrived)
        self._idle = self._clock.alarm(self._line_idle)
        self._output = bytearray()
        self._complained: set[str] = set()
        self._asks_dma = {"RX": False, "TX": False}
        super().__init__(name, base, registers)

    def reset(self) -> None:
        """Registers to reset values, nothing under way; what the host has queued stays queued."""
        super().reset()
        for alarm in (self._sent, self._arrived, self._idle):
            alarm.clear()
        self._baud: float | None = None
        self._shift: int | None = None
        self._waiting_data: int | None = None
        self._received = 0
        self._polls = 0
        self._in_vain_since: int | None = None
        self._last_poll = 0
        self._last_arrival = self._clock.now
        self._looked_at = self._clock.now
        self._complained.clear()
        self._update_interrupt()

    # --- registers

    def read_register(self, offset: int) -> int:
        """ISR counts as a poll; RDR takes the byte."""
        if offset == ISR:
            return self._poll()
        if offset == RDR:
            self._polls = 0
            self.values[ISR] &= ~RXNE
            self._update_interrupt()
            return self._received
        if offset in (RQR, ICR):
            return 0
        return self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """TDR starts a frame, ICR clears flags, RQR drops what was received."""
        self._polls = 0
        self._baud = None if offset in (CR1, BRR) else self._baud
        if offset == TDR:
            self._transmit(value & 0x1FF)
        elif offset == ICR:
            self.values[ISR] &= ~(value & self.registers[ICR].writable)
        elif offset == RQR:
            super().write_register(offset, value)
            if value & 1 << 3:
                self.values[ISR] &= ~RXNE
        elif offset == CR1:
            super().write_register(offset, value)
            self._acknowledge_enables()
        else:
            super().write_register(offset, value)
        self._update_interrupt()

    def _acknowledge_enables(self) -> None:
        control, status = self.values[CR1], self.values[ISR] & ~(TEACK | REACK)
        if control & UE:
            # Not every header names REACK, and ST's HAL has waited for it on all of these chips.
            status |= (TEACK if control & TE else 0) | (REACK if control & RE else 0)
        else:
            # Section 31.8.1: clearing UE resets the flags and drops what is under way.
            self._sent.clear()
            self._shift = self._waiting_data = None
            status = self.registers[ISR].reset
        self.values[ISR] = status
        if self._shift is None and self._waiting_data is not None and control & TE:
            self._send_waiting()

    def _update_interrupt(self) -> None:
        # First: what DMA takes or brings changes the flags.
        self._request_dma()
        control, status = self.values[CR1], self.values[ISR]
        wanted = bool(
            (control & RXNEIE and status & (RXNE | ORE))
            or (control & TXEIE and status & TXE)
            or (control & TCIE and status & TC)
            or (control & IDLEIE and status & IDLE)
            or (control & PEIE and status & PE)
            or (self.values[CR3] & EIE and status & (FE | ORE))
        )
        self._around.interrupt(wanted)

    def _request_dma(self) -> None:
        """Section 31.5.15: RXNE and TXE ask for an item."""
        wanted = self.values[CR3]
        self._ask_dma("RX", bool(wanted & DMAR and self.values[ISR] & RXNE))
        can_send = self.values[CR1] & (UE | TE) == UE | TE
        self._ask_dma("TX", bool(wanted & DMAT and can_send and self.values[ISR] & TXE))

    def _ask_dma(self, way: str, level: bool) -> None:
        # Nearly always it is as before: a firmware without DMA has its registers written as often.
        if level != self._asks_dma[way]:
            self._asks_dma[way] = level
            self._around.request_dma(way, level)

    # --- rates

    @property
    def baud(self) -> float:
        """Bits per second that BRR and the kernel clock give; 0 when BRR is below 16 (section 31.5.4)."""
        if self._baud is None:
            self._baud = self._baud_as_set()
        return self._baud

    def clocks_changed(self) -> None:
        """RCC was written."""
        self._baud = None

    def _baud_as_set(self) -> float:
        divider = self.values[BRR]
        clock_hz = self._around.kernel_clock_hz()
        if self._around.low_power:
            # RM0432 section 50.7.4: in 256ths of the clock, from 0x300 on.
            return 256 * clock_hz / divider if divider >= _LEAST_LOW_POWER_DIVIDER else 0.0
        if self.values[CR1] & OVER8:
            divider = divider & 0xFFF0 | (divider & 7) << 1
            clock_hz *= 2
        return clock_hz / divider if divider >= 16 else 0.0

    def _fits_host(self) -> bool:
        return abs(self.baud / self._around.host_baud - 1) <= self._around.tolerance

    @property
    def _is_8n1(self) -> bool:
        return not self.values[CR1] & (M0 | M1 | PARITY_ENABLE) and not self.values[CR2] >> 12 & 3

    @property
    def _word_bits(self) -> int:
        """Data bits of a frame, the parity bit among them (section 31.5.1)."""
        return 7 if self.values[CR1] & M1 else 9 if self.values[CR1] & M0 else 8

    @property
    def _parity(self) -> int | None:
        """0 for even, 1 for odd, None for none."""
        control = self.values[CR1]
        return (1 if control & PARITY_ODD else 0) if control & PARITY_ENABLE else None

    def _frame_levels(self, data: int) -> list[int]:
        parity = self._parity
        length = self._word_bits - (parity is not None)
        stop_bits = 2 if (self.values[CR2] >> 12) & 2 else 1
        return frame_bits(data & ((1 << length) - 1), length, parity, stop_bits)

    # --- transmitter

    def _transmit(self, data: int) -> None:
        control = self.values[CR1]
        if not control & UE:
            self._complain("off", f"{self.name} is to send while it is off: UE in CR1 is not set.")
            return
        if not control & TE:
            self._complain(
                "te", f"{self.name} is to send while its transmitter is off: TE in CR1 is not set."
            )
            self._waiting_data = data
            self.values[ISR] &= ~(TXE | TC)
            return
        if not self.baud:
            clocked = self._around.kernel_clock_hz()
            least = f"{_LEAST_LOW_POWER_DIVIDER:#x}" if self._around.low_power else "16"
            why = (
                f"BRR is {self.values[BRR]:#x}, and it must be {least} or more"
                if clocked
                else f"the clock that {self._around.clock_register} selects for it is off"
            )
            self._complain("baud", f"{self.name} cannot send: {why}.")
            return
        self.values[ISR] &= ~TC
        if self._shift is None:
            self._start_frame(data)
        else:
            self._waiting_data = data
            self.values[ISR] &= ~TXE

    def _start_frame(self, data: int) -> None:
        self._shift = data
        bits = 10 if self._is_8n1 else len(self._frame_levels(0))
        self._sent.set(self._clock.now + round(bits * self._around.core_clock_hz() / self.baud))

    def _send_waiting(self) -> None:
        """What was written to TDR goes on into the shift register."""
        data, self._waiting_data = self._waiting_data, None
        self.values[ISR] |= TXE
        if data is not None:
            self._transmit(data)

    def _frame_sent(self) -> None:
        if self._shift is not None:
            self._emit(self._shift)
        self._shift = None
        self._polls = 0
        if self._waiting_data is not None:
            self._send_waiting()
        else:
            self.values[ISR] |= TC
        self._update_interrupt()

    def _emit(self, data: int) -> None:
        """Puts a frame on the line as a host at its own rate and 8N1 understands it."""
        trouble = self._around.transmit_trouble()
        if trouble:
            self._complain("tx", f"{self.name} sends, and nothing of it reaches the host: {trouble}.")
            return
        host = self._around.host_baud
        fits = self._fits_host()
        if fits and self._is_8n1:
            byte = data & 0xFF
        elif fits:
            byte, _ = sample_frame(self._frame_levels(data), host, host)
        else:
            levels = self._frame_levels(data)
            byte = self._garbled(data & 0xFF, sample_frame(levels, self.baud, host)[0])
            self._complain(
                "rate",
                f"{self.name} sends at {self.baud:.0f} baud and the host listens at {host}: the host "
                "reads garbage. Look at BRR, the APB prescaler and the PLL.",
            )
        self._output.append(byte)
        if byte == 0x0A or len(self._output) >= 512:
            self.flush()

    @staticmethod
    def _garbled(sent: int, sampled: int) -> int:
        """Between the tolerance and about 5 percent it is the last bit that is sampled at its edge."""
        return sampled if sampled != sent else sent ^ 0x80

    def flush(self) -> None:
        """Hands what was sent to the host."""
        if self._output:
            data = bytes(self._output)
            self._output.clear()
            self._line.put(data)

    # --- receiver

    @property
    def _receiving(self) -> bool:
        return self.values[CR1] & (UE | RE) == UE | RE

    @property
    def awaits_interrupt(self) -> bool:
        """Whether a byte of the host would wake the firmware, or be taken by DMA."""
        return self._receiving and bool(self.values[CR1] & RXNEIE or self.values[CR3] & DMAR)

    @property
    def hears(self) -> bool:
        """Whether a byte of the host is under way."""
        return self._arrived.at is not None

    def admit(self) -> None:
        """Lets the next byte of the host onto the line, unless one is under way."""
        self._looked_at = self._clock.now
        if self._arrived.at is not None or not self._line.has_input or not self._receiving:
            return
        frame = self._host_frame_cycles()
        at, earliest = self._last_arrival + frame, self._clock.now + frame
        period = self._around.quiet_period_cycles()
        if at < earliest:
            at = at + -(-(earliest - at) // period) * period if period else earliest
        self._arrived.set(at)

    def admit_while_busy(self) -> None:
        """For a firmware that computes: by interrupt at once, else after a second of virtual time."""
        if not self._line.has_input:
            self._looked_at = self._clock.now
        elif self.awaits_interrupt or self._clock.now - self._looked_at > self._around.core_clock_hz():
            self.admit()

    def _host_frame_cycles(self) -> int:
        return round(10 * self._around.core_clock_hz() / self._around.host_baud)

    def _frame_arrived(self) -> None:
        byte = self._line.take()
        self._last_arrival = self._clock.now
        self._polls = 0
        if byte is not None and self._receiving:
            trouble = self._around.receive_trouble()
            if trouble:
                self._complain("rx", f"The host sends, and nothing of it reaches {self.name}: {trouble}.")
            elif self.baud:
                self._receive(byte)
        self._idle.clear()
        if self._line.has_input:
            self._arrived.set(self._clock.now + self._host_frame_cycles())
        else:
            self._idle.set(self._clock.now + self._host_frame_cycles())
        self._update_interrupt()

    def _receive(self, byte: int) -> None:
        status = self.values[ISR]
        fits, host = self._fits_host(), self._around.host_baud
        if not fits or not self._is_8n1:
            sampled, stop_is_good = sample_frame(
                frame_bits(byte, 8, None, 1), host, host if fits else self.baud, self._word_bits
            )
            byte = sampled if fits else self._garbled(byte, sampled)
            status |= 0 if stop_is_good else FE
            parity = self._parity
            if parity is not None and byte.bit_count() & 1 != parity:
                status |= PE
        if status & RXNE and not self.values[CR3] & OVRDIS:
            self.values[ISR] = status | ORE
            return
        self._received = byte
        self.values[ISR] = status | RXNE

    def _line_idle(self) -> None:
        self.values[ISR] |= IDLE
        self._update_interrupt()

    # --- waiting

    def _poll(self) -> int:
        """A read of ISR; a loop of them lets virtual time jump to the next event, or waits for the host."""
        now = self._clock.now
        self._polls = self._polls + 1 if now - self._last_poll <= _POLL_GAP_CYCLES else 0
        if not self._polls:
            self._in_vain_since = None
        if self._polls >= _POLLS_BEFORE_SKIP:
            self._wait()
            now = self._clock.now
        self._last_poll = now
        return self.values[ISR]

    def _wait(self) -> None:
        if self._sent.at is not None or self._arrived.at is not None:
            self._clock.skip_to(self._clock.next_alarm() or self._clock.now)
        elif self._polls >= _POLLS_BEFORE_HOST and not self.values[ISR] & RXNE:
            self._polls = _POLLS_BEFORE_HOST - _POLLS_BETWEEN_WAITS
            self.flush()
            self.admit()
            if self._arrived.at is None:
                self._let_time_pass()

    def _let_time_pass(self) -> None:
        """A moment in which the host may send; it is not waited for where nothing that it sends is heard."""
        core_hz = self._around.core_clock_hz()
        until = self._clock.now + core_hz // _WAITS_PER_SECOND
        until = min(until, self._clock.next_alarm() or until)
        why = self._why_stuck()
        if why:
            self._in_vain_since = self._in_vain_since or self._clock.now
            self._complain(
                "poll", f"{self.name}_ISR is polled, and no bit of it will change by itself: {why}."
            )
        else:
            self._in_vain_since = None
            passes = self._around.wait_for_host((until - self._clock.now) / core_hz)
            self.admit()
            if not passes:
                # Look again soon, at the same time.
                self._polls = _POLLS_BEFORE_HOST
                return
        if self._arrived.at is None:
            self._clock.skip_to(until)

    @property
    def is_sending(self) -> bool:
        """Whether a frame is on its way to the host."""
        return self._sent.at is not None

    @property
    def is_stuck(self) -> bool:
        """Whether the firmware polls ISR for something that cannot come, and has done so for long."""
        began, now = self._in_vain_since, self._clock.now
        if began is None or now - self._last_poll > _POLL_GAP_CYCLES:
            return False
        return now - began > _STUCK_SECONDS * self._around.core_clock_hz()

    def _why_stuck(self) -> str:
        """Why a poll of ISR, with nothing under way, cannot end; empty if the host can end it."""
        if not self.values[ISR] & TXE:
            return "TXE is 0, and TE in CR1 is not set"
        return "" if self._receiving else "its receiver is off"

    def _complain(self, about: str, sentence: str) -> None:
        if about not in self._complained:
            self._complained.add(about)
            self._around.report(
                Finding(FindingKind.SERIAL_LINE, self.base, 0, Direction.WRITE, 4, self.name, sentence)
            )
