"""Chip: which one a board of the firmware has, and what is compiled for it.

The facts stand in `firmware/board/<board>/board.json` and `firmware/chip/<chip>/chip.json`. CMake reads
them too (`firmware/cmake/board.cmake`), so that the firmware can be built by hand.
"""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcumatrix.errors import BuildError
from mcumatrix.model.chip import Chip, ClockRange, Region

_NAME = re.compile(r"[A-Za-z0-9_.+-]*[A-Za-z0-9_+-]")
_REGION = re.compile(
    r"^\s*(\w+)\s*\(([rwx]+)\)\s*:\s*ORIGIN\s*=\s*\w+,\s*LENGTH\s*=\s*(\d+)([KM]?)", re.MULTILINE
)
_CLOCK = re.compile(r"^#define CLOCK_(STEP|MIN|MAX|RATED)_HZ (\d+)u?\s*$", re.MULTILINE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20}
_CPU_FLAG = re.compile(r"-m[a-z][a-z0-9=.+-]*")


def chip_of(firmware: Path, board: str) -> Chip:
    """The chip of a folder under `firmware/board/`.

    Raises:
        BuildError: there is no such board or chip, or its file does not say what it must.
    """
    described = _read(firmware, "board", board, f'There is no board "{board}" under firmware/board')
    name = _word(described, "chip", f"firmware/board/{board}/board.json")
    place = f"firmware/chip/{name}/chip.json"
    described = _read(
        firmware, "chip", name, f'Board "{board}" has the chip "{name}", which is not under firmware/chip'
    )
    flags = described.get("cpu_flags")
    if (
        not isinstance(flags, list)
        or not flags
        or not all(isinstance(flag, str) and _CPU_FLAG.fullmatch(flag) for flag in flags)
    ):
        raise BuildError(
            f"{place}: cpu_flags must be a list of flags that begin with -m, and is {json.dumps(flags)}.",
            hint='As in "cpu_flags": ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"].',
        )
    family = _word(described, "family", place)
    external = regions_of(firmware / "board" / board / "external" / "memory.ld")
    return Chip(
        name,
        family,
        tuple(flags),
        *_memory(firmware / "chip" / name / "memory.ld"),
        _clocks(firmware / "family" / family / "clock.h"),
        tuple(region for region, _ in external),
        _largest([region for region, is_ram in external if not is_ram]),
    )


def clocks_of(firmware: Path) -> dict[str, ClockRange]:
    """The clocks that boards of the firmware make, by their folders; boards that are wrong are left out."""
    found: dict[str, ClockRange] = {}
    for board in sorted(path.parent.name for path in firmware.glob("board/*/board.json")):
        with suppress(BuildError):
            if clocks := chip_of(firmware, board).clocks:
                found[board] = clocks
    return found


def _clocks(header: Path) -> ClockRange | None:
    """What a family's clock_set makes, in its own words; None where it does not say it."""
    try:
        said = dict(_CLOCK.findall(header.read_text(errors="replace")))
    except OSError:
        return None
    step, least, most, rated = (int(said.get(name, 0)) for name in ("STEP", "MIN", "MAX", "RATED"))
    return ClockRange(step, least, most, rated) if step and least and most else None


def _memory(script: Path) -> tuple[Region | None, Region | None]:
    """Flash, and the largest RAM, of a linker script; None for what is not found in it."""
    found = regions_of(script)
    flash, ram = ([region for region, is_ram in found if is_ram is wanted] for wanted in (False, True))
    return _largest(flash), _largest(ram)


def regions_of(script: Path) -> tuple[tuple[Region, bool], ...]:
    """The memories that a linker script names, each with whether it is written to; none without the file."""
    try:
        text = script.read_text(errors="replace")
    except OSError:
        return ()
    return tuple(
        (Region(name, int(number) * _UNITS[unit]), "w" in attributes)
        for name, attributes, number, unit in _REGION.findall(text)
    )


def _largest(regions: list[Region]) -> Region | None:
    return max(regions, key=lambda region: region.size_bytes, default=None)


def _read(firmware: Path, kind: str, name: str, missing: str) -> dict[str, Any]:
    path = firmware / kind / name / f"{kind}.json"
    try:
        described = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        there = ", ".join(sorted(found.parent.name for found in (firmware / kind).glob(f"*/{kind}.json")))
        raise BuildError(f"{missing}.", hint=f"There are: {there or 'none'}.") from error
    except (OSError, ValueError) as error:
        raise BuildError(
            f"firmware/{kind}/{name}/{kind}.json cannot be read: {error}",
            hint="It must be one object of JSON.",
        ) from error
    if not isinstance(described, dict):
        raise BuildError(
            f"firmware/{kind}/{name}/{kind}.json is not an object.", hint="It must be one object of JSON."
        )
    return described


def _word(described: dict[str, Any], key: str, place: str) -> str:
    value = described.get(key)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BuildError(
            f"{place}: {key} must name a folder under firmware/{key}, and is {json.dumps(value)}.",
            hint=f'As in "{key}": "name".',
        )
    return value
