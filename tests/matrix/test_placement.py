"""The axes that say how an image is laid out: where its parts lie, and whether caches are on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from matrix.conftest import CATALOGUES, SMALL
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.load import load_matrix
from mcumatrix.model.axes import Setting
from mcumatrix.model.chip import Region
from mcumatrix.model.layout import Layouts, Part
from mcumatrix.model.variant import Matrix

F7 = Layouts(
    (
        (Part.ARENA, ("sram1", "dtcm")),
        (Part.STACK, ("dtcm", "sram1")),
        (Part.CACHE, ("on", "off")),
    ),
    (("sram1", Region("SRAM1", 240_000)), ("dtcm", Region("DTCM", 65_536))),
)
ONE = SMALL.replace("[reference, simd]", "simd").replace("[216 MHz, 288 MHz]", "216 MHz")
ONE = ONE.replace("[mnist-float32, mnist-int8]", "mnist-int8")


@pytest.fixture
def load_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Layouts], Matrix]:
    """Loads a matrix as m.yaml, where the board's chip can be laid out so."""
    monkeypatch.chdir(tmp_path)

    def load(text: str, layouts: Layouts = F7) -> Matrix:
        Path("m.yaml").write_text(text)
        return load_matrix(Path("m.yaml"), replace(CATALOGUES, layouts={"stm32f746g_disco": layouts}))

    return load


Load = Callable[..., Matrix]


def _axes(matrix: Matrix) -> list[tuple[str, str]]:
    return [
        (variant.axes.get("placement", "-"), variant.axes.get("cache", "-")) for variant in matrix.variants
    ]


def test_a_matrix_that_names_neither_is_as_before(load_for: Load) -> None:
    (variant,) = load_for(ONE).variants
    assert list(variant.axes) == ["runtime", "kernels", "clock", "model", "toolchain", "board"]
    assert variant.settings == ()


def test_a_placement_is_a_label_for_where_parts_lie_and_caches_are_on_or_off(load_for: Load) -> None:
    matrix = load_for(
        ONE + "  placement: {default: {}, fast: {arena: dtcm, stack: sram1}}\n  cache: [on, off]\n"
    )
    assert _axes(matrix) == [("default", "on"), ("default", "off"), ("fast", "on"), ("fast", "off")]
    assert [variant.slug for variant in matrix.variants][-1] == "builtin_simd_216MHz_mnist-int8_fast_off"
    assert matrix.variants[-1].settings == (
        Setting("placement", "fast", layout=((Part.ARENA, "dtcm"), (Part.STACK, "sram1"))),
        Setting("cache", "off", layout=((Part.CACHE, "off"),)),
    )
    assert str(matrix.variants[-1].settings[0]) == "placement fast: arena=dtcm stack=sram1"


@pytest.mark.parametrize("text", ["default", "[default]"])
def test_default_needs_no_declaration_and_one_value_no_list(load_for: Load, text: str) -> None:
    assert _axes(load_for(ONE + f"  placement: {text}\n  cache: off\n")) == [("default", "off")]


def test_an_include_sets_the_caches_and_declares_a_placement(load_for: Load) -> None:
    one = "clock: 216 MHz, model: mnist-int8"
    matrix = load_for(
        ONE + f"include:\n  - {{{one}, cache: off}}\n  - {{{one}, placement: {{fast: {{arena: dtcm}}}}}}\n"
    )
    assert _axes(matrix) == [("fast", "off")]
    assert [str(setting) for setting in matrix.variants[0].settings] == [
        "cache off: cache=off",
        "placement fast: arena=dtcm",
    ]


def test_excludes_name_them_as_they_do_other_axes(load_for: Load) -> None:
    axes = "  placement: {default: {}, fast: {arena: dtcm}}\n  cache: [on, off]\n"
    exclude = "exclude:\n  - {placement: fast, cache: off, reason: no need}\n"
    assert _axes(load_for(ONE + axes + exclude)) == [("default", "on"), ("default", "off"), ("fast", "on")]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (
            "  placement: {fast: {arenas: dtcm}}\n",
            "m.yaml:7:22: unknown key 'arenas'\n  Did you mean 'arena'?",
        ),
        (
            "  placement: {fast: {flags: [-O3]}}\n",
            "m.yaml:7:22: unknown key 'flags'\n  Known: code, weights, arena, stack.",
        ),
        (
            "  placement: fast\n",
            "m.yaml:7:14: axes.placement must be a mapping, but is 'fast'\n"
            "  It maps labels to places, as in {tcm: {arena: dtcm}}; `default` needs no declaration.",
        ),
        (
            "  cache: [on, on]\n",
            "m.yaml:7:15: the axis 'cache' has 'on' twice\n  Keep one of them.",
        ),
        (
            "  cache: cold\n",
            "m.yaml:7:10: axes.cache[0] cannot be 'cold'\n  Known: on, off.",
        ),
        (
            "  placement: {default: {}, fast: {arena: dtmc}}\n",
            "m.yaml:7:28: the value 'fast' of the axis 'placement' is left without a variant: virtual-f746 "
            "cannot have the arena in dtmc; it can be in sram1 or dtcm\n"
            "  Remove it, or add what it can be combined with.",
        ),
        (
            "  placement: {default: {}, fast: {stack: flash-axi}}\n",
            "m.yaml:7:28: the value 'fast' of the axis 'placement' is left without a variant: virtual-f746 "
            "cannot have the stack in flash-axi; it can be in dtcm or sram1\n"
            "  Remove it, or add what it can be combined with.",
        ),
        (
            "  placement: {default: {}, fast: {code: itcm}}\n",
            "m.yaml:7:28: the value 'fast' of the axis 'placement' is left without a variant: virtual-f746 "
            "does not let a matrix choose where the code of kernels lies\n"
            "  Remove it, or add what it can be combined with.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(load_for: Load, axes: str, message: str) -> None:
    with pytest.raises(MatrixError) as caught:
        load_for(ONE + axes)
    assert str(caught.value) == message


def test_a_chip_without_caches_has_them_off_and_never_on(load_for: Load) -> None:
    assert _axes(load_for(ONE + "  cache: off\n", Layouts())) == [("-", "off")]
    with pytest.raises(MatrixError) as caught:
        load_for(ONE + "  cache: [on, off]\n", Layouts())
    assert str(caught.value) == (
        "m.yaml:7:11: the value 'on' of the axis 'cache' is left without a variant: "
        "virtual-f746 has no caches\n"
        "  Remove it, or add what it can be combined with."
    )


def test_only_what_differs_from_the_default_changes_an_image() -> None:
    choices = ((Part.ARENA, "sram1"), (Part.STACK, "sram1"), (Part.CACHE, "on"), (Part.CODE, "itcm"))
    assert list(F7.chosen(choices)) == [(Part.STACK, "sram1")]
