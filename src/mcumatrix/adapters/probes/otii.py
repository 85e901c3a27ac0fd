"""Qoitech's Otii Arc and Ace, through the library otii-tcp-client: the Otii application has the device, and a
server that scripts ask (its public protocol: https://github.com/qoitech/otii-tcp-client-python).

Current and voltage are analog channels, samples at an interval; the digital input is a list of its edges.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcumatrix.errors import BoardError, EnergyError, ToolError
from mcumatrix.model.current import EnergySetup, Trace
from mcumatrix.ports import PackTrace

_PORT = 1905
"""Of the application's server, where nobody has changed it."""
_CONNECT_S = 5
_POWER_UP_S = 0.3
"""From power on until a board's supply has settled and its core can be halted."""
_LAST_SAMPLES_S = 0.1
"""How long samples are waited for that are on their way."""
_CURRENT, _VOLTAGE = "mc", "mv"
_INPUTS = ("i1", "i2")


class Otii:
    """A device of an Otii application, by `port`: HOST, HOST:PORT or HOST:PORT/NAME OF THE DEVICE.

    It supplies the board, which keeps its power when this is closed.
    """

    def __init__(self, setup: EnergySetup, pack: PackTrace) -> None:
        """Asks the application for the device, and switches the board's supply on.

        Who has to log in there does it in the application, or by OTII_USERNAME and OTII_PASSWORD.

        Raises:
            ToolError: the library is not installed, or a key of `energy` is none for an Otii.
            BoardError: application or device do not answer as they must.
        """
        try:
            from otii_tcp_client import otii_client
        except ImportError as error:
            raise ToolError(
                "An Otii needs the package otii-tcp-client, which is not installed",
                hint="Install it: pip install 'mcumatrix[otii]'",
            ) from error
        if not setup.source:
            raise ToolError(
                "An Otii measures what it supplies, and mode is ampere",
                hint="Supply the board by its main output, and write mode: source.",
            )
        if setup.channel not in range(len(_INPUTS)):
            raise ToolError(
                f"An Otii has the digital inputs 0 (GPI1) and 1 (GPI2), and channel is {setup.channel}",
                hint="Wire the board's pin to one of them.",
            )
        self._setup = setup
        self._pack = pack
        self._input = _INPUTS[setup.channel]
        address, _, self._name = setup.port.partition("/")
        self._host, _, number = address.partition(":")
        if number and not number.isdecimal():
            raise ToolError(
                f"{setup.port} is no place of an Otii application",
                hint="Write it as in 127.0.0.1:1905, or 127.0.0.1:1905/NAME for one of several devices.",
            )
        self._recording: Any = None
        self._client = otii_client.OtiiClient()
        with self._answering(BoardError):
            # No file of credentials: what lies in the current folder is none of ours.
            self._otii: Any = self._client.connect(
                host=self._host,
                port=int(number or _PORT),
                try_for_seconds=_CONNECT_S,
                credentials="",
            )
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _answering(self, kind: type[BoardError] | type[EnergyError]) -> Iterator[None]:
        """What the library raises becomes an error of ours."""
        try:
            yield
        except BoardError:
            raise
        except Exception as error:  # it raises Exception itself
            raise kind(
                f"the Otii application at {self._host} failed: {str(error) or type(error).__name__}",
                hint="Start it with its server, and look there for the device, a login and a licence for "
                "automation.",
            ) from error

    def _prepare(self) -> None:
        with self._answering(BoardError):
            self._device = device = self._chosen(self._otii.get_devices())
            device.add_to_project()
            device.set_main_voltage(self._setup.voltage_v)
            device.enable_exp_port(True)
            # What the inputs take for high.
            device.set_exp_voltage(self._setup.voltage_v)
            for channel in (_CURRENT, _VOLTAGE, self._input):
                device.enable_channel(channel, True)
            device.set_main(True)
            self._project = self._otii.get_active_project()
        time.sleep(_POWER_UP_S)

    def _chosen(self, devices: list[Any]) -> Any:
        fit = [one for one in devices if self._name in ("", one.name, one.id)]
        if len(fit) == 1:
            return fit[0]
        found = ", ".join(sorted(one.name for one in devices)) or "none"
        wanted = f"a device {self._name}" if self._name else "one device"
        raise BoardError(
            f"the Otii application at {self._host} is to have {wanted}, and has: {found}",
            hint="Connect it, or name it in port as in 127.0.0.1:1905/NAME.",
        )

    def start(self) -> None:
        """Begins a recording."""
        with self._answering(EnergyError):
            self._project.start_recording()

    def stop(self) -> bytes:
        """Ends it and gives the trace. Raises EnergyError: there is none."""
        time.sleep(_LAST_SAMPLES_S)
        with self._answering(EnergyError):
            self._project.stop_recording()
            self._recording = self._project.get_last_recording()
            if self._recording is None:
                raise ValueError("it has no recording")
            current, voltage, edges = (self._channel(one) for one in (_CURRENT, _VOLTAGE, self._input))
            trace = _trace(current, voltage, edges)
        return self._pack(trace)

    def _channel(self, name: str) -> dict[str, Any]:
        count = self._recording.get_channel_data_count(self._device.id, name)
        if not count:
            if name == self._input:
                return {"values": []}
            raise ValueError(f"its recording has nothing of the channel {name}")
        found: dict[str, Any] = self._recording.get_channel_data(self._device.id, name, 0, count)
        return found

    def close(self) -> None:
        """Deletes the recording, which would stay in the application's memory, and lets go of it."""
        try:
            with self._answering(EnergyError):
                if self._recording is not None:
                    self._recording.delete()
                self._client.disconnect()
        except EnergyError:
            # Whatever there was to say of this run was said.
            self._otii.connection.close_connection()


def _trace(current: dict[str, Any], voltage: dict[str, Any], edges: dict[str, Any]) -> Trace:
    import numpy as np

    def times(channel: dict[str, Any]) -> Any:
        return float(channel["timestamp"]) + np.arange(len(channel["values"])) * float(channel["interval"])

    time_s = times(current)
    at_s = np.array([edge["timestamp"] for edge in edges["values"]], dtype=np.float64)
    # Low before the first of them.
    levels = np.array([False, *(bool(edge["value"]) for edge in edges["values"])])
    return Trace(
        time_s=time_s,
        current_a=np.asarray(current["values"], dtype=np.float64),
        # Its rate is another one than that of the current.
        voltage_v=np.interp(time_s, times(voltage), np.asarray(voltage["values"], dtype=np.float64)),
        marked=levels[np.searchsorted(at_s, time_s, side="right")],
    )
