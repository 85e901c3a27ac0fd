"""Looks at places of labgrid without acquiring them."""

from collections.abc import Iterable
from threading import Event

from mcumatrix.adapters.boards.labgrid.client import LabgridClient
from mcumatrix.errors import FlashError, ToolError
from mcumatrix.model.attached import AttachedPlace
from mcumatrix.model.catalogue import Board, Unit


def attached_places(boards: Iterable[Board]) -> tuple[AttachedPlace, ...]:
    """The places that boards name, as their coordinators know them. A silent one is asked once."""
    found: dict[tuple[str, str], AttachedPlace] = {}
    silent: dict[str, str] = {}
    for board in boards:
        for unit in board.units if board.coordinator else ():
            key = board.coordinator, unit.place
            if key in found:
                continue
            if board.coordinator in silent:
                found[key] = AttachedPlace(*key, problem=silent[board.coordinator])
                continue
            try:
                found[key] = _look_at(board.coordinator, unit)
            except ToolError as error:
                silent[board.coordinator] = error.message.removesuffix(".")
                found[key] = AttachedPlace(*key, problem=silent[board.coordinator])
    return tuple(found.values())


def _look_at(coordinator: str, unit: Unit) -> AttachedPlace:
    no_pauses = Event()
    no_pauses.set()
    try:
        place = LabgridClient(coordinator, unit.place, no_pauses).show()
    except FlashError as error:
        return AttachedPlace(coordinator, unit.place, problem=error.message)
    try:
        serial_port, probe = unit.serial_port or place.serial_port(), unit.probe or place.probe()
    except FlashError as error:
        return AttachedPlace(coordinator, unit.place, place.holder, problem=error.message)
    return AttachedPlace(coordinator, unit.place, place.holder, probe, serial_port)
