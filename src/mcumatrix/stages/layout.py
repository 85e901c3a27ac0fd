"""Layout: what a matrix may choose of where the parts of an image lie.

A family of chips says it in `firmware/family/<family>/layout/places.json`, which CMake reads too; a chip has
those places whose region is in its `memory.ld`, and a board those of its `external/memory.ld`.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcumatrix.errors import BuildError
from mcumatrix.model.chip import Chip
from mcumatrix.model.layout import Choice, Layouts, Part
from mcumatrix.model.variant import Variant
from mcumatrix.stages.chip import chip_of, regions_of


def layouts_of(firmware: Path, chip: Chip) -> Layouts:
    """What can be chosen on a chip; nothing where its family says nothing.

    Raises:
        BuildError: the family's file does not say what it must.
    """
    name = f"firmware/family/{chip.family}/layout/places.json"
    try:
        said = json.loads((firmware / "family" / chip.family / "layout" / "places.json").read_bytes())
    except FileNotFoundError:
        return Layouts()
    except (OSError, ValueError) as error:
        raise BuildError(f"{name} cannot be read: {error}", hint="It must be one object of JSON.") from error
    if not _is_right(said):
        raise BuildError(
            f"{name} does not say what can lie where.",
            hint='As in {"places": {"dtcm": "DTCM"}, "parts": {"stack": ["dtcm"], "cache": ["on", "off"]}}.',
        )
    of_chip = (region for region, _ in regions_of(firmware / "chip" / chip.name / "memory.ld"))
    there = {region.name: region for region in (*of_chip, *chip.external)}
    regions = {place: there[name] for place, name in said["places"].items() if name in there}
    values: list[tuple[Part, tuple[str, ...]]] = []
    for part, of_part in said["parts"].items():
        has = tuple(value for value in of_part if part == Part.CACHE or value in regions)
        # Where the chip has not even what holds by default, the linker script does something else on it.
        if has and has[0] == of_part[0]:
            values.append((Part(part), has))
    return Layouts(tuple(values), tuple(regions.items()))


def _is_right(said: Any) -> bool:
    return (
        isinstance(said, dict)
        and isinstance(places := said.get("places"), dict)
        and isinstance(parts := said.get("parts"), dict)
        and all(isinstance(region, str) for region in places.values())
        and all(
            part in set(Part) and isinstance(values, list) and all(isinstance(value, str) for value in values)
            for part, values in parts.items()
        )
    )


def layouts_by_board(firmware: Path) -> dict[str, Layouts]:
    """What can be chosen on each board of the firmware, by its folder; boards that are wrong are left out."""
    found: dict[str, Layouts] = {}
    for board in sorted(path.parent.name for path in firmware.glob("board/*/board.json")):
        with suppress(BuildError):
            found[board] = layouts_of(firmware, chip_of(firmware, board))
    return found


def choices_of(variant: Variant, layouts: Layouts) -> tuple[Choice, ...]:
    """What a variant's image has elsewhere than by default."""
    return tuple(choice for setting in variant.settings for choice in layouts.chosen(setting.layout))
