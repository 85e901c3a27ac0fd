"""The report and the plan of a matrix as text for a terminal."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from mcumatrix.matrix.hardware_map import FoundBoard, LeftOut, Outcome
from mcumatrix.model.attached import Attached, AttachedPort, AttachedProbe
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.variant import Matrix
from mcumatrix.report.findings import find
from mcumatrix.report.markdown import summary, why_not_measured
from mcumatrix.report.tables import Case, Table, case_table, time_tables
from mcumatrix.stages.match import Match, port_of


def to_text(table: Table) -> str:
    """Columns side by side, as wide as they need to be; control characters of a board are shown, not sent."""
    cells = [[_visible(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def report_text(cases: Sequence[Case]) -> str:
    """Cases, times, findings and failures; sizes and provenance are in the report's files."""
    parts = [to_text(case_table(cases))]
    for time in time_tables(cases):
        is_virtual = time.kind is BoardKind.VIRTUAL
        model = f"timing model {time.timing_model!r}"
        if time.expected_error:
            model += f", {time.expected_error}"
        source = f"virtual board, {model}" if is_virtual else "hardware"
        parts.append(f"Time per layer in msec, medians ({source})\n{to_text(time.table)}")
    parts += [f"Finding: {_visible(finding)}" for finding in find(cases)]
    parts += [
        f"{case.label} {case.variant}: {_visible(why_not_measured(case))}"
        for case in cases
        if not case.is_measured
    ]
    parts.append(summary(cases).replace("*", ""))
    return "\n\n".join(parts)


def plan_text(matrix: Matrix, states: Sequence[tuple[str, str]], work_left: str) -> str:
    """Axes with their kinds, each variant with what is left to do for it, and what was left out and why."""
    parts = [
        to_text(
            Table(
                ("axis", "kind", "values"), tuple((a.name, a.kind, ", ".join(a.values)) for a in matrix.axes)
            )
        ),
        to_text(Table(("variant", "to do"), tuple(states))),
    ]
    if matrix.exclusions:
        rows = tuple((", ".join(f"{n}={v}" for n, v in x.axes), x.reason) for x in matrix.exclusions)
        parts.append(to_text(Table(("left out", "because"), rows)))
    return "\n\n".join([*parts, *map(str, matrix.substitutions), work_left])


def boards_text(attached: Attached, matches: Sequence[Match]) -> str:
    """What is attached and which boards use it, then every unit of every board: usable, or why it is not."""
    parts = [
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
        to_text(Table(("board", "kind", "debug probe", "serial port", "state"), tuple(map(_match, matches)))),
    ]
    return "\n\n".join(parts)


def import_text(outcomes: Iterable[tuple[FoundBoard, Path, Outcome]], left_out: Sequence[LeftOut]) -> str:
    """What became of a hardware map: a paragraph for each board, a line for each entry that was left out."""
    parts = [_imported(*outcome) for outcome in outcomes]
    if left_out:
        rows = tuple((one.place, one.entry, one.reason) for one in left_out)
        parts.append(to_text(Table(("left out", "entry", "because"), rows)))
    return "\n\n".join(parts) or "The map has no entries."


def _table_or(nothing: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return to_text(Table(header, tuple(rows))) if rows else nothing


def _uses_probe(probe: AttachedProbe, matches: Iterable[Match]) -> str:
    boards = dict.fromkeys(match.board.name for match in matches if probe.uid and match.probe == probe.uid)
    return probe.problem or ", ".join(boards) or "none"


def _uses_port(port: AttachedPort, attached: Attached, matches: Iterable[Match]) -> str:
    boards = dict.fromkeys(match.board.name for match in matches if port_of(match.unit, attached) == port)
    return port.problem or ", ".join(boards) or "none"


def _match(match: Match) -> tuple[str, ...]:
    board, unit = match.board, match.unit
    if board.kind is BoardKind.VIRTUAL:
        return board.name, board.kind, "its own", "its own", f"usable, {len(board.units)} at once"
    state = "usable" if match.is_usable else f"not usable: {'; '.join(match.reasons)}"
    return board.name, board.kind, unit.probe or match.probe or "any", unit.serial_port, state


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
