"""Timing models are chosen by name, and say how far they are to be trusted."""

import pytest

from mcumatrix.model.catalogue import TimingModel
from vstm32.base.errors import VirtualBoardError
from vstm32.chips.stm32f746 import CHIP
from vstm32.timing import TIMING_MODELS, timing_model
from vstm32.timing.m7_table import MNEMONICS


def test_the_models_are_those_that_a_boards_file_may_name():
    assert set(TIMING_MODELS) == {model.value for model in TimingModel}
    assert CHIP.default_timing == "m7-block-1"


def test_each_model_has_its_expected_error():
    assert CHIP.expected_errors["m7-block-1"] == "typical error ±10 % a layer, at worst 46 %"
    assert CHIP.expected_errors["m7-cache-2"] == (
        "typical error ±13 % in code of others, at worst 16 %; of float32 layers at worst 35 %"
    )
    assert CHIP.expected_errors["instructions"] == "no estimate of a board's times"


def test_an_unknown_model_is_refused():
    with pytest.raises(VirtualBoardError) as caught:
        timing_model("exact")
    assert str(caught.value) == (
        "The virtual board has no timing model 'exact'.\n"
        "  It has instructions, m7-block-1, m7-cache-2 and m4-1."
    )


def test_no_mnemonic_is_in_two_classes():
    names = [name for names in MNEMONICS.values() for name in names.split()]
    assert len(names) == len(set(names))
