"""Which kernels of a tree refuse hybrid weights: integers with float32 activations."""

import re

from mcumatrix.adapters.runtimes.tflm.third_party import CMSIS_NN
from mcumatrix.adapters.runtimes.tflm.tree import CXX_SUFFIXES, TflmTree, read_text, without_comments
from mcumatrix.model.network import Operator

_FILES = {
    Operator.CONV_2D: "conv",
    Operator.DEPTHWISE_CONV_2D: "depthwise_conv",
    Operator.FULLY_CONNECTED: "fully_connected",
}
"""The operators that have weights, with the names of their kernels' files, which may end with _common."""

_REFUSAL = re.compile(
    r"Hybrid models are not supported"
    r"|\binput->type\s*(?:,|==|!=)\s*(?:filter|weights)->type\b"
    r"|\b(?:filter|weights)->type\s*(?:,|==|!=)\s*input->type\b"
)
"""A kernel that compares both types, with or without a message, does not compute what differs."""


def operators_refusing_hybrid(tree: TflmTree, kernels: str) -> frozenset[Operator]:
    """The operators whose kernels compare the types of input and weights; the others look at one alone.

    Raises:
        SourceError: a kernel cannot be read.
    """
    own = tree.micro_folder / "kernels"
    optimised = tree.micro_folder / tree.cmsis_nn_folder if kernels == CMSIS_NN else own

    def refuses(stem: str) -> bool:
        for name in (f"{base}{suffix}" for base in (stem, f"{stem}_common") for suffix in CXX_SUFFIXES):
            path = next((folder / name for folder in (optimised, own) if (folder / name).is_file()), None)
            if path is not None and _REFUSAL.search(without_comments(read_text(path))):
                return True
        return False

    return frozenset(operator for operator, stem in _FILES.items() if refuses(stem))
