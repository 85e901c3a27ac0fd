"""Nordic's Power Profiler Kit II, through the library ppk2-api (its public protocol: pc-nrfconnect-ppk).

The kit sends 100,000 samples a second, each a little-endian word: bits 0 to 13 the converter's reading, 14 to
16 its range, 18 to 23 a counter by which lost samples are found, 24 to 31 the digital inputs D0 to D7.
"""

import time
from threading import Event, Thread
from typing import Any

from mcumatrix.errors import BoardError, EnergyError, ToolError
from mcumatrix.model.current import EnergySetup, Trace
from mcumatrix.ports import PackTrace

RATE_HZ = 100_000
_WORD_BYTES = 4
_COUNTER_BIT, _COUNTER_VALUES = 18, 64
_POLL_S = 0.005
_LAST_SAMPLES_S = 0.05
"""How long samples are waited for that are on their way."""
_POWER_UP_S = 0.3
"""From power on until a board's supply has settled and its core can be halted."""
_SUPPLY_V = (0.8, 5.0)
"""What the kit can supply: PPK2's own limits, as the library has them."""


class Ppk2:
    """A kit behind a serial port. It stays as it is when it is closed: a board keeps its power."""

    def __init__(self, setup: EnergySetup, pack: PackTrace) -> None:
        """Opens it, and switches the board's supply on where the kit is that.

        Raises:
            ToolError: the library is not installed.
            BoardError: the kit does not answer.
        """
        try:
            from ppk2_api.ppk2_api import PPK2_API
        except ImportError as error:
            raise ToolError(
                "A PPK2 needs the package ppk2-api, which is not installed",
                hint="Install it: pip install 'mcumatrix[ppk2]'",
            ) from error
        self._setup = setup
        self._pack = pack
        if not _SUPPLY_V[0] <= setup.voltage_v <= _SUPPLY_V[1]:
            raise ToolError(
                f"A PPK2 works from {_SUPPLY_V[0]:g} V to {_SUPPLY_V[1]:g} V, and voltage_v is "
                f"{setup.voltage_v:g} V",
                hint="Put it into a supply of that range, such as that of the microcontroller.",
            )
        self._stop = Event()
        self._reader: Thread | None = None
        self._raw = bytearray()
        self._failed: Exception | None = None
        try:
            self._kit: Any = PPK2_API(setup.port, timeout=1, write_timeout=1, exclusive=True)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise BoardError(f"the PPK2 at {setup.port} cannot be opened: {error}") from error
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        try:
            self._kit.stop_measuring()
            time.sleep(_POLL_S)
            self._kit.get_data()
            if not self._kit.get_modifiers():
                raise BoardError(
                    f"what is at {self._setup.port} does not tell its calibration as a PPK2 does",
                    hint="A PPK2 has two serial ports: take the other, or unplug it and plug it in again.",
                )
            if self._setup.source:
                self._kit.use_source_meter()
            else:
                self._kit.use_ampere_meter()
            self._kit.set_source_voltage(round(self._setup.voltage_v * 1000))
            self._kit.toggle_DUT_power("ON")
        except (OSError, UnicodeDecodeError) as error:
            raise BoardError(f"the PPK2 at {self._setup.port} failed: {error}") from error
        time.sleep(_POWER_UP_S)

    def start(self) -> None:
        """Begins to collect. Raises EnergyError: the kit failed."""
        self._raw.clear()
        self._stop.clear()
        self._failed = None
        try:
            self._kit.start_measuring()
        except OSError as error:
            raise self._unplugged(error) from error
        self._reader = Thread(target=self._collect, name="PPK2", daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        # Only bytes: what they mean is worked out when there is time.
        try:
            while not self._stop.wait(_POLL_S):
                self._raw += self._kit.get_data()
        except OSError as error:
            self._failed = error

    def stop(self) -> bytes:
        """Ends it and gives the trace. Raises EnergyError: the kit failed, or gave none."""
        if self._reader is None:
            raise EnergyError("the PPK2 was not started")
        time.sleep(_LAST_SAMPLES_S)
        self._end_reader()
        try:
            self._kit.stop_measuring()
        except OSError as error:
            raise self._unplugged(error) from error
        if self._failed:
            raise self._unplugged(self._failed)
        return self._pack(self._trace(bytes(self._raw)))

    def _unplugged(self, error: Exception) -> EnergyError:
        return EnergyError(f"the PPK2 at {self._setup.port} failed: {error}", hint="Look at its cable.")

    def _end_reader(self) -> None:
        self._stop.set()
        if self._reader is not None:
            self._reader.join()
            self._reader = None

    def _trace(self, raw: bytes) -> Trace:
        import numpy as np

        words = np.frombuffer(raw[: len(raw) // _WORD_BYTES * _WORD_BYTES], dtype="<u4")
        if not len(words):
            raise EnergyError(
                f"the PPK2 at {self._setup.port} sent no samples", hint="Unplug it and plug it in again."
            )
        current_ua, bits = self._kit.get_samples(words.tobytes())
        if len(current_ua) != len(words):
            raise EnergyError("the PPK2 sent samples that its library cannot read", hint="Measure again.")
        counted = words.astype(np.int64) >> _COUNTER_BIT & _COUNTER_VALUES - 1
        # What is missing between two samples: less than a round of the counter, as far as can be told.
        steps = (np.diff(counted) - 1) % _COUNTER_VALUES + 1
        index = np.concatenate(([0], np.cumsum(steps)))
        return Trace(
            time_s=index / RATE_HZ,
            current_a=np.asarray(current_ua) * 1e-6,
            voltage_v=np.full(len(words), self._setup.voltage_v),
            marked=(np.asarray(bits) >> self._setup.channel) & 1 == 1,
        )

    def close(self) -> None:
        """Lets go of the serial port."""
        self._end_reader()
        self._kit.ser.close()
