"""Axes against the catalogues."""

from collections.abc import Callable

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.axes import impossible
from mcumatrix.model.catalogue import Catalogues
from mcumatrix.model.variant import Matrix

Load = Callable[[str | bytes], Matrix]

WRONG = {
    "an unknown runtime": (
        lambda small: small.replace("runtime: builtin", "runtime: bultin"),
        ("m.yaml:2:12: the axis 'runtime' has no value 'bultin'\n  Did you mean 'builtin'?"),
    ),
    "an unknown model": (
        lambda small: small.replace("mnist-int8]", "mnist-int4]"),
        ("m.yaml:5:26: the axis 'model' has no value 'mnist-int4'\n  Did you mean 'mnist-int8'?"),
    ),
    "an unknown board": (
        lambda small: small.replace("virtual-f746", "nucleo"),
        ("m.yaml:6:10: the axis 'board' has no value 'nucleo'\n  Known: virtual-f746, lab."),
    ),
    "unknown kernels": (
        lambda small: small.replace("simd]", "simmd]"),
        ("m.yaml:3:24: the axis 'kernels' has no value 'simmd'\n  Did you mean 'simd'?"),
    ),
    "kernels of another runtime": (
        lambda small: small.replace("simd]", "cmsis-nn]"),
        (
            "m.yaml:3:24: none of the chosen runtimes has cmsis-nn kernels\n"
            "  They have: reference, simd. cmsis-nn is offered by: tflm-2.1.0."
        ),
    ),
    "an unknown toolchain": (
        lambda small: small + "  toolchain: gcc9\n",
        ("m.yaml:7:14: the axis 'toolchain' has no value 'gcc9'\n  Did you mean 'gcc-9'?"),
    ),
    "a clock without a unit": (
        lambda small: small.replace("216 MHz,", "216,"),
        ("m.yaml:4:11: the axis 'clock' has no value '216'\n  Write a number and a unit, such as '216 MHz'."),
    ),
    "a clock in words": (
        lambda small: small.replace("216 MHz,", "fast,"),
        (
            "m.yaml:4:11: the axis 'clock' has no value 'fast'\n"
            "  Write a number and a unit, such as '216 MHz'."
        ),
    ),
    "a clock above 32 bits": (
        lambda small: small.replace("216 MHz,", "5 GHz,"),
        ("m.yaml:4:11: the clock '5 GHz' is too fast\n  The firmware keeps clocks in 32 bits."),
    ),
    "a clock of 5,000 digits": (
        lambda small: small.replace("216 MHz,", "9" * 5000 + " MHz,"),
        (
            "m.yaml:4:11: the axis 'clock' has no value "
            "'999999999999999999999999999999999999999999999999999999999...'\n"
            "  Write a number and a unit, such as '216 MHz'."
        ),
    ),
    "a clock that stands still": (
        lambda small: small.replace("216 MHz,", "0 MHz,"),
        (
            "m.yaml:4:11: the axis 'clock' has no value '0 MHz'\n"
            "  Write a number and a unit, such as '216 MHz'."
        ),
    ),
    "a clock that is twice there in other words": (
        lambda small: small.replace("288 MHz]", "288 MHz, 216MHz]"),
        ("m.yaml:4:29: the axis 'clock' has '216MHz' twice, as '216 MHz'\n  Keep one of them."),
    ),
    "a value that is twice there": (
        lambda small: small.replace("simd]", "simd, simd]"),
        ("m.yaml:3:30: the axis 'kernels' has 'simd' twice\n  Keep one of them."),
    ),
    "an axis with a capital letter": (
        lambda small: small + "  Optimize: {O2: }\n",
        (
            "m.yaml:7:3: an axis cannot be called 'Optimize': it is no name for an axis\n"
            "  Use small letters, digits, '_' and '-', a letter first, such as 'lto'."
        ),
    ),
    "an axis with a reserved name": (
        lambda small: small + "  layer: {O2: }\n",
        (
            "m.yaml:7:3: an axis cannot be called 'layer': the word has a meaning of its own "
            "in matrices or reports\n"
            "  Choose another name."
        ),
    ),
    "a word that YAML 1.1 takes for false": (
        lambda small: small.replace("simd]", "no]"),
        ("m.yaml:3:24: the axis 'kernels' has no value 'no'\n  Known: reference, simd, cmsis-nn."),
    ),
    "a number that is a name": (
        lambda small: small.replace("simd]", "1.10]"),
        ("m.yaml:3:24: the axis 'kernels' has no value '1.10'\n  Known: reference, simd, cmsis-nn."),
    ),
    "two unknown values": (
        lambda small: small.replace(
            "runtime: builtin\n  kernels: [reference,", "runtime: bultin\n  kernels: [referense,"
        ),
        (
            "m.yaml:2:12: the axis 'runtime' has no value 'bultin'\n"
            "  Did you mean 'builtin'?\n"
            "m.yaml:3:13: the axis 'kernels' has no value 'referense'\n"
            "  Did you mean 'reference'?"
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_value_that_is_not_there_is_named_with_what_was_meant(load: Load, small: str, case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(MatrixError) as caught:
        load(change(small))
    assert str(caught.value) == message


def test_one_value_needs_no_list(load: Load, small: str) -> None:
    with_list = load(small.replace("virtual-f746", "[virtual-f746]"))
    assert load(small) == with_list


def test_the_compiler_on_path_is_the_toolchain_unless_one_is_named(load: Load, small: str) -> None:
    assert {variant.toolchain.name for variant in load(small).variants} == {"debian-12"}
    named = load(small + "  toolchain: [gcc-9, debian-12]\n")
    assert [variant.toolchain.name for variant in named.variants[:2]] == ["gcc-9", "debian-12"]


@pytest.mark.parametrize(
    "written", ["216MHz", "216 MHz", "216.0 MHz", "0.216 GHz", "216000 kHz", "216000000Hz"]
)
def test_a_clock_is_the_same_however_it_is_written(load: Load, small: str, written: str) -> None:
    matrix = load(small.replace("[216 MHz, 288 MHz]", f"[{written}]"))
    assert {variant.clock_hz for variant in matrix.variants} == {216_000_000}
    assert matrix.axes[2].values == ("216 MHz",)


@pytest.mark.parametrize(
    ("runtime", "kernels", "model", "reason"),
    [
        ("builtin", "simd", "mnist-int8", ""),
        ("builtin", "cmsis-nn", "mnist-int8", "builtin has no cmsis-nn kernels"),
        ("tflm-1.14.0", "reference", "mnist-int8", "tflm-1.14.0 does not run int8 models"),
        ("tflm-1.14.0", "reference", "mnist-uint8", ""),
        ("tflm-2.1.0", "cmsis-nn", "mnist-hybrid", ""),
        ("builtin", "simd", "mnist-hybrid", "builtin does not run int8 weights with float32 activations"),
    ],
)
def test_a_variant_is_impossible_when_its_runtime_lacks_something(
    catalogues: Catalogues, runtime: str, kernels: str, model: str, reason: str
) -> None:
    point = {
        "runtime": runtime,
        "kernels": kernels,
        "model": model,
        "clock": "216 MHz",
        "board": "virtual-f746",
    }
    assert impossible(point, catalogues) == reason
