"""The core as Unicorn runs it: memory, registers, one slice at a time.

Unicorn decodes and executes; what a Cortex-M does beyond that (exceptions, sleep, faults) is
decided by the run loop in board.py from the `Stop` that `Core.run` returns.
"""

import ctypes
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from vstm32.base.chip import Chip, CoreModel
from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.cortex_m.block_records import BlockRecords
from vstm32.cortex_m.debug_stops import DebugStops
from vstm32.cortex_m.event_counts import EventCount
from vstm32.cortex_m.memory import Memory
from vstm32.cortex_m.mpu import PermissionMap
from vstm32.cortex_m.register_windows import AccessObserver, ReadCallback, RegisterWindows, WriteCallback
from vstm32.cortex_m.shared import Shared, address_of
from vstm32.native.library import ffi, lib
from vstm32.timing import timing_model

# Exception numbers of QEMU's Arm target (target/arm/cpu.h), as Unicorn hands them to an interrupt hook.
_QEMU_UNDEFINED, _QEMU_SVC, _QEMU_PREFETCH_ABORT, _QEMU_DATA_ABORT = 1, 2, 3, 4
_QEMU_BREAKPOINT, _QEMU_EXCEPTION_EXIT, _QEMU_NO_COPROCESSOR, _QEMU_INVALID_STATE = 7, 8, 17, 18

_THUMB_WFI = b"\x30\xbf"
_THUMB2_WFI = b"\xaf\xf3\x03\x80"
_THUMB_WFE = b"\x20\xbf"
_THUMB_SEV = b"\x40\xbf"


class StopReason(Enum):
    """Why a slice ended."""

    SLICE = auto()
    SLEEP = auto()
    SVC = auto()
    EXCEPTION_RETURN = auto()
    BREAKPOINT = auto()
    UNDEFINED = auto()
    INVALID_STATE = auto()
    NO_COPROCESSOR = auto()
    LAZY_STACKING = auto()
    WAIT_FOR_EVENT = auto()
    BUS_FAULT = auto()
    PROTECTION = auto()
    DIVISION_BY_ZERO = auto()
    UNALIGNED = auto()


@dataclass(frozen=True, slots=True)
class Stop:
    """How a slice ended; address, direction and size belong to a bus fault."""

    reason: StopReason
    address: int = 0
    direction: Direction = Direction.READ
    size_bytes: int = 0


class RegisterGroup:
    """Registers that are read or written by one call of Unicorn, which takes as long as two or three single
    ones. Not for writing xPSR: see `Core.write_register`.
    """

    def __init__(self, handle: Any, library: Any, registers: tuple[int, ...]) -> None:
        count = len(registers)
        values = self._values = (ctypes.c_uint64 * count)()
        each = (ctypes.byref(values, place * ctypes.sizeof(ctypes.c_uint64)) for place in range(count))
        pointers = (ctypes.c_void_p * count)(*(ctypes.cast(one, ctypes.c_void_p) for one in each))
        self._arguments = (handle, (ctypes.c_int * count)(*registers), pointers, ctypes.c_int(count))
        self._read, self._write = library.uc_reg_read_batch, library.uc_reg_write_batch

    def read(self) -> list[int]:
        """Their values, in the order of the group."""
        self._read(*self._arguments)
        return list(self._values)

    def write(self, values: Sequence[int]) -> None:
        """Sets as many registers as the group has."""
        self._values[:] = list(values)
        self._write(*self._arguments)


class Core:
    """One Cortex-M4 or M7 with its memory. Not thread-safe: one thread at a time may touch it."""

    def __init__(  # noqa: PLR0915
        self,
        chip: Chip,
        timing: str | None = None,
        *,
        profiled: bool = False,
        observe: AccessObserver | None = None,
    ) -> None:
        """`timing` is the name of a timing model, that of the chip if not given. With `profiled`, the hook
        of the profiler runs, with its
        tables in `profile`. `observe(cycle, program counter, address, size, value, is a write)` sees
        every access to a register.
        """
        import unicorn
        from unicorn import arm_const
        from unicorn.unicorn_py3 import unicorn as binding

        self._unicorn = unicorn
        self._binding = binding
        library = binding.uclib
        self.chip = chip
        self.shared = Shared(chip)
        self.shared.use_unicorn(library)
        self.state = self.shared.state
        """`struct state` of native/layout.h."""
        self.profile = self.shared.new_profile() if profiled else None
        """`struct profile *` of native/layout.h, None without a profiler."""
        # Unicorn's Cortex-M7 has double precision. UC_MODE_MCLASS makes it a Cortex-M33, whatever model is
        # asked for: FPv5 with single precision alone, as a Cortex-M7 can have it too. Its Cortex-M4 has FPv4.
        is_m4 = chip.core.model is CoreModel.CORTEX_M4
        self._is_v7m = is_m4 or chip.core.has_double_precision
        mode = 0 if self._is_v7m else unicorn.UC_MODE_MCLASS
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | mode)
        engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4 if is_m4 else arm_const.UC_CPU_ARM_CORTEX_M7)
        self._engine = engine
        self.timing = timing_model(timing or chip.default_timing)
        self.blocks = BlockRecords(self.shared, self.timing, self._fail)
        self.memory = Memory(engine, self.shared, self.blocks.forget)
        self.before_run: Callable[[], None] = lambda: None
        """Called before the core is let go from somewhere."""
        if profiled:
            # First, so that it sees the cycle at which a block begins.
            self._add_native_hook(unicorn.UC_HOOK_BLOCK, lib.profile_hook, self.profile)
        self._block_function = lib.addressed_block_hook if self.timing.prices_addresses else lib.block_hook
        self.block_hook = self._add_native_hook(unicorn.UC_HOOK_BLOCK, self._block_function)
        """Unicorn's handle of the hook that counts cycles."""
        self._add_native_hook(unicorn.UC_HOOK_MEM_INVALID, lib.access_hook)
        self._add_native_hook(unicorn.UC_HOOK_INTR, lib.interrupt_hook)
        self.state.is_v7m = self._is_v7m
        self._windows = RegisterWindows(engine, self.shared, observe, self._fail)
        self.flash_noticed: Callable[[], None] = lambda: None
        """Called after a slice in which a store into flash left something for Python to look at."""
        self._slice_end = 0
        self._callback_error: BaseException | None = None
        self.stops = DebugStops(engine, self.request_stop)
        """Where a debugger or the firmware itself wants the core to stop."""
        self._instructions = 0
        self.events: EventCount | None = None
        """What the DWT counts, None where the timing model does not know it."""
        if self.blocks.events is not None:
            self.events = EventCount(self.shared.new_events(self.blocks.events), self.blocks)
        self.slept_cycles = 0
        """Since power-on, asleep."""
        self._events_counted = False
        self._events_wanted = profiled and self.events is not None
        self._divide_hook: int | None = None
        self._divide_trap_wanted = False
        self.program_counter = 0
        self._left_at: int | None = None
        self._fetched_again: int | None = None
        r = arm_const
        self.r = tuple(r.UC_ARM_REG_R0 + number for number in range(13))
        self.s = tuple(r.UC_ARM_REG_S0 + number for number in range(32))
        self.caller_saved = (*self.r[:4], r.UC_ARM_REG_R12, r.UC_ARM_REG_LR)
        self.sp, self.lr, self.pc = r.UC_ARM_REG_SP, r.UC_ARM_REG_LR, r.UC_ARM_REG_PC
        self.msp, self.psp, self.xpsr = r.UC_ARM_REG_MSP, r.UC_ARM_REG_PSP, r.UC_ARM_REG_XPSR
        self.control, self.fpscr = r.UC_ARM_REG_CONTROL, r.UC_ARM_REG_FPSCR
        self.primask, self.basepri = r.UC_ARM_REG_PRIMASK, r.UC_ARM_REG_BASEPRI
        self.faultmask = r.UC_ARM_REG_FAULTMASK
        self._flags = r.UC_ARM_REG_APSR_NZCV
        # Straight to the C library: the binding's own access is ten times slower.
        self._register_value = ctypes.c_uint64()
        self._register_place = ctypes.byref(self._register_value)
        self._reg_read, self._reg_write = library.uc_reg_read, library.uc_reg_write
        self._handle = engine._uch
        self._engine_pointer = ffi.cast("void *", engine._uch.value)

    def read_register(self, register: int) -> int:
        """A 32-bit register of the core, by Unicorn's number."""
        self._register_value.value = 0
        self._reg_read(self._handle, register, self._register_place)
        return self._register_value.value

    def write_register(self, register: int, value: int) -> None:
        """Sets a 32-bit register of the core."""
        self._register_value.value = value & 0xFFFF_FFFF
        self._reg_write(self._handle, register, self._register_place)
        if register == self.xpsr and self._is_v7m:
            # Unicorn looks only now whether the core is in a handler, where EXC_RETURN has its meaning; a
            # Cortex-M33 knows it everywhere.
            self._reg_write(self._handle, self._flags, self._register_place)

    def register_group(self, *registers: int) -> RegisterGroup:
        """32-bit registers of the core that are read or written together, by Unicorn's numbers."""
        return RegisterGroup(self._handle, self._binding.uclib, registers)

    # --- registers of peripherals

    def map_registers(self, base: int, size_bytes: int, read: ReadCallback, write: WriteCallback) -> None:
        """See `RegisterWindows.map`."""
        self._windows.map(base, size_bytes, read, write)

    def open_unmodelled_registers(self, read: ReadCallback, write: WriteCallback) -> None:
        """Lets registers be announced in the windows of which no block is modelled, too."""
        self.shared.open_unmodelled()
        for window in self.memory.map.unmodelled:
            self.map_registers(window.base, window.size_bytes, read, write)

    def _fail(self, error: BaseException) -> None:
        """An error of our own inside a callback: Unicorn cannot carry it, so run() raises it."""
        self._callback_error = self._callback_error or error
        self.request_stop()

    def announce_registers(self, address: int, size_bytes: int) -> None:
        """Lets accesses to a range of modelled registers through."""
        self.shared.announce_registers(address, size_bytes)

    @property
    def privileged(self) -> bool:
        """Whether the code that runs now is privileged: in a handler, or with CONTROL.nPRIV clear."""
        return bool(self.read_register(self.xpsr) & 0x1FF) or not self.read_register(self.control) & 1

    def protect(self, intervals: PermissionMap) -> None:
        """Lets the core access what these intervals allow; nothing is in the way if there are none."""
        state = self.state
        state.intervals = len(intervals)
        for index, interval in enumerate(intervals):
            state.protection[index] = interval
        self.memory.protect(intervals)

    # --- time

    @property
    def cycles(self) -> int:
        """Cycles since power-on, at the end of the block that runs."""
        return int(self.state.cycles)

    @property
    def now(self) -> int:
        """Cycles since power-on at the access being served, else between two instructions."""
        return int(self.state.access.cycles if self._windows.in_access else self.state.cycles)

    @property
    def is_in_access(self) -> bool:
        """Whether a register access by an instruction is being served."""
        return self._windows.in_access

    def finding(self, kind: FindingKind, sentence: str) -> Finding:
        """What there is to say of the instruction at the program counter."""
        at = self.program_counter
        return Finding(kind, at, at, Direction.FETCH, 2, self.memory.map.block_name(at), sentence)

    @property
    def access_program_counter(self) -> int:
        """Address of the instruction whose register access is being served."""
        return int(self.state.access.pc)

    @property
    def exception_cycles(self) -> int:
        """Since power-on, in entries and returns of exceptions."""
        return int(self.state.exceptions.cycles)

    def pass_cycles(self, count: int) -> None:
        """Adds cycles in which no instruction runs."""
        self.state.cycles += count
        self.state.waited += count
        if self._windows.in_access:
            self.state.access.cycles += count

    def spend_cycles(self, count: int) -> None:
        """Adds cycles of an exception's entry or return."""
        self.state.cycles += count
        self.state.exceptions.cycles += count

    def hurry(self, at: int) -> None:
        """Lowers the deadline of the running slice."""
        self.state.deadline = min(self.state.deadline, max(at, 0))

    def renew_deadline(self, next_alarm: int | None) -> None:
        """After alarms have been fired inside of a slice, the slice goes on to the next one."""
        if self._windows.in_access:
            at = self._slice_end if next_alarm is None else min(next_alarm, self._slice_end)
            self.state.deadline = at

    def forget_code(self) -> None:
        """Code in memory has changed: before the core runs on, what was made from it is dropped.

        Unicorn must not drop translated blocks while one of its callbacks runs.
        """
        self.state.code_changed = 1
        self.request_stop()

    def request_stop(self) -> None:
        """Ends the slice before the next block; safe from any thread."""
        self.state.wanted = 1
        # After that, for C takes this back first, and looks for whom it was then.
        self.state.stop = 1

    def request_look(self) -> None:
        """Lets exceptions be looked at before the next block."""
        self.state.stop = 1

    # --- running

    def _add_native_hook(self, kind: int, function: Any, data: Any = None) -> int:
        handle = ctypes.c_size_t()
        error = self._binding.uclib.uc_hook_add(
            self._engine._uch,
            ctypes.byref(handle),
            ctypes.c_int(kind),
            ctypes.c_void_p(address_of(function)),
            ctypes.c_void_p(self.shared.state_address if data is None else address_of(data)),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if error:
            raise self._unicorn.UcError(error)
        return handle.value

    def trap_division_by_zero(self, wanted: bool) -> None:
        """Whether a slice ends before a division by zero (CCR.DIV_0_TRP); counts from the next block on."""
        self._divide_trap_wanted = wanted
        if wanted != (self._divide_hook is not None):
            self.request_stop()

    def _place_divide_trap(self) -> None:
        """Never inside a callback of Unicorn."""
        if self._divide_trap_wanted == (self._divide_hook is not None):
            return
        if self._divide_hook is None:
            self._divide_hook = self._add_native_hook(self._unicorn.UC_HOOK_CODE, lib.divide_hook)
        else:
            self._binding.uclib.uc_hook_del(self._handle, ctypes.c_size_t(self._divide_hook))
            self._divide_hook = None
        self._engine.ctl_flush_tb()

    def count_events(self, wanted: bool) -> None:
        """Whether `events` are counted; from the next block on. With a profiler they always are."""
        self._events_wanted = wanted or self.profile is not None
        if self._events_wanted != self._events_counted:
            self.request_stop()

    def _place_event_hook(self) -> None:
        """Never inside a callback of Unicorn."""
        if self._events_wanted == self._events_counted:
            return
        self._events_counted = self._events_wanted
        self._binding.uclib.uc_hook_del(self._handle, ctypes.c_size_t(self.block_hook))
        function = lib.counted_block_hook if self._events_counted else self._block_function
        data = self.events.table if self.events is not None and self._events_counted else None
        self.block_hook = self._add_native_hook(self._unicorn.UC_HOOK_BLOCK, function, data)
        self._engine.ctl_flush_tb()

    def set_fpu_enabled(self, enabled: bool) -> None:
        """Whether FPU instructions run, or stop the slice (CPACR, PM0253 section 4.7.1)."""
        self.state.exceptions.fpu_enabled = enabled
        self.watch_fpu()

    def set_stir_for_all(self, allowed: bool) -> None:
        """Whether unprivileged code may write NVIC_STIR (CCR.USERSETMPEND)."""
        self.state.stir_for_all = int(allowed)

    def watch_fpu(self) -> None:
        """A slice stops before FPU instructions if the FPU is off, or its registers are to be stacked."""
        lib.watch_fpu(self.shared.state_pointer)

    def watch_unmask(self) -> None:
        """Ends the slice after the next instruction that may lower PRIMASK, FAULTMASK or BASEPRI."""
        self.state.watch_unmask = 1

    def forget_unmask(self) -> None:
        """An exception is entered: the block after the last unmask is to be stopped at again."""
        self.state.watch_unmask = self.state.unmask_seen = 0

    def run(self, slice_end: int, next_alarm: int | None) -> Stop:
        """Runs from `program_counter` until a cycle, a stop request, or something to decide."""
        state = self.state
        self._slice_end = slice_end
        state.deadline = slice_end if next_alarm is None else min(slice_end, next_alarm)
        error = self._emulate(0xFFFF_FFFF)
        self._raise_callback_error()
        return self._explain(error)

    def _raise_callback_error(self) -> None:
        if self._callback_error is not None:
            raised, self._callback_error = self._callback_error, None
            raise raised

    def step(self) -> Stop:
        """Executes one instruction at `program_counter`, whatever is due; one cycle, and what it waits."""
        state = self.state
        before, waited = state.cycles, state.waited
        events = self.events.at(None) if self.events is not None else None
        self._slice_end = state.deadline = before + (1 << 32)
        self.clear_stop()
        state.exceptions.natively = 0
        self._instructions = 0
        # Not Unicorn's own count of 1: after an exception return it reports that return again.
        hook = self._engine.hook_add(self._unicorn.UC_HOOK_CODE, self._on_instruction)
        self._engine.ctl_flush_tb()
        try:
            error = self._emulate(0xFFFF_FFFF)
        finally:
            self._engine.hook_del(hook)
            self._engine.ctl_flush_tb()
        self._raise_callback_error()
        executed = self._instructions > 1 and self.stops.breakpoint_hit is not None
        stop = Stop(StopReason.SLICE) if executed else self._explain(error)
        if executed:
            self.program_counter = self.stops.breakpoint_hit or 0
        if stop.reason in (StopReason.SLICE, StopReason.SLEEP):
            state.cycles = before + 1 + state.waited - waited
            if self.events is not None and events is not None:
                self.events.restore(events)
        return stop

    def _on_instruction(self, engine: Any, address: int, _size: int, _data: Any) -> None:
        self._instructions += 1
        if self._instructions > 1:
            self.stops.on_breakpoint(engine, address, _size, _data)

    def clear_stop(self) -> None:
        """Forgets a stop request; the run loop does so before it looks at what there is to do."""
        self.state.wanted = self.state.stop = 0

    def _emulate(self, until: int) -> int | None:
        """Runs Unicorn; the number of its error, or None."""
        if self.state.code_changed:
            self.state.code_changed = 0
            self.memory.forget_code()
        self.state.loop_key = 0
        if self.program_counter != self._left_at:
            # An exception, a reset or a debugger has moved the core: no branch has led there.
            self.blocks.interrupt()
        self.memory.settle()
        self.stops.place()
        self._place_divide_trap()
        self._place_event_hook()
        self.stops.breakpoint_hit = None
        self.before_run()
        if self.stops.any_wanted:
            self.state.exceptions.natively = 0
        self._engine._hook_exception = None
        error = lib.run_core(self.shared.state_pointer, self._engine_pointer, self.program_counter, until)
        if self._engine._hook_exception is not None:
            # Of a hook in Python, which the binding keeps for its own way to start.
            raise self._engine._hook_exception
        self.program_counter = self._left_at = self.state.program_counter
        if self.state.flash.notice:
            self.flash_noticed()
        return error or None

    def _explain(self, error: int | None) -> Stop:
        state = self.state
        if state.fault.kind:
            return self._bus_fault()
        if self.stops.breakpoint_hit is not None:
            state.divide_trap = 0
            self.program_counter = self.stops.breakpoint_hit
            self._unwind()
            return Stop(StopReason.BREAKPOINT)
        if state.divide_trap:
            self.program_counter = state.divide_trap
            state.divide_trap = 0
            self._unwind()
            return Stop(StopReason.DIVISION_BY_ZERO)
        if state.interrupt:
            return self._from_interrupt(state.interrupt - 1)
        if error is not None:
            if error != self._unicorn.UC_ERR_INSN_INVALID:
                raise self._unicorn.UcError(error)
            if self._bytes_at_pc(0, 2) == _THUMB_WFE:
                # Unicorn refuses WFE: the run loop does what it means.
                self._unwind(2)
                self.program_counter += 2
                return Stop(StopReason.WAIT_FOR_EVENT)
            if self._bytes_at_pc(-2, 2) == _THUMB_WFE:
                return Stop(StopReason.WAIT_FOR_EVENT)
            self._unwind()
            thumb = self.read_register(self.xpsr) & 1 << 24
            return Stop(StopReason.UNDEFINED if thumb else StopReason.INVALID_STATE)
        if state.fpu_trap:
            if state.exceptions.fpu_enabled:
                state.fpu_trap = 0
                return Stop(StopReason.LAZY_STACKING)
            return self._no_coprocessor()
        if not state.stop and self._follows_wfi():
            return Stop(StopReason.SLEEP)
        return Stop(StopReason.SLICE)

    def _follows_wfi(self) -> bool:
        return self._bytes_at_pc(-2, 2) == _THUMB_WFI or self._bytes_at_pc(-4, 4) == _THUMB2_WFI

    def follows_sev(self) -> bool:
        """Whether the instruction before the WFE just executed is SEV, which Unicorn takes for NOP."""
        return self._bytes_at_pc(-4, 2) == _THUMB_SEV

    def _bytes_at_pc(self, offset: int, length: int) -> bytes | None:
        return self.memory.read(self.program_counter + offset, length)

    def _unwind(self, executed_bytes: int = 0) -> None:
        """Takes back the cost of the part of the block that has not run."""
        first = self.program_counter + executed_bytes
        self._take_back_events(first)
        self.state.cycles -= self.blocks.cycles_left(first)

    def _take_back_events(self, first: int) -> None:
        if self.events is not None and self._events_counted:
            self.events.take_back(first)

    def _bus_fault(self) -> Stop:
        state = self.state
        kind = state.fault.kind
        state.fault.kind = 0
        address, size = state.fault.address, state.fault.size
        reason = StopReason.PROTECTION if state.fault.by_mpu else StopReason.BUS_FAULT
        if state.fault.unaligned:
            reason = StopReason.UNALIGNED
        state.fault.by_mpu = state.fault.unaligned = 0
        if kind in (lib.UC_MEM_FETCH_UNMAPPED, lib.UC_MEM_FETCH_PROT):
            if self.memory.is_external(address) and self._fetched_again != address:
                # Unicorn fetches before the block hook, which would have ended the slice: what the firmware
                # has just set up counts, once it has been laid over memory.
                self._fetched_again = address
                return Stop(StopReason.SLICE)
            self._fetched_again = None
            return Stop(reason, address, Direction.FETCH, size)
        writes = (lib.UC_MEM_WRITE_UNMAPPED, lib.UC_MEM_WRITE_PROT)
        # Unicorn goes on after a refused store inside an IT block: go back to that store.
        self.program_counter = state.fault.pc
        self._take_back_events(state.fault.pc)
        state.cycles = state.fault.cycles
        self.write_register(self.xpsr, state.fault.xpsr)
        return Stop(reason, address, Direction.WRITE if kind in writes else Direction.READ, size)

    def _from_interrupt(self, number: int) -> Stop:
        if number == _QEMU_SVC:
            return Stop(StopReason.SVC)
        if number == _QEMU_EXCEPTION_EXIT:
            return Stop(StopReason.EXCEPTION_RETURN)
        if number == _QEMU_PREFETCH_ABORT:
            return Stop(StopReason.BUS_FAULT, self.program_counter, Direction.FETCH, 2)
        reasons = {
            _QEMU_UNDEFINED: StopReason.UNDEFINED,
            _QEMU_BREAKPOINT: StopReason.BREAKPOINT,
            _QEMU_NO_COPROCESSOR: StopReason.NO_COPROCESSOR,
            _QEMU_INVALID_STATE: StopReason.INVALID_STATE,
        }
        if number not in reasons:
            raise self._unicorn.UcError(self._unicorn.UC_ERR_EXCEPTION)
        self._unwind()
        return Stop(reasons[number])

    def _no_coprocessor(self) -> Stop:
        """Runs up to the first FPU instruction of the block that the hook has refused."""
        state = self.state
        state.fpu_trap = 0
        state.exceptions.natively = 0
        self.clear_stop()
        position = self.program_counter
        end = state.block_address + state.block_size
        while position < end:
            first, second = struct.unpack("<2H", self.memory.read(position, 4) or b"\0\0\0\0")
            if first >= 0xE800:
                if first & 0xEC00 == 0xEC00 and (second >> 9) & 7 == 5:
                    break
                position += 2
            position += 2
        if position > self.program_counter:
            state.fpu_off = 0
            self._engine.ctl_flush_tb()
            error = self._emulate(position)
            self._engine.ctl_flush_tb()
            state.fpu_off = 1
            if error is not None or self.program_counter != position or state.interrupt:
                return self._explain(error)
        return Stop(StopReason.NO_COPROCESSOR)
