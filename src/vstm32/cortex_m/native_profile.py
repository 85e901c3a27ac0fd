"""The native part of the profiler: cycles for each call path, counted at the entry of every basic block.

It runs before `native.block_hook`, on boards that are made with a profiler only. It looks at the cycle
counter and nothing else of the timing model: what passes between the entries of two blocks belongs to the
first of them. Its tables follow the arena of native.py:

    words | nodes | stack | function of each halfword of memory

A node is a call path: a function, and the node that called it; node 0 is the root. The stack has a frame of
three words for each call under way: return address, stack pointer at the call, the caller's node. How calls
and returns are recognised, at a block that does not follow the one before in memory:

- BL and BLX push a frame (Arm v7-M ARM, sections A7.7.18 and A7.7.19).
- After any other branch through a register or memory, frames that lie below the stack pointer are dropped:
  what called them has returned already, as after longjmp. The top frame is popped if the branch went with
  its stack pointer to its return address, as the procedure call standard asks for (AAPCS32, section 6.2.1),
  or to another place inside of the caller.
- A function that is reached in no such way, as by a tail call, takes the place of the one before.

Exceptions have a floor in the stack: no return goes below it. Python puts it there (profiler.py).

It is compiled anew each time it is loaded: numba's cache looks at the date of this file, and the layout of
the arena is in another.
"""

from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types

from vstm32.cortex_m import native
from vstm32.cortex_m.native import _arena_offset, _reg_read

# --- indices of the 64-bit words, from the start of the tables
LAST_CYCLES = 0
LAST_WAITED = 1
NODE = 2
DEPTH = 3
FLOOR = 4
NODE_COUNT = 5
# The block that ran before; a size of 0 says that it is not known, after an exception or a new slice.
BLOCK_ADDRESS = 6
BLOCK_SIZE = 7
# Whether nodes or frames have run out: what came then is counted at the caller.
OVERFLOWED = 8
STACK_POINTER = 9
WORDS = 16

NODES = 1 << 15
# Words of a node.
CYCLES, WAITED, CALLS, PARENT, FUNCTION, FIRST_CHILD, NEXT_SIBLING, NODE_WORDS = range(8)
FRAMES = 1 << 12
# Kept free for exceptions, which always get their frame.
FRAMES_OF_EXCEPTIONS = 256
FRAME_WORDS = 3

NODE_TABLE = WORDS
STACK = NODE_TABLE + NODES * NODE_WORDS
TABLE_WORDS = STACK + FRAMES * FRAME_WORDS
FUNCTIONS_BYTES = native.ARENA_BYTES // 2 * 4
PROFILE_BYTES = TABLE_WORDS * 8 + FUNCTIONS_BYTES

_ARENA_WORDS = native.ARENA_BYTES // 8
_FUNCTIONS = (native.ARENA_BYTES + TABLE_WORDS * 8) // 4

# In the map: a function's number in the upper bits, and whether it begins at this halfword in the lowest.
NO_FUNCTION = 0
# What nodes have in place of a function where the core starts: after reset and in exception number n,
# this minus n. It calls what runs first there.
ENTRY = -1

_REG_SP = 12  # UC_ARM_REG_SP


@njit(inline="always")  # type: ignore[untyped-decorator]
def _settle(state: Any, tables: Any) -> None:
    """Gives what has passed since the last look to the node that ran."""
    waited = state[native.WAITED] - tables[LAST_WAITED]
    passed = state[native.CYCLES] - tables[LAST_CYCLES]
    node = NODE_TABLE + tables[NODE] * NODE_WORDS
    tables[node + CYCLES] += passed - waited
    tables[node + WAITED] += waited
    tables[LAST_CYCLES] = state[native.CYCLES]
    tables[LAST_WAITED] = state[native.WAITED]


@njit(inline="always")  # type: ignore[untyped-decorator]
def _child(tables: Any, parent: Any, function: Any) -> Any:
    """The node of a function that is called from a node; a new one at the first time."""
    node = tables[NODE_TABLE + parent * NODE_WORDS + FIRST_CHILD]
    last = 0
    while node != 0:
        if tables[NODE_TABLE + node * NODE_WORDS + FUNCTION] == function:
            return node
        last = node
        node = tables[NODE_TABLE + node * NODE_WORDS + NEXT_SIBLING]
    new = tables[NODE_COUNT]
    if new >= NODES:
        tables[OVERFLOWED] = 1
        return parent
    tables[NODE_COUNT] = new + 1
    tables[NODE_TABLE + new * NODE_WORDS + PARENT] = parent
    tables[NODE_TABLE + new * NODE_WORDS + FUNCTION] = function
    if last != 0:
        tables[NODE_TABLE + last * NODE_WORDS + NEXT_SIBLING] = new
    else:
        tables[NODE_TABLE + parent * NODE_WORDS + FIRST_CHILD] = new
    return new


@njit(inline="always")  # type: ignore[untyped-decorator]
def _is_call(halfwords: Any, end: Any, target: Any, follows: Any) -> Any:
    """Whether the instruction that ends at an offset of the arena is a BLX, or a BL to a target.

    Where it begins is not known; that a BL would lead to exactly this target tells it from everything else.
    """
    last = np.int64(halfwords[(end >> 1) - 1])
    if last & 0xFF87 == 0x4780:
        return True
    first = np.int64(halfwords[(end >> 1) - 2])
    if first & 0xF800 != 0xF000 or last & 0xD000 != 0xD000:
        return False
    # Encoding T1: S:I1:I2:imm10:imm11:'0', with I1 = NOT(J1 EOR S) and I2 = NOT(J2 EOR S).
    sign = first >> 10 & 1
    high = ((last >> 13 & 1) ^ sign ^ 1) << 23 | ((last >> 11 & 1) ^ sign ^ 1) << 22
    offset = high | (first & 0x3FF) << 12 | (last & 0x7FF) << 1
    if sign != 0:
        offset -= 1 << 24
    return follows + offset == target


@njit(inline="always")  # type: ignore[untyped-decorator]
def _may_return(last: Any) -> Any:
    """Whether an instruction that is no call and ends with a halfword may branch through register or memory.

    No for B (encodings T1 and T2), CBZ and CBNZ, which is what loops are made of.
    """
    return last >> 12 != 0xD and last >> 11 != 0x1C and last & 0xF500 != 0xB100


@njit(inline="always")  # type: ignore[untyped-decorator]
def _read_stack_pointer(engine: Any, tables: Any) -> Any:
    place = np.uint64(tables.ctypes.data) + np.uint64(8 * STACK_POINTER)
    tables[STACK_POINTER] = 0
    _reg_read(engine, _REG_SP, place)
    return tables[STACK_POINTER]


@njit(inline="always")  # type: ignore[untyped-decorator]
def _push(engine: Any, tables: Any, return_address: Any) -> Any:
    """A frame for a call; False when there is no room for it."""
    depth = tables[DEPTH]
    if depth >= FRAMES - FRAMES_OF_EXCEPTIONS:
        tables[OVERFLOWED] = 1
        return False
    frame = STACK + depth * FRAME_WORDS
    tables[frame] = return_address
    tables[frame + 1] = _read_stack_pointer(engine, tables)
    tables[frame + 2] = tables[NODE]
    tables[DEPTH] = depth + 1
    return True


@njit(inline="always")  # type: ignore[untyped-decorator]
def _unwind(engine: Any, tables: Any, target: Any, entry: Any) -> None:
    """Pops the frames that a branch to a target has left; `entry` is the target's in the map of functions."""
    stack_pointer = _read_stack_pointer(engine, tables)
    while tables[DEPTH] > tables[FLOOR]:
        frame = STACK + (tables[DEPTH] - 1) * FRAME_WORDS
        caller = tables[NODE_TABLE + tables[frame + 2] * NODE_WORDS + FUNCTION]
        returns = tables[frame + 1] == stack_pointer and (tables[frame] == target or caller << 1 == entry)
        if not returns and tables[frame + 1] >= stack_pointer:
            return
        tables[NODE] = tables[frame + 2]
        tables[DEPTH] -= 1
        if returns:
            return


@cfunc(types.void(types.uint64, types.uint64, types.uint32, types.voidptr))  # type: ignore[untyped-decorator]
def profile_hook(engine: Any, address: Any, size: Any, arena: Any) -> None:
    """Runs before every basic block, before `native.block_hook` does (UC_HOOK_BLOCK)."""
    state = carray(arena, (native.STATE_BYTES // 8,), np.int64)
    tables = carray(arena, (_ARENA_WORDS + TABLE_WORDS,), np.int64)[_ARENA_WORDS:]
    here = np.int64(address)
    before, length = tables[BLOCK_ADDRESS], tables[BLOCK_SIZE]
    follows = before + length
    tables[BLOCK_ADDRESS] = here
    tables[BLOCK_SIZE] = np.int64(size)
    offset = _arena_offset(here)
    functions = carray(arena, (_FUNCTIONS + native.ARENA_BYTES // 2,), np.int32)
    entry = np.int64(functions[_FUNCTIONS + (offset >> 1)]) if offset >= 0 else np.int64(NO_FUNCTION)
    function = entry >> 1
    calls = returns = False
    if length != 0 and here != follows:
        halfwords = carray(arena, (native.ARENA_BYTES // 2,), np.uint16)
        end = _arena_offset(before) + length
        if end > length:
            calls = _is_call(halfwords, end, here, follows)
            returns = not calls and _may_return(np.int64(halfwords[(end >> 1) - 1]))
    if not calls and not returns and tables[NODE_TABLE + tables[NODE] * NODE_WORDS + FUNCTION] == function:
        # As in almost all blocks: what they take is given to the node when another one follows.
        return
    _settle(state, tables)
    if calls:
        calls = _push(engine, tables, follows)
    elif returns:
        _unwind(engine, tables, here, entry)
    node = tables[NODE]
    if calls:
        node = _child(tables, node, function)
        tables[NODE_TABLE + node * NODE_WORDS + CALLS] += 1
        tables[NODE] = node
    elif tables[NODE_TABLE + node * NODE_WORDS + FUNCTION] != function:
        # Where the core starts nothing has run yet: the function is called by it.
        parent = node
        if tables[NODE_TABLE + node * NODE_WORDS + FUNCTION] > ENTRY:
            parent = tables[NODE_TABLE + node * NODE_WORDS + PARENT]
        node = _child(tables, parent, function)
        if entry & 1 != 0:
            tables[NODE_TABLE + node * NODE_WORDS + CALLS] += 1
        tables[NODE] = node


@cfunc(types.void(types.voidptr))  # type: ignore[untyped-decorator]
def settle(arena: Any) -> None:
    """Counts up to now, while the core stands still."""
    state = carray(arena, (native.STATE_BYTES // 8,), np.int64)
    _settle(state, carray(arena, (_ARENA_WORDS + TABLE_WORDS,), np.int64)[_ARENA_WORDS:])


@cfunc(types.int64(types.int64, types.int64, types.voidptr))  # type: ignore[untyped-decorator]
def child(parent: Any, function: Any, arena: Any) -> Any:
    """The node of a function below a node, while the core stands still."""
    tables = carray(arena, (_ARENA_WORDS + TABLE_WORDS,), np.int64)[_ARENA_WORDS:]
    return _child(tables, parent, function)
