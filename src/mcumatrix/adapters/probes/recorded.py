"""A trace that another program recorded: a CSV file that is there when the run has ended."""

from pathlib import Path

from mcumatrix.errors import EnergyError
from mcumatrix.model.current import EnergySetup


class RecordedTrace:
    """The file that `port` names, with the columns time_s, current_a, voltage_v and digital."""

    def __init__(self, setup: EnergySetup) -> None:
        self._file = Path(setup.port)
        self._before = self._state()

    def start(self) -> None:
        """Notes what is there, so that a trace of an earlier run is not taken for that of this one."""
        self._before = self._state()

    def stop(self) -> bytes:
        """The file as it is. Raises EnergyError: it cannot be read, or was there before the run."""
        self.require_new()
        try:
            return self._file.read_bytes()
        except OSError as error:
            raise EnergyError(f"{self._file} cannot be read: {error.strerror}") from error

    def require_new(self) -> None:
        """Raises EnergyError: the file is what was there before the run."""
        if self._state() == self._before:
            raise EnergyError(
                f"{self._file} was not written during the run",
                hint="Have the probe's own program write it when the run has ended, or while it goes on.",
            )

    def close(self) -> None:
        """Nothing is held."""

    def _state(self) -> tuple[int, int, int] | None:
        try:
            state = self._file.stat()
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns
