"""Expansion: product, excludes, expectations, slugs."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError
from mcumatrix.model.axes import AxisKind
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.variant import Expectation, Matrix, Outcome

Load = Callable[[str | bytes], Matrix]


def _labels(count: int) -> str:
    return "{" + ", ".join(f"x{number}: " for number in range(count)) + "}"


WRONG = {
    "a product above 100,000": (
        lambda small: small + f"  a: {_labels(126)}\n  b: {_labels(100)}\n",
        (
            "m.yaml:1:1: the axes make 1 x 2 x 2 x 2 x 1 x 126 x 100 x 1 = 100,800 variants; "
            "100,000 are allowed\n"
            "  Split the matrix."
        ),
    ),
    "an exclude with an unknown axis": (
        lambda small: small + "exclude:\n  - {kernel: simd, reason: x}\n",
        ("m.yaml:8:6: there is no axis 'kernel'\n  Did you mean 'kernels'?"),
    ),
    "an exclude with an unknown value": (
        lambda small: small + "exclude:\n  - {kernels: sind, reason: x}\n",
        ("m.yaml:8:15: the axis 'kernels' has no value 'sind' here\n  Did you mean 'simd'?"),
    ),
    "an exclude with an unknown clock": (
        lambda small: small + "exclude:\n  - {clock: 217MHz, reason: x}\n",
        ("m.yaml:8:13: the axis 'clock' has no value '217MHz' here\n  Did you mean '216 MHz'?"),
    ),
    "an exclude with no clock": (
        lambda small: small + "exclude:\n  - {clock: fast, reason: x}\n",
        ("m.yaml:8:13: the axis 'clock' has no value 'fast' here\n  It has: 216 MHz, 288 MHz."),
    ),
    "an exclude of everything": (
        lambda small: small + "exclude:\n  - {reason: x}\n",
        ("m.yaml:8:5: exclude[0] names no axis\n  Name the values it is for."),
    ),
    "nothing left by an exclude": (
        lambda small: small + "exclude:\n  - {board: virtual-f746, reason: it is away}\n",
        ("m.yaml:1:1: no variant is left\n  Reasons: it is away."),
    ),
    "nothing left by a runtime": (
        lambda small: small.replace("[mnist-float32, mnist-int8]", "mnist-uint8"),
        ("m.yaml:1:1: no variant is left\n  Reasons: builtin does not run uint8 models."),
    ),
    "a model that no runtime runs": (
        lambda small: small.replace("mnist-int8]", "mnist-uint8]"),
        (
            "m.yaml:5:26: the value 'mnist-uint8' of the axis 'model' is left without a "
            "variant: builtin does not run uint8 models\n"
            "  Remove it, or add what it can be combined with."
        ),
    ),
    "a runtime that runs no model": (
        lambda small: small.replace(
            (
                "builtin\n"
                "  kernels: [reference, simd]\n"
                "  clock: [216 MHz, 288 MHz]\n"
                "  model: [mnist-float32, mnist-int8]"
            ),
            (
                "[builtin, tflm-1.14.0]\n"
                "  kernels: [reference, simd]\n"
                "  clock: [216 MHz]\n"
                "  model: [mnist-int8]"
            ),
        ),
        (
            "m.yaml:2:22: the value 'tflm-1.14.0' of the axis 'runtime' is left without a "
            "variant: tflm-1.14.0 does not run int8 models\n"
            "  Remove it, or add what it can be combined with."
        ),
    ),
    "an expectation of nothing": (
        lambda small: (
            small
            + (
                "exclude:\n"
                "  - {kernels: simd, clock: 288 MHz, reason: x}\n"
                "expect:\n"
                "  - {kernels: simd, clock: 288MHz, outcome: fail, reason: hot}\n"
            )
        ),
        ("m.yaml:10:5: expect[0] matches no variant\n  Correct or remove it."),
    ),
    "an expectation with an unknown value": (
        lambda small: small + "expect:\n  - {kernels: smid, outcome: pass}\n",
        ("m.yaml:8:15: the axis 'kernels' has no value 'smid' here\n  Did you mean 'simd'?"),
    ),
    "an expectation with an unknown axis": (
        lambda small: small + "expect:\n  - {optimise: O2, outcome: pass}\n",
        (
            "m.yaml:8:6: there is no axis 'optimise'\n"
            "  Known: runtime, kernels, clock, model, toolchain, board, outcome, reason, status, stage."
        ),
    ),
    "a failure without a reason": (
        lambda small: small + "expect:\n  - {kernels: simd, outcome: fail}\n",
        ("m.yaml:8:5: expect[0] expects a failure without a reason\n  Say why."),
    ),
    "an expectation of how something fails that is to pass": (
        lambda small: small + "expect:\n  - {kernels: simd, outcome: pass, status: firmware}\n",
        (
            "m.yaml:8:36: expect[0] says how variants fail that are to pass\n"
            "  Remove it, or expect another outcome."
        ),
    ),
    "an expectation of a failure that is none": (
        lambda small: small + "expect:\n  - {kernels: simd, outcome: fail, reason: x, status: ok}\n",
        (
            "m.yaml:8:47: expect[0] says how variants fail that are to pass\n"
            "  Remove it, or expect another outcome."
        ),
    ),
    "an expectation of a status that there is not": (
        lambda small: small + "expect:\n  - {kernels: simd, outcome: fail, reason: x, status: wrong}\n",
        "m.yaml:8:55: expect[0].status cannot be 'wrong'\n  Did you mean 'wrong-probe'?",
    ),
    "an expectation of everything": (
        lambda small: small + "expect:\n  - {outcome: fail, reason: x}\n",
        ("m.yaml:8:5: expect[0] names no axis\n  Name the values it is for."),
    ),
    "two slugs but for the case": (
        lambda small: small + "  optimize: {o2: , O2: }\n",
        (
            "m.yaml:1:1: two variants have the slug "
            "'builtin_reference_216MHz_mnist-float32_O2', but for upper and lower case: "
            "'builtin_reference_216MHz_mnist-float32_o2'\n"
            "  Give one of them another label."
        ),
    ),
    "two variants with one slug": (
        lambda small: small + "  a: {x: , x_y: }\n  b: {y_z: , z: }\n",
        (
            "m.yaml:1:1: two variants have the slug "
            "'builtin_reference_216MHz_mnist-float32_x_y_z'\n"
            "  Give one of them another label."
        ),
    ),
    "a slug that is too long": (
        lambda small: small + f"  a: {{{'x' * 50}: , y: }}\n  b: {{{'x' * 50}: , y: }}\n",
        (
            "m.yaml:1:1: the slug "
            "'builtin_reference_216MHz_mnist-float32_xxxxxxxxxxxxxxxxxx...' has 140 "
            "characters; 120 are allowed\n"
            "  Use shorter names."
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_matrix_that_contradicts_itself_is_named_with_its_place(load: Load, small: str, case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(MatrixError) as caught:
        load(change(small))
    assert str(caught.value) == message


def test_every_combination_is_a_variant_and_the_first_axis_varies_slowest(load: Load, small: str) -> None:
    assert [variant.slug for variant in load(small).variants] == [
        "builtin_reference_216MHz_mnist-float32",
        "builtin_reference_216MHz_mnist-int8",
        "builtin_reference_288MHz_mnist-float32",
        "builtin_reference_288MHz_mnist-int8",
        "builtin_simd_216MHz_mnist-float32",
        "builtin_simd_216MHz_mnist-int8",
        "builtin_simd_288MHz_mnist-float32",
        "builtin_simd_288MHz_mnist-int8",
    ]


def test_the_order_of_the_axes_in_the_file_is_the_order_of_variants_but_not_of_columns(load: Load) -> None:
    matrix = load(
        "axes:\n  clock: [216 MHz, 288 MHz]\n  kernels: [reference, simd]\n"
        "  board: virtual-f746\n  model: mnist-int8\n  runtime: builtin\n"
    )
    assert [variant.slug for variant in matrix.variants] == [
        "builtin_reference_216MHz_mnist-int8",
        "builtin_simd_216MHz_mnist-int8",
        "builtin_reference_288MHz_mnist-int8",
        "builtin_simd_288MHz_mnist-int8",
    ]
    assert [axis.name for axis in matrix.axes] == [
        *("runtime", "kernels", "clock", "model", "toolchain", "board")
    ]


def test_only_the_board_is_a_run_axis(load: Load, small: str) -> None:
    matrix = load(small + "  optimize: {O2: , O3: }\n")
    assert [axis.name for axis in matrix.axes if axis.kind is AxisKind.RUN] == ["board"]
    assert matrix.axes[-1].name == "optimize"


def test_a_matrix_has_the_name_of_its_file_and_its_description(load: Load, small: str) -> None:
    matrix = load(small + "description: |\n  Two kernels.\n")
    assert (matrix.name, matrix.description) == ("m", "Two kernels.")


def test_repeat_and_warmup_are_those_of_the_file(load: Load, small: str) -> None:
    assert {(variant.repeat, variant.warmup) for variant in load(small).variants} == {(3, 1)}
    changed = load(small + "repeat: 1000\nwarmup: 0\n")
    assert {(variant.repeat, variant.warmup) for variant in changed.variants} == {(1000, 0)}


def test_an_own_axis_sets_flags_and_cmake_variables(load: Load, small: str) -> None:
    matrix = load(small + "  optimize: {O2: {flags: [-O2, -g]}, fast: {cmake: {FAST: on, LEVEL: 1.10}}}\n")
    assert len(matrix.variants) == 16
    first, second = matrix.variants[:2]
    assert first.slug == "builtin_reference_216MHz_mnist-float32_O2"
    assert first.settings[0].flags == ("-O2", "-g")
    assert second.settings[0].cmake == (("FAST", "on"), ("LEVEL", "1.10"))
    assert second.axes["optimize"] == "fast"


def test_axes_with_one_value_stay_out_of_the_slug_but_for_the_main_four(load: Load, small: str) -> None:
    one = load(small + "  optimize: {O2: }\n  toolchain: gcc-9\n")
    assert one.variants[0].slug == "builtin_reference_216MHz_mnist-float32"
    two = load(small.replace("virtual-f746", "[virtual-f746, lab]") + "  toolchain: [gcc-9, debian-12]\n")
    assert two.variants[0].slug == "builtin_reference_216MHz_mnist-float32_gcc-9_virtual-f746"


def test_an_exclude_takes_away_what_has_all_its_values_and_says_why(load: Load, small: str) -> None:
    matrix = load(small + "exclude:\n  - {kernels: simd, clock: 288MHz, reason: it gets hot}\n")
    assert len(matrix.variants) == 6
    assert [exclusion.reason for exclusion in matrix.exclusions] == ["it gets hot", "it gets hot"]
    assert dict(matrix.exclusions[0].axes) == {
        "runtime": "builtin",
        "kernels": "simd",
        "clock": "288 MHz",
        "model": "mnist-float32",
        "toolchain": "debian-12",
        "board": "virtual-f746",
    }


def test_the_first_exclude_that_matches_gives_the_reason(load: Load, small: str) -> None:
    matrix = load(
        small + "exclude:\n  - {clock: 288 MHz, reason: hot}\n"
        "  - {kernels: simd, clock: 288 MHz, reason: later}\n"
    )
    assert {exclusion.reason for exclusion in matrix.exclusions} == {"hot"}


def test_what_a_runtime_cannot_have_is_excluded_by_itself(load: Load, small: str) -> None:
    matrix = load(
        small.replace("builtin", "[builtin, tflm-2.1.0]").replace("simd]", "simd, cmsis-nn]")
        + "exclude:\n  - {runtime: tflm-2.1.0, kernels: simd, clock: 216 MHz, reason: known}\n"
    )
    assert len(matrix.variants) == 16
    assert {(dict(left_out.axes)["runtime"], left_out.reason) for left_out in matrix.exclusions} == {
        ("builtin", "builtin has no cmsis-nn kernels"),
        ("tflm-2.1.0", "known"),
        ("tflm-2.1.0", "tflm-2.1.0 has no simd kernels"),
    }


def test_a_value_may_go_when_the_maintainer_takes_it_away(load: Load, small: str) -> None:
    matrix = load(small + "exclude:\n  - {clock: 288 MHz, reason: hot}\n")
    assert {variant.clock_hz for variant in matrix.variants} == {216_000_000}


def test_an_expectation_can_say_how_and_where_something_fails(load: Load, small: str) -> None:
    matrix = load(
        small + "expect:\n  - {kernels: simd, outcome: fail, reason: x, status: firmware, stage: run}\n"
    )
    (expected,) = {variant.expect for variant in matrix.variants if variant.kernels == "simd"}
    assert expected == Expectation(Outcome.FAIL, "x", "firmware", "run")


def test_an_expectation_marks_its_variants_and_the_last_one_counts(load: Load, small: str) -> None:
    matrix = load(
        small + "expect:\n  - {clock: 288MHz, outcome: fail, reason: hot}\n"
        "  - {clock: 288MHz, kernels: simd, outcome: pass}\n"
    )
    for variant in matrix.variants:
        hot = variant.clock_hz == 288_000_000 and variant.kernels == "reference"
        assert variant.expect == (Expectation(Outcome.FAIL, "hot") if hot else Expectation())


def test_the_blogs_sixteen_variants_can_be_written(load: Load) -> None:
    matrix = load(
        """
axes:
  runtime: [tflm-1.14.0, tflm-2.1.0]
  kernels: [reference, cmsis-nn]
  clock: [216 MHz, 288 MHz]
  model: [mnist-float32, mnist-hybrid]
  board: lab
expect:
  - {model: mnist-hybrid, outcome: fail, reason: hybrid weights give garbage}
"""
    )
    assert len(matrix.variants) + len(matrix.exclusions) == 16
    assert {left_out.reason for left_out in matrix.exclusions} == {"tflm-1.14.0 has no cmsis-nn kernels"}
    assert sum(variant.expect.outcome is Outcome.FAIL for variant in matrix.variants) == 6


@pytest.mark.slow
def test_a_product_of_100_000_is_expanded(load: Load, small: str) -> None:
    matrix = load(small + f"  a: {_labels(125)}\n  b: {_labels(100)}\n")
    assert len(matrix.variants) == 100_000
    assert len({variant.slug for variant in matrix.variants}) == 100_000


chosen = st.fixed_dictionaries(
    {
        "runtime": st.lists(
            st.sampled_from(["builtin", "tflm-1.14.0", "tflm-2.1.0"]), min_size=1, unique=True
        ),
        "kernels": st.lists(st.sampled_from(["reference", "simd", "cmsis-nn"]), min_size=1, unique=True),
        "clock": st.lists(st.sampled_from(["216 MHz", "288 MHz", "16MHz"]), min_size=1, unique=True),
        "model": st.lists(
            st.sampled_from(["mnist-float32", "mnist-int8", "mnist-uint8"]), min_size=1, unique=True
        ),
        "board": st.lists(st.sampled_from(["lab", "virtual-f746"]), min_size=1, unique=True),
    }
)


@given(chosen, st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_point_of_the_product_is_a_variant_or_an_exclusion(
    load: Load, axes: dict[str, list[str]], data: st.DataObject
) -> None:
    lines = [f"  {axis}: [{', '.join(values)}]\n" for axis, values in axes.items()]
    excluded = {
        axis: data.draw(st.sampled_from(axes[axis]))
        for axis in data.draw(st.lists(st.sampled_from(list(axes)), min_size=1, unique=True))
    }
    named = "".join(f"{axis}: {value}, " for axis, value in excluded.items())
    text = "axes:\n" + "".join(lines) + f"exclude:\n  - {{{named}reason: drawn}}\n"
    try:
        matrix = load(text)
    except MatrixError as error:
        expected = ("left without a variant", "no variant is left", "none of the chosen runtimes has")
        assert any(words in str(error) for words in expected)
        return
    points = [
        tuple(value.replace("16MHz", "16 MHz").replace("216MHz", "216 MHz") for value in point)
        for point in product(*axes.values())
    ]
    order = {point: index for index, point in enumerate(points)}
    made = [tuple(variant.axes[axis] for axis in axes) for variant in matrix.variants]
    left_out = [tuple(dict(exclusion.axes)[axis] for axis in axes) for exclusion in matrix.exclusions]
    assert sorted(made + left_out, key=order.__getitem__) == points
    assert [order[point] for point in made] == sorted(order[point] for point in made)
    for exclusion in matrix.exclusions:
        matches = all(
            dict(exclusion.axes)[axis].replace(" ", "") == value.replace(" ", "")
            for axis, value in excluded.items()
        )
        assert (exclusion.reason == "drawn") is matches
    assert load(text) == matrix


@pytest.mark.parametrize(
    ("accuracy", "asked"), [("dataset", AskedSet()), ("{samples: 200}", AskedSet(200)), ("{}", AskedSet())]
)
def test_models_with_a_labelled_set_are_asked_it(
    load: Load, small: str, accuracy: str, asked: AskedSet
) -> None:
    matrix = load(f"{small}accuracy: {accuracy}\n")
    assert {(variant.model.name, variant.asked) for variant in matrix.variants} == {
        ("mnist-float32", None),
        ("mnist-int8", asked),
    }
    assert all(variant.asked is None for variant in load(small).variants)


def test_images_have_the_benchmark_and_what_is_asked_for_besides(load: Load, small: str) -> None:
    assert all("applications" not in variant.axes for variant in load(small).variants)
    matrix = load(f"{small}applications: [inference-server, bench, bench]\n")
    assert {variant.axes["applications"] for variant in matrix.variants} == {"bench, inference-server"}
    assert [variant.slug for variant in matrix.variants] == [variant.slug for variant in load(small).variants]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "applications: [inference-server]\n",
            "m.yaml:7:15: applications cannot be \"['inference-server']\": an image without the bench cannot "
            "be measured\n  Write them as in [bench, inference-server].",
        ),
        (
            "applications: [bench, inference-sever]\n",
            "m.yaml:7:23: applications[1] cannot be 'inference-sever'\n  Did you mean 'inference-server'?",
        ),
    ],
)
def test_applications_that_cannot_be_are_an_error(load: Load, small: str, text: str, message: str) -> None:
    with pytest.raises(MatrixError) as caught:
        load(small + text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "accuracy: dataset\n",
            "m.yaml:7:1: the model mnist-float32 has no labelled set to tell its accuracy by\n"
            "  Name one under `dataset` in the model's file; see docs/models.md.",
        ),
        ("accuracy: {samples: 0}\n", "m.yaml:7:21: accuracy.samples must be at least 1, but is 0"),
        (
            "accuracy: {samples: 10001}\n",
            "m.yaml:7:21: accuracy.samples must be at most 10000, but is 10001",
        ),
        ("accuracy: yes\n", "m.yaml:7:11: accuracy must be a mapping, but is 'yes'"),
    ],
)
def test_an_accuracy_that_cannot_be_told_is_an_error(load: Load, small: str, text: str, message: str) -> None:
    with pytest.raises(MatrixError) as caught:
        load(small.replace("[mnist-float32, mnist-int8]", "mnist-float32") + text)
    assert str(caught.value) == message
