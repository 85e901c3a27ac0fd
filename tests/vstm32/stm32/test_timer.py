"""TIM2 and TIM5, alone against a model that counts step by step, and as firmware sees them."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hand_clock import HandClock
from vstm32.stm32 import timer
from vstm32.stm32.timer import ARPE, CCR, CEN, CNT, CR1, DIR, OPM, SR


class Alone:
    """A timer whose clock is the core's, and its interrupt line."""

    def __init__(self, cycles: int = 1) -> None:
        self.clock = HandClock()
        self.cycles = cycles
        self.line = False
        self.rises = 0
        self.timer = timer.Timer(
            "TIM2", 0x4000_0000, self.clock, clock_cycles=lambda: self.cycles, interrupt=self._set_line
        )

    def _set_line(self, level: bool) -> None:
        self.rises += level and not self.line
        self.line = level

    def write(self, **values: int) -> None:
        for name, value in values.items():
            self.timer.write_register(getattr(timer, name), value)

    def read(self, offset: int) -> int:
        return self.timer.read_register(offset)


@pytest.fixture
def alone() -> Alone:
    return Alone()


@dataclass
class StepByStep:
    """The same timer, one clock at a time, as the reference manual tells it."""

    down: bool
    preload: bool
    one_pulse: bool
    prescaler: int
    reload: int
    compare: int
    count: int
    on: bool = True
    phase: int = 0
    flags: int = 0
    wanted: dict[str, int] = field(default_factory=dict)

    def clock(self) -> None:
        if not self.on or self.reload == 0:
            return
        self.phase += 1
        if self.phase <= self.prescaler:
            return
        self.phase = 0
        if self.count == (0 if self.down else self.reload):
            if self.compare > self.reload:
                self.flags |= 2
            self.prescaler = self.wanted.get("prescaler", self.prescaler)
            self.reload = self.wanted.get("reload", self.reload)
            self.count = self.reload if self.down else 0
            self.flags |= 1
            self.on = not self.one_pulse
        else:
            self.count = (self.count + (-1 if self.down else 1)) % 2**32
        if self.count == self.compare:
            self.flags |= 2


@given(
    modes=st.tuples(*[st.booleans()] * 3),
    settings=st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 11), st.integers(0, 12)),
    new=st.tuples(st.integers(0, 3), st.integers(1, 9)),
    waits=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    interrupts=st.sampled_from([0, 1, 2, 3]),
)
def test_counter_and_flags_are_those_of_a_timer_that_counts_step_by_step(
    modes, settings, new, waits, interrupts
):
    down, preload, one_pulse = modes
    prescaler, reload, compare, count = settings
    alone, model = Alone(), StepByStep(*modes, *settings)
    alone.write(PSC=prescaler, ARR=reload)
    alone.timer.write_register(CCR[0], compare)
    alone.write(EGR=1, SR=0, CNT=count, DIER=interrupts)
    alone.write(CR1=CEN | down * DIR | preload * ARPE | one_pulse * OPM)
    for index, wait in enumerate(waits):
        alone.clock.wait(wait)
        for _ in range(wait):
            model.clock()
        assert (alone.read(CNT), alone.read(SR) & 3) == (model.count, model.flags)
        assert alone.read(CR1) & CEN == model.on * CEN
        assert alone.line == bool(model.flags & interrupts)
        if index == 1:
            alone.write(PSC=new[0], ARR=new[1])
            model.wanted = {"prescaler": new[0], "reload": new[1]}
            if not preload:
                model.reload = new[1]
        if index % 2:
            alone.write(SR=0)
            model.flags = 0


@given(reload=st.integers(1, 2**32 - 1), prescaler=st.integers(0, 0xFFFF), periods=st.integers(1, 10**6))
def test_many_periods_pass_as_one(reload, prescaler, periods):
    alone = Alone()
    alone.write(PSC=prescaler, ARR=reload, EGR=1, SR=0, CR1=CEN)
    alone.clock.wait(periods * (reload + 1) * (prescaler + 1) + prescaler)
    assert (alone.read(CNT), alone.read(SR) & 1) == (0, 1)


def test_reset_values_are_those_of_the_manual(alone):
    assert {name: alone.read(getattr(timer, name)) for name in ("CR1", "SR", "PSC", "ARR", "CNT")} == {
        "CR1": 0, "SR": 0, "PSC": 0, "ARR": 0xFFFF_FFFF, "CNT": 0,
    }  # fmt: skip


def test_an_update_interrupts_each_period_and_the_line_falls_with_the_flag(alone):
    alone.write(ARR=99, DIER=1, CR1=CEN)
    for _ in range(5):
        alone.clock.wait(100)
        assert alone.line
        alone.write(SR=0)
        assert not alone.line
    assert alone.rises == 5


def test_setting_ug_loads_the_prescaler_and_is_an_update_unless_urs(alone):
    alone.write(PSC=9, CR1=CEN)
    alone.clock.wait(5)
    assert alone.read(CNT) == 5
    alone.write(EGR=1)
    assert (alone.read(CNT), alone.read(SR)) == (0, 1)
    alone.write(SR=0, CR1=CEN | timer.URS, EGR=1)
    alone.clock.wait(50)
    assert (alone.read(CNT), alone.read(SR) & 1) == (5, 0)


def test_without_updates_nothing_is_loaded_and_no_flag_set(alone):
    alone.write(ARR=9, PSC=3, CR1=CEN | timer.UDIS)
    alone.clock.wait(25)
    assert (alone.read(CNT), alone.read(SR) & 1) == (5, 0)


def test_a_flag_is_cleared_by_zero_and_left_by_one(alone):
    alone.write(EGR=0x1F, SR=0xFFFF_FFFB)
    assert alone.read(SR) == 0x1B


def test_the_counter_keeps_its_count_when_the_clock_changes(alone):
    alone.write(CR1=CEN)
    alone.clock.wait(100)
    alone.cycles = 4
    alone.timer.clocks_changed()
    alone.clock.wait(40)
    assert alone.read(CNT) == 110


def test_without_a_clock_it_stands_still(alone):
    alone.write(CR1=CEN)
    alone.clock.wait(10)
    alone.cycles = 0
    alone.timer.clocks_changed()
    alone.clock.wait(1000)
    alone.cycles = 1
    alone.timer.clocks_changed()
    assert alone.read(CNT) == 10


@pytest.mark.parametrize(
    ("register", "bits"),
    [("CR1", 1 << 5), ("SMCR", 7), ("CCMR1", 1), ("CCER", 1), ("DIER", 1 << 8), ("CR2", 2 << 4)],
)
def test_what_is_not_modelled_is_said(alone, register, bits):
    alone.write(**{register: bits})
    [(refused, what)] = alone.timer.unsupported_seen
    assert (refused.name, what) == (register, bits)


FIRMWARE = """
#define TIM2 0x40000000u
#define TIM5 0x40000C00u
void clock_of_timers(void) { REG(RCC_APB1ENR) |= 1u | 1u << 3; (void)REG(RCC_APB1ENR); }
"""


@pytest.mark.parametrize(
    ("clock", "timpre", "cycles"),
    [
        ("(void)0", 0, 1),
        ("clock_216()", 0, 2),  # APB1 / 4: twice PCLK1 is 108 MHz
        ("clock_216()", 1 << 24, 1),  # TIMPRE: HCLK up to / 4
        ("clock_288()", 0, 4),  # APB1 / 8: 72 MHz
        ("clock_288()", 1 << 24, 2),
    ],
)
def test_the_timer_counts_with_the_clock_of_the_tree(bench, clock, timpre, cycles):
    source = (
        FIRMWARE
        + f"""
    int main(void)
    {{
        {clock}; cycles_on(); clock_of_timers(); REG(0x4002388Cu) = {timpre}u;
        REG(TIM2) = 1u;
        uint32_t began = REG(DWT_CYCCNT), first = REG(TIM2 + 0x24u);
        for (volatile int i = 0; i < 1000; i++) {{ }}
        seen[0] = REG(DWT_CYCCNT) - began; seen[1] = REG(TIM2 + 0x24u) - first;
        seen[63] = 1;
        return 0;
    }}
    """
    )
    board = bench(source).run()
    assert board.seen(0) > 5_000
    assert abs(board.seen(0) - board.seen(1) * cycles) <= 2 * cycles + 2


def test_interrupts_of_tim5_come_at_their_rate_and_wake_a_sleeping_core(bench):
    source = (
        FIRMWARE
        + """
    static volatile uint32_t ticks;
    void tim5_handler(void) { REG(TIM5 + 0x10u) = ~1u; ticks++; }
    int main(void)
    {
        clock_216(); cycles_on(); clock_of_timers();
        REG(TIM5 + 0x28u) = 107; REG(TIM5 + 0x2Cu) = 999; REG(TIM5 + 0x14u) = 1; REG(TIM5 + 0x10u) = 0;
        REG(TIM5 + 0x0Cu) = 1; REG(NVIC_ISER + 4) = 1u << 18;
        REG(TIM5) = 1;
        uint32_t began = REG(DWT_CYCCNT);
        while (ticks < 50) __asm volatile("wfi");
        seen[0] = REG(DWT_CYCCNT) - began; seen[63] = 1;
        return 0;
    }
    """
    )
    board = bench(source).run()
    assert 50 * 216_000 - 50 <= board.seen(0) <= 50 * 216_000 + 100
    assert board.board.findings == ()


def test_who_polls_for_an_update_lets_virtual_time_jump(bench):
    source = (
        FIRMWARE
        + """
    int main(void)
    {
        clock_216(); cycles_on(); clock_of_timers();
        REG(TIM2 + 0x28u) = 10799; REG(TIM2 + 0x2Cu) = 9999; REG(TIM2 + 0x14u) = 1; REG(TIM2 + 0x10u) = 0;
        REG(TIM2) = 1u | 1u << 3;
        uint32_t began = REG(DWT_CYCCNT);
        while (!(REG(TIM2 + 0x10u) & 1u)) { }
        seen[0] = REG(DWT_CYCCNT) - began; seen[1] = REG(TIM2) & 1u; seen[63] = 1;
        return 0;
    }
    """
    )
    board = bench(source).run(timeout_seconds=60)
    assert abs(board.seen(0) - 216_000_000) < 100
    assert board.seen(1) == 0


@pytest.mark.parametrize(("preload", "matched"), [(0, 1), (1, 0)])
def test_a_compare_value_with_preload_counts_from_the_next_update(alone, preload, matched):
    alone.write(ARR=99, CCMR1=preload << 3, EGR=1, SR=0, CR1=CEN)
    alone.timer.write_register(CCR[0], 50)
    alone.clock.wait(60)
    assert alone.read(SR) >> 1 & 1 == matched
    alone.clock.wait(40)
    alone.write(SR=0)
    alone.clock.wait(60)
    assert alone.read(SR) >> 1 & 1 == 1


def test_a_compare_match_interrupts_at_its_count(alone):
    alone.write(ARR=99, DIER=1 << 3, EGR=1, SR=0, CR1=CEN)
    alone.timer.write_register(CCR[2], 30)
    alone.clock.wait(29)
    assert not alone.line
    alone.clock.wait(1)
    assert alone.line
    alone.write(SR=0)
    alone.clock.wait(99)
    assert (alone.line, alone.rises) == (False, 1)
    alone.clock.wait(1)
    assert (alone.line, alone.rises) == (True, 2)
