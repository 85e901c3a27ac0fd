"""What can be chosen of an image's layout is what the files of its chip and family say."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import BuildError
from mcumatrix.model.axes import Setting
from mcumatrix.model.chip import Chip, Region
from mcumatrix.model.layout import Layouts, Part
from mcumatrix.stages.chip import chip_of
from mcumatrix.stages.layout import choices_of, layouts_by_board, layouts_of
from support.variants import a_variant

FIRMWARE = Path(__file__).parents[2] / "firmware"
CHIP = Chip("small", "some", ())


def _tree(folder: Path, places: str, memory: str) -> Path:
    for path, text in (("family/some/layout/places.json", places), ("chip/small/memory.ld", memory)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    return folder


def test_a_stm32f7_has_its_memories_as_places_and_caches_to_switch_off() -> None:
    layouts = layouts_of(FIRMWARE, chip_of(FIRMWARE, "stm32f746g_disco"))
    assert layouts.of(Part.WEIGHTS) == ("flash-axi", "flash-itcm", "itcm", "dtcm", "sram1", "qspi", "sdram")
    assert layouts.region("sdram") == Region("SDRAM", 8 * 2**20)
    assert layouts.of(Part.STACK) == ("dtcm", "sram1")
    assert layouts.of(Part.CACHE) == ("on", "off")
    assert layouts.region("dtcm") == Region("DTCM", 64 * 1024)
    nucleo = layouts_by_board(FIRMWARE)["nucleo_f767zi"]
    assert nucleo.region("dtcm") == Region("DTCM", 128 * 1024)
    assert nucleo.refusal(Part.ARENA, "sdram") == (
        "cannot have the arena in sdram; it can be in sram1, itcm or dtcm"
    )


def test_a_chip_has_only_the_places_whose_memory_it_has(tmp_path: Path) -> None:
    places = (
        '{"places": {"itcm": "ITCM", "ram": "SRAM", "flash": "FLASH"},'
        ' "parts": {"arena": ["ram", "itcm"], "code": ["itcm", "flash"]}}'
    )
    tree = _tree(tmp_path, places, "    SRAM (rw) : ORIGIN = 0x20000000, LENGTH = 8K\n")
    assert layouts_of(tree, CHIP) == Layouts(((Part.ARENA, ("ram",)),), (("ram", Region("SRAM", 8192)),))


def test_a_family_that_says_nothing_has_one_layout(tmp_path: Path) -> None:
    assert layouts_of(tmp_path, CHIP) == Layouts()


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (
            "{",
            "firmware/family/some/layout/places.json cannot be read: Expecting property name enclosed in "
            "double quotes: line 1 column 2 (char 1)\n  It must be one object of JSON.",
        ),
        (
            '{"places": {}, "parts": {"heap": ["sram1"]}}',
            "firmware/family/some/layout/places.json does not say what can lie where.\n"
            '  As in {"places": {"dtcm": "DTCM"}, "parts": {"stack": ["dtcm"], "cache": ["on", "off"]}}.',
        ),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, places: str, message: str) -> None:
    with pytest.raises(BuildError) as caught:
        layouts_of(_tree(tmp_path, places, ""), CHIP)
    assert str(caught.value) == message


def test_the_choices_of_a_variant_are_those_of_all_its_settings() -> None:
    layouts = Layouts(((Part.ARENA, ("sram1", "dtcm")), (Part.CACHE, ("on", "off"))))
    placement = Setting("placement", "fast", layout=((Part.ARENA, "dtcm"),))
    cache = Setting("cache", "on", layout=((Part.CACHE, "on"),))
    variant = replace(a_variant(), settings=(placement, cache))
    assert choices_of(variant, layouts) == ((Part.ARENA, "dtcm"),)
