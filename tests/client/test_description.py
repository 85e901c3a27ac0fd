"""Arrays as elements of tensors, and back."""

import numpy as np
import pytest

from mcumatrix.client import Tensor, UnfitInputError
from mcumatrix.client.errors import DamagedAnswerError

INT8 = Tensor((1, 4), np.dtype("i1"), 0.5, -3)
FLOAT = Tensor((1, 2, 2, 1), np.dtype("<f4"), 0.0, 0)


def test_real_numbers_become_the_nearest_integers_that_stand_for_them() -> None:
    elements = INT8.elements([0.0, 0.74, -1000.0, 1000.0], "The array")
    assert elements.dtype == np.int8
    assert elements.tolist() == [[-3, -2, -128, 127]]
    assert INT8.real(elements).tolist() == [[0.0, 0.5, -62.5, 65.0]]


def test_an_array_of_as_many_elements_is_reshaped() -> None:
    assert FLOAT.elements(np.arange(4.0), "The array").shape == (1, 2, 2, 1)
    assert INT8.elements(np.array([1, 2, 3, 4], np.int8), "The array").tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("tensor", "array", "sentence"),
    [
        (
            FLOAT,
            np.zeros(5),
            "The array has 5 elements, and the model takes 4 (1x2x2x1).\n"
            "  Give an array of that shape, or one that can be reshaped to it.",
        ),
        (
            INT8,
            np.array([0, 1, 2, np.nan]),
            "The array has numbers that are not finite, and the model takes int8.\n"
            "  Replace them: no integer stands for NaN or infinity.",
        ),
        (
            INT8,
            np.zeros(4, np.int32),
            "The array has elements of type int32, and the model takes int8.\n"
            "  Convert it on purpose, as in array.astype('int8').",
        ),
        (
            INT8,
            np.array(["a", "b", "c", "d"]),
            "The array has elements of type str32, and the model takes int8.\n"
            "  Convert it on purpose, as in array.astype('int8').",
        ),
    ],
)
def test_an_array_that_does_not_fit_is_named(tensor: Tensor, array: np.ndarray, sentence: str) -> None:
    with pytest.raises(UnfitInputError) as error:
        tensor.elements(array, "The array")
    assert str(error.value) == sentence


def test_an_output_of_another_size_is_no_output() -> None:
    with pytest.raises(DamagedAnswerError) as error:
        INT8.array(b"abc")
    assert str(error.value) == (
        "The board has sent 3 bytes for an output of 4.\n  Check the cable, and ask again."
    )
