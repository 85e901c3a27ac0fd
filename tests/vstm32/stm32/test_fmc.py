"""SDRAM behind FMC: it answers after it was initialised, and a finding says what was missing before that."""

from dataclasses import replace

import pytest

from vstm32.base.errors import VirtualBoardError
from vstm32.base.findings import FindingKind
from vstm32.chips import find_chip
from vstm32.stm32.sdram import Command, SdramSettings, SdramState, excesses
from vstm32.timing import m7_data_table
from vstm32.timing.m7_data_table import SdramTiming

FILL = """
#include "sdram.h"
int main(void) {
    sdram_on();
    volatile uint32_t *words = (volatile uint32_t *)SDRAM;
    words[0] = 0x01234567;
    words[0x1FFFFF] = 0x89ABCDEF;
    REG8(SDRAM + 5) = 0x5A;
    seen[0] = words[0];
    seen[1] = words[0x1FFFFF];
    seen[2] = words[1];
    seen[63] = 1;
    for (;;) {}
}
"""
PART = find_chip("stm32f746ng").kit.sdram
SETTINGS = SdramSettings(
    column_bits=8,
    row_bits=12,
    data_bits=16,
    banks=4,
    cas_latency=3,
    clock_divider=2,
    reads_ahead=True,
    read_pipe_cycles=0,
    load_mode=2,
    exit_self_refresh=8,
    row_active=5,
    row_cycle=8,
    write_recovery=2,
    precharge=3,
    active_to_read=3,
    refresh_clocks=1668,
)
MODE = 3 << 4 | 1 << 9
STEPS = (
    (Command.ENABLE_CLOCK, 0.0, 1, 0),
    (Command.PRECHARGE_ALL, 100e-6, 1, 0),
    (Command.AUTO_REFRESH, 100e-6, 2, 0),
    (Command.LOAD_MODE, 100e-6, 1, MODE),
)


def after(*steps):
    state = SdramState()
    for step in steps:
        state.take(*step)
    return state


def test_it_keeps_what_is_stored_after_its_initialisation(bench):
    ran = bench(FILL).run()
    assert [ran.seen(index) for index in range(3)] == [0x0123_4567, 0x89AB_CDEF, 0x5A00]
    assert ran.board.findings == ()
    assert ran.board.read_memory(0xC000_0000, 4) == b"\x67\x45\x23\x01"
    with pytest.raises(VirtualBoardError):
        ran.board.read_memory(0xC080_0000, 4)


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("-DNO_PINS", "PD14, PD15, PD0, PD1, ... not in alternate function 12 (GPIO MODER and AFR)"),
        (
            "-DCONTROL=0x19D5",
            "FMC_SDCR1 says 9 column bits, 12 row bits, 16 data lines and 4 banks, and the MT48LC4M32B2 has "
            "8 column bits, 12 row bits, 16 data lines and 4 banks as it is wired",
        ),
    ],
)
def test_before_that_an_access_is_a_bus_fault_that_says_what_is_missing(bench, flag, why):
    board = bench(FILL, flag).board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    sentences = [finding.sentence for finding in board.findings if finding.kind is FindingKind.BUS_FAULT]
    assert sentences[0].endswith(f"writes 0xc0000000 (SDRAM, 4 bytes), which does not answer: {why}.")


def test_all_steps_are_enough():
    assert after(*STEPS).missing(PART, SETTINGS) == ""
    assert not list(excesses(PART, SETTINGS, 216_000_000))


@pytest.mark.parametrize(
    ("left_out", "why"),
    [
        (0, "its clock has not been enabled (MODE 1 in FMC_SDCMR)"),
        (1, "its banks have not been precharged (MODE 2 in FMC_SDCMR)"),
        (2, "it got 0 of 2 refreshes after that (MODE 3 in FMC_SDCMR)"),
        (3, "its mode register has not been loaded (MODE 4 in FMC_SDCMR)"),
    ],
)
def test_each_step_that_was_left_out_is_named(left_out, why):
    assert after(*STEPS[:left_out], *STEPS[left_out + 1 :]).missing(PART, SETTINGS) == why


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (
            (Command.PRECHARGE_ALL, 20e-6, 1, 0),
            "it got its first command 20 us after its clock, and needs 100 us",
        ),
        ((Command.AUTO_REFRESH, 1e-4, 1, 0), "it got 1 of 2 refreshes after that (MODE 3 in FMC_SDCMR)"),
        (
            (Command.LOAD_MODE, 1e-4, 1, 2 << 4),
            "its mode register has a CAS latency of 2, and FMC_SDCR1 one of 3",
        ),
        (
            (Command.LOAD_MODE, 1e-4, 1, MODE | 1),
            "its mode register has bursts, and FMC wants a burst length of 1",
        ),
    ],
)
def test_a_step_that_is_not_as_the_part_wants_it_is_named(step, why):
    steps = [step if step[0] is known[0] else known for known in STEPS]
    assert after(*steps).missing(PART, SETTINGS) == why


def test_an_sdram_that_nobody_refreshes_or_that_sleeps_does_not_answer():
    settings = replace(SETTINGS, refresh_clocks=0)
    assert after(*STEPS).missing(PART, settings) == "nothing refreshes it (COUNT in FMC_SDRTR)"
    asleep = after(*STEPS, (Command.SELF_REFRESH, 1.0, 1, 0))
    assert asleep.missing(PART, SETTINGS) == "it sleeps (MODE 5 or 6 in FMC_SDCMR)"
    asleep.take(Command.NORMAL, 1.0, 1, 0)
    assert asleep.missing(PART, SETTINGS) == ""


def test_what_is_too_fast_for_the_part_is_said():
    said = list(excesses(PART, replace(SETTINGS, cas_latency=2, active_to_read=2), 216_000_000))
    assert said == [
        "The SDRAM runs at 108 MHz, and with a CAS latency of 2 the MT48LC4M32B2 does 100 MHz.",
        "TRCD in FMC_SDTR1 is 2 clocks of 108 MHz, and the MT48LC4M32B2 needs 20 ns.",
    ]
    assert list(excesses(PART, replace(SETTINGS, refresh_clocks=3000), 216_000_000)) == [
        "The SDRAM is refreshed every 27.8 us, and the MT48LC4M32B2 needs it every 15.6 us (COUNT in "
        "FMC_SDRTR)."
    ]


DEVICE = """
#include "sdram.h"
int main(void) {
    sdram_on();
    if (NORMAL) {
        sdram_normal();
    }
    REG(SDRAM) = 0x44332211;
    seen[0] = REG(SDRAM + 1) & 0xFFFFFF;
    seen[63] = 1;
    for (;;) {}
}
"""


def test_without_an_mpu_it_is_device_memory_in_which_an_unaligned_access_is_a_usage_fault(bench):
    board = bench(DEVICE, "-DNORMAL=0").board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    fault = next(finding for finding in board.findings if finding.kind is FindingKind.USAGE_FAULT)
    assert fault.sentence.endswith(
        "an access that is not aligned, to memory of a device: the MPU does not make it normal."
    )
    assert "UNALIGNED" in fault.status


def test_an_mpu_region_makes_it_normal_memory(bench):
    ran = bench(DEVICE, "-DNORMAL=1").run()
    assert ran.seen(0) == 0x44_3322
    assert ran.board.findings == ()


def test_no_code_runs_there(bench):
    source = """
#include "sdram.h"
int main(void) {
    sdram_on();
    REG(SDRAM) = 0x47704770; /* bx lr, twice */
    ((void (*)(void))(SDRAM + 1))();
    return 0;
}
"""
    board = bench(source).board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    assert [finding.sentence for finding in board.findings] == [
        "The core fetches an instruction from 0xc0000000 (SDRAM), which is a device's without an MPU, and no "
        "code runs there on the virtual board in any case."
    ]


def test_power_that_goes_takes_its_contents_and_a_reset_its_initialisation(bench):
    ran = bench(FILL).run()
    ran.board.switch_power(False)
    ran.board.switch_power(True)
    assert ran.board.read_memory(0xC000_0000, 4) == bytes(4)
    assert ran.board.core.memory.why_closed(0xC000_0000) == "the clock of FMC is not enabled in RCC"


READ = """
#include "sdram.h"
int main(void) {
    sdram_on();
    clock_216();
    cycles_on();
    volatile uint32_t *at = (volatile uint32_t *)SDRAM;
    uint32_t first = REG(DWT_CYCCNT);
    (void)at[0];
    uint32_t opened = REG(DWT_CYCCNT);
    (void)at[1];
    uint32_t open = REG(DWT_CYCCNT);
    (void)at[0x80];
    uint32_t other = REG(DWT_CYCCNT);
    seen[0] = opened - first;
    seen[1] = open - opened;
    seen[2] = other - open;
    seen[63] = 1;
    for (;;) {}
}
"""


def test_a_load_waits_for_the_row_that_is_to_be_opened_and_for_the_one_that_is_closed(bench):
    """The formula of m7_data_table.sdram, seen by firmware: without a cache, at HCLK/2."""
    ran = bench(READ, timing="m7-cache-2").run()
    opened, row_open, other = (ran.seen(index) for index in range(3))
    cycles = m7_data_table.sdram(
        SdramTiming(
            clock_divider=2,
            cas_latency=3,
            data_bits=16,
            active_to_read=3,
            precharge=3,
            reads_ahead=True,
            read_pipe_cycles=0,
        )
    )
    assert (cycles.activate, cycles.precharge) == (6, 6)
    # Pairs of instructions around a load may differ by a cycle.
    assert opened - row_open == pytest.approx(cycles.activate, abs=1)
    assert other - row_open == pytest.approx(cycles.activate + cycles.precharge, abs=1)
    assert cycles.line == cycles.first + 2 * (16 - 2)
