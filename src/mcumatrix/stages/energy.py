"""Energy: from the trace of a current probe to joules for each timed inference.

The firmware holds a pin high around each inference, those of the warm-up too, so that the trace has one
window for each. Windows are held against the cycles that the board counted: a trace of another run does not
pass.

Uncertainties are standard ones after the GUM (JCGM 100:2008, 4.3.7): an edge may lie anywhere between two
samples, and an error anywhere within the limits that a probe's maker gives, each with the same probability;
the standard deviation of that is the half-width over the square root of 3.
"""

import gzip
import io
import zlib
from dataclasses import replace
from math import isfinite, sqrt
from statistics import median
from typing import TYPE_CHECKING

from mcumatrix.errors import EnergyError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.current import EnergySetup, Trace
from mcumatrix.model.energy import Energy
from mcumatrix.model.record import Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("time_s", "current_a", "voltage_v", "digital")
"""Of a trace as CSV: seconds, amperes, volts, and 0 or 1 for the board's pin."""

MAX_TRACE_BYTES = 512 * 1024 * 1024
"""Unpacked. Two minutes at 100,000 samples a second have some 400 MB."""

MIN_SAMPLES = 10
"""In a window. With fewer, edges alone make the energy uncertain by more than 4 per cent."""

_GAP = 1.5
"""Samples that lie further apart than this many periods have others missing between them."""

_OUTSIDE_S = 20e-6
"""How much longer a window may be than the cycles within it, in seconds: what the firmware does between the
pin and the cycle counter, at the slowest clock there is."""

_DRIFT = 0.01
"""How far the clocks of probe and board may be apart, as a share: internal oscillators are within 1 per
cent."""


def to_file(trace: Trace) -> bytes:
    """A trace as it is kept: CSV with `COLUMNS`, packed by gzip, the same bytes for the same trace."""
    import numpy as np

    text = io.StringIO()
    text.write(",".join(COLUMNS) + "\n")
    columns = (trace.time_s, trace.current_a, trace.voltage_v, trace.marked)
    np.savetxt(text, np.column_stack(columns), fmt=("%.9g", "%.9g", "%.9g", "%d"), delimiter=",")
    return gzip.compress(text.getvalue().encode(), mtime=0)


def from_file(data: bytes) -> Trace:
    """Reads a trace: CSV with `COLUMNS`, as it is or packed by gzip.

    Raises:
        EnergyError: it is something else.
    """
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    return _from_csv(data)


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, MAX_TRACE_BYTES)
    except zlib.error as error:
        raise EnergyError(f"the trace cannot be unpacked: {error}", hint=_DAMAGED) from error
    if unpacker.unconsumed_tail:
        raise EnergyError(f"the trace has more than {MAX_TRACE_BYTES // 2**20} MiB", hint=_DAMAGED)
    if not unpacker.eof:
        raise EnergyError("the trace was cut short", hint=_DAMAGED)
    return unpacked


_DAMAGED = "Restore it, or measure again."
_WIRES = "Look at the wire from the board's pin (docs/energy.md has it) to the probe, and at `channel`."


def _from_csv(data: bytes) -> Trace:
    import numpy as np

    header, _, rows = data.partition(b"\n")
    if header.strip() != ",".join(COLUMNS).encode():
        raise EnergyError(
            f"the trace begins with {header[:60].decode(errors='replace')!r}, not with {','.join(COLUMNS)}",
            hint="Name the columns in its first line, in this order.",
        )
    if not rows.strip():
        raise EnergyError("the trace has no samples", hint=_DAMAGED)
    try:
        table = np.loadtxt(io.BytesIO(rows), delimiter=",", ndmin=2, comments=None)
    except ValueError as error:
        raise EnergyError(f"the trace is no table of numbers: {error}", hint=_DAMAGED) from error
    if table.shape[1] != len(COLUMNS):
        raise EnergyError(f"the trace has {table.shape[1]} columns and not {len(COLUMNS)}", hint=_DAMAGED)
    if not np.isfinite(table).all():
        raise EnergyError("the trace has samples that are no numbers", hint=_DAMAGED)
    time_s, current_a, voltage_v, digital = table.T
    if not np.isin(digital, (0, 1)).all():
        raise EnergyError("the trace has something else than 0 and 1 in the column digital", hint=_DAMAGED)
    return Trace(time_s, current_a, voltage_v, digital == 1)


def energy_of(setup: EnergySetup, data: bytes, measurement: Measurement) -> Energy:
    """The energy of each timed inference of a measurement, from the trace that was kept; never raises what a
    trace can cause: that is in `problem`."""
    told = Energy(
        probe=setup.probe,
        limit_a=setup.limit_a,
        accuracy_percent=setup.accuracy_percent,
        accuracy_source=setup.accuracy_source,
    )
    return told_again(told, data, measurement)


def without_trace(setup: EnergySetup, error: EnergyError) -> Energy:
    """What is kept where the probe gave no trace."""
    return Energy(probe=setup.probe, limit_a=setup.limit_a, problem=_sentence(error))


def told_again(kept: Energy, data: bytes, measurement: Measurement) -> Energy:
    """The energy as a trace gives it, with what of a kept one is no number of the trace."""
    facts = Energy(
        probe=kept.probe,
        limit_a=kept.limit_a,
        accuracy_percent=kept.accuracy_percent,
        accuracy_source=kept.accuracy_source,
        trace_sha256=hash_bytes(data),
    )
    try:
        return _worked_out(facts, from_file(data), measurement)
    except EnergyError as error:
        return replace(facts, problem=_sentence(error))


def _sentence(error: EnergyError) -> str:
    return f"{error.message}. {error.hint}".rstrip()


def _worked_out(facts: Energy, trace: Trace, measurement: Measurement) -> Energy:
    """Raises EnergyError: the trace does not give it."""
    import numpy as np

    period_s = _period_s(trace)
    windows = _windows(trace)
    repeats = len(measurement.total_cycles)
    if len(windows) != measurement.warmup + repeats:
        raise EnergyError(
            f"the trace has {len(windows)} windows, and the board ran {measurement.warmup} inferences to "
            f"warm up and {repeats} that were timed",
            hint="Begin the trace before the run, end it after, and keep other signals off the channel.",
        )
    joules: list[float] = []
    edges: list[float] = []
    timed = windows[measurement.warmup :]
    for number, ((begin, end), cycles) in enumerate(zip(timed, measurement.total_cycles, strict=True)):
        _check_window(number, end - begin, period_s, cycles / measurement.clock.measured_hz)
        current_a, voltage_v = trace.current_a[begin:end], trace.voltage_v[begin:end]
        if (largest := float(current_a.max())) >= facts.limit_a:
            raise EnergyError(
                f"the current in window {number} reaches {largest:g} A, and the probe tells no more than "
                f"{facts.limit_a:g} A",
                hint="Some of it was clipped: use a probe with a larger range, or set limit_a.",
            )
        with np.errstate(over="ignore", invalid="ignore"):
            power_w = current_a * voltage_v
            joules.append(float(power_w.sum() * period_s))
        if not isfinite(joules[-1]):
            raise EnergyError(
                f"the energy of window {number} is beyond all numbers",
                hint="Look at the units of the trace: amperes and volts.",
            )
        # Each edge lies within one period: half-width period / 2.
        edge_w = np.hypot(power_w[0], power_w[-1])
        edges.append(float(edge_w * period_s / 2 / sqrt(3)))
        if joules[-1] <= 0:
            raise EnergyError(
                f"window {number} has {joules[-1]:g} J, and an inference takes more than nothing",
                hint="Look at the polarity and the calibration of the probe.",
            )
    share = None if facts.accuracy_percent is None else facts.accuracy_percent / 100 / sqrt(3)
    return replace(
        facts,
        inferences_j=tuple(joules),
        rate_hz=1 / period_s,
        sampling_j=max(edges),
        probe_j=None if share is None else median(joules) * share,
    )


def _period_s(trace: Trace) -> float:
    import numpy as np

    if len(trace.time_s) < 2:
        raise EnergyError("the trace has fewer than two samples", hint=_DAMAGED)
    steps = np.diff(trace.time_s)
    if (steps <= 0).any():
        at = int(np.argmax(steps <= 0)) + 1
        raise EnergyError(f"the time goes back or stands still at sample {at} of the trace", hint=_DAMAGED)
    period_s = float(np.median(steps))
    gaps = steps > _GAP * period_s
    if gaps.any():
        at = int(np.argmax(gaps))
        raise EnergyError(
            f"the trace has a gap of {steps[at] * 1e3:.3g} ms after sample {at}, where samples are "
            f"{period_s * 1e3:.3g} ms apart",
            hint="Samples were lost on their way: use another USB port, and a machine that is less busy.",
        )
    # The mean now: a median has the rounding of a column of times in it.
    return float(trace.time_s[-1] - trace.time_s[0]) / (len(trace.time_s) - 1)


def _windows(trace: Trace) -> "list[tuple[int, int]]":
    """The samples of each window, from its first to behind its last."""
    import numpy as np

    marked: NDArray[np.int8] = trace.marked.astype(np.int8)
    if marked[0] or marked[-1]:
        which = "begins" if marked[0] else "ends"
        raise EnergyError(f"the trace {which} within a window: its pin is high there", hint=_WIRES)
    edges = np.diff(marked)
    if not edges.any():
        raise EnergyError("the trace has no edges: the board's pin never went high", hint=_WIRES)
    begins, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    return [(int(begin), int(end)) for begin, end in zip(begins, ends, strict=True)]


def _check_window(number: int, samples: int, period_s: float, counted_s: float) -> None:
    if samples < MIN_SAMPLES:
        raise EnergyError(
            f"window {number} has {samples} samples, and fewer than {MIN_SAMPLES} tell nothing of its energy",
            hint="Measure a larger model, at a lower clock, or with a faster probe.",
        )
    seen_s = samples * period_s
    shortest_s, longest_s = counted_s * (1 - _DRIFT), counted_s * (1 + _DRIFT) + _OUTSIDE_S
    if not shortest_s - period_s < seen_s < longest_s + period_s:
        raise EnergyError(
            f"window {number} is {seen_s * 1e3:.4g} ms long, and the board counted {counted_s * 1e3:.4g} ms",
            hint="The trace is of another run, or has lost samples.",
        )
