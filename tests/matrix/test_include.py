"""Includes, as GitHub Actions has them."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError
from mcumatrix.model.variant import Matrix

Load = Callable[[str | bytes], Matrix]

WRONG = {
    "an include that adds nothing to four variants": (
        lambda small: small + "include:\n  - {kernels: simd}\n",
        (
            "m.yaml:8:5: include[0] adds nothing: 4 variants have these values already\n"
            "  Give it repeat, warmup or an axis of your own, or remove it."
        ),
    ),
    "an include that adds nothing to one variant": (
        lambda small: small + ("include:\n  - {kernels: simd, clock: 216MHz, model: mnist-int8}\n"),
        (
            "m.yaml:8:5: include[0] adds nothing: 1 variant has these values already\n"
            "  Give it repeat, warmup or an axis of your own, or remove it."
        ),
    ),
    "an include that matches nothing": (
        lambda small: small + "include:\n  - {kernels: simd, clock: 300 MHz, repeat: 5}\n",
        (
            "m.yaml:8:5: include[0] matches no variant, and is none by itself without "
            "runtime, model, board\n"
            "  Correct a value, or name all axes to add a variant."
        ),
    ),
    "an include with an unknown value": (
        lambda small: small + "include:\n  - {kernels: sim, repeat: 5}\n",
        ("m.yaml:8:15: the axis 'kernels' has no value 'sim'\n  Did you mean 'simd'?"),
    ),
    "an include with an unknown axis": (
        lambda small: small + "include:\n  - {kernel: simd, repeat: 5}\n",
        ("m.yaml:8:6: there is no axis 'kernel'\n  Did you mean 'kernels'?"),
    ),
    "an include without an axis": (
        lambda small: small + "include:\n  - {repeat: 5}\n",
        ("m.yaml:8:5: include[0] names no axis\n  Name the values it is for."),
    ),
    "an include with an unknown label": (
        lambda small: small + ("  optimize: {O2: , O3: }\ninclude:\n  - {optimize: O4, repeat: 5}\n"),
        ("m.yaml:9:16: the axis 'optimize' has no value 'O4'\n  Known: O2, O3."),
    ),
    "an include with other flags for a label": (
        lambda small: (
            small
            + (
                "  optimize: {O2: {flags: [-O2]}}\n"
                "include:\n"
                "  - {optimize: {O2: {flags: [-O3]}}, repeat: 5}\n"
            )
        ),
        (
            "m.yaml:9:16: the axis 'optimize' has another 'O2' with other flags or CMake "
            "variables\n"
            "  Use another label, or only the label to mean the same."
        ),
    ),
    "an include that its runtime cannot have": (
        lambda small: (
            small
            + (
                "include:\n"
                "  - {runtime: tflm-1.14.0, kernels: simd, clock: 216 MHz, model: mnist-uint8, "
                "board: lab}\n"
            )
        ),
        ("m.yaml:8:5: include[0] cannot be a variant: tflm-1.14.0 has no simd kernels\n  Correct a value."),
    ),
    "the same include twice": (
        lambda small: (
            small
            + (
                "include:\n"
                "  - {runtime: builtin, kernels: simd, clock: 300 MHz, model: mnist-int8, board: "
                "lab}\n"
                "  - {runtime: builtin, kernels: simd, clock: 300 MHz, model: mnist-int8, board: "
                "lab}\n"
            )
        ),
        (
            "m.yaml:9:5: two variants have the slug 'builtin_simd_300MHz_mnist-int8_lab'\n"
            "  Give one of them another label."
        ),
    ),
    "an include with an unfit axis": (
        lambda small: small + "include:\n  - {Opt: {O2: }}\n",
        (
            "m.yaml:8:6: an axis cannot be called 'Opt': it is no name for an axis\n"
            "  Use small letters, digits, '_' and '-', a letter first, such as 'lto'."
        ),
    ),
    "an include without the toolchain that the axes name": (
        lambda small: (
            small
            + (
                "  toolchain: gcc-9\n"
                "include:\n"
                "  - {runtime: builtin, kernels: simd, clock: 300 MHz, model: mnist-int8, board: "
                "lab}\n"
            )
        ),
        (
            "m.yaml:9:5: include[0] matches no variant, and is none by itself without "
            "toolchain\n"
            "  Correct a value, or name all axes to add a variant."
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_include_that_is_a_mistake_is_named_with_its_place(load: Load, small: str, case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(MatrixError) as caught:
        load(change(small))
    assert str(caught.value) == message


def test_an_include_adds_to_the_variants_that_it_matches_and_to_no_other(load: Load, small: str) -> None:
    matrix = load(small + "include:\n  - {kernels: simd, clock: 288MHz, repeat: 10, warmup: 0}\n")
    assert len(matrix.variants) == 8
    for variant in matrix.variants:
        matched = variant.kernels == "simd" and variant.clock_hz == 288_000_000
        assert (variant.repeat, variant.warmup) == ((10, 0) if matched else (3, 1))


def test_an_include_may_bring_an_axis_of_its_own(load: Load, small: str) -> None:
    matrix = load(small + "include:\n  - {kernels: simd, optimize: {O3: {flags: [-O3]}}}\n")
    plain, fast = matrix.variants[0], matrix.variants[4]
    assert "optimize" not in plain.axes
    assert plain.slug == "builtin_reference_216MHz_mnist-float32"
    assert fast.axes["optimize"] == "O3"
    assert fast.slug == "builtin_simd_216MHz_mnist-float32_O3"
    assert fast.settings[0].flags == ("-O3",)
    assert matrix.axes[-1].values == ("O3",)


def test_a_later_include_may_overwrite_what_an_earlier_one_added(load: Load, small: str) -> None:
    matrix = load(
        small + "include:\n  - {runtime: builtin, optimize: {O2: {flags: [-O2]}}}\n"
        "  - {kernels: simd, optimize: {O3: {flags: [-O3]}}}\n"
    )
    assert {(variant.kernels, variant.axes["optimize"]) for variant in matrix.variants} == {
        ("reference", "O2"),
        ("simd", "O3"),
    }


def test_a_later_include_may_name_a_label_that_an_earlier_one_declared(load: Load, small: str) -> None:
    matrix = load(
        small + "include:\n  - {kernels: simd, clock: 216 MHz, optimize: {O3: {flags: [-O3]}}}\n"
        "  - {kernels: simd, clock: 288 MHz, optimize: O3}\n"
    )
    assert {variant.settings[0].flags for variant in matrix.variants if variant.kernels == "simd"} == {
        ("-O3",)
    }


def test_an_include_that_fits_no_variant_is_one_more(load: Load, small: str) -> None:
    matrix = load(
        small + "include:\n  - {runtime: tflm-2.1.0, kernels: cmsis-nn, clock: 300MHz, model: mnist-int8, "
        "board: lab, repeat: 7}\n"
    )
    assert len(matrix.variants) == 9
    added = matrix.variants[-1]
    assert added.axes == {
        "runtime": "tflm-2.1.0",
        "kernels": "cmsis-nn",
        "clock": "300 MHz",
        "model": "mnist-int8",
        "toolchain": "debian-12",
        "board": "lab",
    }
    assert added.repeat == 7
    assert added.slug == "tflm-2.1.0_cmsis-nn_300MHz_mnist-int8_lab"
    assert matrix.axes[2].values == ("216 MHz", "288 MHz", "300 MHz")


def test_an_included_variant_is_not_added_to_by_a_later_include(load: Load, small: str) -> None:
    matrix = load(
        small
        + "include:\n  - {runtime: builtin, kernels: simd, clock: 300MHz, model: mnist-int8, board: lab}\n"
        "  - {kernels: simd, repeat: 9}\n"
    )
    assert [variant.repeat for variant in matrix.variants] == [3, 3, 3, 3, 9, 9, 9, 9, 3]


def test_an_include_brings_back_what_an_exclude_took_away(load: Load, small: str) -> None:
    matrix = load(
        small + "exclude:\n  - {clock: 288 MHz, reason: hot}\n"
        "include:\n  - {runtime: builtin, kernels: simd, clock: 288 MHz, model: mnist-int8, "
        "board: virtual-f746}\n"
    )
    assert len(matrix.variants) == 5
    assert len(matrix.exclusions) == 3
    assert matrix.variants[-1].slug == "builtin_simd_288MHz_mnist-int8"


def test_an_include_rescues_a_value_that_its_runtimes_cannot_have(load: Load, small: str) -> None:
    matrix = load(
        small.replace("mnist-int8]", "mnist-uint8]")
        + "include:\n  - {runtime: tflm-1.14.0, kernels: reference, clock: 216 MHz, model: mnist-uint8, "
        "board: lab}\n"
    )
    assert matrix.variants[-1].model.name == "mnist-uint8"


def test_an_expectation_sees_what_an_include_added(load: Load, small: str) -> None:
    matrix = load(
        small + "include:\n  - {kernels: simd, lto: {lto: {flags: [-flto]}}}\n"
        "expect:\n  - {lto: lto, outcome: fail, reason: the linker refuses}\n"
    )
    assert [variant.expect.reason for variant in matrix.variants] == [""] * 4 + ["the linker refuses"] * 4


ORIGINAL = {
    "runtime": ["builtin"],
    "kernels": ["reference", "simd"],
    "clock": ["216 MHz", "288 MHz"],
    "model": ["mnist-float32", "mnist-int8"],
}
entries = st.fixed_dictionaries(
    {},
    optional={axis: st.sampled_from(values) for axis, values in ORIGINAL.items()}
    | {"repeat": st.sampled_from(["5", "6"]), "optimize": st.sampled_from(["{O2: }", "{O3: }"])},
)


@given(st.lists(entries, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_includes_never_overwrite_a_value_of_the_file(
    load: Load, small: str, drawn: list[dict[str, str]]
) -> None:
    written = [
        "  - {" + ", ".join(f"{key}: {value}" for key, value in entry.items()) + "}\n" for entry in drawn
    ]
    try:
        matrix = load(small + ("include:\n" + "".join(written) if written else ""))
    except MatrixError as error:
        assert "adds nothing" in str(error) or "names no axis" in str(error)
        return
    before = [variant.axes for variant in load(small).variants]
    after = [{axis: variant.axes[axis] for axis in before[0]} for variant in matrix.variants]
    assert after == before
    for variant in matrix.variants:
        fitting = [
            entry
            for entry in drawn
            if all(variant.axes[axis] == value for axis, value in entry.items() if axis in ORIGINAL)
        ]
        repeats = [entry["repeat"] for entry in fitting if "repeat" in entry]
        labels = [entry["optimize"] for entry in fitting if "optimize" in entry]
        assert variant.repeat == int(repeats[-1] if repeats else 3)
        assert variant.axes.get("optimize") == (labels[-1].strip("{: }") if labels else None)
