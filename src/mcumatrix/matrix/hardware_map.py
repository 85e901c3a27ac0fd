"""Boards from a hardware map of Twister, the test runner of Zephyr.

`twister --generate-hardware-map map.yml` writes a list with an entry for each serial port that it finds; the
platform is for a person to fill in. The keys are those of scripts/schemas/twister/hwmap-schema.yaml of Zephyr
4.2; what is not needed here is ignored.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, RootModel

from mcumatrix.artifact import write_atomically
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.document import Document
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.reader import read_document
from mcumatrix.matrix.schema.scalars import Baud, check_probe, check_serial_port
from mcumatrix.matrix.suggest import listed, shown
from mcumatrix.matrix.validate import validated
from mcumatrix.model.catalogue import DEFAULT_FLASHER, Board, BoardKind, Timeouts, Unit
from mcumatrix.units import format_duration, format_frequency

# As YAML 1.1 has them, which Twister reads its maps with.
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value.lower() not in _BOOLEANS:
            raise RefusedError("it is neither true nor false", "Write true or false.")
        return _BOOLEANS[value.lower()]
    return value


def _names(value: object) -> object:
    return value.split() if isinstance(value, str) else value


class _Entry(BaseModel):
    id: str | None = None
    probe_id: str | None = None
    platform: Annotated[list[str] | None, BeforeValidator(_names)] = None
    product: str | None = None
    serial: str | None = None
    serial_pty: str | None = None
    baud: Baud | None = None
    serial_baud: Baud | None = None
    connected: Annotated[bool, BeforeValidator(_boolean)] = False


class _Map(RootModel[list[_Entry]]):
    pass


@dataclass(frozen=True, slots=True)
class FoundBoard:
    """A board file to write: its name without `.yaml`, its text, and the specimens that are in it.

    `units_text` is its key `units` alone, for a file that is there already.
    """

    name: str
    text: str
    units: tuple[Unit, ...]
    units_text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that gives no unit: its place as `file:line:column`, what it is, and why."""

    place: str
    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class FoundBoards:
    """What a hardware map gives."""

    boards: tuple[FoundBoard, ...]
    left_out: tuple[LeftOut, ...]


class Outcome(StrEnum):
    """What became of a board file."""

    WRITTEN = "written"
    THERE = "there already"
    OTHER = "other contents"


def read_hardware_map(path: Path) -> Document:
    """Reads the file of a map. Raises MatrixError: it is no YAML, or no list."""
    return read_document(path, top=list)


def boards_of_map(
    document: Document, firmware_boards: Collection[str], known: Mapping[str, Board]
) -> FoundBoards:
    """The boards of a hardware map: one for each platform, with all its specimens.

    `firmware_boards` are the folders under firmware/board, `known` the boards of the catalogue: what a map
    does not say, such as the chip, is taken from a board with the same firmware.

    Raises:
        MatrixError: an entry has a value of another kind than Twister's maps have.
    """
    units: dict[str, list[Unit]] = {}
    left_out: list[LeftOut] = []
    seen: dict[str, str] = {}
    bauds: dict[str, int] = {}
    for index, entry in enumerate(validated(_Map, document).root):
        place = f"{document.path}:{document.position((index,))}"
        try:
            platform = _platform(entry, firmware_boards)
            unit = _unit(entry)
            # Looked for in any case: a board is written from it.
            template = _template(platform, known)
            baud = entry.baud or entry.serial_baud or template.baud
            for what, name in (("probe", unit.probe.lower()), ("serial port", unit.serial_port)):
                if first := seen.get(name):
                    raise _UnfitError(f"its {what} {name} is that of the entry at {first} too")
            if bauds.setdefault(platform, baud) != baud:
                raise _UnfitError(
                    f"its baud is {baud}, and that of the first {platform} is {bauds[platform]}"
                )
            seen |= {unit.probe.lower(): place, unit.serial_port: place}
            units.setdefault(platform, []).append(unit)
        except _UnfitError as unfit:
            name = " ".join(filter(None, (entry.product, entry.probe_id or entry.id))) or f"entry {index + 1}"
            left_out.append(LeftOut(place, name, str(unfit)))
    boards = (
        _found(platform, specimens, bauds[platform], _template(platform, known))
        for platform, specimens in units.items()
    )
    return FoundBoards(tuple(boards), tuple(left_out))


def write_boards(
    boards: Iterable[FoundBoard], folder: Path, known: Mapping[str, Board]
) -> list[tuple[Path, Outcome]]:
    """Writes board files that are not there yet, and never changes one that is.

    `known` are the boards of the catalogue: a file that has all units already is as good as the one found.

    Raises:
        MatrixError: a file cannot be written.
    """
    outcomes: list[tuple[Path, Outcome]] = []
    for board in boards:
        path = folder / f"{board.name}.yaml"
        try:
            write_atomically(path, board.text.encode(), replace=False)
            outcomes.append((path, Outcome.WRITTEN))
        except OSError as error:
            if not path.exists():
                raise MatrixError(
                    f"{path} cannot be written: {error.strerror}", hint="Check the permissions of its folder."
                ) from error
            has_all = board.name in known and _wires(board.units) <= _wires(known[board.name].units)
            outcomes.append((path, Outcome.THERE if has_all else Outcome.OTHER))
    return outcomes


class _UnfitError(Exception):
    """An entry that gives no unit, with the reason."""


def _platform(entry: _Entry, firmware_boards: Collection[str]) -> str:
    if not entry.connected:
        raise _UnfitError("the map says that it is not connected")
    platforms = entry.platform or ["unknown"]
    if platforms == ["unknown"]:
        raise _UnfitError("the map leaves its platform open: write it there, and import the map again")
    for platform in platforms:
        # Zephyr's names may go on with a revision and with qualifiers: board@revision/soc/cluster.
        folder = platform.partition("/")[0].partition("@")[0].replace("-", "_")
        if folder in firmware_boards:
            return folder
    raise _UnfitError(
        f"there is no firmware for its platform {listed(map(shown, platforms))}; "
        f"firmware/board has: {listed(sorted(firmware_boards))}"
    )


def _unit(entry: _Entry) -> Unit:
    if not entry.serial:
        pty = ", and a serial_pty is nothing that pyserial opens" if entry.serial_pty else ""
        raise _UnfitError(f"it has no serial{pty}")
    probe = entry.probe_id or entry.id
    if not probe:
        raise _UnfitError(
            "it has neither id nor probe_id, by which its debug probe could be told from others"
        )
    try:
        return Unit(check_probe(probe), check_serial_port(entry.serial))
    except RefusedError as refused:
        raise _UnfitError(
            f"it has the probe {shown(probe)} and the serial {shown(entry.serial)}: {refused}"
        ) from refused


def _template(platform: str, known: Mapping[str, Board]) -> Board:
    """The board to take from what a map does not say: best the one of this name, then a real one."""
    same = [board for board in known.values() if board.firmware_board == platform]
    if not same:
        raise _UnfitError(f"no file in matrix/boards has `firmware_board: {platform}` and so names its chip")
    return min(same, key=lambda board: (board.name != _name(platform), board.kind is BoardKind.VIRTUAL))


def _name(platform: str) -> str:
    return platform.replace("_", "-")


def _found(platform: str, units: Sequence[Unit], baud: int, template: Board) -> FoundBoard:
    units_text = "units:\n" + "".join(
        f"  - probe: {json.dumps(unit.probe)}\n    serial_port: {json.dumps(unit.serial_port)}\n"
        for unit in units
    )
    lines = [
        "# yaml-language-server: $schema=../../docs/board.schema.json",
        f"description: {platform}, as a hardware map of Twister has it.",
        "kind: real",
        f"firmware_board: {platform}",
        *([f"flasher: {template.flasher}"] if template.flasher != DEFAULT_FLASHER else []),
        f"target: {template.target}",
        f"connect: {template.connect}",
        f"swd_frequency: {format_frequency(template.swd_hz)}",
        f"baud: {baud}",
        *_timeouts(template.timeouts),
        "# A map names the port that the probe brings. Is it the one on which the firmware talks?",
    ]
    return FoundBoard(_name(platform), "\n".join(lines) + "\n" + units_text, tuple(units), units_text)


def _timeouts(timeouts: Timeouts) -> list[str]:
    phases = {
        "connect": timeouts.connect_s,
        "program": timeouts.program_s,
        "boot": timeouts.boot_s,
        "measure": timeouts.measure_s,
    }
    if timeouts == Timeouts():
        return []
    return ["timeouts:", *(f"  {phase}: {format_duration(phase_s)}" for phase, phase_s in phases.items())]


def _wires(units: Iterable[Unit]) -> set[tuple[str, str]]:
    return {(unit.probe.lower(), unit.serial_port) for unit in units}
