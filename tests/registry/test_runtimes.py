"""Adapters of runtimes, by their names."""

from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.model.catalogue import Element, Runtime
from mcumatrix.registry.runtimes import runtime


def test_a_runtime_that_nobody_knows_is_said_with_those_that_are_known() -> None:
    with pytest.raises(MatrixError) as error:
        runtime(Runtime("x", "tensorrt", ("a",), (Element.INT8,)), Path(), Path())
    assert str(error.value) == (
        "the runtime x names the runtime adapter 'tensorrt', and there is none\n  Known: builtin, tflm."
    )
