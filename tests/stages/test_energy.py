"""Energy of inferences, from traces of which it is known."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import EnergyError
from mcumatrix.model.current import EnergySetup, Trace
from mcumatrix.model.energy import Energy
from mcumatrix.stages.energy import MAX_TRACE_BYTES, energy_of, from_file, to_file, told_again, without_trace
from support.traces import SETUP, Drawn
from support.variants import a_measurement

CLOCK_HZ = 216_000_000
WINDOW_S = 0.003
MEASUREMENT = replace(a_measurement(), warmup=1, total_cycles=(round(WINDOW_S * CLOCK_HZ),) * 2)
"""Two repeats of 3 ms after one inference to warm up."""

DRAWN = Drawn((0.0045, WINDOW_S, WINDOW_S))


def _energy(trace: Trace, setup: EnergySetup = SETUP) -> Energy:
    return energy_of(setup, to_file(trace), MEASUREMENT)


def test_a_window_has_the_energy_of_its_current_at_its_voltage() -> None:
    energy = _energy(DRAWN.trace())
    assert energy.problem == ""
    # Whole periods of the ripple: 3.3 V x 0.15 A x 3 ms.
    assert energy.inferences_j == pytest.approx((0.001485, 0.001485), rel=1e-6)
    assert energy.rate_hz == pytest.approx(100_000, rel=1e-9)


def test_the_inferences_that_warm_up_are_left_out() -> None:
    assert len(_energy(DRAWN.trace()).inferences_j) == 2


def test_uncertainty_is_that_of_two_edges_and_of_the_probe() -> None:
    energy = _energy(replace(DRAWN, ripple_a=0.0).trace())
    power_w = 3.3 * 0.15
    assert energy.sampling_j == pytest.approx(power_w * 1e-5 / sqrt(6), rel=1e-6)
    assert energy.probe_j == pytest.approx(power_w * WINDOW_S * 0.03 / sqrt(3), rel=1e-6)
    assert energy.expanded_uncertainty_j == pytest.approx(
        2 * sqrt(energy.sampling_j**2 + (energy.probe_j or 0) ** 2)
    )


def test_an_accuracy_that_nobody_vouches_for_is_not_invented() -> None:
    energy = _energy(DRAWN.trace(), replace(SETUP, accuracy_percent=None, accuracy_source=""))
    assert energy.probe_j is None
    assert energy.expanded_uncertainty_j == 2 * energy.sampling_j


@given(st.floats(0, 1, exclude_max=True))
def test_where_samples_fall_between_edges_moves_the_energy_within_its_bounds(phase: float) -> None:
    window_s, period_s = 0.003, 1e-5
    begins_s = [0.001 + 0.005 * number + phase * period_s for number in range(3)]
    time_s = np.arange(1700) * period_s
    marked = np.any([(begin <= time_s) & (time_s < begin + window_s) for begin in begins_s], axis=0)
    energy = _energy(Trace(time_s, np.full(1700, 0.1), np.full(1700, 3.0), marked))
    power_w = 0.3
    for joules in energy.inferences_j:
        assert abs(joules - power_w * window_s) <= power_w * period_s * (1 + 1e-6)


def _with_gap(trace: Trace) -> Trace:
    time_s = trace.time_s.copy()
    time_s[500:] += 0.00012
    return replace(trace, time_s=time_s)


def _clipped(trace: Trace) -> Trace:
    return replace(trace, current_a=np.where(trace.marked, 1.0, trace.current_a))


def _silent(trace: Trace) -> Trace:
    return replace(trace, marked=np.zeros_like(trace.marked))


def _cut(trace: Trace) -> Trace:
    end = int(np.flatnonzero(trace.marked)[-1])
    return Trace(trace.time_s[:end], trace.current_a[:end], trace.voltage_v[:end], trace.marked[:end])


def _standing_still(trace: Trace) -> Trace:
    time_s = trace.time_s.copy()
    time_s[7] = time_s[6]
    return replace(trace, time_s=time_s)


def _backwards(trace: Trace) -> Trace:
    return replace(trace, current_a=-trace.current_a)


def _beyond_numbers(trace: Trace) -> Trace:
    return replace(trace, voltage_v=np.full_like(trace.voltage_v, 1e308))


WIRES = "Look at the wire from the board's pin (docs/energy.md has it) to the probe, and at `channel`."


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (
            _with_gap,
            "the trace has a gap of 0.13 ms after sample 499, where samples are 0.01 ms apart. Samples were "
            "lost on their way: use another USB port, and a machine that is less busy.",
        ),
        (
            _clipped,
            "the current in window 0 reaches 1 A, and the probe tells no more than 1 A. Some of it was "
            "clipped: use a probe with a larger range, or set limit_a.",
        ),
        (
            _beyond_numbers,
            "the energy of window 0 is beyond all numbers. Look at the units of the trace: amperes and "
            "volts.",
        ),
        (_silent, f"the trace has no edges: the board's pin never went high. {WIRES}"),
        (_cut, f"the trace ends within a window: its pin is high there. {WIRES}"),
        (
            _standing_still,
            "the time goes back or stands still at sample 7 of the trace. Restore it, or measure again.",
        ),
        (
            _backwards,
            "window 0 has -0.001485 J, and an inference takes more than nothing. Look at the polarity and "
            "the calibration of the probe.",
        ),
    ],
)
def test_a_bad_trace_gives_a_sentence_and_no_energy(spoil: Callable[[Trace], Trace], problem: str) -> None:
    energy = _energy(spoil(DRAWN.trace()))
    assert (energy.problem, energy.inferences_j) == (problem, ())
    assert energy.trace_sha256 is not None


def test_another_number_of_windows_than_inferences_is_refused() -> None:
    assert _energy(Drawn((WINDOW_S,) * 4).trace()).problem == (
        "the trace has 4 windows, and the board ran 1 inferences to warm up and 2 that were timed. Begin the "
        "trace before the run, end it after, and keep other signals off the channel."
    )


def test_windows_of_another_run_are_refused() -> None:
    assert _energy(Drawn((WINDOW_S, WINDOW_S, 0.0035)).trace()).problem == (
        "window 1 is 3.5 ms long, and the board counted 3 ms. The trace is of another run, or has lost "
        "samples."
    )


def test_windows_too_short_for_the_probe_are_refused() -> None:
    assert _energy(Drawn((WINDOW_S,) * 3, rate_hz=2000.0).trace()).problem == (
        "window 0 has 6 samples, and fewer than 10 tell nothing of its energy. Measure a larger model, at a "
        "lower clock, or with a faster probe."
    )


HEADER = b"time_s,current_a,voltage_v,digital\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the trace begins with '', not with time_s,current_a,voltage_v,digital"),
        (HEADER, "the trace has no samples"),
        (HEADER + b"0,0.1,3.3\n", "the trace has 3 columns and not 4"),
        (HEADER + b"0,nan,3.3,1\n", "the trace has samples that are no numbers"),
        (HEADER + b"0,0.1,3.3,2\n", "the trace has something else than 0 and 1 in the column digital"),
        (gzip.compress(HEADER, mtime=0)[:-9], "the trace was cut short"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(EnergyError) as raised:
        from_file(data)
    assert raised.value.message == message


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcumatrix.stages.energy.MAX_TRACE_BYTES", 2**20)
    with pytest.raises(EnergyError, match="the trace has more than 1 MiB"):
        from_file(gzip.compress(bytes(2**22)))
    assert MAX_TRACE_BYTES > 2**20


@given(st.binary(max_size=200))
def test_any_bytes_give_a_trace_or_a_sentence(data: bytes) -> None:
    for file in (data, HEADER + data, gzip.compress(HEADER + data)):
        energy = energy_of(SETUP, file, MEASUREMENT)
        assert energy.problem and not energy.inferences_j


def test_a_trace_is_read_as_it_was_written_and_written_alike_each_time() -> None:
    trace = DRAWN.trace()
    data = to_file(trace)
    assert to_file(trace) == data
    read = from_file(data)
    np.testing.assert_array_equal(read.marked, trace.marked)
    np.testing.assert_allclose(read.current_a, trace.current_a, rtol=1e-8)


def test_the_energy_is_told_again_from_the_trace_alone() -> None:
    data = to_file(DRAWN.trace())
    kept = energy_of(SETUP, data, MEASUREMENT)
    assert told_again(kept, data, MEASUREMENT) == kept
    better = replace(kept, inferences_j=(0.001, 0.001), sampling_j=0.0)
    assert told_again(better, data, MEASUREMENT) == kept


def test_a_probe_that_gave_no_trace_leaves_why() -> None:
    energy = without_trace(SETUP, EnergyError("the PPK2 sent no samples", hint="Unplug it."))
    assert (energy.problem, energy.trace_sha256) == ("the PPK2 sent no samples. Unplug it.", None)
