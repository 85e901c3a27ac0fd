"""The native part of the board: what runs for every basic block and every register access.

Unicorn calls these functions directly, without Python (numba compiles them). They and the Python
side share one page-aligned array, the arena:

    state words | block numbers | cycles left | blocks | branches | fetched lines | executed |
    register map | flash | ITCM RAM | RAM | identity

- `block_hook` stops before a block when the deadline has passed or a stop is wanted, otherwise it
  adds the cost of the block to the cycle counter: what block_costs.py has put into the block's
  record, a mispredicted branch, lines that are not in the cache for instructions. Code in flash
  waits there until flash is no longer busy (RM0385 section 3.3).
- `access_hook` sees every access that plain memory does not answer. It asks Unicorn for the exact
  program counter, works out the cycle count at that instruction, and lets the access through only
  if the register map knows a register there; otherwise the core gets a precise bus fault. A store
  into flash programs it, or sets an error flag of the FLASH controller.
- `peripheral_read` answers reads of FLASH_SR, which firmware polls once and more for every word that
  it programs, and leaves all other registers to Python.

Every block that has run has a record, found by a table with a number for each halfword of code. Python makes
it when the block runs for the first time. Which parts of flash have been executed is kept as well: only when
one of these is programmed, costs and translated blocks are to be dropped (`Memory.forget_code`). Code in RAM
may change at any time: its record has a hash of it, which is looked at each time.
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

from vstm32.base import memory_map
from vstm32.cortex_m import compiled  # noqa: F401 - says where compiled code is kept
from vstm32.timing import m7_table

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
# Address of the C function that makes the record of a block in Python; it returns the record's number.
RECORD_BLOCK = 37
# Where the record of the block that ran before stands, in words of the arena; NO_BLOCK if what runs next does
# not follow on a block.
PREVIOUS = 38
# What the block that runs has added to the cycle counter.
CHARGED = 39
# Parts of a cycle that are not in the cycle counter yet.
FRACTION = 40
# Address of the C function that finds the cost of a block after another one, in Python.
COST_AFTER = 41
# How often a line has been fetched: a block whose lines were all there at this number still has them.
FETCHES = 42
# A block in flash that follows on itself with nothing left to find out, and its cost; 0 if there is none.
LOOP_KEY = 43
LOOP_COST = 44
# Memory protection: how many intervals there are (0: the MPU is off), then for each its first address
# and what is allowed there (bits of peripherals/mpu.py). Whether a fault came from it. Whether
# unprivileged code may write NVIC_STIR.
MPU_INTERVALS = 64
MPU_FAULT = 65
STIR_FOR_ALL = 66
MPU_FIRST = 67
MPU_MOST = 128
_CONTROL_VALUE = 63
# A division by zero that CCR.DIV_0_TRP lets not happen: its address; and a place for registers.
DIVIDE_TRAP = 61
DIVISOR = 62
STATE_BYTES = 4096

# A part of a cycle: costs are whole numbers of these.
PARTS_OF_CYCLE = 256
PART_BITS = 8

# --- words of a block's record
BLOCK_KEY = 0  # address and size
ENTERED = 1  # cost after a block that is in none of the places below, in parts of a cycle
BRANCH = 2  # where the state of the predictor for its end stands, in words of the arena; 0: no branch
LINE_CYCLES = 3  # of a line that has to be fetched; 0: nothing is fetched through a cache
SEEN_AT = 4  # number of fetches when all its lines were there
CONTENT = 5  # hash of code in RAM
ACCOUNT = 6  # free for who counts what each block has cost; word 7 is free
AFTER = 8  # four places: the record of a block before it, and the cost after that block in parts of a cycle
RECORD_WORDS = 16

# --- byte offsets in the arena; all are multiples of a page
CODE_HALFWORDS = (memory_map.FLASH_SIZE_BYTES + memory_map.ITCM_SIZE_BYTES + memory_map.RAM_SIZE_BYTES) // 2
MOST_BLOCKS = 1 << 15
BLOCK_NUMBERS = STATE_BYTES
CYCLES_LEFT = BLOCK_NUMBERS + 4 * CODE_HALFWORDS
BLOCKS = CYCLES_LEFT + 2 * CODE_HALFWORDS
BRANCHES = BLOCKS + 8 * RECORD_WORDS * MOST_BLOCKS
# Two words for each branch: a counter from 0 to 3, and where it went the last time it was taken.
FETCHED_LINES = BRANCHES + 16 * MOST_BLOCKS
# Two caches (for instructions, and of the ART accelerator), each a word for each set and two for its ways.
CACHE_SETS = m7_table.INSTRUCTION_CACHE_SETS
CACHE_BYTES = 8 * (1 + 2) * CACHE_SETS
EXECUTED = FETCHED_LINES + 4096
NO_BLOCK = BLOCKS // 8
EXECUTED_SHIFT = 8  # one byte stands for 256 bytes of flash
EXECUTED_BYTES = memory_map.FLASH_SIZE_BYTES >> EXECUTED_SHIFT
REGISTER_MAP = EXECUTED + EXECUTED_BYTES
PERIPHERAL_WORDS = memory_map.PERIPHERAL_SIZE_BYTES // 4
PPB_WORDS = memory_map.PPB_SIZE_BYTES // 4
# After the windows of the peripherals and of the private bus: that of AHB2, padded to a page.
AHB2_REGISTER_MAP = REGISTER_MAP + PERIPHERAL_WORDS + PPB_WORDS
FLASH = AHB2_REGISTER_MAP + 4096
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
REG_CONTROL = 117
ACCESS_WRITE_UNMAPPED, ACCESS_FETCH_UNMAPPED, ACCESS_WRITE_PROT, ACCESS_READ_PROT = 20, 21, 22, 23
ACCESS_FETCH_PROT = 24

# IT/ICI bits of xPSR (PM0253 section 2.1.3): Unicorn leaves them behind when it looks up the
# program counter in the middle of a block (unicorn issue 2309), so they have to be cleared.
IT_BITS = 0x0600_FC00

# FLASH_SR and FLASH_CR (RM0385 sections 3.7.4 and 3.7.5).
FLASH_SR = 0x4002_3C0C
STIR = 0xE000_EF00
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
_AHB2_BASE = memory_map.AHB2_BASE
_AHB2_END = memory_map.AHB2_BASE + memory_map.AHB2_SIZE_BYTES
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
    arena[:STATE_BYTES].view(np.uint64)[PREVIOUS] = NO_BLOCK
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
def _hash_code(halfwords: Any, offset: Any, size: Any) -> Any:
    """FNV-1a over the halfwords of a block, which starts at a byte of the arena."""
    found = np.uint64(0xCBF29CE484222325)
    for index in range(offset >> 1, (offset + np.int64(size)) >> 1):
        found = (found ^ np.uint64(halfwords[index])) * np.uint64(0x100000001B3)
    return found


@njit  # type: ignore[untyped-decorator]
def _note_executed(memory: Any, address: Any, size: Any) -> None:
    """Unicorn has translated a block: if it stands in flash, its place is remembered."""
    first = _arena_offset(np.int64(address)) - FLASH
    last = first + np.int64(size) - 1
    if first >= 0 and last < memory_map.FLASH_SIZE_BYTES:
        for part in range(first >> EXECUTED_SHIFT, (last >> EXECUTED_SHIFT) + 1):
            memory[EXECUTED + part] = 1


@njit(inline="always")  # type: ignore[untyped-decorator]
def _find_record(  # noqa: PLR0917
    words: Any, arena: Any, engine: Any, address: Any, size: Any, key: Any
) -> Any:
    """Where the record of a block stands, in words of the arena; Python makes it if there is none."""
    offset = _arena_offset(np.int64(address))
    if offset < 0:
        return BLOCKS // 8
    numbers = carray(arena, (CYCLES_LEFT // 4,), np.uint32)
    halfwords = carray(arena, (ARENA_BYTES // 2,), np.uint16)
    record = BLOCKS // 8 + RECORD_WORDS * np.int64(numbers[BLOCK_NUMBERS // 4 + ((offset - FLASH) >> 1)])
    in_flash = _ITCM_END <= address < _RAM_BASE
    if words[record + BLOCK_KEY] != key or (
        not in_flash and words[record + CONTENT] != _hash_code(halfwords, offset, size)
    ):
        number = np.int64(_call_python(words[RECORD_BLOCK], engine, address, size))
        record = BLOCKS // 8 + RECORD_WORDS * number
        if in_flash:
            _note_executed(carray(arena, (ARENA_BYTES,), np.uint8), address, size)
        else:
            words[record + CONTENT] = _hash_code(halfwords, offset, size)
    return record


@njit(inline="always")  # type: ignore[untyped-decorator]
def _mispredicts(words: Any, branch: Any, address: Any, taken: Any) -> Any:
    """Whether the branch before a block was predicted wrongly: a counter of two bits, and the last target."""
    counter = words[branch]
    if taken:
        wrong = counter < 2 or words[branch + 1] != address
        words[branch + 1] = address
        if counter < 3:
            words[branch] = counter + np.uint64(1)
        return wrong
    if counter > 0:
        words[branch] = counter - np.uint64(1)
    return counter >= 2


@njit(inline="always")  # type: ignore[untyped-decorator]
def _cost_after(words: Any, engine: Any, record: Any, previous: Any) -> Any:
    """The cost of a block after another one; Python finds it when they follow each other the first time."""
    before = np.uint64(previous)
    for place in range(AFTER, RECORD_WORDS, 2):
        if words[record + place] == before:
            return words[record + place + 1]
        if words[record + place] == 0:
            if NO_BLOCK in (previous, record):
                break
            words[record + place + 1] = _call_python(
                words[COST_AFTER], engine, np.uint64(record), np.uint32(previous)
            )
            words[record + place] = before
            return words[record + place + 1]
    return words[record + ENTERED]


@njit  # type: ignore[untyped-decorator]
def _fetch(words: Any, address: Any, size: Any) -> Any:
    """How many lines of a block have to be fetched; they are in the cache from then on.

    Which line of a set gives way is taken in turn; Arm does not say what the core does.
    """
    sets = m7_table.INSTRUCTION_CACHE_SETS
    cache = FETCHED_LINES // 8
    if _FLASH_ITCM_BASE <= address < _FLASH_ITCM_END:
        sets = m7_table.ART_LINES // m7_table.ART_WAYS
        cache += CACHE_BYTES // 8
    missing = 0
    last = (np.int64(address) + np.int64(size) - 1) // m7_table.LINE_BYTES
    for line in range(np.int64(address) // m7_table.LINE_BYTES, last + 1):
        place = cache + 3 * (line & (sets - 1))
        tag = np.uint64(line + 1)
        if words[place + 1] != tag and words[place + 2] != tag:
            turn = words[place] & np.uint64(1)
            words[place + 1 + np.int64(turn)] = tag
            words[place] = turn ^ np.uint64(1)
            missing += 1
    words[FETCHES] += np.uint64(missing)
    return np.uint64(missing)


@njit  # type: ignore[untyped-decorator]
def _needs_decision(words: Any, arena: Any, engine: Any, address: Any, size: Any) -> Any:
    """Stops before a block at which Python has to look: interrupts unmasked, or an FPU that is off."""
    halfwords = carray(arena, (ARENA_BYTES // 2,), np.uint16)
    if words[WATCH_UNMASK] != 0 and _follows_unmask(halfwords, address):
        if words[UNMASK_SEEN] != address:
            words[UNMASK_SEEN] = address
            words[WATCH_UNMASK] = 0
            words[STOP] = 1
            _stop(engine)
            return True
        words[UNMASK_SEEN] = 0
    if words[FPU_OFF] != 0 and _uses_fpu(halfwords, address, size):
        words[FPU_TRAP] = 1
        words[STOP] = 1
        words[BLOCK_ADDRESS] = address
        words[BLOCK_SIZE] = np.uint64(size)
        words[PREVIOUS] = np.uint64(NO_BLOCK)
        _stop(engine)
        return True
    return False


@cfunc(types.void(types.uint64, types.uint64, types.uint32, types.voidptr), cache=True)  # type: ignore[untyped-decorator]
def block_hook(engine: Any, address: Any, size: Any, arena: Any) -> None:
    """Runs before every basic block (UC_HOOK_BLOCK)."""
    words = carray(arena, (ARENA_BYTES // 8,), np.uint64)
    key = (address << np.uint64(16)) | np.uint64(size)
    if words[LOOP_KEY] == key and words[CYCLES] < words[DEADLINE] and words[STOP] == 0:
        parts = words[LOOP_COST] + words[FRACTION]
        words[FRACTION] = parts & np.uint64(PARTS_OF_CYCLE - 1)
        words[CYCLES] += parts >> np.uint64(PART_BITS)
        return
    stands_in_flash = _ITCM_END <= address < _RAM_BASE
    previous = np.int64(words[PREVIOUS])
    record = previous
    if words[previous + BLOCK_KEY] != key or not stands_in_flash:
        record = _find_record(words, arena, engine, address, size, key)
    if stands_in_flash and words[CYCLES] < words[FLASH_BUSY_UNTIL]:
        words[WAITED] += words[FLASH_BUSY_UNTIL] - words[CYCLES]
        words[CYCLES] = words[FLASH_BUSY_UNTIL]
    if words[CYCLES] >= words[DEADLINE] or words[STOP] != 0:
        _stop(engine)
        return
    if words[WATCH_UNMASK] | words[FPU_OFF] != 0 and _needs_decision(words, arena, engine, address, size):
        return
    pipeline = cost = _cost_after(words, engine, record, previous)
    branch = np.int64(words[previous + BRANCH])
    if branch != 0:
        taken = address != words[BLOCK_ADDRESS] + words[BLOCK_SIZE]
        if _mispredicts(words, branch, address, taken):
            cost += np.uint64(m7_table.MISPREDICTED_CYCLES << PART_BITS)
    if words[record + LINE_CYCLES] != 0 and words[record + SEEN_AT] != words[FETCHES]:
        cost += (_fetch(words, address, size) * words[record + LINE_CYCLES]) << np.uint64(PART_BITS)
        words[record + SEEN_AT] = words[FETCHES]
    # A block that follows on itself, with its branch foreseen and its lines in the cache, goes on so until it
    # accesses a register, or Python has had its turn: nothing else changes what has been looked at here.
    in_loop = record == previous and stands_in_flash and (branch == 0 or words[branch] == 3)
    words[LOOP_KEY] = key if in_loop and cost == pipeline else np.uint64(0)
    words[LOOP_COST] = cost
    parts = cost + words[FRACTION]
    words[FRACTION] = parts & np.uint64(PARTS_OF_CYCLE - 1)
    words[CHARGED] = parts >> np.uint64(PART_BITS)
    words[CYCLES] += parts >> np.uint64(PART_BITS)
    words[PREVIOUS] = np.uint64(record)
    words[BLOCK_ADDRESS] = address
    words[BLOCK_SIZE] = np.uint64(size)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _cycles_left(state: Any, arena: Any, address: Any) -> Any:
    """Cycles of the block that runs from an instruction on, of those that have been counted already."""
    offset = _arena_offset(address)
    first = np.int64(state[BLOCK_ADDRESS])
    if offset < 0 or not first <= address < first + np.int64(state[BLOCK_SIZE]):
        return np.uint64(0)
    left = carray(arena, (BLOCKS // 2,), np.uint16)[CYCLES_LEFT // 2 + ((offset - FLASH) >> 1)]
    return min(np.uint64(left), state[CHARGED])


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


@njit(inline="always")  # type: ignore[untyped-decorator]
def _mpu_allows(state: Any, kind: Any, address: Any) -> Any:
    """Whether the MPU lets an access to an address through; it is known to be on."""
    index = np.int64(state[MPU_INTERVALS]) - 1
    while index > 0 and state[MPU_FIRST + 2 * index] > address:
        index -= 1
    wanted = 1
    if kind in (ACCESS_WRITE_PROT, ACCESS_WRITE_UNMAPPED):
        wanted = 2
    elif kind in (ACCESS_FETCH_PROT, ACCESS_FETCH_UNMAPPED):
        wanted = 4
    return state[MPU_FIRST + 2 * index + 1] & np.uint64(wanted) != 0


@njit(inline="always")  # type: ignore[untyped-decorator]
def _store_in_ram(memory: Any, address: Any, size: Any, value: Any) -> Any:
    """A store that Unicorn would drop, since not all of its page may be written."""
    first = _arena_offset(np.int64(address))
    for index in range(size):
        memory[first + index] = np.uint8((value >> (8 * index)) & 0xFF)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _register_word(engine: Any, state: Any, address: Any) -> Any:
    """Where the register map tells of an address; -1 where there is none for the code that runs."""
    if _PERIPHERAL_BASE <= address < _PERIPHERAL_END:
        return REGISTER_MAP + ((np.int64(address) - _PERIPHERAL_BASE) >> 2)
    if _AHB2_BASE <= address < _AHB2_END:
        return AHB2_REGISTER_MAP + ((np.int64(address) - _AHB2_BASE) >> 2)
    if not _PPB_BASE <= address < _PPB_END:
        return np.int64(-1)
    if state[ACCESS_XPSR] & np.uint64(0x1FF) == 0 and (address != STIR or state[STIR_FOR_ALL] == 0):
        # Unprivileged code has no access (Arm v7-M ARM, section B3.1.1), but to STIR if it may.
        _reg_read(engine, REG_CONTROL, np.uint64(state.ctypes.data) + np.uint64(8 * _CONTROL_VALUE))
        if state[_CONTROL_VALUE] & np.uint64(1) != 0:
            return np.int64(-1)
    return REGISTER_MAP + PERIPHERAL_WORDS + ((np.int64(address) - _PPB_BASE) >> 2)


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
    memory = carray(arena, (ARENA_BYTES,), np.uint8)
    _reg_read(engine, REG_PC, base + np.uint64(8 * ACCESS_PC))
    _reg_read(engine, REG_XPSR, base + np.uint64(8 * ACCESS_XPSR))
    left = _cycles_left(state, arena, np.int64(state[ACCESS_PC]))
    state[ACCESS_CYCLES] = state[CYCLES] - left
    # What firmware measures between two reads of a counter does not depend on what it did before.
    state[FRACTION] = 0
    state[LOOP_KEY] = 0
    refused = state[MPU_INTERVALS] != 0 and not _mpu_allows(state, kind, address)
    if refused and state[FAULT_TYPE] == 0:
        state[MPU_FAULT] = 1
    if state[MPU_INTERVALS] != 0 and not refused and _arena_offset(np.int64(address)) >= 0:
        if kind in (ACCESS_READ_PROT, ACCESS_FETCH_PROT):
            return 1
        if kind == ACCESS_WRITE_PROT and (address < _ITCM_END or _RAM_BASE <= address < _RAM_END):
            _store_in_ram(memory, address, np.int64(size), value)
            return 1
    if not refused and kind in (ACCESS_READ_PROT, ACCESS_WRITE_PROT):
        word = _register_word(engine, state, address)
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
