"""Drawings become what the digits are that models were trained with."""

from pathlib import Path

import numpy as np
import pytest

from mcumatrix.notebook.digits import as_mnist, inked

SET = Path(__file__).parents[2] / "firmware" / "models" / "digits-1000.npz"
PIXELS = 280
SEVEN = [[(60, 60), (210, 60), (110, 230)]]


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    with np.load(SET) as archive:
        return archive["images"]


def test_a_digit_of_mnist_is_one_already(digits: np.ndarray) -> None:
    assert len(digits) == 1000
    for digit in digits:
        assert np.array_equal(as_mnist(digit), digit)


@pytest.mark.parametrize("factor", [3, 10])
def test_however_large_it_is_drawn_and_wherever_it_is_the_same_digit(digits: np.ndarray, factor: int) -> None:
    for digit in digits[::50]:
        large = np.kron(digit, np.ones((factor, factor), np.uint8))
        moved = np.pad(large, ((7, 40), (90, 3)))
        assert np.array_equal(as_mnist(moved), digit)


def test_a_drawing_fits_the_box_and_its_centre_of_mass_lies_in_the_middle() -> None:
    digit = as_mnist(inked(SEVEN, PIXELS, 22))
    rows, columns = (np.flatnonzero(digit.any(axis)) for axis in (1, 0))
    assert max(len(rows), len(columns)) == 20
    places = np.arange(28)
    assert round(float(places @ digit.sum(1) / digit.sum())) == 14
    assert round(float(places @ digit.sum(0) / digit.sum())) == 14
    # Grey levels at the edges, ink within.
    assert digit.max() == 255
    assert len(np.unique(digit)) > 10


def test_a_drawing_half_as_large_by_a_pen_half_as_wide_is_the_same_digit() -> None:
    half = [[(x / 2 + 20, y / 2 + 9) for x, y in stroke] for stroke in SEVEN]
    large, small = as_mnist(inked(SEVEN, PIXELS, 22)), as_mnist(inked(half, PIXELS, 11))
    assert np.abs(large.astype(int) - small).mean() < 3


def test_ink_that_would_be_moved_out_stays_within() -> None:
    hook = np.zeros((200, 40), np.uint8)
    hook[-5:, :] = 255
    hook[:, :2] = 20
    digit = as_mnist(hook)
    assert np.flatnonzero(digit.any(1)).tolist() == list(range(20))
    assert digit[19].max() > 100


def test_a_pen_leaves_a_round_dot_and_nothing_beyond_the_paper() -> None:
    dot = inked([[(5, 5)]], 10, 6)
    assert dot[4:6, 4:6].min() == 255
    assert np.array_equal(dot, dot.T)
    assert abs(dot.sum() / 255 - np.pi * 9) < 1
    assert dot[0, 0] == 0
    assert not inked([[(-50, -50), (-20, -60)], [(400, 3)]], 10, 6).any()
    assert inked([[(-50, 5), (50, 5)]], 10, 2)[5].min() > 100


def test_paper_without_ink_is_an_empty_digit() -> None:
    assert not as_mnist(inked([], PIXELS, 22)).any()
    assert as_mnist(np.zeros((3, 3), np.uint8)).shape == (28, 28)


def test_one_point_and_a_line_are_digits_too() -> None:
    assert as_mnist(inked([[(3, 4)]], PIXELS, 22)).sum() > 0
    line = as_mnist(inked([[(140, 20), (140, 260)]], PIXELS, 22))
    assert (line.any(0).sum(), line.any(1).sum()) == (2, 20)
