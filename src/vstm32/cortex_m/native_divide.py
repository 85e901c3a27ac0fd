"""Division by zero, watched natively while CCR.DIV_0_TRP is set (Arm v7-M ARM, sections A7.7.127 and B3.2.8).

The hook runs before every instruction (UC_HOOK_CODE), so Unicorn gets it only while firmware wants the trap.
Inside of an IT block Unicorn does not stop when a hook asks for it, so a conditional division is not trapped.
It is not cached: numba would not notice that the layout of the arena, in native.py, has changed.
"""

from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types

from vstm32.cortex_m import native

_REG_R0, _REG_LR = 66, 10  # arm_const


@njit(inline="always")  # type: ignore[untyped-decorator]
def _it_state(halfwords: Any, position: Any, index: Any) -> Any:
    """ITSTATE at an instruction, from the beginning of its basic block on (section A7.3.3); 0 outside."""
    state = np.int64(0)
    while position < index:
        halfword = np.int64(halfwords[position])
        if halfword & 0xFF00 == 0xBF00 and halfword & 0xF != 0:
            state = halfword & 0xFF
        elif state & 7 == 0:
            state = np.int64(0)
        else:
            state = (state & 0xE0) | (state << 1 & 0x1F)
        position += 2 if halfword >= 0xE800 else 1
    return state


@cfunc(types.void(types.uint64, types.uint64, types.uint32, types.voidptr))  # type: ignore[untyped-decorator]
def divide_hook(engine: Any, address: Any, size: Any, arena: Any) -> None:
    """Stops before an SDIV or UDIV outside of an IT block whose divisor is zero."""
    offset = native._arena_offset(np.int64(address))
    if offset < 0 or size != 4:
        return
    halfwords = carray(arena, (native.ARENA_BYTES // 2,), np.uint16)
    index = offset >> 1
    second = np.int64(halfwords[index + 1])
    if (halfwords[index] & 0xFFD0) != 0xFB90 or (second & 0xF0F0) != 0xF0F0:
        return
    state = carray(arena, (native.STATE_BYTES // 8,), np.uint64)
    place = np.uint64(state.ctypes.data) + np.uint64(8 * native.DIVISOR)
    divisor = second & 0xF
    state[native.DIVISOR] = 0
    native._reg_read(engine, _REG_LR if divisor == 14 else _REG_R0 + divisor, place)
    if state[native.DIVISOR] != 0:
        return
    first = native._arena_offset(np.int64(state[native.BLOCK_ADDRESS])) >> 1
    if _it_state(halfwords, first, index) != 0:
        return
    state[native.DIVIDE_TRAP] = address
    native._stop(engine)
