"""The PPK2, by its own library, against a kit on a pseudo-terminal that speaks the kit's protocol."""

import os
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from mcumatrix.adapters.probes.ppk2 import Ppk2
from mcumatrix.errors import BoardError, EnergyError, ToolError
from mcumatrix.stages.energy import energy_of, from_file, to_file
from support.traces import SETUP, Drawn
from support.variants import a_measurement

pytest.importorskip("ppk2_api", reason="the extra ppk2 is not installed")

RANGE, OHM = 4, 0.043
"""The largest range, and its shunt in the library's own table."""
ADC_A = 1.8 / 163840 / OHM * 4
"""Amperes for a count of the converter in that range."""
CALIBRATION = (
    "Calibrated: 1\n"
    + "".join(
        f"{key}{index}: {value}\n" for key, value in (("GI", 1), ("GS", 0), ("O", 0)) for index in range(5)
    )
    + "HW: 1\nEND"
)
LENGTHS = {0x0D: 3, 0x0C: 2, 0x11: 2}
"""Of commands that have arguments, with them."""


def words_of(drawn: Drawn, *, lost: int = 0) -> bytes:
    """What a kit sends for what a board draws; `lost` samples are left out in the middle."""
    trace = drawn.trace()
    counts = np.round(trace.current_a / ADC_A).astype(np.uint32)
    number = np.arange(len(counts), dtype=np.uint32)
    words = counts | RANGE << 14 | (number % 64) << 18 | trace.marked.astype(np.uint32) << 26
    middle = len(words) // 2
    return np.delete(words, slice(middle, middle + lost)).astype("<u4").tobytes()


class Kit:
    """A kit: tells its calibration, and sends samples when it is asked to."""

    def __init__(self, samples: bytes, calibration: str = CALIBRATION) -> None:
        self._samples, self._calibration = samples, calibration
        self.commands: list[bytes] = []
        self._master, slave = os.openpty()
        tty.setraw(slave)
        # The line stays there when the library opens and closes it.
        self._slave, self.port = slave, os.ttyname(slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        pending = b""
        while True:
            try:
                pending += os.read(self._master, 64)
            except OSError:
                return
            while pending and len(pending) >= (size := LENGTHS.get(pending[0], 1)):
                command, pending = pending[:size], pending[size:]
                self.commands.append(command)
                if command[0] == 0xFF:
                    return
                answer = {0x19: self._calibration.encode(), 0x06: self._samples}.get(command[0], b"")
                while answer:
                    answer = answer[os.write(self._master, answer[:4096]) :]

    def close(self) -> None:
        os.write(self._slave, b"\xff")
        self._thread.join(60)
        os.close(self._slave)
        os.close(self._master)


@contextmanager
def a_kit(samples: bytes, calibration: str = CALIBRATION) -> Iterator[Kit]:
    kit = Kit(samples, calibration)
    try:
        yield kit
    finally:
        kit.close()


def _traced(kit: Kit, probe: Ppk2, size_bytes: int) -> bytes:
    probe.start()
    deadline = time.monotonic() + 60
    while len(probe._raw) < size_bytes and time.monotonic() < deadline:
        time.sleep(0.01)
    return probe.stop()


DRAWN = Drawn((0.003,) * 3, ripple_a=0.0)
MEASUREMENT = replace(a_measurement(), warmup=1, total_cycles=(648_000,) * 2)


def test_what_a_kit_sends_becomes_the_energy_of_inferences() -> None:
    samples = words_of(DRAWN)
    with a_kit(samples) as kit:
        setup = replace(SETUP, port=kit.port, source=True, channel=2)
        probe = Ppk2(setup, to_file)
        data = _traced(kit, probe, len(samples))
        probe.close()
    energy = energy_of(setup, data, MEASUREMENT)
    assert energy.problem == ""
    # The converter's steps are 1 mA in this range, and the library smooths what follows a change.
    assert energy.inferences_j == pytest.approx((0.001485,) * 2, rel=0.01)
    assert energy.rate_hz == pytest.approx(100_000)
    # Source meter at 3.3 V, power on, and on it stays.
    assert b"\x11\x02" in kit.commands
    assert kit.commands.index(b"\x0c\x01") < kit.commands.index(b"\x06")
    assert b"\x0c\x00" not in kit.commands


def test_samples_that_were_lost_on_their_way_are_a_gap() -> None:
    samples = words_of(DRAWN, lost=5)
    with a_kit(samples) as kit:
        setup = replace(SETUP, port=kit.port, channel=2)
        probe = Ppk2(setup, to_file)
        data = _traced(kit, probe, len(samples))
        probe.close()
    assert np.diff(from_file(data).time_s).max() == pytest.approx(6e-5)
    assert energy_of(setup, data, MEASUREMENT).problem.startswith(
        "the trace has a gap of 0.06 ms after sample "
    )


def test_a_kit_that_sends_nothing_is_said_so() -> None:
    with a_kit(b"") as kit:
        probe = Ppk2(replace(SETUP, port=kit.port), to_file)
        probe.start()
        with pytest.raises(EnergyError) as raised:
            probe.stop()
        probe.close()
    assert str(raised.value) == (f"the PPK2 at {kit.port} sent no samples\n  Unplug it and plug it in again.")


def test_what_is_no_kit_is_said_so() -> None:
    with a_kit(b"", calibration="login: ") as kit, pytest.raises(BoardError) as raised:
        Ppk2(replace(SETUP, port=kit.port), to_file)
    assert raised.value.message == f"what is at {kit.port} does not tell its calibration as a PPK2 does"


def test_a_kit_that_is_not_there_is_said_so() -> None:
    with pytest.raises(BoardError) as raised:
        Ppk2(replace(SETUP, port="/dev/there-is-no-such-kit"), to_file)
    assert raised.value.message.startswith("the PPK2 at /dev/there-is-no-such-kit cannot be opened: ")


def test_a_voltage_that_a_kit_cannot_make_is_refused() -> None:
    with pytest.raises(ToolError) as raised:
        Ppk2(replace(SETUP, voltage_v=12.0), to_file)
    assert raised.value.message == "A PPK2 works from 0.8 V to 5 V, and voltage_v is 12 V"


def test_without_the_library_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ppk2_api.ppk2_api", None)
    with pytest.raises(ToolError) as raised:
        Ppk2(SETUP, to_file)
    assert str(raised.value) == (
        "A PPK2 needs the package ppk2-api, which is not installed\n"
        "  Install it: pip install 'mcumatrix[ppk2]'"
    )


def _unplugged(*_arguments: object) -> None:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("step", ["use_ampere_meter", "set_source_voltage", "toggle_DUT_power"])
def test_a_kit_that_is_unplugged_while_it_is_set_up_is_no_board(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"ppk2_api.ppk2_api.PPK2_API.{step}", _unplugged)
    with a_kit(b"") as kit, pytest.raises(BoardError) as raised:
        Ppk2(replace(SETUP, port=kit.port), to_file)
    assert raised.value.message == f"the PPK2 at {kit.port} failed: [Errno 5] Input/output error"


@pytest.mark.parametrize("step", ["start_measuring", "get_data", "stop_measuring"])
def test_a_kit_that_is_unplugged_later_costs_the_energy_alone(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_kit(b"") as kit:
        probe = Ppk2(replace(SETUP, port=kit.port), to_file)
        monkeypatch.setattr(probe._kit, step, _unplugged)
        with pytest.raises(EnergyError) as raised:
            probe.start()
            probe.stop()
        probe.close()
    assert str(raised.value) == (
        f"the PPK2 at {kit.port} failed: [Errno 5] Input/output error\n  Look at its cable."
    )
