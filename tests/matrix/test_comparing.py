"""Which comparisons a matrix asks for."""

from collections.abc import Callable

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.model.comparison import Comparison
from mcumatrix.model.variant import Matrix

Load = Callable[[str | bytes], Matrix]


def test_comparisons_are_those_of_the_file_in_its_order(load: Load, small: str) -> None:
    matrix = load(small + "compare:\n  - {axis: clock, base: 216MHz}\n  - {axis: kernels}\n")
    assert matrix.comparisons == (
        Comparison("clock", "216 MHz", base_alone=True),
        Comparison("kernels"),
    )


def test_a_matrix_without_comparisons_leaves_them_to_the_report(load: Load, small: str) -> None:
    assert load(small).comparisons == ()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{axis: clok}", "there is no axis 'clok'\n  Did you mean 'clock'?"),
        (
            "{axis: kernels, base: smid}",
            "the axis 'kernels' has no value 'smid' here\n  Did you mean 'simd'?",
        ),
        (
            "{axis: board}",
            "compare[0] compares 'board', which has one value\n"
            "  Give the axis another value, or remove the entry.",
        ),
    ],
)
def test_a_comparison_that_cannot_be_made_is_an_error(
    load: Load, small: str, entry: str, message: str
) -> None:
    with pytest.raises(MatrixError) as raised:
        load(small + f"compare:\n  - {entry}\n")
    assert message in str(raised.value)
