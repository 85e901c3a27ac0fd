"""Toolchains that take the place of others."""

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.load import load_matrix
from mcumatrix.model.catalogue import Catalogues, Toolchain
from mcumatrix.model.variant import Matrix, Substitution

WANTED = "  toolchain: gcc-9\n"
INSTEAD = "instead:\n  - {toolchain: gcc-9, use: debian-12}\n"

Load = Callable[..., Matrix]


@pytest.fixture
def load(tmp_path: Path, catalogues: Catalogues) -> Load:
    def load(text: str, *, had: Collection[str] = ("gcc-9", "debian-12", "arm-13")) -> Matrix:
        path = tmp_path / "m.yaml"
        path.write_text(text)
        return load_matrix(path, catalogues, lambda toolchain: toolchain.name in had)

    return load


def toolchains(matrix: Matrix) -> set[str]:
    return {variant.toolchain.name for variant in matrix.variants}


def test_a_toolchain_that_can_be_had_is_used(load: Load, small: str) -> None:
    matrix = load(small + WANTED + INSTEAD)
    assert (toolchains(matrix), matrix.substitutions) == ({"gcc-9"}, ())


def test_its_substitute_is_used_where_it_cannot_be_had(load: Load, small: str) -> None:
    matrix = load(small + WANTED + INSTEAD, had=["debian-12"])
    assert toolchains(matrix) == {"debian-12"}
    assert matrix.substitutions == (Substitution("gcc-9", "debian-12"),)
    assert str(matrix.substitutions[0]) == "gcc-9 could not be had here; debian-12 took its place."
    assert next(axis for axis in matrix.axes if axis.name == "toolchain").values == ("debian-12",)


def test_a_slug_has_the_toolchain_that_is_used(load: Load, small: str) -> None:
    several = small + "  toolchain: [gcc-9, arm-13]\n" + INSTEAD
    slugs = {variant.slug for variant in load(several, had=["debian-12", "arm-13"]).variants}
    assert "builtin_simd_216MHz_mnist-int8_debian-12" in slugs
    assert "builtin_simd_216MHz_mnist-int8_arm-13" in slugs
    assert not any("gcc-9" in slug for slug in slugs)


def test_the_rest_of_the_file_sees_the_toolchain_that_is_wanted(load: Load, small: str) -> None:
    text = small + WANTED + INSTEAD + "exclude:\n  - {toolchain: gcc-9, kernels: simd, reason: too old}\n"
    matrix = load(text, had=["debian-12"])
    assert {variant.kernels for variant in matrix.variants} == {"reference"}
    assert dict(matrix.exclusions[0].axes)["toolchain"] == "gcc-9"


def test_nobody_looks_for_a_toolchain_that_has_no_substitute(
    tmp_path: Path, catalogues: Catalogues, small: str
) -> None:
    def never(toolchain: Toolchain) -> bool:
        raise AssertionError(f"{toolchain.name} was looked for")

    (tmp_path / "m.yaml").write_text(small + WANTED)
    assert toolchains(load_matrix(tmp_path / "m.yaml", catalogues, never)) == {"gcc-9"}


@pytest.mark.parametrize(
    ("entries", "message", "hint"),
    [
        (
            "  - {toolchain: gcc-8, use: debian-12}\n",
            "9:17: the axis 'toolchain' has no value 'gcc-8' here",
            "Did you mean 'gcc-9'?",
        ),
        (
            "  - {toolchain: gcc-9, use: debian-13}\n",
            "9:29: there is no toolchain 'debian-13'",
            "Did you mean 'debian-12'?",
        ),
        (
            "  - {toolchain: gcc-9, use: gcc-9}\n",
            "9:29: the toolchain 'gcc-9' is in the matrix already",
            "Let another one take the place.",
        ),
        (
            "  - {toolchain: gcc-9, use: debian-12}\n  - {toolchain: gcc-9, use: arm-13}\n",
            "10:17: the toolchain 'gcc-9' has a substitute already",
            "Keep one of them.",
        ),
    ],
)
def test_an_entry_that_does_not_fit_is_an_error(
    load: Load, small: str, entries: str, message: str, hint: str
) -> None:
    with pytest.raises(MatrixError) as error:
        load(small + WANTED + "instead:\n" + entries)
    assert message in str(error.value)
    assert hint in str(error.value)
