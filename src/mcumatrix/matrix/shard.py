"""A share of a matrix for one of several machines that know nothing of each other.

Every machine works the shares out by itself, from the matrix alone: which results are there, which compilers
and which boards, does not enter it, so that the shares of all machines together are the whole.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from mcumatrix.errors import MatrixError, NothingSelectedError
from mcumatrix.matrix.suggest import shown
from mcumatrix.model.variant import Variant

MAXIMUM_SHARDS = 10_000
"""More machines than that would be a mistake."""

_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `number`, from 1 on, of `of` shares."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """Reads a share as people write it: `3/8` is the third of eight.

    Raises:
        MatrixError: it is none.
    """
    match = _WRITTEN.fullmatch(text.strip())
    number, of = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= of <= MAXIMUM_SHARDS:
        raise MatrixError(
            f"{shown(text)} is no share of a matrix",
            hint=f"Write which one and of how many, as in --shard 3/8; at most {MAXIMUM_SHARDS:,}.",
        )
    return Shard(number, of)


def shares(variants: Sequence[Variant], of: int) -> tuple[tuple[Variant, ...], ...]:
    """The variants of each share; the sizes of any two differ by one at most.

    What is compiled with the same kernels, compiler and flags stays together as far as that allows, so that
    few libraries are compiled on more than one machine.
    """
    groups: dict[Hashable, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(_compiled_from(variant), []).append(variant)
    ordered = [variant for group in groups.values() for variant in group]
    size, larger = divmod(len(ordered), of)
    ends = accumulate((size + (number < larger) for number in range(of)), initial=0)
    return tuple(tuple(ordered[begin:end]) for begin, end in pairwise(ends))


def _compiled_from(variant: Variant) -> Hashable:
    """What the libraries of a runtime and a platform depend on, by names."""
    return (
        *(variant.runtime.name, variant.kernels, variant.toolchain.name, variant.board.firmware_board),
        tuple((setting.flags, setting.cmake) for setting in variant.settings),
    )


def in_shard(variants: Sequence[Variant], shard: Shard) -> tuple[Variant, ...]:
    """The variants of one share, in their order.

    Raises:
        NothingSelectedError: there are more shares than variants, and this one has none.
    """
    share = {variant.slug for variant in shares(variants, shard.of)[shard.number - 1]}
    if not share:
        count = len(variants)
        raise NothingSelectedError(
            f"share {shard} has none of {count:,} variants", hint=f"Make at most {count} shares of them."
        )
    return tuple(variant for variant in variants if variant.slug in share)


def left_to_others(variants: Sequence[Variant], shard: Shard) -> str:
    """What a share has of some variants, and what is left to others, in a sentence."""
    sizes = [len(share) for share in shares(variants, shard.of)]
    ours = sizes[shard.number - 1]
    said = f"Share {shard}: {ours:,} of {len(variants):,} variants"
    if shard.of == 1:
        return f"{said}; nothing is left to others."
    others = [size for number, size in enumerate(sizes, 1) if number != shard.number]
    each = f"{min(others):,}" if min(others) == max(others) else f"{min(others):,} or {max(others):,}"
    who = "the other" if len(others) == 1 else f"{len(others):,} others, {each} each"
    left = len(variants) - ours
    return f"{said}; {left:,} {'is' if left == 1 else 'are'} left to {who}."
