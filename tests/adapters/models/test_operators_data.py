"""The small models that need no TensorFlow are those that their script makes."""

import importlib.util
from pathlib import Path

import pytest

from mcumatrix.model.network import TensorType

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("element", [TensorType.FLOAT32, TensorType.INT8])
def test_the_committed_files_are_those_that_the_script_makes(element: TensorType) -> None:
    spec = importlib.util.spec_from_file_location("make_operators", DATA / "make_operators.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.make(element) == (DATA / f"operators-{element}.tflite").read_bytes()
