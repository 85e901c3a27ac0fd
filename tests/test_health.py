"""Which image tells whether a unit is fit."""

from pathlib import Path

from mcumatrix import registry
from mcumatrix.health import health_variants
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.network import is_custom

ROOT = Path(__file__).parents[1]


def test_units_are_tested_with_the_smallest_model_that_the_own_runtime_can_run() -> None:
    """Not with a smaller one that has operators of its own, which nobody but TensorFlow knows."""
    catalogues = load_catalogues(ROOT / "matrix")
    matrix = load_matrix(find_matrix("quickstart", ROOT / "matrix"), catalogues)
    (variant,) = health_variants(matrix, catalogues, registry.operators_of)
    assert variant.model.name == "mnist-int8"
    smaller = catalogues.models["mnist-int8-lut"]
    assert smaller.file is not None
    assert variant.model.file is not None
    assert smaller.file.stat().st_size < variant.model.file.stat().st_size
    assert any(map(is_custom, registry.operators_of(smaller)))
