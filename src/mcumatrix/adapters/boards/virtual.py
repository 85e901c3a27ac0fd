"""Virtual boards: programs on this machine, started when somebody needs one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from mcumatrix.adapters.boards.simulator import simulator_of
from mcumatrix.adapters.boards.units import Locks, Units
from mcumatrix.errors import BoardError, StoppedError
from mcumatrix.model.catalogue import Board, BoardKind
from vstm32.base.errors import VirtualBoardError
from vstm32.board.options import BoardOptions

if TYPE_CHECKING:
    from mcumatrix.adapters.boards.machine import Machine


class VirtualBoard:
    """A board of the catalogue. Each unit is a program of its own that keeps its flash in a folder."""

    def __init__(
        self, entry: Board, folder: Path, *, wait: bool, say: Callable[[str], None], stop: Event
    ) -> None:
        """`folder` is where the units of all boards have their folders.

        Raises:
            ToolError: there is no virtual chip that is called like the entry's target.
        """
        names = [f"{entry.name}-{index}" for index in range(len(entry.units))]
        self._folders = {name: folder / name for name in names}
        self._units = Units(entry.name, names, wait=wait, say=say, stop=stop)
        self._options = simulator_of(entry)
        self._machines: dict[str, Machine] = {}
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def take(self) -> Iterator["TakenVirtualBoard"]:
        """A unit that nobody else uses, switched on; off again when it is given back.

        Raises:
            LockedError: others have all units, and nobody wants to wait.
            BlockedError: all units were set aside.
            BoardError: the program does not start, or does not answer.
        """
        with self._units.take(self._locks) as name:
            machine = self._switched_on(name)
            try:
                yield TakenVirtualBoard(name, machine, self._options)
            finally:
                # A board that is off costs nothing, and its RAM is fresh for the next.
                with suppress(VirtualBoardError):
                    machine.ask("power", on=False)

    def set_aside(self, unit: str, reason: str) -> None:
        """Gives a unit to nobody any more."""
        self._units.set_aside(unit, reason)

    def _locks(self, name: str) -> Locks:
        folder = self._folders[name]
        folder.mkdir(parents=True, exist_ok=True)
        return [(folder / "lock", f"the virtual board {name}")]

    def _switched_on(self, name: str) -> "Machine":
        machine = self._machine(name)
        try:
            machine.ask("power", on=True)
        except VirtualBoardError:
            # It has been killed and is not gone yet, or it hangs: another one takes its place, once.
            machine.end()
            machine = self._machine(name)
            try:
                machine.ask("power", on=True)
            except VirtualBoardError as error:
                raise BoardError(error.message, hint=error.hint) from error
        return machine

    def _machine(self, name: str) -> "Machine":
        from mcumatrix.adapters.boards.machine import Machine

        machine = self._machines.get(name)
        if machine is not None and machine.runs:
            return machine
        if machine is not None:
            machine.end()
        with self._lock:
            # Known from its first moment, so that whoever closes the boards ends it too.
            if self._closed:
                raise StoppedError(f"The virtual board {name} was not needed any more.")
            machine = self._machines[name] = Machine(self._folders[name], self._options)
        try:
            machine.wait_until_ready()
        except BoardError as error:
            if self._closed:
                raise StoppedError(f"The virtual board {name} was not needed any more.") from error
            raise
        return machine

    def identity(self) -> Mapping[str, str]:
        """What makes its cycles and answers; see `vstm32.board.identity`."""
        return self._identity

    @cached_property
    def _identity(self) -> Mapping[str, str]:
        # Once, as its programs are: each run and each record asks for it.
        from vstm32.board.identity import identity

        return identity(self._options.timing_model, self._options.chip)

    def close(self) -> None:
        """Ends the programs of all units."""
        with self._lock:
            self._closed = True
            machines, self._machines = self._machines, {}
        for machine in machines.values():
            machine.end()


class TakenVirtualBoard:
    """A virtual board of ours."""

    kind = BoardKind.VIRTUAL

    def __init__(self, name: str, machine: "Machine", options: BoardOptions) -> None:
        self.unit = name
        self.timing_model, self.expected_error = options.timing_model, options.expected_error
        self._machine = machine
        self.probe = f"vboard:{machine.uid}"
        self.serial_port = machine.serial_port

    def fault(self) -> str:
        """The board's own account of a lockup or bus fault."""
        try:
            return str(self._machine.ask("status")["fault"])
        except VirtualBoardError as error:
            return error.message

    def recover(self) -> None:
        """Nothing to do: it is switched off when it is given back."""
