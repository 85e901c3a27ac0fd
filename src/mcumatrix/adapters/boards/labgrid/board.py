"""Boards of which the units are places of labgrid: acquired for each run, and released after it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Lock

from mcumatrix.adapters.boards.labgrid.client import LabgridClient, RefusedError, our_name
from mcumatrix.adapters.boards.labgrid.place import Place
from mcumatrix.adapters.boards.power import run_power_cycle
from mcumatrix.adapters.boards.simulator import simulator_of
from mcumatrix.adapters.boards.units import Locks, Units
from mcumatrix.errors import FlashError, FlashFault, LockedError, McuMatrixError, StoppedError
from mcumatrix.locking import lock_folder, lock_name
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from vstm32.board.options import BoardOptions

_POLL_S = 2.0
"""How long until the coordinator is asked again whether a place is free: each time starts its client."""


class LabgridBoard:
    """A board of the catalogue; its units are places of one coordinator."""

    def __init__(self, entry: Board, *, wait: bool, say: Callable[[str], None], stop: Event) -> None:
        """As for `RealBoard`; places have no probes on this machine.

        Raises:
            ToolError: the board is virtual, and its timing model is not for its chip.
        """
        self._by_place = {unit.place: unit for unit in entry.units}
        self._units = Units(entry.name, tuple(self._by_place), wait=wait, say=say, stop=stop)
        self._clients = {place: LabgridClient(entry.coordinator, place, stop) for place in self._by_place}
        self._options = simulator_of(entry) if entry.kind is BoardKind.VIRTUAL else None
        self._say = say
        self._stop = stop
        self._lock = Lock()
        self._held: set[str] = set()
        self._known: set[str] = set()
        self._closed = False
        self._refused: dict[str, tuple[float, LockedError]] = {}

    @contextmanager
    def take(self) -> Iterator["TakenPlace"]:
        """A place that nobody else has, acquired; released again when it is given back.

        Raises:
            LockedError: others have all places, and nobody wants to wait; or one was left acquired.
            BlockedError: all of them were set aside.
            FlashError: a place is not there, or what belongs to it.
            ToolError: the coordinator cannot be reached.
        """
        with self._units.take(self._locks, self._acquired) as name:
            client = self._clients[name]
            yield TakenPlace(self._by_place[name], client, client.show(), self._options, self._say)

    def set_aside(self, unit: str, reason: str) -> None:
        """Gives a place to nobody any more."""
        self._units.set_aside(unit, reason)

    def identity(self) -> Mapping[str, str]:
        """Nothing but the image decides what silicon does; which simulator it is over there is not known."""
        return {"vstm32": "not known, behind labgrid"} if self._options else {}

    def close(self) -> None:
        """Releases what is still acquired: whoever has it does not go on."""
        with self._lock:
            self._closed = True
            held = sorted(self._held)
        for name in held:
            self._release(name)

    def _locks(self, name: str) -> Locks:
        client = self._clients[name]
        file = lock_name("labgrid", f"{client.coordinator}-{name}")
        return [(lock_folder() / file, _called(client))]

    @contextmanager
    def _acquired(self, name: str, wait: bool) -> Iterator[None]:
        """Has a place acquired. Only one process of this machine comes so far at a time, by its lock."""
        client = self._clients[name]
        said = False
        while not self._acquire(name, client):
            place = client.show()
            if place.holder:
                refusal = _refusal(client, place)
                if not wait or place.holder == our_name():
                    self._refused[name] = time.monotonic(), refusal
                    raise refusal
                if not said:
                    said = True
                    self._say(f"Waiting for {_called(client)}: {place.holder} has it.")
            if self._stop.wait(_POLL_S):
                raise StoppedError(f"Stopped while waiting for {_called(client)}.")
        try:
            yield
        finally:
            self._release(name)

    def _acquire(self, name: str, client: LabgridClient) -> bool:
        """Whether it is ours now; if not, others have it.

        Raises:
            LockedError: it was asked for a moment ago.
            FlashError: it is not there, or cannot be acquired by anybody.
        """
        asked_at, refusal = self._refused.get(name, (0.0, None))
        if refusal and time.monotonic() - asked_at < _POLL_S:
            raise refusal
        if name not in self._known:
            # labgrid takes a part of a name for the name: what is acquired has to be called so.
            client.show()
            self._known.add(name)
        with self._lock:
            if self._closed:
                raise StoppedError(f"{_called(client)} was not needed any more.")
            self._held.add(name)
        try:
            client.acquire()
        except RefusedError as error:
            with self._lock:
                self._held.discard(name)
            if client.show().holder:
                return False
            raise FlashError(
                f"{_called(client)} cannot be acquired: {error.message}",
                hint=f"Is its exporter running? {client.by_hand('show')}",
                fault=FlashFault.NO_PROBE,
            ) from error
        except BaseException:
            # Whether it was acquired is not known.
            self._release(name)
            raise
        with self._lock:
            if not self._closed:
                return True
            # What was released meanwhile had not been acquired yet.
            self._held.add(name)
        self._release(name)
        raise StoppedError(f"{_called(client)} was not needed any more.")

    def _release(self, name: str) -> None:
        """Releases a place; what goes wrong is said, since it needs somebody's hand.

        What ends it early leaves it held, for `close`.
        """
        client = self._clients[name]
        if name not in self._held:
            return
        try:
            client.release()
        except RefusedError:
            # It is not ours: somebody has taken it away.
            pass
        except McuMatrixError as error:
            by_hand = client.by_hand("release")
            self._say(f"Could not release {_called(client)}: {error.message} By hand: {by_hand}")
        with self._lock:
            self._held.discard(name)


class TakenPlace:
    """A place of ours. What its file does not say, the place tells."""

    def __init__(
        self,
        unit: Unit,
        client: LabgridClient,
        place: Place,
        options: BoardOptions | None,
        say: Callable[[str], None],
    ) -> None:
        """`options` are those of the virtual board behind it, None for hardware.

        Raises:
            FlashError: it has no serial line, or no debug probe.
        """
        self.unit = unit.place
        self.kind = BoardKind.VIRTUAL if options else BoardKind.REAL
        self.timing_model = options.timing_model if options else ""
        self.expected_error = options.expected_error if options else ""
        self.serial_port = unit.serial_port or place.serial_port()
        self.probe = unit.probe or place.probe()
        self._power_cycle = unit.power_cycle
        self._client = client
        self._say = say

    def fault(self) -> str:
        """Nothing is said by itself."""
        return ""

    def recover(self) -> None:
        """Switches it off and on: as its file says, or else by labgrid's driver. What goes wrong is said."""
        if self._power_cycle:
            run_power_cycle(self._power_cycle, self._say)
            return
        try:
            self._client.power_cycle()
        except McuMatrixError as error:
            why = error.message.removesuffix(".")
            self._say(f"Could not switch {_called(self._client)} off and on: {why}.")


def _called(client: LabgridClient) -> str:
    return f"the place {client.place} of labgrid at {client.coordinator}"


def _refusal(client: LabgridClient, place: Place) -> LockedError:
    if place.holder == our_name():
        return LockedError(
            f"{_called(client)} is in use: {place.holder} has it, and no run of mcumatrix on this machine: a "
            "run that was killed has left it so, or somebody has acquired it by hand.",
            hint=f"If nobody needs it any more: {client.by_hand('release')}",
        )
    return LockedError(
        f"{_called(client)} is in use: {place.holder} has it.",
        hint=f"Try again when they have released it: {client.by_hand('show')}",
    )
