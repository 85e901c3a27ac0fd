"""Real boards: a debug probe and a serial line on this machine, or behind a network."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from mcumatrix.adapters.boards.power import run_power_cycle
from mcumatrix.adapters.boards.units import Locks, Units
from mcumatrix.locking import lock_folder, lock_name
from mcumatrix.model.catalogue import Board, BoardKind, Unit

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
        if self._power_cycle:
            run_power_cycle(self._power_cycle, self._say)
