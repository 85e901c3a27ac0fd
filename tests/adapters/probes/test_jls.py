"""Recordings of a Joulescope, written and read by its maker's own library."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.probes.jls import JlsRecording
from mcumatrix.errors import EnergyError, ToolError
from mcumatrix.stages.energy import energy_of, to_file
from support.traces import SETUP, Drawn
from support.variants import a_measurement

pyjls = pytest.importorskip("pyjls", reason="the extra joulescope is not installed")

DRAWN = Drawn((0.003,) * 3, ripple_a=0.0)
MEASUREMENT = replace(a_measurement(), warmup=1, total_cycles=(648_000,) * 2)
NEW = "Have the Joulescope's program write it, and end the recording before the run ends."


def _record(file: Path, *, pin: str = "gpi[2]", pin_begins: int = 1000, pin_rate: int = 100_000) -> None:
    """What a JS220 records: its signals begin at other samples."""
    trace = DRAWN.trace(voltage_v=3.0)
    rate = int(DRAWN.rate_hz)
    fsr, f32 = pyjls.SignalType.FSR, pyjls.DataType.F32
    with pyjls.Writer(str(file)) as writer:
        writer.source_def(1, "JS220-000001", "Jetperch", "JS220", "-", "000001")
        for number, name, values in ((1, "current", trace.current_a), (2, "voltage", trace.voltage_v)):
            writer.signal_def(number, 1, fsr, f32, sample_rate=rate, name=name, units="")
            writer.fsr_f32(number, 1000, values.astype(np.float32))
        writer.signal_def(3, 1, fsr, pyjls.DataType.U1, sample_rate=pin_rate, name=pin, units="")
        late = pin_begins - 1000
        marked = trace.marked[late:] if late < len(trace.marked) else trace.marked
        writer.fsr(3, pin_begins, np.packbits(marked, bitorder="little"))


def _probe(file: Path, channel: int = 2) -> JlsRecording:
    return JlsRecording(replace(SETUP, probe="joulescope", port=str(file), channel=channel), to_file)


def _refusal(file: Path, channel: int = 2) -> str:
    probe = _probe(file, channel)
    probe.start()
    file.write_bytes(file.read_bytes())
    with pytest.raises(EnergyError) as raised:
        probe.stop()
    return str(raised.value)


@pytest.mark.parametrize("pin_begins", [1000, 1003, 1111])
def test_a_recording_becomes_the_energy_of_inferences(tmp_path: Path, pin_begins: int) -> None:
    file = tmp_path / "run.jls"
    probe = _probe(file)
    probe.start()
    _record(file, pin_begins=pin_begins)
    data = probe.stop()
    probe.close()
    energy = energy_of(SETUP, data, MEASUREMENT)
    assert energy.problem == ""
    # 0.15 A for 3 ms at the 3 V that it recorded, and not at those of the board's file.
    assert energy.inferences_j == pytest.approx((0.00135,) * 2, rel=1e-5)
    assert energy.rate_hz == pytest.approx(100_000)


def test_the_recording_of_an_earlier_run_is_not_taken_for_that_of_this_one(tmp_path: Path) -> None:
    file = tmp_path / "run.jls"
    _record(file)
    probe = _probe(file)
    probe.start()
    with pytest.raises(EnergyError) as raised:
        probe.stop()
    assert raised.value.message == f"{file} was not written during the run"


def test_a_recording_without_the_pin_names_what_it_has(tmp_path: Path) -> None:
    file = tmp_path / "run.jls"
    _record(file, pin="gpi[0]")
    assert _refusal(file) == (
        f"{file} is to have one signal gpi[2], and has: current, gpi[0], voltage\n"
        "  Switch the recording of current, voltage and the digital input on."
    )


@pytest.mark.parametrize("changes", [{"pin_rate": 50_000}, {"pin_begins": 4000}])
def test_signals_that_do_not_belong_together_are_refused(tmp_path: Path, changes: dict[str, int]) -> None:
    file = tmp_path / "run.jls"
    _record(file, **changes)
    assert _refusal(file) == (
        f"{file} has current, voltage and gpi[2] at no time together, or at other rates\n"
        "  Record all three at one rate."
    )


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.jls"
    file.write_bytes(b"time_s,current_a")
    message, hint = _refusal(file).split("\n")
    assert message.startswith(f"{file} cannot be read as a recording of a Joulescope: ")
    assert hint == f"  {NEW}"


def test_an_input_that_no_joulescope_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as raised:
        _probe(tmp_path / "run.jls", channel=4)
    assert raised.value.message == "A Joulescope has the digital inputs 0 to 3, and channel is 4"


def test_without_the_library_the_command_that_installs_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyjls", None)
    with pytest.raises(ToolError) as raised:
        _probe(tmp_path / "run.jls")
    assert str(raised.value) == (
        "A recording of a Joulescope needs the package pyjls, which is not installed\n"
        "  Install it: pip install 'mcumatrix[joulescope]'"
    )
