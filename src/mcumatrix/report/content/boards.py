"""What is said of boards: what is attached, which can be used, and what became of a map of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from mcumatrix.matrix.hardware_map import FoundBoard, LeftOut, Outcome
from mcumatrix.model.attached import Attached, AttachedPort, AttachedProbe
from mcumatrix.report.content.tables import Table
from mcumatrix.stages.match import Match, place_of, port_of


def board_parts(attached: Attached, matches: Sequence[Match]) -> tuple[Table | str, ...]:
    """What is attached and which boards use it, then every unit of every board: usable, or why it is not."""
    return (
        _table_or(
            "No debug probe is attached.",
            ("debug probe", "name", "board"),
            [
                (probe.uid or "unknown", probe.description, _uses_probe(probe, matches))
                for probe in attached.probes
            ],
        ),
        _table_or(
            "There is no serial port.",
            ("serial port", "name", "board"),
            [
                (" = ".join(filter(None, (port.device, port.by_id, *port.aliases))), port.description, board)
                for port in attached.ports
                for board in [_uses_port(port, attached, matches)]
            ],
        ),
        _table_or(
            "No virtual board runs.",
            ("running virtual board", "debug probe", "serial port", "process"),
            [(board.name, board.uid, board.serial_port, str(board.pid)) for board in attached.virtual_boards],
        ),
        Table(
            ("board", "kind", "debug probe", "serial port", "state"),
            tuple(_match(one, attached) for one in matches),
        ),
    )


def import_parts(
    outcomes: Iterable[tuple[FoundBoard, Path, Outcome]], left_out: Sequence[LeftOut]
) -> tuple[Table | str, ...]:
    """What became of a hardware map: a paragraph for each board, a line for each entry that was left out."""
    parts: list[Table | str] = [_imported(*outcome) for outcome in outcomes]
    if left_out:
        rows = tuple((one.place, one.entry, one.reason) for one in left_out)
        parts.append(Table(("left out", "entry", "because"), rows))
    return tuple(parts) or ("The map has no entries.",)


def _table_or(nothing: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table | str:
    return Table(header, tuple(rows)) if rows else nothing


def _uses_probe(probe: AttachedProbe, matches: Iterable[Match]) -> str:
    boards = dict.fromkeys(match.board.name for match in matches if probe.uid and match.probe == probe.uid)
    return probe.problem or ", ".join(boards) or "none"


def _uses_port(port: AttachedPort, attached: Attached, matches: Iterable[Match]) -> str:
    boards = dict.fromkeys(match.board.name for match in matches if port_of(match.unit, attached) == port)
    return port.problem or ", ".join(boards) or "none"


def _match(match: Match, attached: Attached) -> tuple[str, ...]:
    board, unit = match.board, match.unit
    if board.is_started_here:
        return board.name, board.kind, "its own", "its own", f"usable, {len(board.units)} at once"
    state = "usable" if match.is_usable else f"not usable: {'; '.join(match.reasons)}"
    place = place_of(board, unit, attached)
    if place is None:
        return board.name, board.kind, unit.probe or match.probe or "any", unit.serial_port, state
    holder = f"; {place.holder} has it" if place.holder else ""
    where = f"the place {place.name} at {place.coordinator}"
    return board.name, board.kind, place.probe or where, place.serial_port or where, f"{state}{holder}"


def _imported(board: FoundBoard, path: Path, outcome: Outcome) -> str:
    units = "1 unit" if len(board.units) == 1 else f"{len(board.units)} units"
    if outcome is Outcome.WRITTEN:
        return f"{path}: written, with {units}."
    if outcome is Outcome.THERE:
        return f"{path}: there already, with {units} of the map."
    return (
        f"{path}: not written, because the file is there and has other contents. Put this into it, in place "
        f"of its probe, serial_port and units, or move it away and import the map again:\n{board.units_text}"
    ).rstrip()
