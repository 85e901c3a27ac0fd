import struct
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models.digits import Digit, first_with_label, input_bytes, read_digits
from mcumatrix.errors import ModelError
from mcumatrix.model.network import Quantization, Tensor, TensorType

DIGITS = Path(__file__).parents[3] / "firmware" / "models" / "digits.idx2-ubyte"
EVERY_PIXEL = Digit(0, bytes(range(256)) * 3 + bytes(16))
SHAPE = (1, 28, 28, 1)


def test_ten_digits_of_each_class_are_there_sorted_by_class() -> None:
    digits = read_digits(DIGITS)
    assert [digit.label for digit in digits] == [label for label in range(10) for _ in range(10)]
    assert {len(digit.pixels) for digit in digits} == {784}
    assert len(set(digits)) == 100


def test_a_digit_is_ink_on_paper() -> None:
    for digit in read_digits(DIGITS):
        image = np.frombuffer(digit.pixels, np.uint8).reshape(28, 28)
        assert image.max() > 200, digit
        assert image[:2].max() == 0, "the border is paper"


def test_the_built_in_digit_is_the_first_with_its_label() -> None:
    digits = read_digits(DIGITS)
    assert first_with_label(digits, 2) is digits[20]
    with pytest.raises(ModelError) as caught:
        first_with_label(digits, 10)
    assert str(caught.value) == "There is no digit with label 10.\n  Choose one of 0 to 9."


@pytest.mark.parametrize("contents", [b"", bytes(20), DIGITS.read_bytes()[:-1], DIGITS.read_bytes() + b"\0"])
def test_a_file_that_does_not_hold_digits_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "digits.idx2-ubyte"
    path.write_bytes(contents)
    with pytest.raises(ModelError) as caught:
        read_digits(path)
    assert str(caught.value) == (
        f"{path} is not an IDX file of digits: rows of 785 bytes.\n"
        "  Make it again: python -m tools.models.train"
    )


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ModelError) as caught:
        read_digits(Path("none"))
    assert str(caught.value) == (
        "The digits none cannot be read: No such file or directory.\n"
        "  Make it again: python -m tools.models.train"
    )


def test_float_input_is_the_pixel_divided_by_255() -> None:
    data = input_bytes(EVERY_PIXEL, Tensor(0, "image", TensorType.FLOAT32, SHAPE))
    pixels = np.frombuffer(EVERY_PIXEL.pixels, np.uint8).astype(np.float32)
    np.testing.assert_array_equal(np.frombuffer(data, np.float32), pixels / np.float32(255))


def test_int8_input_of_scale_1_over_255_is_the_pixel_minus_128() -> None:
    scale = struct.unpack("<f", struct.pack("<f", 1 / 255))[0]
    tensor = Tensor(0, "image", TensorType.INT8, SHAPE, Quantization((scale,), (-128,)))
    elements = np.frombuffer(input_bytes(EVERY_PIXEL, tensor), np.int8)
    np.testing.assert_array_equal(elements, np.frombuffer(EVERY_PIXEL.pixels, np.uint8).astype(int) - 128)


def test_input_beyond_the_range_of_the_type_is_the_nearest_element() -> None:
    tensor = Tensor(0, "image", TensorType.UINT8, SHAPE, Quantization((0.001,), (10,)))
    elements = np.frombuffer(input_bytes(EVERY_PIXEL, tensor), np.uint8)
    assert elements[0] == 10
    assert elements[1] == 14
    assert elements[255] == 255


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (
            Tensor(0, "image", TensorType.FLOAT32, (1, 32, 32, 3)),
            "The model's input has the shape 1x32x32x3; digits have 28x28.\n"
            "  Give its entry the key input in place of digits, or choose a model of MNIST.",
        ),
        (
            Tensor(0, "image", TensorType.INT8, SHAPE),
            "The model's input has the type int8 and no quantisation.\n"
            "  Convert the model to float32 or int8.",
        ),
    ],
)
def test_an_input_that_takes_no_digit_is_refused(tensor: Tensor, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        input_bytes(EVERY_PIXEL, tensor)
    assert str(caught.value) == message
