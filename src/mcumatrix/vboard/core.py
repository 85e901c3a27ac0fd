"""The Cortex-M7 as Unicorn runs it: memory, registers, one slice at a time.

Unicorn decodes and executes; what a Cortex-M7 does beyond that (exceptions, sleep, faults) is
decided by the run loop in board.py from the `Stop` that `Core.run` returns.
"""

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from mcumatrix.vboard import memory_map, native
from mcumatrix.vboard.findings import Direction
from mcumatrix.vboard.memory import Memory

ReadCallback = Callable[[int, int], int]
WriteCallback = Callable[[int, int, int], None]

# Exception numbers of QEMU's Arm target (target/arm/cpu.h), as Unicorn hands them to an interrupt hook.
_QEMU_UNDEFINED, _QEMU_SVC, _QEMU_PREFETCH_ABORT, _QEMU_DATA_ABORT = 1, 2, 3, 4
_QEMU_BREAKPOINT, _QEMU_EXCEPTION_EXIT, _QEMU_NO_COPROCESSOR, _QEMU_INVALID_STATE = 7, 8, 17, 18

_THUMB_WFI = b"\x30\xbf"
_THUMB2_WFI = b"\xaf\xf3\x03\x80"
_THUMB_WFE = b"\x20\xbf"


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
    BUS_FAULT = auto()


@dataclass(frozen=True, slots=True)
class Stop:
    """How a slice ended; address, direction and size belong to a bus fault."""

    reason: StopReason
    address: int = 0
    direction: Direction = Direction.READ
    size_bytes: int = 0


class Core:
    """One Cortex-M7 with its memory. Not thread-safe: one thread at a time may touch it."""

    def __init__(self) -> None:
        import unicorn
        from unicorn import arm_const
        from unicorn.unicorn_py3 import unicorn as binding

        self._unicorn = unicorn
        library = binding.uclib
        self.arena = native.new_arena()
        self.state = memoryview(self.arena[: native.STATE_BYTES]).cast("B").cast("Q")  # type: ignore[arg-type]
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        self._engine = engine
        self.memory = Memory(engine, self.arena)
        for kind, function in (
            (unicorn.UC_HOOK_BLOCK, native.block_hook),
            (unicorn.UC_HOOK_MEM_INVALID, native.access_hook),
        ):
            self._add_native_hook(library, kind, function)
        engine.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        self._interrupt: int | None = None
        self._in_access = False
        self._slice_end = 0
        self._callback_error: BaseException | None = None
        self.program_counter = 0
        r = arm_const
        self.r = tuple(r.UC_ARM_REG_R0 + number for number in range(13))
        self.s = tuple(r.UC_ARM_REG_S0 + number for number in range(32))
        self.caller_saved = (*self.r[:4], r.UC_ARM_REG_R12, r.UC_ARM_REG_LR)
        self.sp, self.lr, self.pc = r.UC_ARM_REG_SP, r.UC_ARM_REG_LR, r.UC_ARM_REG_PC
        self.msp, self.psp, self.xpsr = r.UC_ARM_REG_MSP, r.UC_ARM_REG_PSP, r.UC_ARM_REG_XPSR
        self.control, self.fpscr = r.UC_ARM_REG_CONTROL, r.UC_ARM_REG_FPSCR
        self.primask, self.basepri = r.UC_ARM_REG_PRIMASK, r.UC_ARM_REG_BASEPRI
        self.faultmask = r.UC_ARM_REG_FAULTMASK
        # Straight to the C library: the binding's own access is ten times slower.
        self._register_value = ctypes.c_uint64()
        self._register_place = ctypes.byref(self._register_value)
        self._reg_read, self._reg_write = library.uc_reg_read, library.uc_reg_write
        self._handle = engine._uch

    def read_register(self, register: int) -> int:
        """A 32-bit register of the core, by Unicorn's number."""
        self._register_value.value = 0
        self._reg_read(self._handle, register, self._register_place)
        return self._register_value.value

    def write_register(self, register: int, value: int) -> None:
        """Sets a 32-bit register of the core."""
        self._register_value.value = value & 0xFFFF_FFFF
        self._reg_write(self._handle, register, self._register_place)

    # --- registers of peripherals

    def map_registers(self, base: int, size_bytes: int, read: ReadCallback, write: WriteCallback) -> None:
        """Sends accesses of a window to `read(address, size)` and `write(address, size, value)`.

        Only registers announced with `announce_registers` get through; the rest is a bus fault.
        """

        def on_read(_engine: Any, offset: int, size: int, _data: Any) -> int:
            self._in_access = True
            try:
                return read(base + offset, size)
            except BaseException as error:
                self._fail(error)
                return 0
            finally:
                self._in_access = False

        def on_write(_engine: Any, offset: int, size: int, value: int, _data: Any) -> None:
            self._in_access = True
            try:
                write(base + offset, size, value)
            except BaseException as error:
                self._fail(error)
            finally:
                self._in_access = False

        self._engine.mmio_map(base, size_bytes, on_read, None, on_write, None)
        # Without permissions every access goes through the native access hook first.
        self._engine.mem_protect(base, size_bytes, self._unicorn.UC_PROT_NONE)

    def _fail(self, error: BaseException) -> None:
        """An error of our own inside a callback: Unicorn cannot carry it, so run() raises it."""
        self._callback_error = self._callback_error or error
        self.request_stop()

    def announce_registers(self, address: int, size_bytes: int) -> None:
        """Lets accesses to a range of modelled registers through."""
        if address >= memory_map.PPB_BASE:
            first = native.REGISTER_MAP + native.PERIPHERAL_WORDS + (address - memory_map.PPB_BASE) // 4
        else:
            first = native.REGISTER_MAP + (address - memory_map.PERIPHERAL_BASE) // 4
        self.arena[first : first + (size_bytes + 3) // 4] = 1

    # --- time

    @property
    def cycles(self) -> int:
        """Cycles since power-on, at the end of the block that runs."""
        return self.state[native.CYCLES]

    @property
    def now(self) -> int:
        """Cycles since power-on at the access being served, else between two instructions."""
        return self.state[native.ACCESS_CYCLES if self._in_access else native.CYCLES]

    @property
    def access_program_counter(self) -> int:
        """Address of the instruction whose register access is being served."""
        return self.state[native.ACCESS_PC]

    def pass_cycles(self, count: int) -> None:
        """Adds cycles in which no instruction runs."""
        self.state[native.CYCLES] += count
        if self._in_access:
            self.state[native.ACCESS_CYCLES] += count

    def hurry(self, at: int) -> None:
        """Lowers the deadline of the running slice."""
        self.state[native.DEADLINE] = min(self.state[native.DEADLINE], max(at, 0))

    def renew_deadline(self, next_alarm: int | None) -> None:
        """After alarms have been fired inside of a slice, the slice goes on to the next one."""
        if self._in_access:
            at = self._slice_end if next_alarm is None else min(next_alarm, self._slice_end)
            self.state[native.DEADLINE] = at

    def request_stop(self) -> None:
        """Ends the slice before the next block; safe from any thread."""
        self.state[native.STOP] = 1

    # --- running

    def _add_native_hook(self, library: Any, kind: int, function: Any) -> None:
        handle = ctypes.c_size_t()
        error = library.uc_hook_add(
            self._engine._uch,
            ctypes.byref(handle),
            ctypes.c_int(kind),
            ctypes.c_void_p(function.address),
            ctypes.c_void_p(self.arena.ctypes.data),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if error:
            raise self._unicorn.UcError(error)

    def _on_interrupt(self, engine: Any, number: int, _data: Any) -> None:
        self._interrupt = number
        engine.emu_stop()

    def set_fpu_enabled(self, enabled: bool) -> None:
        """Whether FPU instructions run, or stop the slice (CPACR, PM0253 section 4.7.1)."""
        self.state[native.FPU_OFF] = 0 if enabled else 1

    def watch_unmask(self) -> None:
        """Ends the slice after the next instruction that may lower PRIMASK, FAULTMASK or BASEPRI."""
        self.state[native.WATCH_UNMASK] = 1

    def forget_unmask(self) -> None:
        """An exception is entered: the block after the last unmask is to be stopped at again."""
        self.state[native.WATCH_UNMASK] = self.state[native.UNMASK_SEEN] = 0

    def run(self, slice_end: int, next_alarm: int | None) -> Stop:
        """Runs from `program_counter` until a cycle, a stop request, or something to decide."""
        state = self.state
        self._slice_end = slice_end
        state[native.DEADLINE] = slice_end if next_alarm is None else min(slice_end, next_alarm)
        self._interrupt = None
        error = self._emulate(0xFFFF_FFFF)
        if self._callback_error is not None:
            raised, self._callback_error = self._callback_error, None
            raise raised
        return self._explain(error)

    def clear_stop(self) -> None:
        """Forgets a stop request; the run loop does so before it looks at what there is to do."""
        self.state[native.STOP] = 0

    def _emulate(self, until: int) -> int | None:
        """Runs Unicorn; the number of its error, or None."""
        try:
            self._engine.emu_start(self.program_counter | 1, until)
            error = None
        except self._unicorn.UcError as raised:
            error = raised.errno
        self.program_counter = self.read_register(self.pc)
        return error

    def _explain(self, error: int | None) -> Stop:
        state = self.state
        if state[native.FAULT_TYPE]:
            return self._bus_fault()
        if self._interrupt is not None:
            return self._from_interrupt(self._interrupt)
        if error is not None:
            if error != self._unicorn.UC_ERR_INSN_INVALID:
                raise self._unicorn.UcError(error)
            if self._bytes_at_pc(0, 2) == _THUMB_WFE:
                # Unicorn refuses WFE; waking up at once is allowed (Arm v7-M ARM, section B1.5.18).
                self._unwind(2)
                self.program_counter += 2
                return Stop(StopReason.SLICE)
            if self._bytes_at_pc(-2, 2) == _THUMB_WFE:
                return Stop(StopReason.SLICE)
            self._unwind()
            thumb = self.read_register(self.xpsr) & 1 << 24
            return Stop(StopReason.UNDEFINED if thumb else StopReason.INVALID_STATE)
        if state[native.FPU_TRAP]:
            return self._no_coprocessor()
        if not state[native.STOP] and (
            self._bytes_at_pc(-2, 2) == _THUMB_WFI or self._bytes_at_pc(-4, 4) == _THUMB2_WFI
        ):
            return Stop(StopReason.SLEEP)
        return Stop(StopReason.SLICE)

    def _bytes_at_pc(self, offset: int, length: int) -> bytes | None:
        return self.memory.read(self.program_counter + offset, length)

    def _unwind(self, executed_bytes: int = 0) -> None:
        """Takes back the cost of the part of the block that has not run."""
        end = self.state[native.BLOCK_ADDRESS] + self.state[native.BLOCK_SIZE]
        first = self.program_counter + executed_bytes
        if self.state[native.BLOCK_ADDRESS] <= self.program_counter < end:
            self.state[native.CYCLES] -= self.count_instructions(first, end - first)

    def count_instructions(self, address: int, size_bytes: int) -> int:
        """Instructions in a range of Thumb code."""
        code = self.memory.read(address, size_bytes) or b""
        count = position = 0
        while position + 1 < len(code):
            position += 4 if code[position + 1] >= 0xE8 else 2
            count += 1
        return count

    def _bus_fault(self) -> Stop:
        state = self.state
        kind = state[native.FAULT_TYPE]
        state[native.FAULT_TYPE] = 0
        address, size = state[native.FAULT_ADDRESS], state[native.FAULT_SIZE]
        if kind in (native.ACCESS_FETCH_UNMAPPED, native.ACCESS_FETCH_PROT):
            return Stop(StopReason.BUS_FAULT, address, Direction.FETCH, size)
        writes = (native.ACCESS_WRITE_UNMAPPED, native.ACCESS_WRITE_PROT)
        # Unicorn goes on after a refused store inside an IT block: go back to that store.
        self.program_counter = state[native.FAULT_PC]
        state[native.CYCLES] = state[native.FAULT_CYCLES]
        self.write_register(self.xpsr, state[native.FAULT_XPSR])
        return Stop(
            StopReason.BUS_FAULT, address, Direction.WRITE if kind in writes else Direction.READ, size
        )

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
        state[native.FPU_TRAP] = 0
        state[native.STOP] = 0
        position = self.program_counter
        end = state[native.BLOCK_ADDRESS] + state[native.BLOCK_SIZE]
        while position < end:
            first, second = struct.unpack("<2H", self.memory.read(position, 4) or b"\0\0\0\0")
            if first >= 0xE800:
                if first & 0xEC00 == 0xEC00 and (second >> 9) & 7 == 5:
                    break
                position += 2
            position += 2
        if position > self.program_counter:
            state[native.FPU_OFF] = 0
            self._engine.ctl_flush_tb()
            error = self._emulate(position)
            self._engine.ctl_flush_tb()
            state[native.FPU_OFF] = 1
            if error is not None or self.program_counter != position or self._interrupt is not None:
                return self._explain(error)
        return Stop(StopReason.NO_COPROCESSOR)
