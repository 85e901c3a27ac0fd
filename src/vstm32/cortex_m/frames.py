"""Exception frames: what is pushed at entry and popped at return (Arm v7-M ARM, sections B1.5.6 to 8).

A frame has eight words, or twenty-six when the interrupted code has used the FPU. With lazy stacking
(FPCCR.LSPEN, on after reset) the eighteen words for the FPU are only kept free; they are written when the
handler comes to its first floating-point instruction (section B1.5.7). Lazy stacking is seen at the
granularity of basic blocks: the words are written before the block with that instruction.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vstm32.cortex_m.core import Core
from vstm32.cortex_m.mpu import PERMIT_READ, PERMIT_WRITE

T_BIT = 1 << 24
FP_ACTIVE, USE_PSP, UNPRIVILEGED = 1 << 2, 1 << 1, 1 << 0
ASPEN, LSPEN = 1 << 31, 1 << 30
USER, THREAD, LSPACT = 1 << 1, 1 << 3, 1 << 0

RETURN_TO_HANDLER, RETURN_TO_MSP, RETURN_TO_PSP = 0x1, 0x9, 0xD
_STACK_ALIGNED = 1 << 9
_BASIC_BYTES, _EXTENDED_BYTES = 0x20, 0x68


@dataclass(frozen=True, slots=True)
class Pushed:
    """A frame that has been pushed: EXC_RETURN for LR, and where that failed the address of the frame."""

    exc_return: int
    failed_at: int | None = None


class FloatingPointContext:
    """FPCCR and FPCAR, and the FPU registers that still wait to be stacked (section B1.5.7)."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._shared = core.state.exceptions
        self._registers = core.register_group(*core.s[:16], core.fpscr)
        self.reset()

    def reset(self) -> None:
        """Automatic and lazy stacking are on (section B3.2.21)."""
        self.control = ASPEN | LSPEN
        self.address = 0

    @property
    def control(self) -> int:
        """FPCCR."""
        return int(self._shared.fp_control)

    @control.setter
    def control(self, value: int) -> None:
        self._shared.fp_control = value
        self._core.watch_fpu()

    @property
    def address(self) -> int:
        """FPCAR: where FPU registers that wait are to be stacked."""
        return int(self._shared.fp_address)

    @address.setter
    def address(self, value: int) -> None:
        self._shared.fp_address = value

    @property
    def waits(self) -> bool:
        """Whether FPU registers of interrupted code have not been stacked yet (FPCCR.LSPACT)."""
        return bool(self.control & LSPACT)

    def postpone(self, address: int, state: int) -> None:
        """Their place is kept free at `address`; `state` are the bits of FPCCR that tell of who was there."""
        self.address = address
        self.control = self.control & (ASPEN | LSPEN) | state | LSPACT

    def forget(self) -> None:
        """The interrupted code goes on with its registers: nothing is to be stacked any more."""
        self.control = self.control & ~LSPACT

    def words(self) -> list[int]:
        """S0 to S15, FPSCR and the reserved word, as they stand in a frame."""
        return [*self._registers.read(), 0]

    def save(self) -> bool:
        """Stacks what has waited, at FPCAR; False where there is no RAM (BusFault LSPERR)."""
        self.forget()
        return self._core.memory.write_words(self.address, tuple(self.words()))

    def restore(self, words: tuple[int, ...]) -> None:
        """S0 to S15 and FPSCR from a frame."""
        self._registers.write(words)


class Frames:
    """Pushes and pops."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._caller_saved = core.register_group(*core.caller_saved)
        self._pushed = core.register_group(core.control, core.xpsr, core.sp, *core.caller_saved)
        self.floating_point = FloatingPointContext(core)
        self.allowed: Callable[[int, int, int], bool] = lambda _address, _size, _permission: True
        """Whether the MPU allows a frame at an address (PERMIT_ bits of mpu.py)."""
        self.popped_thumb = True
        self.popped_exception = 0

    def reset(self) -> None:
        self.floating_point.reset()

    def push(self, return_address: int, ready: int) -> Pushed:
        """Pushes the frame of what runs now. The stack pointer moves even where the words cannot be stored.

        `ready` are the bits of FPCCR that tell which fault handlers could run now.
        """
        core, floats = self._core, self.floating_point
        control, xpsr, stack, *words = self._pushed.read()
        thread = not xpsr & 0x1FF
        with_fp = bool(control & FP_ACTIVE) and bool(floats.control & ASPEN)
        # To 8 bytes, always: a Cortex-M7 has CCR.STKALIGN fixed at 1 (its TRM, section 3.3.1).
        padded = bool(stack & 4)
        frame = stack - (_EXTENDED_BYTES if with_fp else _BASIC_BYTES) - (4 if padded else 0) & 0xFFFF_FFFF
        words += [return_address & ~1, xpsr & ~_STACK_ALIGNED | (_STACK_ALIGNED if padded else 0)]
        lazy = with_fp and bool(floats.control & LSPEN)
        if with_fp and not lazy:
            words += floats.words()
        stored = self.allowed(frame, 4 * len(words), PERMIT_WRITE)
        stored = stored and core.memory.write_words(frame, tuple(words))
        if lazy:
            user = USER if thread and control & UNPRIVILEGED else 0
            floats.postpone(frame + _BASIC_BYTES, ready | user | (THREAD if thread else 0))
        core.write_register(core.sp, frame)
        kind = RETURN_TO_HANDLER
        if thread:
            kind = RETURN_TO_PSP if control & USE_PSP else RETURN_TO_MSP
        exc_return = 0xFFFF_FFE0 | (0 if with_fp else 0x10) | kind
        return Pushed(exc_return, None if stored else frame)

    def pop(self, exc_return: int) -> bool:
        """Pops the frame that EXC_RETURN names; False, and nothing has changed, where it cannot be read."""
        core, floats = self._core, self.floating_point
        kind = exc_return & 0xF
        with_fp = not exc_return & 0x10
        frame = core.read_register(core.psp if kind == RETURN_TO_PSP else core.msp) & ~3
        words = core.memory.read_words(frame, 26 if with_fp else 8)
        if words is None or not self.allowed(frame, 4 * len(words), PERMIT_READ):
            return False
        xpsr = words[7]
        stack = frame + (_EXTENDED_BYTES if with_fp else _BASIC_BYTES)
        if xpsr & _STACK_ALIGNED:
            stack |= 4
        control = core.read_register(core.control) & UNPRIVILEGED
        if with_fp and floats.waits:
            floats.forget()
        elif with_fp:
            floats.restore(words[8:25])
        self._caller_saved.write(words[:6])
        # CONTROL first: an unprivileged thread could not be given its stack any more.
        core.write_register(
            core.control,
            control | (USE_PSP if kind == RETURN_TO_PSP else 0) | (FP_ACTIVE if with_fp else 0),
        )
        core.write_register(core.xpsr, xpsr & ~_STACK_ALIGNED | T_BIT)
        core.write_register(core.sp, stack)
        core.program_counter = words[6] & ~1
        self.popped_thumb = bool(xpsr & T_BIT)
        self.popped_exception = xpsr & 0x1FF
        return True
