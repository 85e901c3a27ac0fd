"""Match: the boards of the catalogue, and what is attached to this machine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcumatrix.model.attached import REMOTE_PROBE, Attached, AttachedPlace, AttachedPort, AttachedProbe
from mcumatrix.model.catalogue import Board, Unit


@dataclass(frozen=True, slots=True)
class Match:
    """A unit of a board, and whether it can be used here. All units of a virtual board are one match.

    `probe` is the unique id of the debug probe that it would be used with, empty if none is attached.
    `reasons` say why the unit cannot be used, each a sentence without its full stop.
    """

    board: Board
    unit: Unit
    probe: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether nothing speaks against it. Who uses the unit at the moment is not looked at."""
        return not self.reasons


def match(boards: Iterable[Board], attached: Attached) -> tuple[Match, ...]:
    """Every unit of every board with what it would be used with, or why it cannot be used."""
    return tuple(one for board in boards for one in _matches(board, attached))


def device_paths(boards: Iterable[Board]) -> tuple[str, ...]:
    """The paths of devices that board files name as serial ports."""
    ports = (unit.serial_port for board in boards for unit in board.units)
    return tuple(port for port in ports if port.startswith("/"))


def port_of(unit: Unit, attached: Attached) -> AttachedPort | None:
    """The attached port that a unit names, by whichever of its names."""
    return next(
        (
            port
            for port in attached.ports
            if unit.serial_port and unit.serial_port in (port.device, port.by_id, *port.aliases)
        ),
        None,
    )


def _matches(board: Board, attached: Attached) -> Iterator[Match]:
    if board.is_started_here:
        yield Match(board, Unit())
        return
    for unit in board.units:
        if board.coordinator:
            yield _placed(board, unit, attached)
            continue
        probe, reasons = _named(unit.probe, attached) if unit.probe else _only_one(attached)
        yield Match(board, unit, probe, (*reasons, *_port_reasons(unit, attached)))


def place_of(board: Board, unit: Unit, attached: Attached) -> AttachedPlace | None:
    """The place of labgrid that a unit is, if its coordinator was asked."""
    found = (one for one in attached.places if (one.coordinator, one.name) == (board.coordinator, unit.place))
    return next(found, None)


def _placed(board: Board, unit: Unit, attached: Attached) -> Match:
    place = place_of(board, unit, attached)
    if place is None:
        return Match(board, unit, reasons=(f"its coordinator {board.coordinator} was not asked",))
    return Match(board, unit, place.probe, (place.problem,) if place.problem else ())


def _named(uid: str, attached: Attached) -> tuple[str, tuple[str, ...]]:
    """The probe that a unit names, as it is attached, and what speaks against it.

    As to pyOCD, a kind may stand before the unique id (`stlink:066B`), and a part that only one has will do.
    """
    if uid.lower().startswith(REMOTE_PROBE):
        return uid, ()
    virtual = (AttachedProbe(board.uid, board.name) for board in attached.virtual_boards)
    probes = [probe for probe in (*attached.probes, *virtual) if probe.uid]
    wanted = uid.rpartition(":")[2].lower()
    same = [probe for probe in probes if probe.uid.lower() == wanted]
    alike = [probe for probe in probes if wanted in probe.uid.lower()]
    for found in (same, alike):
        if len(found) == 1:
            return _found(found[0])
    others = ", ".join(probe.uid for probe in attached.probes if probe.uid) or "none"
    return "", (f"its probe {uid} is not attached; attached: {others}", *_unreadable(attached))


def _only_one(attached: Attached) -> tuple[str, tuple[str, ...]]:
    """As `_named`, for a unit that names none. Virtual boards do not offer themselves."""
    probes = [probe for probe in attached.probes if probe.uid]
    if not probes:
        return "", ("no debug probe is attached", *_unreadable(attached))
    if len(probes) > 1:
        which = f"{len(probes)} debug probes are attached and its file names none"
        return "", (f"{which}: add `probe:` with one of {', '.join(probe.uid for probe in probes)}",)
    return _found(probes[0])


def _found(probe: AttachedProbe) -> tuple[str, tuple[str, ...]]:
    return probe.uid, (f"its probe {probe.uid} has a problem: {probe.problem}",) if probe.problem else ()


def _unreadable(attached: Attached) -> Iterator[str]:
    """Probes that are there and do not say who they are: the one that is missing may be among them."""
    return (probe.problem for probe in attached.probes if not probe.uid)


def _port_reasons(unit: Unit, attached: Attached) -> Iterator[str]:
    if not unit.serial_port.startswith("/"):
        return
    port = port_of(unit, attached)
    if port is None:
        there = ", ".join(port.device for port in attached.ports) or "none"
        yield f"its serial port {unit.serial_port} is not there; there: {there}"
    elif port.problem:
        yield f"its serial port {unit.serial_port} has a problem: {port.problem}"
