"""A debugger at the board: halt, step, breakpoints, registers, catches, reset; through the debug port."""

import time
from collections.abc import Callable, Iterator

import pytest

from vstm32 import Board
from vstm32.cortex_m import core_debug
from vstm32.cortex_m.core_debug import (
    C_DEBUGEN,
    C_HALT,
    C_MASKINTS,
    C_STEP,
    S_HALT,
    S_LOCKUP,
    S_REGRDY,
    S_RESET_ST,
)
from vstm32.debug.board_probe import BoardProbe
from vstm32.debug.dap import CTRL_STAT, TransferFaultError

DHCSR, DCRSR, DCRDR, DEMCR = 0xE000_EDF0, 0xE000_EDF4, 0xE000_EDF8, 0xE000_EDFC
DFSR, AIRCR, FP_CTRL, FP_COMP0 = 0xE000_ED30, 0xE000_ED0C, 0xE000_2000, 0xE000_2008
KEY = 0xA05F_0000
PC, XPSR, SP, SPECIAL, FPSCR, S0 = 15, 16, 13, 20, 33, 64
PATIENCE_S = 60.0

COUNTS = """
int main(void) {
    for (;;) { seen[0]++; __asm volatile(".global here\\nhere: nop\\n nop\\n nop"); seen[1]++; }
}
"""


class Probe:
    """The debug port of a board, powered up, with words for what a debugger does."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.probe = BoardProbe(board)
        with self.probe.access():
            self.probe.dap.write_dp(CTRL_STAT, 0x5000_0000)

    def read(self, address: int, size_bytes: int = 4) -> int:
        with self.probe.access():
            return self.probe.dap.read_memory(address, size_bytes)

    def write(self, address: int, value: int, size_bytes: int = 4) -> None:
        with self.probe.access():
            self.probe.dap.write_memory(address, size_bytes, value)

    def halt(self) -> None:
        self.write(DHCSR, KEY | C_DEBUGEN | C_HALT)
        assert self.read(DHCSR) & S_HALT

    def go(self) -> None:
        self.write(DHCSR, KEY | C_DEBUGEN)

    def step(self, more: int = C_MASKINTS) -> None:
        self.write(DHCSR, KEY | C_DEBUGEN | C_STEP | more)

    def register(self, number: int) -> int:
        self.write(DCRSR, number)
        assert self.read(DHCSR) & S_REGRDY
        return self.read(DCRDR)

    def set_register(self, number: int, value: int) -> None:
        self.write(DCRDR, value)
        self.write(DCRSR, 1 << 16 | number)

    def wait_for_halt(self) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while not self.read(DHCSR) & S_HALT:
            assert time.monotonic() < give_up_at, "the core does not halt"

    def symbol(self, name: str) -> int:
        return self.board.symbol(name)


@pytest.fixture
def probe(bench: Callable[..., object]) -> Iterator[Callable[..., Probe]]:
    """probe(source) gives a probe at a board that runs the firmware."""

    def made(source: str) -> Probe:
        board: Board = bench(source).board  # type: ignore[attr-defined]
        board.start()
        return Probe(board)

    yield made


def test_a_running_core_halts_and_goes_on(probe):
    at = probe(COUNTS)
    at.halt()
    stood = at.read(at.symbol("seen"))
    assert at.read(at.symbol("seen")) == stood
    assert at.read(DFSR) & 1
    at.go()
    give_up_at = time.monotonic() + PATIENCE_S
    while at.read(at.symbol("seen")) == stood:
        assert time.monotonic() < give_up_at
    assert not at.read(DHCSR) & S_HALT


def test_memory_can_be_read_and_written_while_the_core_runs(probe):
    at = probe("int main(void) { while (!seen[1]) {} seen[2] = seen[1] + 1; for (;;) {} }")
    at.write(at.symbol("seen") + 4, 41)
    give_up_at = time.monotonic() + PATIENCE_S
    while at.read(at.symbol("seen") + 8) != 42:
        assert time.monotonic() < give_up_at


def test_a_wrong_key_changes_nothing(probe):
    at = probe(COUNTS)
    at.write(DHCSR, 0xA050_0000 | C_DEBUGEN | C_HALT)
    assert not at.read(DHCSR) & (C_DEBUGEN | S_HALT)


def test_a_step_executes_one_instruction(probe):
    at = probe(COUNTS)
    here = at.symbol("here") & ~1
    at.halt()
    at.write(FP_CTRL, 3)
    at.write(FP_COMP0, here | 1)
    at.go()
    at.wait_for_halt()
    assert at.register(PC) == here
    at.write(FP_COMP0, 0)
    for count in (1, 2, 3):
        at.step()
        assert at.read(DHCSR) & S_HALT
        assert at.register(PC) == here + 2 * count


def test_a_breakpoint_halts_before_its_instruction_every_time(probe):
    at = probe(COUNTS)
    at.halt()
    at.write(FP_CTRL, 3)
    at.write(FP_COMP0 + 4 * 7, at.symbol("here") & ~1 | 1)
    at.go()
    at.wait_for_halt()
    assert at.read(DFSR) & core_debug.DFSR_BKPT
    assert at.register(PC) == at.symbol("here") & ~1
    first = [at.read(at.symbol("seen") + 4 * index) for index in (0, 1)]
    assert first[0] == first[1] + 1
    at.write(FP_COMP0 + 4 * 7, 0)
    at.step()
    at.write(FP_COMP0 + 4 * 7, at.symbol("here") & ~1 | 1)
    at.go()
    at.wait_for_halt()
    assert [at.read(at.symbol("seen") + 4 * index) for index in (0, 1)] == [first[0] + 1, first[1] + 1]


def test_a_breakpoint_that_was_taken_away_halts_no_more(probe):
    at = probe(COUNTS)
    at.halt()
    at.write(FP_CTRL, 3)
    at.write(FP_COMP0, at.symbol("here") & ~1 | 1)
    at.go()
    at.wait_for_halt()
    at.write(FP_COMP0, 0)
    before = at.read(at.symbol("seen"))
    at.go()
    give_up_at = time.monotonic() + PATIENCE_S
    while at.read(at.symbol("seen")) < before + 2:
        assert time.monotonic() < give_up_at


def test_a_board_that_runs_in_its_callers_thread_ends_at_a_breakpoint(bench):
    board = bench(COUNTS).board
    at = Probe(board)
    at.halt()
    at.write(FP_CTRL, 3)
    at.write(FP_COMP0, board.symbol("here") & ~1 | 1)
    at.go()
    board.run(timeout_seconds=PATIENCE_S)
    assert at.register(PC) == board.symbol("here") & ~1
    board.run(max_cycles=1000, timeout_seconds=PATIENCE_S)


def test_a_bkpt_instruction_halts_with_a_debugger_and_faults_without(probe):
    at = probe('int main(void) { while (!seen[1]) {} __asm volatile("bkpt #0"); seen[2] = 1; for (;;) {} }')
    at.halt()
    at.write(at.symbol("seen") + 4, 1)
    at.go()
    at.wait_for_halt()
    assert at.read(DFSR) & core_debug.DFSR_BKPT
    at.write(DHCSR, KEY)
    give_up_at = time.monotonic() + PATIENCE_S
    while at.board.running and not at.read(0xE000_ED2C) & 1 << 31:
        assert time.monotonic() < give_up_at


@pytest.mark.parametrize("number", [*range(13), 14, FPSCR, S0, S0 + 31])
def test_core_registers_keep_what_a_debugger_writes(probe, number):
    at = probe(COUNTS)
    at.halt()
    value = 0x0300_0000 if number == FPSCR else 0x1234_5678
    at.set_register(number, value)
    assert at.register(number) == value


def test_the_program_counter_says_where_to_go_on(probe):
    at = probe("void there(void) { seen[5] = 77; for (;;) {} } int main(void) { for (;;) seen[0]++; }")
    at.halt()
    at.set_register(PC, at.symbol("there"))
    assert at.register(PC) == at.symbol("there") & ~1
    at.go()
    give_up_at = time.monotonic() + PATIENCE_S
    while at.read(at.symbol("seen") + 20) != 77:
        assert time.monotonic() < give_up_at


def test_special_registers_share_a_word(probe):
    at = probe(COUNTS)
    at.halt()
    at.set_register(SPECIAL, 0x0000_2001)
    assert at.register(SPECIAL) & 0xFFFF == 0x2001


def test_code_that_a_debugger_writes_into_ram_is_what_runs(probe):
    """Twice at the same address: what was translated before must be forgotten."""
    at = probe(COUNTS)
    at.halt()
    for constant in (1, 2):
        at.write(0x2000_8000, 0xBE00_2000 | constant)  # movs r0, #constant; bkpt
        at.set_register(PC, 0x2000_8000)
        at.go()
        at.wait_for_halt()
        assert at.register(0) == constant


def test_registers_cannot_be_had_while_the_core_runs(probe):
    at = probe(COUNTS)
    at.write(DHCSR, KEY | C_DEBUGEN)
    at.write(DCRDR, 0x55)
    at.write(DCRSR, PC)
    assert at.read(DCRDR) == 0x55


def test_the_reset_vector_can_be_caught(probe):
    at = probe(COUNTS)
    at.halt()
    at.write(DEMCR, core_debug.VC_CORERESET)
    at.write(AIRCR, 0x05FA_0004)
    status = at.read(DHCSR)
    assert status & S_HALT
    assert status & S_RESET_ST
    assert not at.read(DHCSR) & S_RESET_ST
    assert at.read(DFSR) & core_debug.DFSR_VCATCH
    assert at.register(PC) == at.read(0x0800_0004) & ~1
    assert at.register(SP) == at.read(0x0800_0000)


def test_a_reset_lets_a_halted_core_go_and_keeps_the_debugger(probe):
    at = probe(COUNTS)
    at.halt()
    at.write(FP_CTRL, 3)
    at.write(AIRCR, 0x05FA_0004)
    status = at.read(DHCSR)
    assert status & C_DEBUGEN
    assert not status & S_HALT
    assert at.read(FP_CTRL) & 1


def test_a_core_can_be_prepared_under_reset_to_halt_at_its_first_instruction(probe):
    at = probe(COUNTS)
    at.probe.assert_reset(True)
    assert at.read(DHCSR) & S_RESET_ST
    at.write(DEMCR, core_debug.VC_CORERESET)
    at.write(DHCSR, KEY | C_DEBUGEN)
    with pytest.raises(TransferFaultError):
        at.read(0x2000_0000)
    at.probe.assert_reset(False)
    assert at.read(DHCSR) & S_HALT
    assert at.register(PC) == at.read(0x0800_0004) & ~1


def test_blank_flash_locks_up_and_a_debugger_gets_hold_of_it() -> None:
    with Board() as board:
        board.start()
        at = Probe(board)
        give_up_at = time.monotonic() + PATIENCE_S
        while not at.read(DHCSR) & S_LOCKUP:
            assert time.monotonic() < give_up_at
        at.halt()
        assert not at.read(DHCSR) & S_LOCKUP


RESET_REQUEST = 0x05FA_0004


def test_a_lockup_of_before_a_debuggers_reset_is_not_the_fault_of_the_firmware_after_it() -> None:
    with Board() as board:
        board.start()
        at = Probe(board)
        assert "The reset vector at 0x00200004 is 0xffffffff" in str(board.fault)
        at.halt()
        with board.standing_still():
            # A stack, and a firmware that branches to itself.
            board.system.flash.load(bytes.fromhex("0000022009000008fee7").ljust(1 << 20, b"\xff"))
        at.write(AIRCR, RESET_REQUEST)
        assert (board.fault, board.findings) == (None, ())
        assert board.running


@pytest.mark.parametrize("is_stepped", [False, True])
def test_what_a_firmware_did_before_it_reset_itself_is_said_after_it(probe, is_stepped):
    at = probe(
        """
        int main(void)
        {
            while (!seen[1]) {}
            REG(0x40020000u) = 5; REG(SCB_AIRCR) = 0x05FA0004u;
            for (;;) {}
        }
        """
    )
    at.halt()
    at.read(DHCSR)
    at.write(at.symbol("seen") + 4, 1)
    give_up_at = time.monotonic() + PATIENCE_S
    if not is_stepped:
        at.go()
    while not at.read(DHCSR) & S_RESET_ST:
        assert time.monotonic() < give_up_at
        if is_stepped:
            at.step()
    assert [finding.block for finding in at.board.findings] == ["GPIOA"]


def test_a_hard_fault_can_be_caught_at_the_first_instruction_of_its_handler(probe):
    at = probe(
        """
        void hard_fault_handler(void) { seen[3] = 1; for (;;) {} }
        int main(void) { while (!seen[1]) {} __asm volatile("udf #1"); for (;;) {} }
        """
    )
    at.halt()
    at.write(DEMCR, core_debug.VC_HARDERR)
    at.write(at.symbol("seen") + 4, 1)
    at.go()
    at.wait_for_halt()
    assert at.read(DFSR) & core_debug.DFSR_VCATCH
    assert at.register(PC) == at.symbol("hard_fault_handler") & ~1
    assert at.read(at.symbol("seen") + 12) == 0


def test_interrupts_can_be_kept_away_while_stepping(probe):
    source = """
    void systick_handler(void) { seen[6]++; }
    int main(void)
    {
        REG(0xE000E014u) = 20; REG(0xE000E018u) = 0; REG(0xE000E010u) = 7;
        for (;;) { __asm volatile("nop"); seen[0]++; }
    }
    """
    at = probe(source)
    at.halt()
    while at.register(XPSR) & 0x1FF:  # the handler that may run is to come to its end
        at.step(C_MASKINTS)
    before = at.read(at.symbol("seen") + 24)
    for _ in range(60):
        at.step(C_MASKINTS)
    assert at.read(at.symbol("seen") + 24) == before
    for _ in range(60):
        at.step(0)
    assert at.read(at.symbol("seen") + 24) > before


def test_a_sleeping_core_halts_and_is_awake_then(probe):
    at = probe('int main(void) { seen[0] = 1; for (;;) __asm volatile("wfi"); }')
    give_up_at = time.monotonic() + PATIENCE_S
    while not at.read(DHCSR) & core_debug.S_SLEEP:
        assert time.monotonic() < give_up_at
    at.halt()
    assert not at.read(DHCSR) & core_debug.S_SLEEP


def test_firmware_cannot_halt_itself_through_the_debug_registers(probe):
    at = probe("int main(void) { REG(0xE000EDF0u) = 0xA05F0003u; seen[0] = 1; for (;;) {} }")
    give_up_at = time.monotonic() + PATIENCE_S
    while at.read(at.symbol("seen")) != 1:
        assert time.monotonic() < give_up_at
    assert not at.read(DHCSR) & C_DEBUGEN


@pytest.mark.parametrize("address", [0x3000_0000, 0x4000_0410, 0xE004_3000])
def test_where_nothing_is_a_debugger_gets_a_fault_and_the_firmware_none(probe, address):
    at = probe(COUNTS)
    with pytest.raises(TransferFaultError):
        at.read(address)
    assert at.board.findings == ()


def test_identification_registers_lead_to_the_core(probe):
    at = probe(COUNTS)
    assert at.read(0xE00F_D000) & 1
    assert at.read(0xE00F_DFF0) == 0x0D
    assert at.read(0xE000_EFE0) == 0x0C
    assert at.read(0xE000_ED00) == 0x410F_C271
    assert at.read(0xE004_2000) & 0xFFF == 0x449


def test_power_off_loses_ram_and_keeps_flash(probe):
    at = probe(COUNTS)
    vector = at.read(0x0800_0004)
    at.write(0x2000_9000, 0xCAFE_F00D)
    at.board.switch_power(False)
    at.board.switch_power(True)
    assert at.read(0x2000_9000) == 0
    assert at.read(0x0800_0004) == vector


def test_a_board_that_is_off_does_not_run(probe):
    at = probe(COUNTS)
    at.board.switch_power(False)
    stood = at.board.cycles
    time.sleep(0.02)
    assert at.board.cycles == stood


WATCHED = """
int main(void)
{
    while (!seen[1]) {}
    seen[10] = 5;
    seen[11] = seen[10] + 1;
    seen[12] = 1;
    for (;;) { seen[2]++; }
}
"""
DWT_COMP1, DWT_MASK1, DWT_FUNCTION1 = 0xE000_1030, 0xE000_1034, 0xE000_1038


@pytest.mark.parametrize(("function", "index"), [(6, 11), (5, 10), (7, 11)])
def test_a_watchpoint_halts_after_its_data_were_accessed(probe, function, index):
    at = probe(WATCHED)
    at.halt()
    at.write(DWT_COMP1, at.symbol("seen") + 4 * index)
    at.write(DWT_MASK1, 2)
    at.write(DWT_FUNCTION1, function)
    at.write(at.symbol("seen") + 4, 1)
    at.go()
    at.wait_for_halt()
    assert at.read(DFSR) & core_debug.DFSR_DWTTRAP
    assert at.read(at.symbol("seen") + 40) == 5
    assert at.read(DWT_FUNCTION1) & 1 << 24
    assert not at.read(DWT_FUNCTION1) & 1 << 24


def test_what_a_watchpoint_does_not_watch_goes_on(probe):
    at = probe(WATCHED)
    at.halt()
    at.write(DWT_COMP1, at.symbol("seen") + 48)
    at.write(DWT_MASK1, 2)
    at.write(DWT_FUNCTION1, 5)  # read, where the firmware writes
    at.write(at.symbol("seen") + 4, 1)
    at.go()
    give_up_at = time.monotonic() + PATIENCE_S
    while not at.read(at.symbol("seen") + 8):
        assert time.monotonic() < give_up_at
    assert not at.read(DHCSR) & S_HALT
