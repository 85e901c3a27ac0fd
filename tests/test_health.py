"""Which image tests the units of a board."""

from pathlib import Path

from mcumatrix import registry
from mcumatrix.health import health_variants
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import load_matrix
from mcumatrix.project import Project

PROJECT = Project(Path(__file__).parents[1])
CATALOGUES = load_catalogues(PROJECT.matrices)
QUICKSTART = load_matrix(PROJECT.matrices / "quickstart.yaml", CATALOGUES)


def test_units_are_tested_with_a_model_that_the_own_runtime_runs() -> None:
    """Smaller ones are there, which need a custom operator."""
    (variant,) = health_variants(QUICKSTART, CATALOGUES, PROJECT)
    assert (variant.runtime.name, variant.model.name) == ("builtin", "mnist-int8")
    contents = registry.models.model_contents(variant.model)
    assert registry.runtimes.refusal(variant.runtime, contents, PROJECT.firmware, PROJECT.templates) == ""
    smaller = (PROJECT.firmware / "models" / "mnist-int8-lut.tflite").read_bytes()
    assert len(smaller) < len(contents)
    assert registry.runtimes.refusal(variant.runtime, smaller, PROJECT.firmware, PROJECT.templates) == (
        "layer 2 is CUSTOM 'TFLM_DECODE', which the builtin runtime does not have."
    )
