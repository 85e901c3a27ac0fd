"""Traces that another program records."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.probes.recorded import RecordedTrace
from mcumatrix.errors import EnergyError
from support.traces import SETUP


def test_a_file_that_is_written_during_the_run_is_the_trace(tmp_path: Path) -> None:
    file = tmp_path / "trace.csv"
    probe = RecordedTrace(replace(SETUP, port=str(file)))
    probe.start()
    file.write_bytes(b"what it told")
    assert probe.stop() == b"what it told"
    probe.close()


def test_the_trace_of_an_earlier_run_is_not_taken_for_that_of_this_one(tmp_path: Path) -> None:
    file = tmp_path / "trace.csv"
    file.write_bytes(b"earlier")
    probe = RecordedTrace(replace(SETUP, port=str(file)))
    probe.start()
    with pytest.raises(EnergyError) as raised:
        probe.stop()
    assert str(raised.value) == (
        f"{file} was not written during the run\n"
        "  Have the probe's own program write it when the run has ended, or while it goes on."
    )
