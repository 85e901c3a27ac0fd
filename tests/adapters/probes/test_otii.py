"""Otii devices, by their own library, against an application that speaks its protocol."""

import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcumatrix.adapters.probes.otii import Otii
from mcumatrix.errors import BoardError, EnergyError, ToolError
from mcumatrix.stages.energy import energy_of, to_file
from support.traces import SETUP, Drawn
from support.variants import a_measurement

pytest.importorskip("otii_tcp_client", reason="the extra otii is not installed")

ACE = {"device_id": "Ace1", "name": "Ace", "type": "Ace"}
ARC = {"device_id": "Arc7", "name": "Arc", "type": "Arc"}
DRAWN = Drawn((0.003,) * 3, rate_hz=50_000.0, ripple_a=0.0)
MEASUREMENT = replace(a_measurement(), warmup=1, total_cycles=(648_000,) * 2)
HINT = "\n  Start it with its server, and look there for the device, a login and a licence for automation."


class RefusedError(Exception):
    """What an application answers with an error."""


class Application:
    """An Otii application with devices, whose recordings are all of what a board draws."""

    def __init__(self, drawn: Drawn | None, devices: tuple[dict[str, str], ...], licences: int) -> None:
        self._trace = drawn.trace() if drawn else None
        self._devices = devices
        self._licences = licences
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, command: str, data: dict[str, Any]) -> dict[str, Any]:
        """The data of a response."""
        self.asked.append((command, data))
        if command in ("recording_get_channel_data", "recording_get_channel_data_count"):
            values = self._values(data["channel"])
            if command.endswith("count"):
                return {"count": len(values)}
            part = values[data["index"] : data["index"] + data["count"]]
            interval_s = 0.001 if data["channel"] == "mv" else 2e-5
            return {"timestamp": 0.0, "interval": interval_s, "values": part}
        if command == "project_start_recording" and self._trace is None:
            raise RefusedError
        licences = [
            {"id": one, "type": "Automation", "available": True, "reserved_to": "", "hostname": ""}
            for one in range(self._licences)
        ]
        return {
            "otii_is_logged_in": {"logged_in": True},
            "otii_get_licenses": {"licenses": licences},
            "otii_get_devices": {"devices": list(self._devices)},
            "otii_get_active_project": {"project_id": 3},
            "project_get_last_recording": {"recording_id": 5, "name": "Recording 5"},
        }.get(command, {})

    def _values(self, channel: str) -> list[Any]:
        assert self._trace is not None
        if channel == "mc":
            return list(map(float, self._trace.current_a))
        if channel == "mv":
            return [3.0] * (int(self._trace.time_s[-1] * 1000) + 2)
        if channel != "i2":
            return []
        moved = np.flatnonzero(np.diff(self._trace.marked)) + 1
        return [
            {"timestamp": float(self._trace.time_s[at]), "value": bool(self._trace.marked[at])}
            for at in moved
        ]


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say({"type": "information", "info": "connected", "data": {"protocol_version": "0.1"}})
        for line in self.rfile:
            asked = json.loads(line)
            known = {"cmd": asked["cmd"], "trans_id": asked["trans_id"]}
            try:
                data = self.server.application.answer(asked["cmd"], asked.get("data", {}))
            except RefusedError:
                self._say(
                    {
                        "type": "error",
                        "errorcode": "Device not connected",
                        **known,
                        "data": {"device_id": "Ace1"},
                    }
                )
            else:
                self._say({"type": "response", **known, "data": data})

    def _say(self, message: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(message).encode() + b"\r\n")


@contextmanager
def an_application(
    drawn: Drawn | None = DRAWN, devices: tuple[dict[str, str], ...] = (ACE,), licences: int = 1
) -> Iterator[tuple[Application, str]]:
    """An application, and the place at which it answers."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.application = Application(drawn, devices, licences)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.application, f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _setup(port: str) -> Any:
    return replace(SETUP, probe="otii", port=port, source=True, channel=1)


def test_what_a_device_records_becomes_the_energy_of_inferences() -> None:
    with an_application() as (application, place):
        probe = Otii(_setup(place), to_file)
        probe.start()
        data = probe.stop()
        probe.close()
    energy = energy_of(_setup(place), data, MEASUREMENT)
    assert energy.problem == ""
    # 0.15 A for 3 ms at the 3 V that the device tells, and not at those of the board's file.
    assert energy.inferences_j == pytest.approx((0.00135,) * 2, rel=1e-6)
    assert energy.rate_hz == pytest.approx(50_000)
    commands = [command for command, _ in application.asked]
    told = dict(application.asked)
    assert told["arc_set_main_voltage"] == {"device_id": "Ace1", "value": 3.3}
    # On it stays, the recording goes, and the licence is free for the next one.
    assert [data["enable"] for command, data in application.asked if command == "arc_set_main"] == [True]
    assert commands.index("arc_set_main_voltage") < commands.index("arc_set_main")
    assert commands[-2:] == ["recording_delete", "otii_return_license"]


def test_one_of_several_devices_has_to_be_named() -> None:
    with an_application(devices=(ARC, ACE)) as (application, place):
        with pytest.raises(BoardError) as raised:
            Otii(_setup(place), to_file)
        assert str(raised.value) == (
            "the Otii application at 127.0.0.1 is to have one device, and has: Ace, Arc\n"
            "  Connect it, or name it in port as in 127.0.0.1:1905/NAME."
        )
        assert application.asked[-1][0] == "otii_return_license"
        probe = Otii(_setup(f"{place}/Arc"), to_file)
        probe.close()
        assert ("arc_set_main", {"device_id": "Arc7", "enable": True}) in application.asked


def test_without_a_licence_for_automation_the_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcumatrix.adapters.probes.otii._CONNECT_S", 0)
    with an_application(licences=0) as (_, place), pytest.raises(BoardError) as raised:
        Otii(_setup(place), to_file)
    assert str(raised.value) == (f"the Otii application at 127.0.0.1 failed: Cannot reserve licenses{HINT}")


def test_a_device_that_is_gone_when_the_run_begins_costs_the_energy_alone() -> None:
    with an_application(drawn=None) as (_, place):
        probe = Otii(_setup(place), to_file)
        with pytest.raises(EnergyError) as raised:
            probe.start()
        probe.close()
    assert raised.value.message.startswith("the Otii application at 127.0.0.1 failed: ")


def test_an_application_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcumatrix.adapters.probes.otii._CONNECT_S", 0)
    with an_application() as (_, place):
        pass
    with pytest.raises(BoardError) as raised:
        Otii(_setup(place), to_file)
    assert raised.value.message == (
        "the Otii application at 127.0.0.1 failed: [Errno 111] Connection refused"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": False}, "An Otii measures what it supplies, and mode is ampere"),
        ({"channel": 2}, "An Otii has the digital inputs 0 (GPI1) and 1 (GPI2), and channel is 2"),
        ({"port": "127.0.0.1:usb"}, "127.0.0.1:usb is no place of an Otii application"),
    ],
)
def test_a_key_that_is_none_for_an_otii_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError) as raised:
        Otii(replace(_setup("127.0.0.1:1"), **changes), to_file)
    assert raised.value.message == message


def test_without_the_library_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "otii_tcp_client", None)
    with pytest.raises(ToolError) as raised:
        Otii(_setup("127.0.0.1"), to_file)
    assert str(raised.value) == (
        "An Otii needs the package otii-tcp-client, which is not installed\n"
        "  Install it: pip install 'mcumatrix[otii]'"
    )
