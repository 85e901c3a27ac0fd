"""Which kernels refuse hybrid weights, by their sources."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.adapters.runtimes.tflm.hybrid import operators_refusing_hybrid
from mcumatrix.adapters.runtimes.tflm.tree import read_tree
from mcumatrix.model.network import Operator

MICRO = "tensorflow/lite/micro"
WriteTree = Callable[..., Path]

MESSAGE = """
TF_LITE_ENSURE_MSG(context, input->type == filter->type,
                   "Hybrid models are not supported on TFLite Micro.");
"""


def refusing(tree: Path, kernels: str = "reference") -> frozenset[Operator]:
    return operators_refusing_hybrid(read_tree(tree), kernels)


@pytest.mark.parametrize(
    "check",
    [
        MESSAGE,
        "TF_LITE_ENSURE_TYPES_EQ(context, input->type, filter->type);",
        "if (weights->type != input->type) return kTfLiteError;",
    ],
)
def test_a_kernel_that_compares_both_types_refuses(write_tree: WriteTree, check: str) -> None:
    tree = write_tree("arena", extra={f"{MICRO}/kernels/fully_connected.cc": check})
    assert refusing(tree) == {Operator.FULLY_CONNECTED}


def test_a_comparison_with_the_output_or_in_a_comment_is_none(write_tree: WriteTree) -> None:
    text = f"/* {MESSAGE} */ TF_LITE_ENSURE_EQ(context, input->type, output->type);"
    assert refusing(write_tree("arena", extra={f"{MICRO}/kernels/conv.cc": text})) == frozenset()


def test_a_part_that_two_sets_of_kernels_share_counts_for_both(write_tree: WriteTree) -> None:
    files = {f"{MICRO}/kernels/conv_common.cc": MESSAGE, f"{MICRO}/kernels/cmsis_nn/conv.cc": ""}
    tree = write_tree("profiler", extra=files)
    assert refusing(tree) == refusing(tree, "cmsis-nn") == {Operator.CONV_2D}


def test_an_optimised_kernel_speaks_for_itself(write_tree: WriteTree) -> None:
    files = {
        f"{MICRO}/kernels/fully_connected.cc": MESSAGE,
        f"{MICRO}/kernels/cmsis-nn/fully_connected.cc": "",
    }
    tree = write_tree("arena", extra=files)
    assert refusing(tree) == {Operator.FULLY_CONNECTED}
    assert refusing(tree, "cmsis-nn") == frozenset()
