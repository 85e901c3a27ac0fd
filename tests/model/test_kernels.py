"""What is kept of what a set of kernels says about itself."""

from pathlib import Path

import pytest

from mcumatrix.model.kernels import KERNELS_FILE, Compiled, KernelFacts, read_kernel_facts
from mcumatrix.model.network import Operator


@pytest.mark.parametrize("operators", [frozenset(), frozenset({Operator.CONV_2D, Operator.FULLY_CONNECTED})])
@pytest.mark.parametrize("unset", [(), ("NDEBUG",)])
def test_facts_are_read_back_as_they_were_written(
    tmp_path: Path, operators: frozenset[Operator], unset: tuple[str, ...]
) -> None:
    facts = KernelFacts(operators, frozenset({"ADD"}), ("NDEBUG",), float_functions=False, unset=unset)
    (tmp_path / KERNELS_FILE).write_bytes(facts.to_json())
    assert read_kernel_facts(tmp_path) == facts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"refusing_hybrid": ["X"]}',
        '{"refusing_hybrid": 1}',
        '{"refusing_hybrid": [], "library": {"x": 1}}',
    ],
)
def test_what_cannot_be_read_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / KERNELS_FILE).write_text(text)
    assert read_kernel_facts(tmp_path) is None


def test_kernels_that_were_never_asked_are_not_known(tmp_path: Path) -> None:
    assert read_kernel_facts(tmp_path) is None


@pytest.mark.parametrize(
    ("options", "unset", "asserts"),
    [
        (("-DNDEBUG", "-O2"), (), False),
        (("-DNDEBUG=1", "-O2", "-UNDEBUG"), (), True),
        (("-UNDEBUG", "-DNDEBUG"), ("NDEBUG",), False),
        (("-O2",), ("NDEBUG",), True),
        (("-O2", "-DNDEBUGGING"), (), None),
    ],
)
def test_the_last_option_says_whether_assertions_are_in_and_else_what_the_sources_look_at(
    options: tuple[str, ...], unset: tuple[str, ...], asserts: bool | None
) -> None:
    assert Compiled(options, unset).asserts is asserts


def test_a_library_that_looks_for_restrict_and_is_not_told_is_unrestricted() -> None:
    unset = ("OPTIONAL_RESTRICT_KEYWORD",)
    assert Compiled(("-O2",), unset).is_unrestricted
    assert not Compiled(("-DOPTIONAL_RESTRICT_KEYWORD=__restrict",), unset).is_unrestricted
    assert not Compiled(("-O2",)).is_unrestricted
    told = ("-DOPTIONAL_RESTRICT_KEYWORD=__restrict", "-O2")
    assert not Compiled(told).is_unrestricted
    assert Compiled((*told, "-UOPTIONAL_RESTRICT_KEYWORD")).is_unrestricted
