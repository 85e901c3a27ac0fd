"""What is kept of what a set of kernels says about itself."""

from pathlib import Path

import pytest

from mcumatrix.model.kernels import KERNELS_FILE, KernelFacts, read_kernel_facts
from mcumatrix.model.network import Operator


@pytest.mark.parametrize("operators", [frozenset(), frozenset({Operator.CONV_2D, Operator.FULLY_CONNECTED})])
def test_facts_are_read_back_as_they_were_written(tmp_path: Path, operators: frozenset[Operator]) -> None:
    facts = KernelFacts(operators, frozenset({"ADD"}), ("NDEBUG",), float_functions=False)
    (tmp_path / KERNELS_FILE).write_bytes(facts.to_json())
    assert read_kernel_facts(tmp_path) == facts


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"refusing_hybrid": ["X"]}', '{"refusing_hybrid": 1}'])
def test_what_cannot_be_read_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / KERNELS_FILE).write_text(text)
    assert read_kernel_facts(tmp_path) is None


def test_kernels_that_were_never_asked_are_not_known(tmp_path: Path) -> None:
    assert read_kernel_facts(tmp_path) is None
