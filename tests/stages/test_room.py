"""What cannot fit is known before it is built."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import TooLargeError
from mcumatrix.model.chip import Chip, Region
from mcumatrix.model.layout import Layouts, Part
from mcumatrix.stages.chip import chip_of
from mcumatrix.stages.room import require_room, require_room_for_choices

FIRMWARE = Path(__file__).parents[2] / "firmware"
NETWORK = read_network(FIRMWARE / "models" / "mnist-int8.tflite")
CHIP = Chip("small", "stm32f7", (), Region("FLASH", 100_000), Region("SRAM1", 27_040))


def test_a_chips_memory_is_that_of_its_linker_script() -> None:
    chip = chip_of(FIRMWARE, "stm32f746g_disco")
    assert (chip.flash, chip.ram) == (Region("FLASH", 2**20), Region("SRAM1", 240 * 2**10))


def test_a_model_that_fits_exactly_passes() -> None:
    # The first pool reads 26 x 26 x 32 and writes 13 x 13 x 32.
    require_room("m", 100_000, NETWORK, CHIP)
    require_room("m", 10**9, NETWORK, Chip("unknown", "stm32f7", ()))


def test_a_file_that_is_larger_than_flash_is_refused() -> None:
    with pytest.raises(TooLargeError) as caught:
        require_room("m", 100_001, NETWORK, CHIP)
    assert str(caught.value) == (
        "The model m has 100001 bytes, and FLASH of the small has 100000: 1 bytes are missing.\n"
        "  Choose a smaller model, or a board with more flash."
    )


def test_a_layer_whose_tensors_are_larger_than_ram_is_named() -> None:
    with pytest.raises(TooLargeError) as caught:
        require_room("m", 1, NETWORK, replace(CHIP, ram=Region("SRAM1", 27_000)))
    assert str(caught.value) == (
        "layer 1 MAX_POOL_2D of the model m reads and writes 27040 bytes, and SRAM1 of the small has 27000:"
        " 40 bytes are missing.\n"
        "  Choose a model with smaller activations, or a board with more RAM."
    )


def test_weights_in_flash_of_the_board_take_nothing_of_the_chips() -> None:
    beside = Region("QSPI", 10**7)
    chip = replace(CHIP, external=(beside, Region("SDRAM", 10**6)), external_flash=beside)
    with pytest.raises(TooLargeError) as caught:
        require_room("m", 10**6, NETWORK, chip)
    assert caught.value.hint == "Choose a smaller model, or a placement with its weights in qspi."
    require_room("m", 10**6, NETWORK, chip, {Part.WEIGHTS: beside})
    small = replace(chip, ram=Region("SRAM1", 27_000))
    require_room("m", 1, NETWORK, small, {Part.ARENA: chip.external[1]})


LAYOUTS = Layouts(
    (),
    (("itcm", Region("ITCM", 16_384)), ("dtcm", Region("DTCM", 27_040)), ("sram1", Region("SRAM1", 10**6))),
)


def test_weights_that_are_larger_than_their_place_are_refused_before_anything_is_built() -> None:
    with pytest.raises(TooLargeError) as caught:
        require_room_for_choices("m", 10**6, NETWORK, LAYOUTS, ((Part.WEIGHTS, "itcm"),))
    assert str(caught.value) == (
        "The weights of the model m cannot lie in itcm: 94024 bytes are needed, and ITCM has 16384: "
        "77640 bytes are missing.\n"
        "  Choose another placement, or a smaller model."
    )


def test_tensors_must_fit_their_place_and_what_fits_passes() -> None:
    choices = ((Part.ARENA, "dtcm"), (Part.WEIGHTS, "sram1"), (Part.CODE, "itcm"), (Part.CACHE, "off"))
    require_room_for_choices("m", 10**6, NETWORK, LAYOUTS, choices)
    with pytest.raises(TooLargeError) as caught:
        require_room_for_choices("m", 10**6, NETWORK, LAYOUTS, ((Part.ARENA, "itcm"),))
    assert str(caught.value) == (
        "The arena of the model m cannot lie in itcm: 27040 bytes are needed, and ITCM has 16384: "
        "10656 bytes are missing.\n"
        "  Choose another placement, or a smaller model."
    )
