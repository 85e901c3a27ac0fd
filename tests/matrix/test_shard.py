"""Shares of a matrix: together they are the whole, whatever machine works them out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError, NothingSelectedError
from mcumatrix.matrix.selection import Selection
from mcumatrix.matrix.shard import Shard, in_shard, left_to_others, parse_shard, shares
from mcumatrix.model.schedule import Schedule
from mcumatrix.model.variant import Matrix, Variant
from support.variants import a_variant

KERNELS = ("reference", "simd")


def _variants(kernels: list[str]) -> tuple[Variant, ...]:
    return tuple(a_variant(f"v{number}", kernels=one) for number, one in enumerate(kernels))


VARIANTS = _variants(["reference", "simd"] * 4)


@given(st.lists(st.sampled_from(KERNELS), max_size=40), st.integers(1, 12))
def test_each_variant_is_in_one_share_and_shares_are_of_one_size(kernels: list[str], of: int) -> None:
    variants = _variants(kernels)
    found = shares(variants, of)
    assert len(found) == of
    assert sorted(variant.slug for share in found for variant in share) == sorted(v.slug for v in variants)
    sizes = [len(share) for share in found]
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.sampled_from(KERNELS), min_size=1, max_size=40), st.integers(1, 12))
def test_few_libraries_are_compiled_on_more_than_one_machine(kernels: list[str], of: int) -> None:
    """A share that ends within a group of variants has its library compiled once more, and nothing else."""
    found = [{variant.kernels for variant in share} for share in shares(_variants(kernels), of) if share]
    assert sum(map(len, found)) <= len(set(kernels)) + len(found) - 1


def test_a_share_keeps_the_order_of_the_matrix() -> None:
    found = [variant.slug for number in (1, 2, 3) for variant in in_shard(VARIANTS, Shard(number, 3))]
    assert found == ["v0", "v2", "v4", "v1", "v3", "v6", "v5", "v7"]


def test_another_compiler_in_place_of_one_that_cannot_be_had_changes_no_share() -> None:
    """What a machine lacks makes other variants, and leaves the shares of all machines the whole."""
    other = replace(VARIANTS[0].toolchain, name="other")
    here = [[v.slug for v in share] for share in shares(VARIANTS, 3)]
    there = [[v.slug for v in share] for share in shares([replace(v, toolchain=other) for v in VARIANTS], 3)]
    assert here == there


def test_a_share_is_written_as_which_one_of_how_many() -> None:
    read = [str(parse_shard(text)) for text in ("1/1", " 3/8 ", "10000/10000")]
    assert read == ["1/1", "3/8", "10000/10000"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/10001", "1/2/3", "²/3"])
def test_what_is_no_share_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(MatrixError) as error:
        parse_shard(text)
    assert str(error.value) == (
        f"'{text}' is no share of a matrix\n"
        "  Write which one and of how many, as in --shard 3/8; at most 10,000."
    )


def test_a_share_without_variants_is_refused() -> None:
    with pytest.raises(NothingSelectedError) as error:
        in_shard(VARIANTS, Shard(9, 9))
    assert str(error.value) == "share 9/9 has none of 8 variants\n  Make at most 8 shares of them."


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        (Shard(1, 3), "Share 1/3: 3 of 8 variants; 5 are left to 2 others, 2 or 3 each."),
        (Shard(3, 3), "Share 3/3: 2 of 8 variants; 6 are left to 2 others, 3 each."),
        (Shard(1, 1), "Share 1/1: 8 of 8 variants; nothing is left to others."),
    ],
)
def test_it_is_said_what_is_left_to_others(shard: Shard, said: str) -> None:
    assert left_to_others(VARIANTS, shard) == said


def test_a_share_is_one_of_what_is_selected() -> None:
    selected = [Selection("kernels=simd", f"{number}/2").of(VARIANTS) for number in (1, 2)]
    assert [[variant.slug for variant in share] for share in selected] == [["v1", "v3"], ["v5", "v7"]]
    assert Selection().of(VARIANTS) == VARIANTS


def test_who_has_no_reference_is_told_that_no_drift_shows() -> None:
    matrix = Matrix("m", "", (), VARIANTS, schedule=Schedule(references=("v0",)))
    assert Selection().left_to_others(matrix) == ()
    assert Selection(shard="1/2").left_to_others(matrix) == (
        "Share 1/2: 4 of 8 variants; 4 are left to the other.",
    )
    assert Selection(shard="2/2").left_to_others(matrix)[1:] == (
        "A drift of this bench does not show: the reference is run by others (v0).",
    )
