"""Selections over the variants of a matrix."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcumatrix.errors import ExitCode, MatrixError, NothingSelectedError
from mcumatrix.matrix.expression import parse_expression
from mcumatrix.matrix.select import select
from mcumatrix.model.variant import Matrix, Variant


@pytest.fixture
def variants(load: Callable[[str], Matrix], small: str) -> tuple[Variant, ...]:
    return load(small).variants


def _slugs(variants: tuple[Variant, ...], expression: str) -> list[str]:
    return [variant.slug for variant in select(variants, expression)]


@pytest.mark.parametrize(
    ("expression", "positions"),
    [
        ("kernels=simd and clock=216MHz", [4, 5]),
        ("kernels=simd and clock='216 MHz'", [4, 5]),
        ("clock=0.216GHz and kernels=simd", [4, 5]),
        ("builtin_simd_216MHz_mnist-int8", [5]),
        ("builtin_*_mnist-int8", [1, 3, 5, 7]),
        ("*", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("model=*int8", [1, 3, 5, 7]),
        ("clock='2*8 MHz'", [2, 3, 6, 7]),
        ("kernels=reference,simd and model!=mnist-int8", [0, 2, 4, 6]),
        ("not (kernels=simd or clock=288MHz)", [0, 1]),
        ("kernels=simd and clock=288MHz or model=mnist-int8 and kernels=reference", [1, 3, 6, 7]),
        ("toolchain=debian-12 and board=virtual-f746 and runtime=builtin and model=mnist-int8", [1, 3, 5, 7]),
    ],
)
def test_an_expression_selects_variants_in_their_order(
    variants: tuple[Variant, ...], expression: str, positions: list[int]
) -> None:
    assert select(variants, expression) == tuple(variants[position] for position in positions)


def test_only_the_star_is_special_in_a_pattern(load: Callable[[str], Matrix], small: str) -> None:
    variants = load(small + "  optimize: {O2: , O3: }\n").variants
    for pattern in ("O?", "O[23]", "O."):
        with pytest.raises(NothingSelectedError):
            select(variants, f"optimize={pattern}")
    assert len(select(variants, "optimize=O*")) == 16


def test_a_variant_that_lacks_an_axis_differs_from_every_value(
    load: Callable[[str], Matrix], small: str
) -> None:
    variants = load(small + "include:\n  - {kernels: simd, lto: {lto: {flags: [-flto]}}}\n").variants
    assert {variant.kernels for variant in select(variants, "lto=lto")} == {"simd"}
    assert {variant.kernels for variant in select(variants, "lto!=lto")} == {"reference"}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("kernel=simd", "selection: there is no axis 'kernel'\n  Did you mean 'kernels'?"),
        (
            "kernels=simd or speed=9",
            "selection: there is no axis 'speed'\n  Axes: runtime, kernels, clock, model, toolchain, board.",
        ),
    ],
)
def test_an_unknown_axis_is_a_wrong_expression(
    variants: tuple[Variant, ...], expression: str, message: str
) -> None:
    with pytest.raises(MatrixError) as caught:
        select(variants, expression)
    assert str(caught.value) == message
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "kernels=simd and kernels=reference",
            "'kernels=simd and kernels=reference' selects none of 8 variants\n"
            "  `doit plan` prints all variants.",
        ),
        ("kernels=smid", "no variant has kernels=smid\n  Did you mean 'simd'?"),
        ("kernels!=smid", "no variant has kernels=smid\n  Did you mean 'simd'?"),
        ("kernels=simd or clock=400MHz", "no variant has clock=400MHz\n  Values: 216 MHz, 288 MHz."),
        ("model=tiny*", "no variant has model=tiny*\n  Values: mnist-float32, mnist-int8."),
        (
            "builtin_simd_216MHz_mnist-int9",
            "no variant has the slug 'builtin_simd_216MHz_mnist-int9'\n"
            "  Did you mean 'builtin_simd_216MHz_mnist-int8'?",
        ),
    ],
)
def test_what_fits_no_variant_selects_nothing_and_says_so(
    variants: tuple[Variant, ...], expression: str, message: str
) -> None:
    with pytest.raises(NothingSelectedError) as caught:
        select(variants, expression)
    assert str(caught.value) == message
    assert caught.value.exit_code is ExitCode.NOTHING_SELECTED


def test_stars_do_not_make_a_selection_slow(variants: tuple[Variant, ...]) -> None:
    with pytest.raises(NothingSelectedError):
        select(variants, "*a" * 2000)


terms = st.sampled_from(
    [
        "kernels=simd",
        "clock=216MHz",
        "model!=mnist-int8",
        "*_288MHz_*",
        "model=mnist-*",
        "clock=216MHz,288MHz",
    ]
)
expressions = st.recursive(
    terms,
    lambda inner: (
        inner.map("not ({})".format)
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) and ({pair[1]})")
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) or ({pair[1]})")
    ),
    max_leaves=5,
)


def _selected(variants: tuple[Variant, ...], expression: str) -> set[str]:
    try:
        return set(_slugs(variants, expression))
    except NothingSelectedError:
        return set()


@given(expressions, expressions)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_selections_are_sets(variants: tuple[Variant, ...], left: str, right: str) -> None:
    everything = {variant.slug for variant in variants}
    one, other = _selected(variants, left), _selected(variants, right)
    assert _selected(variants, f"({left}) and ({right})") == one & other
    assert _selected(variants, f"({left}) or ({right})") == one | other
    assert _selected(variants, f"not ({left})") == everything - one
    assert _selected(variants, f"not (({left}) and ({right}))") == _selected(
        variants, f"not ({left}) or not ({right})"
    )
    assert _selected(variants, str(parse_expression(left))) == one
