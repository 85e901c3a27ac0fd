"""A trace shows what the firmware does at registers, by name, and nothing else changes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32 import Board, BoardOptions, load_elf
from vstm32.base.errors import VirtualBoardError
from vstm32.base.symbols import read_functions
from vstm32.look.trace import Trace


@pytest.fixture
def traced(compile_firmware):
    """traced(c_source, *flags, only=()) runs a firmware; gives its board and the lines of its trace."""
    boards = []

    def run(source, *flags, only=()):
        elf = compile_firmware(source, *flags)
        lines = []
        trace = Trace(lines.append, read_functions(elf).place, only)
        board = Board(load_elf(elf), BoardOptions(timing="instructions"), trace=trace)
        boards.append(board)
        done = board.symbol("seen") + 4 * 63
        board.run(until=lambda: any(board.read_memory(done, 4)), timeout_seconds=60)
        trace.flush()
        return board, lines

    yield run
    for board in boards:
        board.close()


def what(lines):
    """The lines without cycle and place."""
    return [re.sub(r"^ *\d+  0x\w+ \S+ +", "", line).strip() for line in lines]


def test_a_line_has_cycle_instruction_place_register_value_and_bits(traced):
    board, lines = traced(
        "int main(void) { REG(RCC_APB2ENR) = 1u << 5; REG(USART6_CR1) = 0xD; seen[63] = 1; return 0; }",
        only=("RCC", "USART6"),
    )
    line = next(line for line in lines if "USART6.CR1" in line)
    parsed = re.fullmatch(
        r" *(\d+)  (0x08[0-9a-f]{6}) main\+(0x[0-9a-f]+) +USART6\.CR1 <- 0x0000000d UE RE TE", line
    )
    assert parsed, line
    assert int(parsed[2], 16) == board.symbol("main") + int(parsed[3], 16)
    instruction = board.read_memory(int(parsed[2], 16), 2)
    assert int.from_bytes(instruction, "little") >> 11 in (0b01100, 0b11111)  # STR, STR.W
    assert 0 < int(parsed[1]) <= board.cycles


def test_reads_and_writes_come_in_order(traced):
    _, lines = traced(
        "int main(void) { REG(RCC_APB1ENR) |= 1u << 28; REG(PWR_CR1) = 0xC000; (void)REG(PWR_CSR1);"
        " seen[63] = 1; return 0; }",
        only=("pwr", "rcc"),
    )
    assert what(lines) == [
        "RCC.APB1ENR -> 0x00000000",
        "RCC.APB1ENR <- 0x10000000 PWREN",
        "PWR.CR1 <- 0x0000c000 VOS=3",
        "PWR.CSR1 -> 0x00004000 VOSRDY",
    ]


def test_narrow_accesses_show_their_size_and_their_byte(traced):
    _, lines = traced(
        "int main(void) { REG(RCC_AHB1ENR) |= 4; REG8(GPIOC + 0x14) = 0x5A;"
        " REG8(GPIOC + 0x15) = 0xA5; (void)*(volatile uint16_t *)(GPIOC + 0x14); seen[63] = 1; return 0; }",
        only=("GPIO*",),
    )
    assert what(lines) == ["GPIOC.ODR <- 0x5a", "GPIOC.ODR[1] <- 0xa5", "GPIOC.ODR -> 0xa55a"]


def test_a_block_without_a_clock_is_said_to_have_none(traced):
    _, lines = traced("int main(void) { REG(USART6_CR1) = 1; seen[63] = 1; return 0; }", only=("USART6",))
    assert what(lines) == ["USART6.CR1 <- 0x00000001 (its clock is off)"]


def test_characters_are_shown(traced):
    _, lines = traced(
        'int main(void) { serial_on(139); put_text("Hi\\n"); seen[63] = 1; return 0; }', only=("USART6",)
    )
    sent = [line for line in what(lines) if "TDR" in line]
    assert sent == [
        "USART6.TDR <- 0x00000048 'H'",
        "USART6.TDR <- 0x00000069 'i'",
        "USART6.TDR <- 0x0000000a",
    ]


def test_a_waiting_loop_is_its_first_and_last_read_and_a_count(traced):
    source = """
    int main(void) { REG(SYST_RVR) = 999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 5;
      for (;;) { uint32_t status = REG(SYST_CSR); seen[0]++; if (status & (1u << 16)) break; }
      REG(SYST_CSR) = 0; seen[63] = 1; return 0; }
    """
    board, lines = traced(source, only=("SysTick",))
    said = what(lines)
    assert said[2:] == [
        "SysTick.CTRL <- 0x00000005 ENABLE CLKSOURCE",
        "SysTick.CTRL -> 0x00000005 ENABLE CLKSOURCE",
        said[4],
        "SysTick.CTRL -> 0x00010005 ENABLE CLKSOURCE COUNTFLAG",
        "SysTick.CTRL <- 0x00000000",
    ]
    polls = int.from_bytes(board.read_memory(board.symbol("seen"), 4), "little")
    assert said[4] == f"... this read {polls - 2} more times"


def test_a_loop_that_reads_several_registers_is_shown_by_rounds(traced):
    source = """
    int main(void) { cycles_on(); uint32_t start = REG(DWT_CYCCNT);
      for (;;) { uint32_t status = REG(SYST_CSR), now = REG(DWT_CYCCNT); seen[0]++;
        if (status >> 16 || now - start > 5000) break; }
      seen[63] = 1; return 0; }
    """
    board, lines = traced(source, only=("SysTick", "DWT"))
    said = what(lines)
    rounds = int.from_bytes(board.read_memory(board.symbol("seen"), 4), "little")
    place = said.index(f"... these 2 reads {rounds - 2} more times")
    assert [line.split()[0] for line in said[place - 2 : place]] == ["SysTick.CTRL", "DWT.CYCCNT"]
    assert [line.split()[0] for line in said[place + 1 :]] == ["SysTick.CTRL", "DWT.CYCCNT"]


def test_writes_are_never_left_out(traced):
    _, lines = traced(
        "int main(void) { REG(RCC_AHB1ENR) |= 4; for (unsigned i = 0; i < 50; i++) REG(GPIOC + 0x14) = i & 1;"
        " seen[63] = 1; return 0; }",
        only=("GPIOC",),
    )
    assert len(lines) == 50


def test_no_byte_that_is_received_is_left_out(compile_firmware):
    source = """
    int main(void) { serial_on(139); for (unsigned i = 0; i < 20; i++) seen[0] = (uint32_t)get();
      seen[63] = 1; return 0; }
    """
    elf = compile_firmware(source)
    lines = []
    with Board(load_elf(elf), trace=(trace := Trace(lines.append, str, ("USART6",)))) as board:
        board.line().write(b"abcdefghijklmnopqrst")
        done = board.symbol("seen") + 4 * 63
        board.run(until=lambda: any(board.read_memory(done, 4)), timeout_seconds=60)
        trace.flush()
    received = [line[-2] for line in lines if "USART6.RDR -> " in line]
    assert "".join(received) == "abcdefghijklmnopqrst"
    assert any(" more times" in line for line in lines)


def test_what_native_code_answers_is_traced_too(traced):
    _, lines = traced("int main(void) { (void)REG(FLASH_SR); seen[63] = 1; return 0; }", only=("FLASH",))
    assert what(lines) == ["FLASH.SR -> 0x00000000"]


BUSY = """
int main(void) { clock_216(); serial_on(938); put_text("hello"); cycles_on();
  REG(FLASH_KEYR) = 0x45670123; REG(FLASH_KEYR) = 0xCDEF89AB; REG(FLASH_CR) = 2u << 8 | 1;
  *(volatile uint32_t *)0x080C0000 = 1; while (REG(FLASH_SR) & (1u << 16)) { }
  seen[0] = REG(DWT_CYCCNT); seen[63] = 1; return 0; }
"""


def test_no_cycle_is_different_for_being_traced(traced, bench):
    board, lines = traced(BUSY)
    plain = bench(BUSY, timing="instructions").run()
    assert plain.seen(0) == int.from_bytes(board.read_memory(board.symbol("seen"), 4), "little")
    assert len(lines) > 30


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x100, 0x102, 0x104]), st.sampled_from([0, 4]), st.sampled_from([0, 0, 0, 1])
        ),
        max_size=60,
    )
)
def test_lines_and_what_they_leave_out_are_all_accesses(accesses):
    lines = []
    trace = Trace(lines.append, lambda _address: "f+0x0")
    for cycle, (program_counter, address, is_write) in enumerate(accesses):
        trace(cycle, program_counter, address, 4, 0, bool(is_write))
    trace.flush()
    left_out = [re.search(r"\.\.\. (?:this|these (\d)) reads? (\d+) more time", line) for line in lines]
    shown = [line for line, left in zip(lines, left_out, strict=True) if left is None]
    assert len(shown) + sum(int(left[1] or 1) * int(left[2]) for left in left_out if left) == len(accesses)
    assert sum("<-" in line for line in shown) == sum(write for _, _, write in accesses)
    cycles = [int(line.split()[0]) for line in shown]
    assert cycles == sorted(cycles)


def test_a_block_that_is_not_there_is_an_error_with_those_that_are(compile_firmware):
    elf = compile_firmware("int main(void) { return 0; }")
    with pytest.raises(VirtualBoardError) as raised:
        Board(load_elf(elf), trace=Trace(print, str, ("RCC", "UART6")))
    assert str(raised.value).startswith(
        "The virtual board has no block of registers 'UART6' that could be traced.\n"
        "  Did you mean USART6? It has CRC, CoreSight, DBGMCU, DMA1, DMA2, "
    )


def test_an_error_while_writing_reaches_who_runs_the_board(compile_firmware):
    def write(_line):
        raise OSError("disk full")

    firmware = load_elf(compile_firmware("int main(void) { return 0; }"))
    with Board(firmware, trace=Trace(write, str)) as board, pytest.raises(OSError, match="disk full"):
        board.run(max_cycles=100_000)
