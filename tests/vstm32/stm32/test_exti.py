"""EXTI and SYSCFG: edges on pins and stores to SWIER become interrupts and events (RM0385 section 11)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.board.last_word import Prospect
from vstm32.stm32 import exti, syscfg
from vstm32.stm32.exti import EMR, FTSR, IMR, INTERRUPTS, LINES, PR, REGISTERS, RTSR, SWIER, Exti
from vstm32.stm32.syscfg import Syscfg


class Lines:
    """An EXTI by itself, whose pins and interrupts the test has in its hands."""

    def __init__(self):
        self.levels = dict.fromkeys(range(16), 0)
        self.interrupts = set()
        self.events = 0
        self.block = Exti(
            REGISTERS, level_of=self.levels.__getitem__, set_interrupt=self._set, event=self._event
        )

    def _set(self, number, level):
        (self.interrupts.add if level else self.interrupts.discard)(number)

    def _event(self):
        self.events += 1

    def write(self, **values):
        for name, value in values.items():
            self.block.write_register(getattr(exti, name), value)

    def drive(self, line, level):
        self.levels[line] = level
        self.block.look()

    @property
    def pending(self):
        return self.block.read_register(PR)


@pytest.mark.parametrize(
    ("triggers", "after_rise", "after_fall"),
    [({"RTSR": 8}, 8, 0), ({"FTSR": 8}, 0, 8), ({"RTSR": 8, "FTSR": 8}, 8, 8), ({}, 0, 0)],
)
def test_the_edges_that_were_chosen_are_pending_and_no_others(triggers, after_rise, after_fall):
    lines = Lines()
    lines.write(IMR=8, **triggers)
    for level, wanted in (1, after_rise), (0, after_fall):
        lines.drive(3, level)
        assert (lines.pending, lines.interrupts) == (wanted, {9} if wanted else set())
        lines.write(PR=8)
        assert (lines.pending, lines.interrupts) == (0, set())


def test_an_edge_is_pending_behind_a_mask_and_interrupts_when_the_mask_goes():
    lines = Lines()
    lines.write(RTSR=1)
    lines.drive(0, 1)
    assert (lines.pending, lines.interrupts, lines.events) == (1, set(), 0)
    lines.write(IMR=1)
    assert lines.interrupts == {6}


def test_a_level_that_is_there_when_its_edges_are_chosen_is_no_edge():
    lines = Lines()
    lines.drive(5, 1)
    lines.write(IMR=1 << 5, RTSR=1 << 5, FTSR=1 << 5)
    assert lines.pending == 0
    lines.drive(5, 0)
    assert lines.pending == 1 << 5


def test_an_event_is_no_interrupt():
    lines = Lines()
    lines.write(EMR=2, RTSR=2)
    lines.drive(1, 1)
    lines.write(SWIER=2)
    assert (lines.events, lines.interrupts) == (2, set())


def test_software_pends_what_is_let_through_once_for_each_time_that_it_is_cleared():
    lines = Lines()
    lines.write(IMR=0x10, SWIER=0x30)
    assert (lines.pending, lines.block.read_register(SWIER)) == (0x10, 0x30)
    lines.write(PR=0x30)
    assert (lines.pending, lines.block.read_register(SWIER), lines.interrupts) == (0, 0, set())


def test_lines_that_share_an_interrupt_hold_it_until_the_last_is_cleared():
    lines = Lines()
    lines.write(IMR=0xFC00, RTSR=0xFC00)
    lines.drive(10, 1)
    lines.drive(15, 1)
    assert lines.interrupts == {40}
    lines.write(PR=1 << 15)
    assert lines.interrupts == {40}
    lines.write(PR=1 << 10)
    assert lines.interrupts == set()


def test_each_line_has_one_interrupt():
    assert all(sum(bool(lines >> line & 1) for lines, _ in INTERRUPTS) == 1 for line in range(25))


@given(st.lists(st.tuples(st.sampled_from([IMR, EMR, RTSR, FTSR, SWIER, PR]), st.integers(0, 2**32 - 1))))
def test_an_interrupt_is_asked_for_exactly_while_one_of_its_lines_is_pending_and_let_through(stores):
    lines = Lines()
    for turn, (offset, value) in enumerate(stores):
        lines.block.write_register(offset, value)
        lines.drive(turn % 16, turn & 1)
        wanted = lines.pending & lines.block.read_register(IMR)
        assert lines.interrupts == {number for mask, number in INTERRUPTS if wanted & mask}
        assert lines.pending & ~LINES == 0


def test_a_line_follows_the_port_that_exticr_names():
    block = Syscfg(syscfg.REGISTERS, lambda: None)
    assert block.port_of(11) == "A"
    block.write_register(syscfg.EXTICR1 + 8, 0x8000)
    assert [block.port_of(line) for line in (10, 11, 12)] == ["A", "I", "A"]
    block.write_register(syscfg.EXTICR1 + 8, 0xF000)
    assert block.port_of(11) == ""


def test_the_compensation_cell_is_ready_while_it_is_on():
    block = Syscfg(syscfg.REGISTERS, lambda: None)
    block.write_register(syscfg.CMPCR, syscfg.CMP_PD)
    assert block.read_register(syscfg.CMPCR) == syscfg.CMP_PD | syscfg.READY
    block.write_register(syscfg.CMPCR, 0)
    assert block.read_register(syscfg.CMPCR) == 0


BUTTON = """
#define SYSCFG 0x40013800u
#define EXTI 0x40013C00u
void exti0_handler(void) { REG(EXTI + 0x14) = 1; seen[0]++; }
static void choose_pin_0_of_port_i(void)
{
    REG(RCC_AHB1ENR) |= 1u << 8; REG(0x40023844u) |= 1u << 14;
    (void)REG(0x40023844u);
    REG(SYSCFG + 8) = 8;
}
"""


def test_a_pin_from_outside_interrupts_a_core_that_sleeps(bench):
    source = """
    int main(void)
    {
        choose_pin_0_of_port_i();
        REG(EXTI) = 1; REG(EXTI + 8) = 1; REG(NVIC_ISER) = 1u << 6;
        seen[1] = 1;
        while (seen[0] < 2) __asm volatile("wfi");
        seen[63] = 1; return 0;
    }
    """
    made = bench(BUTTON + source)
    board = made.board

    def comes(index, value):
        limit = time.monotonic() + 60
        while made.seen(index) != value and time.monotonic() < limit:
            time.sleep(0.01)
        return made.seen(index) == value

    board.start()
    assert comes(1, 1)
    for level, times in (1, 1), (0, 1), (1, 2):
        assert board.prospect() is Prospect.GOES_ON  # somebody may move the pin yet
        board.drive_pin("PI0", level)
        board.drive_pin("PA0", level)
        assert comes(0, times)
    assert comes(63, 1)


def test_the_firmwares_own_output_is_seen_by_the_line_of_its_pin(bench):
    source = """
    int main(void)
    {
        choose_pin_0_of_port_i();
        REG(0x40022000u) = 1; REG(EXTI + 4) = 1; REG(EXTI + 12) = 1;
        REG(0x40022018u) = 1; seen[1] = REG(EXTI + 0x14);
        __asm volatile("sev\\n wfe");
        REG(0x40022018u) = 1u << 16; seen[2] = REG(EXTI + 0x14);
        __asm volatile("wfe");
        seen[3] = seen[0]; seen[63] = 1; return 0;
    }
    """
    made = bench(BUTTON + source).run()
    assert [made.seen(index) for index in (1, 2, 3)] == [0, 1, 0]


def test_nothing_of_a_line_is_left_after_a_reset(bench):
    source = """
    int main(void)
    {
        if (seen[60] == 0) {
            choose_pin_0_of_port_i();
            REG(0x40022000u) = 1; REG(EXTI) = 1; REG(EXTI + 8) = REG(EXTI + 12) = 1;
            REG(0x40022018u) = 1;
            REG(EXTI + 0x14) = 1; REG(0xE000E280u) = 1u << 6;
            seen[60] = 1;
            for (;;) { }
        }
        return 0;
    }
    """
    made = bench(BUTTON + source)
    made.board.run(until=lambda: made.seen(60) == 1, timeout_seconds=60)
    made.board.run(max_cycles=1_000, timeout_seconds=60)
    made.board.system.reset()
    assert made.board.system.exceptions.pending == set()
    assert made.board.system.exti.values[PR] == 0


def test_swapping_the_external_memories_is_a_finding(bench):
    made = bench(
        BUTTON + "int main(void) { choose_pin_0_of_port_i(); REG(SYSCFG) = 0x400; seen[63] = 1; return 0; }"
    )
    made.run()
    (finding,) = made.board.findings
    assert finding.sentence.startswith("SYSCFG_MEMRMP: the virtual board does not act on bits 0x400 (")
