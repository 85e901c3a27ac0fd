"""Real boards: a debug probe and a serial line on this machine, or behind a network."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from mcumatrix.adapters.boards.units import Locks, Units
from mcumatrix.locking import lock_folder, lock_name
from mcumatrix.model.catalogue import Board, BoardKind, Unit

POWER_CYCLE_TIMEOUT_S = 60.0

FindProbe = Callable[[str], str]
"""From the unique id in a board's file, or "" for the only probe, to that of a probe. Raises FlashError."""


class RealBoard:
    """A board of the catalogue, with its units."""

    def __init__(
        self, entry: Board, find_probe: FindProbe, *, wait: bool, say: Callable[[str], None], stop: Event
    ) -> None:
        self._find_probe = find_probe
        self._say = say
        self._energy = entry.energy
        self._by_name = {unit.probe or unit.serial_port: unit for unit in entry.units}
        self._units = Units(entry.name, tuple(self._by_name), wait=wait, say=say, stop=stop)

    @contextmanager
    def take(self) -> Iterator["TakenRealBoard"]:
        """A unit that nobody else on this machine uses. Raises LockedError, BlockedError, FlashError."""
        with self._units.take(self._locks) as name:
            unit = self._by_name[name]
            yield TakenRealBoard(name, unit, self._find_probe(unit.probe), self._say)

    def set_aside(self, unit: str, reason: str) -> None:
        """Gives a unit to nobody any more."""
        self._units.set_aside(unit, reason)

    def _locks(self, name: str) -> Locks:
        unit = self._by_name[name]
        folder = lock_folder()
        probe = self._find_probe(unit.probe)
        locks = [
            (folder / lock_name("probe", probe), f"the probe {probe}"),
            (folder / lock_name("serial", unit.serial_port), f"the serial port {unit.serial_port}"),
        ]
        if self._energy is not None:
            # Last, by all: boards that share a current probe wait for it, and none for who waits.
            port = self._energy.port
            locks.append((folder / lock_name("current-probe", port), f"the current probe at {port}"))
        return locks

    def identity(self) -> Mapping[str, str]:
        """Nothing but the image decides what silicon does."""
        return {}

    def close(self) -> None:
        """Nothing was started."""


class TakenRealBoard:
    """A unit of ours."""

    kind = BoardKind.REAL
    timing_model = expected_error = ""

    def __init__(self, name: str, unit: Unit, probe: str, say: Callable[[str], None]) -> None:
        self.unit = name
        self.probe = probe
        self.serial_port = unit.serial_port
        self._power_cycle = unit.power_cycle
        self._say = say

    def fault(self) -> str:
        """Silicon says nothing by itself."""
        return ""

    def recover(self) -> None:
        """Switches the unit off and on where its file says how; what goes wrong with that is said."""
        if not self._power_cycle:
            return
        command = " ".join(self._power_cycle)
        try:
            done = subprocess.run(
                self._power_cycle,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=POWER_CYCLE_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._say(f"The power cycle `{command}` did not end within {POWER_CYCLE_TIMEOUT_S:g} s.")
        except OSError as error:
            self._say(f"The power cycle `{command}` cannot be started: {error.strerror}.")
        else:
            if done.returncode:
                *_, said = "it said nothing", *done.stdout.decode(errors="replace").split("\n")[:-1]
                self._say(f"The power cycle `{command}` ended with {done.returncode}: {said}.")
