"""The inbox of the inference server, with the interrupt at each instruction of what the main loop does.

The C runs on a core without anything around it, compiled for one without IT blocks, as Unicorn cannot go on
in the middle of one; memory is read and written in the order of the C, as what is shared is volatile.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const

from mcumatrix.client import messages
from support.compiling import compile_arm

FIRMWARE = Path(__file__).parents[2] / "firmware"
SERVER = FIRMWARE / "application" / "inference-server"
AROUND = """
#include "inbox.h"
#include <stddef.h>
uint64_t now;
struct inbox inbox __attribute__((aligned(8)));
uint64_t port_cycles(void) { return now; }
uint32_t size_bytes(void) { return inbox.size_bytes; }
int memcmp(const void *one, const void *other, size_t size_bytes)
{
    const unsigned char *a = one, *b = other;
    for (size_t i = 0; i < size_bytes; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}
"""
CODE, STACK, END = 0x1_0000, 0x8_0000, 0x7_0000
PAUSE_CYCLES = 10_800_000
BYTE_CYCLES = 18_750
INTERRUPT_CYCLES = 100
WAITS, FRAME, COMMAND, MESSAGE, DAMAGED, TOO_LONG, NOISE = range(7)
REQUEST = messages.describe().message(0x5EED5EED)
STRAY = b",\0\0\0\x14\0-1\0\0MMXnull"
"""Bytes that only a pause can end: the identifier of a frame is not where it has to be."""


class Inbox:
    """The functions of inbox.c, with the time that they see."""

    def __init__(self, elf: Path) -> None:
        self.engine = engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        engine.mem_map(0, 0x10_0000)
        with elf.open("rb") as file:
            read = ELFFile(file)
            for segment in read.iter_segments("PT_LOAD"):
                engine.mem_write(segment["p_vaddr"], segment.data())
            table = read.get_section_by_name(".symtab")
            self.symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
        self.now = 1 << 33
        self._call("inbox_start", PAUSE_CYCLES)
        self.pass_cycles(3 * PAUSE_CYCLES)

    @property
    def _registers(self) -> tuple[int, ...]:
        return (
            arm_const.UC_ARM_REG_R0,
            arm_const.UC_ARM_REG_R1,
            arm_const.UC_ARM_REG_R2,
            arm_const.UC_ARM_REG_R3,
        )

    def _begin(self, function: str, *arguments: int) -> None:
        self.engine.mem_write(self.symbols["now"], self.now.to_bytes(8, "little"))
        words = (self.symbols["inbox"], *arguments)
        for register, word in zip(self._registers, words, strict=False):
            self.engine.reg_write(register, word)
        self.engine.reg_write(arm_const.UC_ARM_REG_LR, END | 1)
        self.engine.reg_write(arm_const.UC_ARM_REG_PC, self.symbols[function] | 1)

    def _go(self, count: int = 0) -> bool:
        """Whether the function has come to its end."""
        self.engine.emu_start(self.engine.reg_read(arm_const.UC_ARM_REG_PC) | 1, END, count=count)
        return self.engine.reg_read(arm_const.UC_ARM_REG_PC) & ~1 == END

    def _call(self, function: str, *arguments: int, stack: int = STACK) -> int:
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, stack)
        self._begin(function, *arguments)
        assert self._go()
        return self.engine.reg_read(arm_const.UC_ARM_REG_R0)

    def pass_cycles(self, count: int) -> None:
        self.now += count

    def lose(self) -> None:
        self._call("inbox_lose", 0, self.now & 0xFFFF_FFFF, self.now >> 32)

    def put(self, data: bytes) -> None:
        for byte in data:
            self._interrupt(byte)
            self.pass_cycles(BYTE_CYCLES)

    def _interrupt(self, byte: int) -> None:
        # On a stack of its own, below that of what it interrupts; the time is in R2 and R3.
        self._call("inbox_put", byte, self.now & 0xFFFF_FFFF, self.now >> 32, stack=STACK - 0x1000)

    def look(self) -> int:
        return self._call("inbox_look")

    def release(self) -> None:
        self._call("inbox_release")

    def held(self) -> bytes:
        return bytes(self.engine.mem_read(self.symbols["inbox"], self._call("size_bytes")))

    def interrupted(self, function: str, after: int, byte: int) -> tuple[bool, int]:
        """Calls a function, with a byte that comes after so many of its instructions.

        Whether it came before the end, and what the function has returned.
        """
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, STACK)
        self._begin(function)
        done = after > 0 and self._go(after)
        if not done:
            main = self.engine.context_save()
            self._interrupt(byte)
            self.pass_cycles(INTERRUPT_CYCLES)
            self.engine.context_restore(main)
            self.engine.mem_write(self.symbols["now"], self.now.to_bytes(8, "little"))
            assert self._go()
            self.pass_cycles(BYTE_CYCLES)
        return not done, self.engine.reg_read(arm_const.UC_ARM_REG_R0)


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_arm(
        tmp_path_factory.mktemp("inbox"),
        {"around.c": AROUND},
        SERVER / "inbox.c",
        "-mcpu=cortex-m0", "-O2", "-std=c11", "-ffreestanding", "-fno-tree-loop-distribute-patterns",
        f"-I{SERVER}", f"-I{FIRMWARE / 'include'}", f"-Ttext={CODE:#x}", "-Wl,-e,inbox_start",
    )  # fmt: skip


def moments(
    elf: Path, prepare: Callable[[Inbox], None], function: str, byte: int
) -> Iterator[tuple[Inbox, int]]:
    """An inbox for each instruction of a function before which the byte can come, and what it returned."""
    after, came = 0, True
    while came:
        inbox = Inbox(elf)
        prepare(inbox)
        came, state = inbox.interrupted(function, after, byte)
        if came:
            yield inbox, state
        after += 1
    assert after > 5


def test_a_message_may_begin_at_any_instruction_of_a_look(elf: Path) -> None:
    for inbox, state in moments(elf, lambda _: None, "inbox_look", REQUEST[0]):
        assert state == WAITS
        inbox.put(REQUEST[1:])
        assert (inbox.look(), inbox.held()) == (FRAME, REQUEST)


def _held_and_answered(inbox: Inbox) -> None:
    inbox.put(STRAY)
    inbox.pass_cycles(PAUSE_CYCLES)
    assert inbox.look() == MESSAGE


def test_of_a_message_that_begins_before_there_is_room_nothing_is_taken_for_whole(elf: Path) -> None:
    taken = []
    for inbox, _ in moments(elf, _held_and_answered, "inbox_release", STRAY[0]):
        inbox.put(STRAY[1:])
        inbox.pass_cycles(PAUSE_CYCLES)
        state = inbox.look()
        taken.append(state == MESSAGE)
        assert (state, inbox.held()) == (MESSAGE, STRAY) if taken[-1] else state in (WAITS, NOISE)
        if state != WAITS:
            inbox.release()
        inbox.put(REQUEST)
        assert (inbox.look(), inbox.held()) == (FRAME, REQUEST)
    assert taken == sorted(taken), "once there is room, messages are taken"


def test_a_message_goes_on_where_less_than_a_pause_lies_in_it(elf: Path) -> None:
    def begun(inbox: Inbox) -> None:
        inbox.put(REQUEST[:-5])
        # The main loop sees the pause pass while the interrupt runs.
        inbox.pass_cycles(PAUSE_CYCLES - BYTE_CYCLES - 1)

    for inbox, state in moments(elf, begun, "inbox_look", REQUEST[-5]):
        assert state == WAITS
        inbox.put(REQUEST[-4:])
        assert (inbox.look(), inbox.held()) == (FRAME, REQUEST)


@pytest.mark.parametrize("silence_cycles", [PAUSE_CYCLES, 1 << 32, (1 << 32) + PAUSE_CYCLES // 2])
def test_noise_is_forgotten_however_long_the_line_is_silent(elf: Path, silence_cycles: int) -> None:
    inbox = Inbox(elf)
    inbox.lose()
    inbox.put(STRAY)
    inbox.pass_cycles(silence_cycles)
    inbox.put(REQUEST)
    assert (inbox.look(), inbox.held()) == (FRAME, REQUEST)
