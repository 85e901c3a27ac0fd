"""The virtual board: one chip on its board, with power, reset and serial ports, to run and to be looked into.

BoardOptions  what can be chosen                      options.py
SerialPorts   lines, and ptys on them                 serial_ports.py
Reset         power, reset pin, lockup                reset.py
RunLoop       slices of virtual time, sleep           run_loop.py, host_wait.py
Stops         faults, exceptions, halts               stops.py
CpuThread     runs slices, in turns with debuggers    cpu_thread.py, gate.py
Debugged      what the debug registers ask for        debugged.py
Journal       findings of the present run             journal.py
"""

import difflib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from vstm32.base.errors import VirtualBoardError
from vstm32.base.findings import Finding
from vstm32.base.memory_map import Storage
from vstm32.base.serial_line import SerialLine
from vstm32.base.symbols import Functions
from vstm32.board.cpu_thread import CpuThread
from vstm32.board.debugged import Debugged
from vstm32.board.external_flash import ExternalFlash
from vstm32.board.firmware import Firmware, require_fit
from vstm32.board.flash_file import FlashFile
from vstm32.board.gate import Gate
from vstm32.board.host_wait import HostWait
from vstm32.board.injection import Injection
from vstm32.board.journal import Journal
from vstm32.board.last_word import LastWord, Prospect
from vstm32.board.options import BoardOptions
from vstm32.board.pins import read_pin
from vstm32.board.places import Places
from vstm32.board.reset import Reset
from vstm32.board.reset_loop import ResetLoop
from vstm32.board.run_loop import RunLoop
from vstm32.board.serial_ports import SerialPorts
from vstm32.board.state import CoreState
from vstm32.board.stops import Stops
from vstm32.cortex_m.core import Core
from vstm32.look.trace import Trace
from vstm32.stm32.clock_tree import Clocks
from vstm32.stm32.flash import FlashFaults
from vstm32.stm32.survey import Survey, Surveyed
from vstm32.stm32.system import Outside, System

if TYPE_CHECKING:
    from vstm32.look.profiler import Profiler

_PERSON, _FAULT = "a person", "a fault"


class Attached(Protocol):
    """Something on the board that has its power from it, such as a debug probe."""

    def power_came(self) -> None:
        """The board was switched on."""

    def faults_changed(self, injection: Injection) -> None:
        """The board has these faults now; some of them are the attached thing's own."""


class Board:
    """A microcontroller on its board, as far as firmware, a serial cable and a debug probe can see it.

    `start()` runs the firmware in a thread of its own until `stop()`; `run()` runs it in the caller's
    thread. Use it as a context manager, or call `close()`. Without a firmware, flash is as it is: erased,
    or what a debugger has programmed.
    """

    def __init__(
        self,
        firmware: Firmware | None = None,
        options: BoardOptions | None = None,
        *,
        on_finding: Callable[[Finding], None] | None = None,
        trace: Trace | None = None,
        profile: Functions | None = None,
    ) -> None:
        """`on_finding` is told of each finding as it comes. `trace` sees every access to a register of a
        peripheral. With `profile`, which are the firmware's functions, `profiler` counts the cycles of each.

        Raises:
            VirtualBoardError: the firmware is for another chip, the flash file cannot be had, or `trace`
                names blocks that there are not.
        """
        options = options or BoardOptions()
        chip = options.of_chip
        if firmware is not None:
            require_fit(firmware, chip, flash_is_erased=options.flash is None)
        self.firmware = firmware
        self.options = options
        names = [usart.name for usart in chip.usarts]
        self._ports = SerialPorts(names, options.serial_port, options.link)
        self._state = CoreState()
        self._core = Core(chip, options.timing_model, profiled=profile is not None, observe=trace)
        self._gate = Gate(self._may_run, self._hurry)
        self._host = HostWait(self._ports.wakeup, lambda: self._loop.is_to_end or self._gate.is_wanted)
        self._places = Places(firmware)
        self._journal = Journal(on_finding, self._flush, self._places.at)
        serial_flash = chip.kit.serial_flash
        self._external_flash = (
            ExternalFlash(self._core.memory, options.external_flash, serial_flash.name)
            if serial_flash is not None
            else None
        )
        self._system = System(
            self._core,
            options.flash_layout,
            Outside(
                lines=self._ports.lines,
                host_baud=options.host_baud,
                random_seed=options.random_seed,
                report=self._journal.report,
                request_reset=self._request_reset,
                wait_for_host=self._host.wait,
                serial_flash=self._serial_flash,
                debugged=Debugged(self._core, self._state, lambda: self._reset.is_low, self.step),
            ),
        )
        self._survey = Survey(self._core, self._system.bus) if options.survey else None
        if trace is not None:
            trace.watch(self._system.bus)
        self.profiler = self._made_profiler(profile) if profile is not None else None
        self._reset = Reset(self._core, self._system, self._state, self._journal.report, self._begin_run)
        self._reset_loop = ResetLoop(self._core, lambda: self._ports.wakeup.writes, self._journal.report)
        self._last_word = LastWord(self._system, self._state, self._journal.report)
        stops = Stops(self._core, self._system, self._state, self._journal.report)
        self._loop = RunLoop(self._system, self._state, self._reset, stops, self._host)
        self._thread = CpuThread(self._gate, self._loop, self._look, self._flush)
        self._seen = Prospect.GOES_ON
        self._attached: list[Attached] = []
        self._injection = Injection()
        self._heals_when_off = False
        self._flash_file: FlashFile | None = None
        if options.flash is not None:
            self._flash_file = FlashFile(options.flash, chip.memory.flash.size_bytes, chip.part)
            self._flash_file.map_at(self._core.memory.host_address(Storage.FLASH))
        self._load(firmware, options.unique_id)
        self.press_button(False)
        if options.powered:
            self._reset.power_on()
        else:
            self._system.reset(power_on=True)

    def _made_profiler(self, functions: Functions) -> "Profiler":
        # Loaded for a profile only: it takes time at the start.
        from vstm32.look.profiler import Profiler

        return Profiler(self._core, self._system.exceptions, functions)

    def _serial_flash(self) -> memoryview:
        assert self._external_flash is not None
        return self._external_flash.contents()

    def _load(self, firmware: Firmware | None, unique_id: bytes) -> None:
        memory, signature = self._core.memory, self._core.chip.signature
        for segment in firmware.segments if firmware else ():
            self._require_contents(segment.address)
            memory.load(segment.address, segment.data)
        # Nobody has written to the one-time programmable area.
        area = signature.one_time_programmable
        memory.load(area.start, b"\xff" * len(area))
        memory.load(signature.unique_id_address, unique_id)
        memory.load(signature.flash_size_address, (memory.map.flash.size_bytes // 1024).to_bytes(2, "little"))

    def _require_contents(self, address: int) -> None:
        """What is in the serial flash is there once somebody wants it."""
        region = self._core.memory.map.region_at(address)
        if region is not None and region.storage is Storage.SERIAL_FLASH:
            self._serial_flash()

    # --- its ports

    @property
    def serial_port(self) -> str:
        """Path of the pty of the board's serial port; made at the first use."""
        return self._ports.path(None)

    def serial_port_of(self, usart: str) -> str:
        """Path of the pty of any UART; made at the first use."""
        return self._ports.path(usart)

    def line(self, usart: str | None = None) -> SerialLine:
        """The host's end of a UART in process, of the serial port if none is named; not to be mixed with a
        pty of the same UART.
        """
        return self._ports.line(usart)

    # --- a look at it

    @property
    def timing_model(self) -> str:
        """The name of the timing model that makes its cycles."""
        return self.options.timing_model

    @property
    def cycles(self) -> int:
        """Core clock cycles since the board was made, by its timing model."""
        return self._core.cycles

    @property
    def clocks(self) -> Clocks:
        """The bus clocks as the firmware has set them."""
        return self._system.rcc.clocks

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything the firmware did in this run that the board did not accept, oldest first.

        A run begins with power, with the reset pin, and with a reset by a debugger; what was before a reset
        by the firmware itself or by its watchdog belongs to the same run.
        """
        return self._journal.findings

    @property
    def fault(self) -> Finding | None:
        """The lockup of this run, else its latest fault, else None."""
        return self._journal.fault

    @property
    def running(self) -> bool:
        """Whether the core can go on: it is not locked up, and its thread has not failed."""
        return not self._state.locked_up and not self._thread.has_failed

    def has_waited_for_host(self) -> bool:
        """Whether the firmware waits for the host, or has done so since this was asked before."""
        return self._host.take_waited()

    def hold_time_for_input(self, hold: bool) -> None:
        """Whether virtual time stands still while the firmware waits for the host: so that input through a
        pipe reaches the firmware at the same cycle, whenever it comes.
        """
        self._host.holds_time = hold
        self._ports.wakeup.notify()

    @property
    def loop(self) -> Finding | None:
        """The latest finding of this run that the firmware goes round for ever: in a handler, from reset to
        reset, or in a fault that its handler does not mend. None if there is none.
        """
        return self._journal.loop

    def prospect(self) -> Prospect:
        """Whether anything is to be expected of the firmware, if nobody does anything. It is not disturbed:
        while it runs in the board's own thread, this is how it was after its last slice.
        """
        if not self._thread.is_there:
            self._look()
        return self._seen

    def _look(self) -> None:
        self._seen = self._prospect()

    def _prospect(self) -> Prospect:
        return Prospect.GOES_ON if self._reset.is_wanted else self._last_word.prospect()

    @property
    def surveyed(self) -> tuple[Surveyed, ...]:
        """With `BoardOptions(survey=True)`: the registers that are not modelled and were accessed."""
        return self._survey.seen if self._survey else ()

    def place(self, address: int) -> str:
        """The function at an address, as `main+0x24`; "" where none is known."""
        return self._places.at(address)

    def symbol(self, name: str) -> int:
        """Address of a symbol of the firmware.

        Raises:
            VirtualBoardError: there is none of that name.
        """
        symbols = self.firmware.symbols if self.firmware else {}
        if name not in symbols:
            close = difflib.get_close_matches(name, symbols, 1)
            raise VirtualBoardError(
                f"{self.firmware.path if self.firmware else 'What is in flash'} has no symbol {name}.",
                hint=f"Did you mean {close[0]}?" if close else "Symbols of a stripped file are gone.",
            )
        return symbols[name]

    def read_memory(self, address: int, size_bytes: int) -> bytes:
        """Bytes of flash or RAM as they are now.

        Raises:
            VirtualBoardError: there is no memory.
        """
        self._require_contents(address)
        data = self._core.memory.read(address, size_bytes)
        if data is None:
            raise VirtualBoardError(
                f"There is no memory at {address:#010x} to {address + size_bytes - 1:#010x}; "
                f"it is {self._core.memory.map.block_name(address)}.",
                hint=f"Memory is {', '.join(region.name for region in self._core.memory.map.regions)}.",
            )
        return data

    # --- running

    def start(self) -> None:
        """Runs the firmware in a thread of its own. Raises VirtualBoardError if it runs already."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after its slice; memory and registers stay. Raises what went wrong in it."""
        self._thread.stop(self._disturb)

    def check(self) -> None:
        """Raises what went wrong in the board's own thread, which nothing of the firmware can cause."""
        self._thread.check()

    def run(
        self,
        *,
        max_cycles: int | None = None,
        until: Callable[[], bool] | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        """Runs in the caller's thread until lockup, a halt for a debugger, or one of the limits; not at all
        while the board is off or its reset pin low.

        `max_cycles` counts from now, `until` is asked after each slice, `timeout_seconds` is a
        safety net in wall-clock time that raises TimeoutError.
        """
        self._thread.require_none()
        end = None if max_cycles is None else self.cycles + max_cycles
        limit = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self._may_run() and (end is None or self.cycles < end):
            self._loop.run_slice(end)
            if until is not None and until():
                break
            if limit is not None and time.monotonic() > limit:
                raise TimeoutError(f"The firmware did not get there within {timeout_seconds} s")
        self._system.flush_usarts()

    def run_until_it_waits(self, timeout_seconds: float | None = None) -> None:
        """Runs in the caller's thread until the firmware has taken all input and waits for more, until it has
        nothing more to do, or until lockup. Its waiting takes no time of the wall clock. `timeout_seconds` is
        as for `run`.
        """
        self._host.take_waited()
        self._host.sleeps = False
        try:
            self.run(until=self._waits_or_has_ended, timeout_seconds=timeout_seconds)
        finally:
            self._host.sleeps = True

    def _waits_or_has_ended(self) -> bool:
        return self._host.take_waited() or self._prospect() is not Prospect.GOES_ON

    def step(self) -> None:
        """Executes one instruction; to be called inside of `standing_still` where the board has a thread."""
        self._loop.step()

    def close(self) -> None:
        """Stops, and gives the serial ports back."""
        try:
            self.stop()
        finally:
            self._ports.close()
            if self._flash_file is not None:
                self._flash_file.close()
                self._flash_file = None
            if self._external_flash is not None:
                self._external_flash.close()
            self._core.blocks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the hands of a person; each of these may come from any thread

    @property
    def powered(self) -> bool:
        """Whether the board is switched on."""
        return self._reset.powered

    def switch_power(self, on: bool) -> None:
        """Switches the board off and on. RAM and registers are lost, flash is not."""
        with self.standing_still():
            if on and not self.powered:
                for attached in self._attached:
                    attached.power_came()
                self._core.memory.clear_ram()
                self._reset.power_on()
            if not on and self.powered and self._heals_when_off:
                self.inject(Injection())
            self._reset.powered = on

    @property
    def in_reset(self) -> bool:
        """Whether somebody holds the reset pin low."""
        return self._reset.is_low

    def press_reset(self) -> None:
        """Presses the reset button and lets it go."""
        with self.standing_still():
            self.hold_reset(True)
            self.hold_reset(False)

    def hold_reset(self, low: bool, by: str = _PERSON) -> None:
        """Pulls the reset pin low, or lets it go (RM0385 section 5.1.1). It is low as long as anybody pulls
        it; `by` tells who does.
        """
        with self.standing_still():
            self._reset.hold(by, low)

    def drive_pin(self, pin: str, level: int | None) -> None:
        """A wire on a pin, such as PI11: 0, 1, or None for no wire.

        Raises:
            VirtualBoardError: there is no such pin, or no such level.
        """
        port, number = read_pin(pin)
        if level not in (0, 1, None):
            raise VirtualBoardError(
                f"{pin} cannot be {level!r}.", hint="A level is 0 or 1, or null for no wire."
            )
        with self.standing_still():
            self._system.ports[port].drive(number, level)

    def press_button(self, pressed: bool) -> None:
        """Presses the board's user button, or lets it go."""
        self.drive_pin(self.options.of_chip.kit.button, int(pressed))

    @property
    def injection(self) -> Injection:
        """The faults that it has on purpose."""
        return self._injection

    def inject(self, injection: Injection, *, once: bool = False) -> None:
        """Gives the board these faults and no others, until they are taken back by `Injection()`; or, with
        `once`, until it is switched off.

        Raises:
            VirtualBoardError: a value that cannot be.
        """
        with self.standing_still():
            for attached in self._attached:
                attached.faults_changed(injection)
            self._system.flash.set_faults(
                FlashFaults(
                    refuse_unlock=injection.refuse_unlock,
                    stay_busy=injection.stay_busy,
                    flip=injection.flip_byte,
                    fail_erase=injection.fail_erase,
                    fail_program=injection.fail_program,
                )
            )
            self._system.dbgmcu.pretended_device = injection.device_id
            self._ports.mute(injection.silent)
            self._reset.hold(_FAULT, injection.hold_reset)
            self._injection, self._heals_when_off = injection, once

    # --- what is attached to it, and touches what is inside

    def attach(self, attached: Attached) -> None:
        """Something gets its power from the board from now on."""
        with self.standing_still():
            self._attached.append(attached)
            attached.faults_changed(self._injection)

    def detach(self, attached: Attached) -> None:
        """It does not any more."""
        with self.standing_still():
            self._attached.remove(attached)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """The core does not run inside; what was changed there counts from then on. From any thread."""
        with self._gate.debugger():
            try:
                yield
            finally:
                self._reset.carry_out_wanted()

    @property
    def core(self) -> Core:
        """The core; to be touched inside of `standing_still` only."""
        return self._core

    @property
    def system(self) -> System:
        """The peripherals; to be touched inside of `standing_still` only."""
        return self._system

    # --- how its parts hang together

    def _begin_run(self) -> None:
        """What the board had to say before counts no more: findings, and words that nobody has read."""
        self._journal.begin_anew()
        self._reset_loop.begin_anew()
        self._last_word.begin_anew()
        self._seen = Prospect.GOES_ON
        self._ports.forget_unread()

    def _request_reset(self, flag: int) -> None:
        # A debugger's write, unless it is an instruction of the firmware that a debugger steps through.
        from_outside = self._gate.is_held and not self._loop.steps
        if not from_outside:
            self._reset_loop.count(flag)
        self._reset.request(flag, from_outside=from_outside)

    def _may_run(self) -> bool:
        return self.powered and not self.in_reset and self.running and not self._system.debug.halted

    def _hurry(self) -> None:
        """A debugger waits for the end of the slice."""
        self._loop.hurry()
        self._ports.wakeup.notify()

    def _flush(self) -> None:
        self._system.flush_usarts()

    def _disturb(self) -> None:
        self._core.request_stop()
        self._ports.wakeup.notify()
