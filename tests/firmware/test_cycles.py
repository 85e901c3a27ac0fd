"""The cycle counter has 32 bits in hardware and 64 in `port_cycles`.

The fake runtime sets the hardware's counter forward within a half of its period, as if that time had passed.
"""

import pytest

from mcumatrix import wire
from support.firmware_images import DIGIT

WRAP_WITHOUT_TICK, WRAP_WITH_TICKS, TAKE_LONG = 7, 8, 12
HALF_PERIOD_CYCLES = 2**31
TICK_CYCLES = 2**24


@pytest.fixture
def layer_cycles(power_on):
    """Cycles of the second layer while the fake runtime does a deed."""

    def measure(deed):
        terminal = power_on(digit=bytes([deed]) + DIGIT[1:])
        (bench,) = wire.read_exchanges(terminal.ask(wire.RunBench(1, 0, 1)).encode())
        return bench.of(wire.Time)[1].cycles, bench.of(wire.Total)[0].cycles

    return measure


def test_a_layer_across_the_wrap_of_the_counter_takes_as_long_as_any(layer_cycles):
    layer, _total = layer_cycles(WRAP_WITHOUT_TICK)
    assert 1024 <= layer < 1024 + 500


def test_a_layer_longer_than_the_counter_is_counted_in_full(layer_cycles):
    layer, total = layer_cycles(WRAP_WITH_TICKS)
    assert 5 * HALF_PERIOD_CYCLES <= layer < 5 * HALF_PERIOD_CYCLES + 3_000_000
    assert layer < total < layer + 3_000_000


def test_the_counters_own_interrupt_falls_on_the_same_places_of_every_repeat(power_on):
    terminal = power_on(digit=bytes([TAKE_LONG]) + DIGIT[1:])
    (bench,) = wire.read_exchanges(terminal.ask(wire.RunBench(1, 0, 4)).encode())
    cycles = [total.cycles for total in bench.of(wire.Total)]
    assert cycles[0] > TICK_CYCLES
    assert set(cycles) == {cycles[0]}
