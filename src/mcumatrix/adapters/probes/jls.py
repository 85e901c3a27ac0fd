"""A recording of a Joulescope: a .jls file that its own program writes during the run, read by the library
pyjls (Jetperch's public format, https://github.com/jetperch/jls).

Current, voltage and the digital inputs are signals of their own, each with a rate, and counted by samples of
the device's rate, so that a sample of any of them has a place in time.
"""

from pathlib import Path
from typing import Any

from mcumatrix.adapters.probes.recorded import RecordedTrace
from mcumatrix.errors import EnergyError, ToolError
from mcumatrix.model.current import EnergySetup, Trace
from mcumatrix.ports import PackTrace

_CURRENT, _VOLTAGE = "current", "voltage"
_MOST_INPUTS = 4
"""Of a JS220; a JS110 has two."""


class JlsRecording:
    """The file that `port` names."""

    def __init__(self, setup: EnergySetup, pack: PackTrace) -> None:
        """Raises ToolError: the library is not installed, or no Joulescope has such a channel."""
        try:
            import pyjls  # noqa: F401
        except ImportError as error:
            raise ToolError(
                "A recording of a Joulescope needs the package pyjls, which is not installed",
                hint="Install it: pip install 'mcumatrix[joulescope]'",
            ) from error
        if setup.channel >= _MOST_INPUTS:
            raise ToolError(
                f"A Joulescope has the digital inputs 0 to {_MOST_INPUTS - 1}, and channel is "
                f"{setup.channel}",
                hint="Wire the board's pin to one of them.",
            )
        self._setup = setup
        self._pack = pack
        self._file = RecordedTrace(setup)

    def start(self) -> None:
        """Notes what is there, so that a recording of an earlier run is not taken for that of this one."""
        self._file.start()

    def stop(self) -> bytes:
        """The trace in the file. Raises EnergyError: there is none, or it was there before the run."""
        import pyjls

        self._file.require_new()
        path = Path(self._setup.port)
        try:
            with pyjls.Reader(str(path)) as reader:
                trace = self._trace(reader)
        except (RuntimeError, ValueError, OSError) as error:
            raise EnergyError(
                f"{path} cannot be read as a recording of a Joulescope: {error}",
                hint="Have the Joulescope's program write it, and end the recording before the run ends.",
            ) from error
        return self._pack(trace)

    def _trace(self, reader: Any) -> Trace:
        import numpy as np

        current, voltage, pin = (
            self._signal(reader, name) for name in (_CURRENT, _VOLTAGE, f"gpi[{self._setup.channel}]")
        )
        # Where all three have samples: they need not begin and end together.
        first = max(signal.sample_id_offset for signal in (current, voltage, pin))
        last = min(signal.sample_id_offset + signal.length for signal in (current, voltage, pin))
        if last <= first or len({signal.sample_rate for signal in (current, voltage, pin)}) > 1:
            raise EnergyError(
                f"{self._setup.port} has current, voltage and {pin.name} at no time together, or at other "
                "rates",
                hint="Record all three at one rate.",
            )
        count = last - first

        def samples(signal: Any) -> Any:
            return reader.fsr(signal.signal_id, first - signal.sample_id_offset, count)

        levels = np.unpackbits(samples(pin), bitorder="little")[:count]
        return Trace(
            time_s=np.arange(count) / current.sample_rate,
            current_a=np.asarray(samples(current), dtype=np.float64),
            voltage_v=np.asarray(samples(voltage), dtype=np.float64),
            marked=levels == 1,
        )

    def _signal(self, reader: Any, name: str) -> Any:
        found = [signal for signal in reader.signals.values() if signal.name == name]
        if len(found) != 1:
            known = ", ".join(sorted(signal.name for signal in reader.signals.values() if signal.signal_id))
            raise EnergyError(
                f"{self._setup.port} is to have one signal {name}, and has: {known or 'none'}",
                hint="Switch the recording of current, voltage and the digital input on.",
            )
        return found[0]

    def close(self) -> None:
        """Nothing is held."""
