"""A variant and its axes."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from mcumatrix.model.axes import Setting
from mcumatrix.model.catalogue import Board, BoardKind, DigitInput, Element, Model, Runtime, Toolchain
from mcumatrix.model.variant import Expectation, Outcome, Variant


@pytest.fixture
def variant() -> Variant:
    return Variant(
        slug="builtin_simd_216MHz_mnist-int8_O3",
        runtime=Runtime("builtin", "builtin", ("simd",), (Element.INT8,)),
        kernels="simd",
        clock_hz=216_000_000,
        model=Model(
            "mnist-int8", Element.INT8, Path("m.tflite"), Path("m.json"), DigitInput(Path("digits"), 2)
        ),
        toolchain=Toolchain("path", "arm-none-eabi-"),
        board=Board("virtual-f746", BoardKind.VIRTUAL, "stm32f746g_disco"),
        settings=(Setting("optimize", "O3", ("-O3",)), Setting("tiles", "small")),
    )


def test_axes_are_values_as_people_write_them_in_the_order_of_columns(variant: Variant) -> None:
    assert list(variant.axes.items()) == [
        ("runtime", "builtin"),
        ("kernels", "simd"),
        ("clock", "216 MHz"),
        ("model", "mnist-int8"),
        ("toolchain", "path"),
        ("board", "virtual-f746"),
        ("optimize", "O3"),
        ("tiles", "small"),
    ]


def test_a_variant_is_called_by_its_slug(variant: Variant) -> None:
    assert str(variant) == "builtin_simd_216MHz_mnist-int8_O3"


def test_a_variant_is_expected_to_pass_unless_somebody_says_else(variant: Variant) -> None:
    assert variant.expect == Expectation(Outcome.PASS, "")
    assert (variant.repeat, variant.warmup) == (3, 1)


def test_a_variant_does_not_change(variant: Variant) -> None:
    with pytest.raises(FrozenInstanceError):
        variant.kernels = "reference"  # type: ignore[misc]
