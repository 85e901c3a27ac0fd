"""The native part of the board: what runs for every basic block and every register access.

Unicorn calls these functions directly, without Python (numba compiles them). They and the Python
side share one page-aligned array, the arena:

    state words | cost table | executed | register map | flash | ITCM RAM | RAM | identity

- `block_hook` stops before a block when the deadline has passed or a stop is wanted, otherwise it
  adds the cost of the block to the cycle counter. With the timing model "instructions" the cost is
  the number of instructions; a later model only has to replace `_cost_of_block`. Code in flash
  waits there until flash is no longer busy (RM0385 section 3.3).
- `access_hook` sees every access that plain memory does not answer. It asks Unicorn for the exact
  program counter, works out the cycle count at that instruction, and lets the access through only
  if the register map knows a register there; otherwise the core gets a precise bus fault. A store
  into flash programs it, or sets an error flag of the FLASH controller.
- `peripheral_read` answers reads of FLASH_SR, which firmware polls once and more for every word that
  it programs, and leaves all other registers to Python.

Costs of blocks in flash are kept in a direct-mapped table. Which parts of flash have been executed is
kept as well: only when one of these is programmed, costs and translated blocks are to be dropped
(`Memory.forget_code`). Code in RAM may change at any time: it is counted from memory each time.
"""

import ctypes
import mmap
from typing import Any

import llvmlite.binding
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.extending import intrinsic
from unicorn.unicorn_py3 import unicorn as binding

from mcumatrix.vboard import memory_map

# --- indices of the 64-bit state words
CYCLES = 0
DEADLINE = 1
STOP = 2
BLOCK_ADDRESS = 3
BLOCK_SIZE = 4
WATCH_UNMASK = 5
FPU_OFF = 6
FPU_TRAP = 7
ACCESS_PC = 8
ACCESS_XPSR = 9
ACCESS_CYCLES = 10
FAULT_TYPE = 11
FAULT_ADDRESS = 12
FAULT_SIZE = 13
FAULT_PC = 14
FAULT_XPSR = 15
FAULT_CYCLES = 16
UNMASK_SEEN = 17
# Code in memory has changed: translated blocks and costs are to be dropped before the core runs on.
CODE_CHANGED = 18
# Cycles since power-on in which the core waited: no instruction ran.
WAITED = 19
# Address of the C function that reads a register of a peripheral in Python.
READ_REGISTER = 20
# The FLASH controller: CR, the flags of SR without BSY, whether an operation has begun whose end has
# not been seen yet, the cycle at which it ends, cycles that programming takes, and how often the
# contents have changed.
FLASH_CONTROL = 21
FLASH_STATUS = 22
FLASH_PENDING = 23
FLASH_BUSY_UNTIL = 24
FLASH_PROGRAM_CYCLES = 25
FLASH_CHANGES = 26
# Flags that Python has to look at after the slice, and the latest store that set one of them.
FLASH_NOTICE = 27
FLASH_NOTICE_ADDRESS = 28
FLASH_NOTICE_SIZE = 29
FLASH_NOTICE_PC = 30
FLASH_NOTICE_CONTROL = 31
# The bytes in which Unicorn repeats an unaligned store.
FLASH_REPEAT_NEXT = 32
FLASH_REPEAT_END = 33
# Faults on purpose: BSY stays, nothing is programmed, an address that gets a wrong bit (0: none).
FLASH_STAYS_BUSY = 34
FLASH_FAILS = 35
FLASH_FLIP = 36
STATE_BYTES = 4096

# --- byte offsets in the arena; all are multiples of a page
COST_ENTRIES = 1 << 15
COSTS = STATE_BYTES
EXECUTED = COSTS + COST_ENTRIES * 16
EXECUTED_SHIFT = 8  # one byte stands for 256 bytes of flash
EXECUTED_BYTES = memory_map.FLASH_SIZE_BYTES >> EXECUTED_SHIFT
REGISTER_MAP = EXECUTED + EXECUTED_BYTES
PERIPHERAL_WORDS = memory_map.PERIPHERAL_SIZE_BYTES // 4
PPB_WORDS = memory_map.PPB_SIZE_BYTES // 4
FLASH = REGISTER_MAP + PERIPHERAL_WORDS + PPB_WORDS
ITCM = FLASH + memory_map.FLASH_SIZE_BYTES
RAM = ITCM + memory_map.ITCM_SIZE_BYTES
IDENTITY = RAM + memory_map.RAM_SIZE_BYTES
ARENA_BYTES = IDENTITY + memory_map.IDENTITY_SIZE_BYTES

STORAGE_OFFSET = {
    memory_map.Storage.FLASH: FLASH,
    memory_map.Storage.ITCM: ITCM,
    memory_map.Storage.RAM: RAM,
    memory_map.Storage.IDENTITY: IDENTITY,
}

# --- numbers of Unicorn's public interface (unicorn_const, arm_const)
REG_PC = 11
REG_XPSR = 120
ACCESS_WRITE_UNMAPPED, ACCESS_FETCH_UNMAPPED, ACCESS_WRITE_PROT, ACCESS_READ_PROT = 20, 21, 22, 23
ACCESS_FETCH_PROT = 24

# IT/ICI bits of xPSR (PM0253 section 2.1.3): Unicorn leaves them behind when it looks up the
# program counter in the middle of a block (unicorn issue 2309), so they have to be cleared.
IT_BITS = 0x0600_FC00

# FLASH_SR and FLASH_CR (RM0385 sections 3.7.4 and 3.7.5).
FLASH_SR = 0x4002_3C0C
EOP, OPERR, WRPERR, PGAERR, PGPERR, ERSERR, BSY = 1 << 0, 1 << 1, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 16
PG, SER, MER, STRT, EOPIE, ERRIE, LOCK = 1 << 0, 1 << 1, 1 << 2, 1 << 16, 1 << 24, 1 << 25, 1 << 31
SNB_SHIFT, PSIZE_SHIFT = 3, 8

_FLASH_BASE = memory_map.FLASH_BASE
_FLASH_END = memory_map.FLASH_BASE + memory_map.FLASH_SIZE_BYTES
_FLASH_ITCM_BASE = memory_map.FLASH_ITCM_BASE
_FLASH_ITCM_END = memory_map.FLASH_ITCM_BASE + memory_map.FLASH_SIZE_BYTES
_ITCM_END = memory_map.ITCM_SIZE_BYTES
_RAM_BASE = memory_map.RAM_BASE
_RAM_END = memory_map.RAM_BASE + memory_map.RAM_SIZE_BYTES
_PERIPHERAL_BASE = memory_map.PERIPHERAL_BASE
_PERIPHERAL_END = memory_map.PERIPHERAL_BASE + memory_map.PERIPHERAL_SIZE_BYTES
_PPB_BASE = memory_map.PPB_BASE
_PPB_END = memory_map.PPB_BASE + memory_map.PPB_SIZE_BYTES
_STATUS_OFFSET = FLASH_SR - _PERIPHERAL_BASE


def _unicorn_function(name: str, *arguments: Any) -> Any:
    """A function of Unicorn's C library that compiled code may call; bound by name, so that it caches."""
    symbol = f"mcumatrix_{name}"
    address = ctypes.cast(getattr(binding.uclib, name), ctypes.c_void_p).value
    llvmlite.binding.add_symbol(symbol, address)
    return types.ExternalFunction(symbol, types.int32(*arguments))


_stop = _unicorn_function("uc_emu_stop", types.uint64)
_reg_read = _unicorn_function("uc_reg_read", types.uint64, types.int32, types.uint64)
_reg_write = _unicorn_function("uc_reg_write", types.uint64, types.int32, types.uint64)


@intrinsic  # type: ignore[untyped-decorator]
def _call_python(_typing: Any, function: Any, engine: Any, offset: Any, size: Any) -> Any:
    """Calls the C function at an address with the arguments of a Unicorn MMIO read."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        place, *passed = arguments
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [argument.type for argument in passed] + [word])
        return builder.call(builder.inttoptr(place, kind.as_pointer()), [*passed, ir.Constant(word, 0)])

    return types.uint64(function, engine, offset, size), generate


def new_arena(more_bytes: int = 0) -> npt.NDArray[np.uint8]:
    """An arena of zeros whose first byte stands on a page of the host; flash is erased (0xFF).

    `more_bytes` follow it: the tables of native_profile.py.
    """
    # A mapping of its own: flash can be a file mapped over a part of it, which goes with the whole.
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    arena = np.frombuffer(mmap.mmap(-1, ARENA_BYTES + more_bytes, flags=private), np.uint8)
    arena[FLASH : FLASH + memory_map.FLASH_SIZE_BYTES] = 0xFF
    return arena


@njit(inline="always")  # type: ignore[untyped-decorator]
def _arena_offset(address: Any) -> Any:
    """Where code at an address of the target stands in the arena; -1 when it is not memory."""
    if _FLASH_BASE <= address < _FLASH_END:
        return FLASH + (address - _FLASH_BASE)
    if _RAM_BASE <= address < _RAM_END:
        return RAM + (address - _RAM_BASE)
    if address < _ITCM_END:
        return ITCM + address
    if _FLASH_ITCM_BASE <= address < _FLASH_ITCM_END:
        return FLASH + (address - _FLASH_ITCM_BASE)
    return -1


@njit(inline="always")  # type: ignore[untyped-decorator]
def _count_instructions(halfwords: Any, address: Any, size: Any) -> Any:
    """Instructions in `size` bytes of Thumb code (Arm v7-M ARM, section A5.1).

    A halfword whose top five bits are 0b11101, 0b11110 or 0b11111 starts a 32-bit instruction.
    """
    offset = _arena_offset(np.int64(address))
    if offset < 0 or size <= 0:
        return 0
    index = offset >> 1
    end = index + (size >> 1)
    count = 0
    while index < end:
        count += 1
        index += 2 if halfwords[index] >= 0xE800 else 1
    return count


@njit(inline="always")  # type: ignore[untyped-decorator]
def _cost_of_block(halfwords: Any, address: Any, size: Any) -> Any:
    """Cycles that one run through a block takes: timing model "instructions", one per instruction."""
    return _count_instructions(halfwords, address, size)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _uses_fpu(halfwords: Any, address: Any, size: Any) -> Any:
    """Whether a block holds an instruction of coprocessor 10 or 11 (the FPU)."""
    offset = _arena_offset(np.int64(address))
    if offset < 0:
        return False
    index = offset >> 1
    end = index + (size >> 1)
    while index < end:
        first = halfwords[index]
        if first >= 0xE800:
            if (first & 0xEC00) == 0xEC00 and ((halfwords[index + 1] >> 9) & 7) == 5:
                return True
            index += 2
        else:
            index += 1
    return False


@njit(inline="always")  # type: ignore[untyped-decorator]
def _follows_unmask(halfwords: Any, address: Any) -> Any:
    """Whether the instruction before an address may have lowered an interrupt mask.

    CPSIE is 0xB66x, MSR is 0xF38n 0x88xx (Arm v7-M ARM, sections B5.2.1 and B5.2.3).
    """
    offset = _arena_offset(np.int64(address) - 4)
    if offset < 0:
        return True
    index = offset >> 1
    return (halfwords[index + 1] & 0xFFF0) == 0xB660 or (halfwords[index] & 0xFFF0) == 0xF380


@njit(inline="always")  # type: ignore[untyped-decorator]
def _word(arena: Any, index: Any) -> Any:
    """One 64-bit word of the arena."""
    return carray(arena, (ARENA_BYTES // 8,), np.uint64)[index]


@njit(inline="always")  # type: ignore[untyped-decorator]
def _store_cost(arena: Any, index: Any, key: Any, cost: Any) -> None:
    """Writes one entry of the cost table."""
    words = carray(arena, (ARENA_BYTES // 8,), np.uint64)
    words[index] = key
    words[index + 1] = cost


@njit  # type: ignore[untyped-decorator]
def _note_executed(memory: Any, address: Any, size: Any) -> None:
    """Unicorn has translated a block: if it stands in flash, its place is remembered."""
    first = _arena_offset(np.int64(address)) - FLASH
    last = first + np.int64(size) - 1
    if first >= 0 and last < memory_map.FLASH_SIZE_BYTES:
        for part in range(first >> EXECUTED_SHIFT, (last >> EXECUTED_SHIFT) + 1):
            memory[EXECUTED + part] = 1


@cfunc(types.void(types.uint64, types.uint64, types.uint32, types.voidptr), cache=True)  # type: ignore[untyped-decorator]
def block_hook(engine: Any, address: Any, size: Any, arena: Any) -> None:
    """Runs before every basic block (UC_HOOK_BLOCK)."""
    state = carray(arena, (STATE_BYTES // 8,), np.uint64)
    halfwords = carray(arena, (ARENA_BYTES // 2,), np.uint16)
    stands_in_flash = _ITCM_END <= address < _RAM_BASE
    slot = COSTS // 8 + 2 * ((np.int64(address) >> 1) & (COST_ENTRIES - 1))
    if stands_in_flash:
        key = (address << np.uint64(16)) | np.uint64(size)
        if _word(arena, slot) != key:
            _note_executed(carray(arena, (ARENA_BYTES,), np.uint8), address, size)
            _store_cost(arena, slot, key, np.uint64(_cost_of_block(halfwords, address, size)))
        if state[CYCLES] < state[FLASH_BUSY_UNTIL]:
            state[WAITED] += state[FLASH_BUSY_UNTIL] - state[CYCLES]
            state[CYCLES] = state[FLASH_BUSY_UNTIL]
    if state[CYCLES] >= state[DEADLINE] or state[STOP] != 0:
        _stop(engine)
        return
    if state[WATCH_UNMASK] != 0 and _follows_unmask(halfwords, address):
        if state[UNMASK_SEEN] != address:
            state[UNMASK_SEEN] = address
            state[WATCH_UNMASK] = 0
            state[STOP] = 1
            _stop(engine)
            return
        state[UNMASK_SEEN] = 0
    if state[FPU_OFF] != 0 and _uses_fpu(halfwords, address, size):
        state[FPU_TRAP] = 1
        state[STOP] = 1
        state[BLOCK_ADDRESS] = address
        state[BLOCK_SIZE] = size
        _stop(engine)
        return
    state[BLOCK_ADDRESS] = address
    state[BLOCK_SIZE] = size
    if stands_in_flash:
        state[CYCLES] += _word(arena, slot + 1)
    else:
        state[CYCLES] += np.uint64(_cost_of_block(halfwords, address, size))


@njit(inline="always")  # type: ignore[untyped-decorator]
def _pass_cycles(state: Any, until: Any) -> None:
    """Lets time pass in the middle of an access, up to a cycle."""
    if until > state[ACCESS_CYCLES]:
        state[WAITED] += until - state[ACCESS_CYCLES]
        state[CYCLES] += until - state[ACCESS_CYCLES]
        state[ACCESS_CYCLES] = until


@njit(inline="always")  # type: ignore[untyped-decorator]
def _end_operation(state: Any) -> None:
    """The operation of the FLASH controller is over; EOP needs EOPIE (RM0385 section 3.7.4)."""
    state[FLASH_PENDING] = 0
    if state[FLASH_CONTROL] & np.uint64(EOPIE) != 0:
        state[FLASH_STATUS] |= np.uint64(EOP)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _flash_status(state: Any) -> Any:
    """What a read of FLASH_SR gives. Who reads it while flash is busy waits: time goes on to the end.

    It goes no further than the deadline, so that interrupts come in time. If flash stays busy on purpose,
    a read lets the time of programming a word pass, so that timeouts come.
    """
    busy_until = state[FLASH_BUSY_UNTIL]
    if state[ACCESS_CYCLES] < busy_until:
        _pass_cycles(state, min(busy_until, state[DEADLINE]))
        return state[FLASH_STATUS] | np.uint64(BSY)
    if state[FLASH_PENDING] != 0:
        if state[FLASH_STAYS_BUSY] != 0:
            _pass_cycles(state, min(state[ACCESS_CYCLES] + state[FLASH_PROGRAM_CYCLES], state[DEADLINE]))
            return state[FLASH_STATUS] | np.uint64(BSY)
        _end_operation(state)
    return state[FLASH_STATUS]


@njit(inline="always")  # type: ignore[untyped-decorator]
def _refusal(state: Any, address: Any, size: Any) -> Any:
    """The error flags that a store into flash sets (RM0385 section 3.7.4); 0 if it is right."""
    control = np.int64(state[FLASH_CONTROL])
    flags = 0
    if control & (LOCK | PG | SER | MER) != PG:
        flags = ERSERR
    else:
        if size != 1 << (control >> PSIZE_SHIFT & 3):
            flags |= PGPERR
        if np.int64(address) & (size - 1) != 0:
            flags |= PGAERR
        if flags == 0 and state[FLASH_FAILS] != 0:
            flags = WRPERR
    if flags != 0 and control & ERRIE != 0:
        flags |= OPERR
    return np.uint64(flags)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _program(state: Any, memory: Any, address: Any, size: Any, value: Any) -> Any:
    """A store into flash at the cycle of the access: it waits, then clears bits or sets error flags.

    Returns what Python has to look at: flags that were not set before, and EOP when an operation has
    begun whose end may interrupt.
    """
    _pass_cycles(state, state[FLASH_BUSY_UNTIL])
    if state[FLASH_PENDING] != 0 and state[FLASH_STAYS_BUSY] == 0:
        _end_operation(state)
    flags = _refusal(state, address, size)
    if flags != 0:
        new = flags & ~state[FLASH_STATUS]
        state[FLASH_STATUS] |= flags
        return new
    offset = np.int64(address) - _FLASH_BASE
    first = FLASH + offset
    for index in range(size):
        memory[first + index] &= np.uint8((value >> (8 * index)) & 0xFF)
        if state[FLASH_FLIP] == address + np.uint64(index):
            memory[first + index] ^= np.uint8(1)
            state[FLASH_FLIP] = 0
    if memory[EXECUTED + (offset >> EXECUTED_SHIFT)] != 0:
        state[CODE_CHANGED] = 1
    state[FLASH_CHANGES] += np.uint64(1)
    state[FLASH_PENDING] = 1
    state[FLASH_BUSY_UNTIL] = state[ACCESS_CYCLES] + state[FLASH_PROGRAM_CYCLES]
    return np.uint64(EOP) if state[FLASH_CONTROL] & np.uint64(EOPIE) != 0 else np.uint64(0)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _store_in_flash(state: Any, memory: Any, address: Any, size: Any, value: Any) -> None:
    """A store of the core into flash."""
    if state[FAULT_TYPE] != 0:
        return  # Unicorn goes on after an access that was refused; the core does not.
    if size == 1 and address == state[FLASH_REPEAT_NEXT] and address < state[FLASH_REPEAT_END]:
        # Unicorn repeats an unaligned store byte by byte; the whole of it has been refused.
        state[FLASH_REPEAT_NEXT] += np.uint64(1)
        return
    state[FLASH_REPEAT_NEXT] = state[FLASH_REPEAT_END] = 0
    if np.int64(address) & (size - 1) != 0:
        state[FLASH_REPEAT_NEXT] = address
        state[FLASH_REPEAT_END] = address + np.uint64(size)
    control = state[FLASH_CONTROL]
    notice = _program(state, memory, address, size, value)
    if notice != 0:
        state[FLASH_NOTICE] |= notice
        state[FLASH_NOTICE_ADDRESS] = address
        state[FLASH_NOTICE_SIZE] = np.uint64(size)
        state[FLASH_NOTICE_PC] = state[ACCESS_PC]
        state[FLASH_NOTICE_CONTROL] = control
        state[STOP] = 1


@cfunc(types.uint64(types.uint64, types.int32, types.uint64, types.voidptr), cache=True)  # type: ignore[untyped-decorator]
def program_flash(address: Any, size: Any, value: Any, arena: Any) -> Any:
    """A store into flash from outside, while the core stands still; returns what `_program` does."""
    state = carray(arena, (STATE_BYTES // 8,), np.uint64)
    state[ACCESS_CYCLES] = state[CYCLES]
    return _program(state, carray(arena, (ARENA_BYTES,), np.uint8), address, np.int64(size), value)


@cfunc(types.uint64(types.uint64, types.uint64, types.uint32, types.voidptr), cache=True)  # type: ignore[untyped-decorator]
def peripheral_read(engine: Any, offset: Any, size: Any, arena: Any) -> Any:
    """A load from the window of the peripherals, after `access_hook` has let it through."""
    state = carray(arena, (STATE_BYTES // 8,), np.uint64)
    byte = np.int64(offset) - _STATUS_OFFSET
    if 0 <= byte < 4:
        return (_flash_status(state) >> np.uint64(8 * byte)) & np.uint64((1 << (8 * np.int64(size))) - 1)
    return _call_python(state[READ_REGISTER], engine, offset, size)


@cfunc(  # type: ignore[untyped-decorator]
    types.uint8(types.uint64, types.int32, types.uint64, types.int32, types.int64, types.voidptr), cache=True
)
def access_hook(  # noqa: PLR0917
    engine: Any, kind: Any, address: Any, size: Any, value: Any, arena: Any
) -> Any:
    """Runs for every access outside of plain memory (UC_HOOK_MEM_INVALID); 1 lets it through.

    What is let through to flash ends there: it is read-only to Unicorn, which drops the store.
    """
    state = carray(arena, (STATE_BYTES // 8,), np.uint64)
    base = np.uint64(state.ctypes.data)
    halfwords = carray(arena, (ARENA_BYTES // 2,), np.uint16)
    memory = carray(arena, (ARENA_BYTES,), np.uint8)
    _reg_read(engine, REG_PC, base + np.uint64(8 * ACCESS_PC))
    _reg_read(engine, REG_XPSR, base + np.uint64(8 * ACCESS_XPSR))
    program_counter = np.int64(state[ACCESS_PC])
    block_end = np.int64(state[BLOCK_ADDRESS]) + np.int64(state[BLOCK_SIZE])
    left = _cost_of_block(halfwords, program_counter, block_end - program_counter)
    state[ACCESS_CYCLES] = state[CYCLES] - np.uint64(left)
    if kind in (ACCESS_READ_PROT, ACCESS_WRITE_PROT):
        word = np.int64(-1)
        if _PERIPHERAL_BASE <= address < _PERIPHERAL_END:
            word = REGISTER_MAP + ((np.int64(address) - _PERIPHERAL_BASE) >> 2)
        elif _PPB_BASE <= address < _PPB_END:
            word = REGISTER_MAP + PERIPHERAL_WORDS + ((np.int64(address) - _PPB_BASE) >> 2)
        in_flash = kind == ACCESS_WRITE_PROT and _FLASH_BASE <= address < _FLASH_END
        if in_flash:
            _store_in_flash(state, memory, address, np.int64(size), value)
        if in_flash or (word >= 0 and memory[word] != 0):
            if state[ACCESS_XPSR] & np.uint64(IT_BITS) != 0:
                state[ACCESS_XPSR] &= np.uint64(0xFFFFFFFF ^ IT_BITS)
                _reg_write(engine, REG_XPSR, base + np.uint64(8 * ACCESS_XPSR))
            return 1
    if state[FAULT_TYPE] == 0:
        state[FAULT_TYPE] = np.uint64(kind)
        state[FAULT_ADDRESS] = address
        state[FAULT_SIZE] = np.uint64(size)
        state[FAULT_PC] = state[ACCESS_PC]
        state[FAULT_XPSR] = state[ACCESS_XPSR]
        state[FAULT_CYCLES] = state[ACCESS_CYCLES]
    state[STOP] = 1
    return 0
