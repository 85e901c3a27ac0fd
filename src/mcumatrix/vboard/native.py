"""The native part of the board: what runs for every basic block and every register access.

Unicorn calls these two functions directly, without Python (numba compiles them). They and the
Python side share one page-aligned array, the arena:

    state words | cost table | register map | flash | ITCM RAM | RAM | identity

- `block_hook` stops before a block when the deadline has passed or a stop is wanted, otherwise it
  adds the cost of the block to the cycle counter. With the timing model "instructions" the cost is
  the number of instructions; a later model only has to replace `_cost_of_block`.
- `access_hook` sees every access that plain memory does not answer. It asks Unicorn for the exact
  program counter, works out the cycle count at that instruction, and lets the access through only
  if the register map knows a register there; otherwise the core gets a precise bus fault.

Costs of blocks in flash are kept in a direct-mapped table (flash does not change while the
firmware runs). Code in RAM may change at any time: it is counted from memory each time.
"""

import ctypes
from typing import Any

import llvmlite.binding
import numpy as np
import numpy.typing as npt
from numba import carray, cfunc, njit, types
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
STATE_BYTES = 4096

# --- byte offsets in the arena; all are multiples of a page
COST_ENTRIES = 1 << 15
COSTS = STATE_BYTES
REGISTER_MAP = COSTS + COST_ENTRIES * 16
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


def _unicorn_function(name: str, *arguments: Any) -> Any:
    """A function of Unicorn's C library that compiled code may call; bound by name, so that it caches."""
    symbol = f"mcumatrix_{name}"
    address = ctypes.cast(getattr(binding.uclib, name), ctypes.c_void_p).value
    llvmlite.binding.add_symbol(symbol, address)
    return types.ExternalFunction(symbol, types.int32(*arguments))


_stop = _unicorn_function("uc_emu_stop", types.uint64)
_reg_read = _unicorn_function("uc_reg_read", types.uint64, types.int32, types.uint64)
_reg_write = _unicorn_function("uc_reg_write", types.uint64, types.int32, types.uint64)


def new_arena() -> npt.NDArray[np.uint8]:
    """An arena of zeros whose first byte stands on a page of the host; flash is erased (0xFF)."""
    page = 4096
    raw = np.zeros(ARENA_BYTES + page, np.uint8)
    start = -raw.ctypes.data % page
    arena = raw[start : start + ARENA_BYTES]
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


@cfunc(types.void(types.uint64, types.uint64, types.uint32, types.voidptr), cache=True)  # type: ignore[untyped-decorator]
def block_hook(engine: Any, address: Any, size: Any, arena: Any) -> None:
    """Runs before every basic block (UC_HOOK_BLOCK)."""
    state = carray(arena, (STATE_BYTES // 8,), np.uint64)
    if state[CYCLES] >= state[DEADLINE] or state[STOP] != 0:
        _stop(engine)
        return
    halfwords = carray(arena, (ARENA_BYTES // 2,), np.uint16)
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
    if address >= _RAM_BASE or address < _ITCM_END:
        state[CYCLES] += np.uint64(_cost_of_block(halfwords, address, size))
        return
    slot = COSTS // 8 + 2 * ((np.int64(address) >> 1) & (COST_ENTRIES - 1))
    key = (address << np.uint64(16)) | np.uint64(size)
    if _word(arena, slot) != key:
        _store_cost(arena, slot, key, np.uint64(_cost_of_block(halfwords, address, size)))
    state[CYCLES] += _word(arena, slot + 1)


@cfunc(  # type: ignore[untyped-decorator]
    types.uint8(types.uint64, types.int32, types.uint64, types.int32, types.int64, types.voidptr), cache=True
)
def access_hook(engine: Any, kind: Any, address: Any, size: Any, _value: Any, arena: Any) -> Any:
    """Runs for every access outside of plain memory (UC_HOOK_MEM_INVALID); 1 lets it through."""
    state = carray(arena, (STATE_BYTES // 8,), np.uint64)
    base = np.uint64(state.ctypes.data)
    halfwords = carray(arena, (ARENA_BYTES // 2,), np.uint16)
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
        if word >= 0 and carray(arena, (ARENA_BYTES,), np.uint8)[word] != 0:
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
