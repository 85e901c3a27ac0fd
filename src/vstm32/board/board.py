"""The virtual board: one STM32F746NG with power, reset and a debugger, and the loop that runs it.

A slice runs natively until an alarm is due or something has to be decided; then the loop fires
alarms, enters exceptions, turns what Unicorn could not do into faults, and goes on. Time is virtual:
only instructions, waiting and sleeping make it pass, never a wall clock.
"""

import difflib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vstm32.base import memory_map
from vstm32.base.errors import VirtualBoardError
from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.base.serial_line import SerialLine, Wakeup
from vstm32.base.symbols import Functions
from vstm32.board.firmware import Firmware
from vstm32.board.flash_file import FlashFile
from vstm32.board.gate import Gate
from vstm32.board.pty_port import PtyPort
from vstm32.cortex_m import core_debug, core_registers, scb
from vstm32.cortex_m.core import Core, Stop, StopReason
from vstm32.cortex_m.exceptions import ExceptionNumber, InvalidReturnError, LockupError, UnstackError
from vstm32.cortex_m.faults import FaultUnit
from vstm32.look.trace import Trace
from vstm32.stm32 import rcc
from vstm32.stm32.clock_tree import Clocks
from vstm32.stm32.system import System
from vstm32.stm32.wiring import USARTS
from vstm32.timing import DEFAULT_TIMING_MODEL, timing_model

if TYPE_CHECKING:
    from vstm32.look.profiler import Profiler

_SLICE_CYCLES = 500_000
# What a core gets for itself while a debugger waits: some tens of microseconds of wall time.
_SHORT_SLICE_CYCLES = 20_000
_LONGEST_WAIT_SECONDS = 0.05
_T_BIT = 1 << 24
_USAGE_FAULTS = {
    StopReason.UNDEFINED: (scb.UNDEFINSTR, "an undefined instruction"),
    StopReason.INVALID_STATE: (scb.INVSTATE, "a branch to an even address, which is not Thumb code"),
    StopReason.DIVISION_BY_ZERO: (scb.DIVBYZERO, "a division by zero while CCR.DIV_0_TRP is set"),
    StopReason.NO_COPROCESSOR: (scb.NOCP, "a floating-point instruction while CPACR keeps the FPU off"),
}


class Board:
    """A 32F746GDISCOVERY as far as firmware and a serial cable can see it.

    `start()` runs the firmware in a thread of its own until `stop()`; `run()` runs it in the caller's
    thread. Use it as a context manager, or call `close()`. Without a firmware, flash is as it is: erased,
    or what a debugger has programmed. `flash` is a file that keeps its contents. `timing` is the name of a
    timing model.
    """

    def __init__(
        self,
        firmware: Firmware | None = None,
        *,
        serial: str = "USART6",
        host_baud: int = 115_200,
        link: Path | None = None,
        flash: Path | None = None,
        timing: str = DEFAULT_TIMING_MODEL,
        on_finding: Callable[[Finding], None] | None = None,
        trace: Trace | None = None,
        profile: Functions | None = None,
        random_seed: int = 0,
        unique_id: bytes = b"mcumatrix-VB",
    ) -> None:
        """`serial` is the UART that is the board's serial port; RNG's numbers follow from `random_seed`;
        `unique_id` are the 12 bytes at 0x1FF0F420. `trace` sees every access to a register of a peripheral.
        With `profile`, which are the firmware's functions, `profiler` counts the cycles of each.

        Raises:
            VirtualBoardError: there is no such UART, or the host cannot listen at that rate.
        """
        if serial not in {wiring.name for wiring in USARTS}:
            raise VirtualBoardError(
                f"The virtual board has no serial port {serial}.",
                hint="It has " + ", ".join(wiring.name for wiring in USARTS) + ".",
            )
        if host_baud < 1:
            raise VirtualBoardError(
                f"The host cannot listen at {host_baud} baud.", hint="115200 is the usual rate."
            )
        self.firmware = firmware
        self.timing_model = timing_model(timing).name
        self._serial = serial
        self._unique_id = unique_id
        self._link = link
        self._on_finding = on_finding
        self._findings: list[Finding] = []
        self._gate = Gate(self._may_run, self._hurry)
        self._wakeup = Wakeup()
        self._lines = {wiring.name: SerialLine(self._wakeup) for wiring in USARTS}
        self._core = Core(timing, profiled=profile is not None, observe=trace)
        self._system = System(
            self._core,
            self._lines,
            host_baud=host_baud,
            report=self._report,
            request_reset=self._request_reset,
            wait_for_host=self._wait_for_host,
            request_watchdog_reset=lambda: self._request_reset(rcc.WATCHDOG_RESET),
            debugged=self,
            random_seed=random_seed,
        )
        if trace is not None:
            trace.watch(self._system.bus)
        self.profiler = self._made_profiler(profile) if profile is not None else None
        self._faults = FaultUnit(
            self._core, self._system.exceptions, self._system.scb, self._report, self._fault_entered
        )
        self._ptys: dict[str, PtyPort] = {}
        self._thread: threading.Thread | None = None
        self._crash: BaseException | None = None
        self._stop_wanted = False
        self._reset_wanted = 0
        self._asleep = False
        self._awaits_event = False
        self._locked_up = False
        self._writes_seen = 0
        self._waits = self._waited = False
        self._powered = True
        self._in_reset = False
        self._flash_file = FlashFile(flash) if flash is not None else None
        if self._flash_file is not None:
            self._flash_file.map_at(self._core.memory.flash_host_address)
        self._load()
        self._power_on()

    def _made_profiler(self, functions: Functions) -> "Profiler":
        # Loaded for a profile only: it takes time at the start.
        from vstm32.look.profiler import Profiler

        return Profiler(self._core, self._system.exceptions, functions)

    # --- what a person or a tool asks for

    @property
    def serial_port(self) -> str:
        """Path of the pty of the board's serial port; made at the first use."""
        return self.serial_port_of(self._serial)

    def serial_port_of(self, usart: str) -> str:
        """Path of the pty of one of the USARTs that are led out; made at the first use."""
        if usart not in self._ptys:
            link = self._link if usart == self._serial else None
            self._ptys[usart] = PtyPort(self._lines[usart], link)
        return self._ptys[usart].path

    def line(self, usart: str | None = None) -> SerialLine:
        """The host's end of a USART in process; not to be mixed with `serial_port` of the same USART."""
        return self._lines[usart or self._serial]

    @property
    def cycles(self) -> int:
        """Core clock cycles since power-on, by the board's timing model."""
        return self._core.cycles

    @property
    def clocks(self) -> Clocks:
        """The bus clocks as the firmware has set them."""
        return self._system.rcc.clocks

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything the firmware did that the board did not accept, oldest first."""
        return tuple(self._findings)

    @property
    def fault(self) -> Finding | None:
        """The lockup, else the latest bus or memory protection fault, else None."""
        for kinds in ((FindingKind.LOCKUP,), (FindingKind.BUS_FAULT, FindingKind.PROTECTION)):
            found = [finding for finding in self._findings if finding.kind in kinds]
            if found:
                return found[-1]
        return None

    @property
    def running(self) -> bool:
        """Whether the core can go on: it is not locked up, and its thread has not failed."""
        return not self._locked_up and self._crash is None

    def has_waited_for_host(self) -> bool:
        """Whether the firmware waits for the host, or has done so since this was asked before."""
        waited, self._waited = self._waited, False
        return waited or self._waits

    def symbol(self, name: str) -> int:
        """Address of a symbol of the firmware."""
        symbols = self.firmware.symbols if self.firmware else {}
        if name not in symbols:
            close = difflib.get_close_matches(name, symbols, 1)
            raise VirtualBoardError(
                f"{self.firmware.path if self.firmware else 'What is in flash'} has no symbol {name}.",
                hint=f"Did you mean {close[0]}?" if close else "Symbols of a stripped file are gone.",
            )
        return symbols[name]

    def read_memory(self, address: int, size_bytes: int) -> bytes:
        """Bytes of flash or RAM as they are now."""
        data = self._core.memory.read(address, size_bytes)
        if data is None:
            raise VirtualBoardError(
                f"There is no memory at {address:#010x} to {address + size_bytes - 1:#010x}; "
                f"it is {memory_map.block_name(address)}.",
                hint="Memory is ITCM, DTCM, SRAM1, SRAM2 and flash.",
            )
        return data

    # --- running

    def start(self) -> None:
        """Runs the firmware in a thread of its own."""
        if self._thread is not None:
            raise VirtualBoardError("The virtual board is running already.", hint="Call stop() first.")
        self._stop_wanted = False
        self._gate.open()
        self._thread = threading.Thread(target=self._run_thread, name="virtual-board-cpu", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the CPU thread after its slice; memory and registers stay. Raises what went wrong in it."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop_wanted = True
            self._gate.end()
            self._core.request_stop()
            self._wakeup.notify()
            thread.join()
        if self._crash is not None:
            crash, self._crash = self._crash, None
            raise crash

    def run(
        self,
        *,
        max_cycles: int | None = None,
        until: Callable[[], bool] | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        """Runs in the caller's thread until lockup, or one of the limits.

        `max_cycles` counts from now, `until` is asked after each slice, `timeout_seconds` is a
        safety net in wall-clock time that raises TimeoutError.
        """
        if self._thread is not None:
            raise VirtualBoardError("The virtual board is running already.", hint="Call stop() first.")
        self._stop_wanted = False
        end = None if max_cycles is None else self.cycles + max_cycles
        limit = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not self._locked_up and (end is None or self.cycles < end):
            self._step(end)
            if until is not None and until():
                break
            if limit is not None and time.monotonic() > limit:
                raise TimeoutError(f"The firmware did not get there within {timeout_seconds} s")
        for usart in self._system.usarts.values():
            usart.flush()

    def close(self) -> None:
        """Stops, and gives the serial port back."""
        try:
            self.stop()
        finally:
            while self._ptys:
                self._ptys.popitem()[1].close()
            if self._flash_file is not None:
                self._flash_file.close()
                self._flash_file = None
            self._core.blocks.close()
            self._wakeup.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run_thread(self) -> None:
        gate = self._gate
        try:
            while gate.begin_slice():
                try:
                    self._step(None)
                finally:
                    gate.end_slice()
        except BaseException as error:
            self._crash = error
        finally:
            for usart in self._system.usarts.values():
                usart.flush()

    # --- a debugger, and the hands of a person

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """The core does not run inside; what was changed there counts from then on. From any thread."""
        with self._gate.debugger():
            try:
                yield
            finally:
                if self._reset_wanted:
                    self._system_reset(self._reset_wanted)

    def check(self) -> None:
        """Raises what went wrong in the board's own thread, which nothing of the firmware can cause."""
        if self._crash is not None:
            raise self._crash

    def drive_pin(self, port: str, number: int, level: int | None) -> None:
        """A wire on a pin, such as PI11, the blue button of the board: 0, 1, or None for no wire.

        Raises:
            VirtualBoardError: there is no such pin.
        """
        if port not in self._system.ports or not 0 <= number < 16:
            raise VirtualBoardError(f"There is no pin P{port}{number}.", hint="There are PA0 to PK15.")
        with self.standing_still():
            outside = self._system.ports[port].outside
            outside.pop(number, None)
            if level is not None:
                outside[number] = int(bool(level))

    def mute(self, silent: bool) -> None:
        """A fault: nothing that the firmware sends leaves the board."""
        for line in self._lines.values():
            line.muted = silent

    @property
    def core(self) -> Core:
        """The core; to be touched inside of `standing_still` only."""
        return self._core

    @property
    def system(self) -> System:
        """The peripherals; to be touched inside of `standing_still` only."""
        return self._system

    @property
    def powered(self) -> bool:
        """Whether the board is switched on."""
        return self._powered

    def switch_power(self, on: bool) -> None:
        """Switches the board off and on. RAM and registers are lost, flash is not."""
        with self.standing_still():
            if on and not self._powered:
                self._core.memory.clear_ram()
                self._power_on()
            self._powered = on

    @property
    def in_reset(self) -> bool:
        """Whether somebody holds the reset pin low."""
        return self._in_reset

    def hold_reset(self, low: bool) -> None:
        """Pulls the reset pin low, or lets it go (RM0385 section 5.1.1)."""
        with self.standing_still():
            was_low, self._in_reset = self._in_reset, low
            if low and not was_low:
                self._start_anew()
                self._system_reset(0)
            elif was_low and not low:
                self._system.debug.leave_reset()

    def _start_anew(self) -> None:
        """What the board had to say before counts no more: findings, and words that nobody has read."""
        self._findings.clear()
        for pty in self._ptys.values():
            pty.forget_unread()

    def _may_run(self) -> bool:
        return (
            self._powered
            and not self._in_reset
            and not self._locked_up
            and self._crash is None
            and not self._system.debug.halted
        )

    def _hurry(self) -> None:
        """A debugger waits for the end of the slice."""
        self._core.hurry(self._core.cycles + _SHORT_SLICE_CYCLES)
        self._wakeup.notify()

    def debug_status(self) -> int:
        """See `core_debug.DebuggedCore`."""
        return (
            (core_debug.S_SLEEP if self._asleep else 0)
            | (core_debug.S_LOCKUP if self._locked_up else 0)
            | (core_debug.S_RESET_ST if self._in_reset else 0)
        )

    def retired(self) -> int:
        """See `core_debug.DebuggedCore`."""
        return self._core.cycles

    def read_debug_register(self, selector: int) -> int:
        """See `core_debug.DebuggedCore`."""
        return core_registers.read_register(self._core, selector)

    def write_debug_register(self, selector: int, value: int) -> None:
        """See `core_debug.DebuggedCore`."""
        core_registers.write_register(self._core, selector, value)

    def stop_for_debugger(self) -> None:
        """See `core_debug.DebuggedCore`."""
        self._asleep = self._awaits_event = self._locked_up = False
        self._core.request_stop()

    def step_for_debugger(self) -> None:
        """See `core_debug.DebuggedCore`."""
        self._core.clear_stop()
        exceptions = self._system.exceptions
        try:
            self._system.clock.fire_due()
            exceptions.interrupts_masked = self._system.debug.masks_interrupts
            exceptions.take_pending()
            self._system.protection.apply()
            stop = None if self._leaves_thumb() else self._core.step()
            if stop is not None and stop.reason is StopReason.LAZY_STACKING:
                self._decide(stop)
                stop = self._core.step()
            if stop is not None:
                self._decide(stop)
        except LockupError as error:
            self._lock_up(str(error))
        finally:
            exceptions.interrupts_masked = False

    def _fault_entered(self, number: int) -> None:
        """A fault handler is about to run: a debugger may have caught its vector (DEMCR)."""
        if self._system.debug.catches(core_debug.VECTOR_CATCHES.get(number, 0)):
            self._system.debug.halt(core_debug.DFSR_VCATCH)

    # --- power and reset

    def _load(self) -> None:
        core = self._core
        for segment in self.firmware.segments if self.firmware else ():
            core.memory.load(segment.address, segment.data)
        # Nobody has written to the one-time programmable area (RM0385 section 3.6).
        core.memory.load(memory_map.IDENTITY_BASE, b"\xff" * 0x420)
        # Device electronic signature (RM0385 section 41): unique id, flash size in KB.
        core.memory.load(0x1FF0_F420, self._unique_id)
        core.memory.load(0x1FF0_F442, (memory_map.FLASH_SIZE_BYTES // 1024).to_bytes(2, "little"))

    def _power_on(self) -> None:
        self._start_anew()
        self._system.reset(power_on=True)
        self._reset_core()

    def _request_reset(self, flag: int = rcc.SOFTWARE_RESET) -> None:
        """`flag` tells in RCC_CSR what the reason was."""
        self._reset_wanted |= flag
        self._core.request_stop()

    def _system_reset(self, flags: int) -> None:
        """Peripherals and core; RAM stays. Each reset pulls the pin low (RM0385 section 5.1.1)."""
        self._reset_wanted = 0
        for usart in self._system.usarts.values():
            usart.flush()
        status = self._system.rcc.reset_flags | flags | rcc.PIN_RESET
        self._system.reset()
        self._system.rcc.set_status(status)
        self._reset_core()
        self._system.debug.enter_reset()
        if not self._in_reset:
            self._system.debug.leave_reset()

    def _reset_core(self) -> None:
        core = self._core
        core.write_register(core.xpsr, _T_BIT)
        for register in (core.control, core.primask, core.basepri, core.faultmask, core.fpscr):
            core.write_register(register, 0)
        for register in (*core.r, *core.s):
            core.write_register(register, 0)
        core.write_register(core.lr, 0xFFFF_FFFF)
        table = self._system.exceptions.vector_table
        stack, entry = core.memory.read_words(table, 2) or (0, 0)
        core.write_register(core.sp, stack & ~3)
        core.program_counter = entry & ~1
        self._asleep = self._awaits_event = self._locked_up = False
        if not entry & 1 or memory_map.region_at(entry & ~1) is None:
            self._lock_up(
                f"The reset vector at {table + 4:#010x} is {entry:#010x}, which is not a Thumb address"
            )

    # --- one slice

    def _step(self, end: int | None) -> None:
        core, system = self._core, self._system
        core.clear_stop()
        if self._stop_wanted:
            return
        try:
            if self._reset_wanted:
                self._system_reset(self._reset_wanted)
            system.clock.fire_due()
            if self._asleep:
                self._sleep()
                return
            system.exceptions.take_pending()
            if self._leaves_thumb():
                return
            system.protection.apply()
            slice_end = core.cycles + _SLICE_CYCLES
            if end is not None:
                slice_end = min(slice_end, end)
            self._decide(core.run(slice_end, system.clock.next_alarm()))
        except LockupError as error:
            self._lock_up(str(error))
        for usart in system.usarts.values():
            usart.flush()
            usart.admit_while_busy()

    def _decide(self, stop: Stop) -> None:
        core = self._core
        if stop.reason is StopReason.SLEEP:
            self._asleep = True
        elif stop.reason is StopReason.WAIT_FOR_EVENT:
            self._wait_for_event()
        elif stop.reason is StopReason.LAZY_STACKING:
            self._faults.stack_floating_point()
        elif stop.reason is StopReason.SVC:
            self._faults.synchronous(ExceptionNumber.SVCALL, "an SVC instruction")
        elif stop.reason is StopReason.EXCEPTION_RETURN:
            self._exception_return(core.program_counter | 1)
        elif stop.reason is StopReason.BREAKPOINT:
            if self._system.debug.enabled:
                self._system.debug.halt(core_debug.DFSR_BKPT)
            else:
                self._faults.breakpoint()
        elif stop.reason in (StopReason.BUS_FAULT, StopReason.PROTECTION):
            self._faults.access_fault(stop)
        elif stop.reason in _USAGE_FAULTS:
            self._faults.usage_fault(*_USAGE_FAULTS[stop.reason])
        watched, core.stops.watchpoint_hit = core.stops.watchpoint_hit, None
        if watched is not None:
            self._system.watchpoints.matched(watched)
            if self._system.debug.enabled:
                self._system.debug.halt(core_debug.DFSR_DWTTRAP)

    def _wait_for_event(self) -> None:
        """WFE: goes on at once after an event, else sleeps."""
        exceptions = self._system.exceptions
        self._asleep = self._awaits_event = not (exceptions.event or self._core.follows_sev())
        exceptions.event = False

    def _exception_return(self, value: int) -> None:
        """EXC_RETURN has its meaning in Handler mode only; in Thread mode it is a bad address."""
        if not self._system.exceptions.active:
            self._faults.bus_fault(Stop(StopReason.BUS_FAULT, value & ~1, Direction.FETCH, 2))
            return
        exceptions = self._system.exceptions
        try:
            exceptions.leave(value)
        except InvalidReturnError as error:
            self._faults.usage_fault(scb.INVPC, str(error), value if error.chained else None)
        except UnstackError:
            self._faults.unstacking_failed(value)
        else:
            # SLEEPONEXIT: back in Thread mode the core sleeps as with WFI (PM0253 section 2.6.1).
            self._asleep = self._system.scb.sleeps_on_exit and not exceptions.active

    def _leaves_thumb(self) -> bool:
        """A vector or a popped frame has cleared the T bit: the next instruction is a UsageFault."""
        exceptions = self._system.exceptions
        if not exceptions.invalid_state:
            return False
        exceptions.invalid_state = False
        self._faults.usage_fault(
            scb.INVSTATE, "a vector or a stack frame without the Thumb bit, which is not Thumb code"
        )
        return True

    def _sleep(self) -> None:
        """WFI: virtual time jumps to the next event; the host may be that event.

        WFE goes on after the next event of any kind: waking without a reason of its own is allowed
        (Arm v7-M ARM, section B1.5.18).
        """
        system = self._system
        if system.exceptions.wakes() or (self._awaits_event and system.exceptions.event):
            self._asleep = self._awaits_event = False
            system.exceptions.event = False
            return
        if self._awaits_event:
            self._asleep = self._awaits_event = False
        listeners = [usart for usart in system.usarts.values() if usart.awaits_interrupt]
        for usart in system.usarts.values():
            usart.flush()
        for usart in listeners:
            usart.admit()
        due = system.clock.next_alarm()
        hears = any(usart.hears for usart in listeners)
        if due is None or (listeners and not hears):
            wait = _LONGEST_WAIT_SECONDS
            if due is not None:
                wait = min(wait, (due - self.cycles) / system.core_clock_hz)
                due = min(due, self.cycles + int(wait * system.core_clock_hz) + 1)
            self._wait_for_host(wait)
            for usart in listeners:
                usart.admit()
            if any(usart.hears for usart in listeners):
                return
        if due is not None:
            system.clock.skip_to(due)

    def _wait_for_host(self, seconds: float) -> None:
        """Lets the CPU thread sleep until the host writes, or a stop, or the time is over."""
        wakeup = self._wakeup
        self._waits = self._waited = True
        with wakeup.condition:
            wakeup.condition.wait_for(
                lambda: self._stop_wanted or self._gate.is_wanted or wakeup.writes != self._writes_seen,
                min(seconds, _LONGEST_WAIT_SECONDS),
            )
            self._writes_seen = wakeup.writes
        self._waits = False

    def _lock_up(self, reason: str) -> None:
        self._locked_up = True
        program_counter = self._core.program_counter
        self._report(
            Finding(
                FindingKind.LOCKUP,
                program_counter,
                program_counter,
                Direction.FETCH,
                2,
                memory_map.block_name(program_counter),
                f"Lockup at {program_counter:#010x}: {reason}. The core has stopped.",
            )
        )
        bites_at = self._system.iwdg.bites_at
        if bites_at is not None:
            # Nobody reloads the watchdog any more: its end is all there is to wait for.
            self._system.clock.skip_to(bites_at)
            self._system_reset(self._reset_wanted)

    def _report(self, finding: Finding) -> None:
        self._findings.append(finding)
        if self._on_finding is not None:
            # What the firmware said before it comes before it.
            for usart in self._system.usarts.values():
                usart.flush()
            self._on_finding(finding)
