"""What model.c says; that it compiles and computes rightly is tested in tests/firmware/runtime."""

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin import BuiltinRuntime, render_builtin
from mcumatrix.errors import RenderError
from mcumatrix.model.network import Network, Quantization, Tensor, TensorType

REPOSITORY = Path(__file__).parents[3]
TEMPLATES = REPOSITORY / "templates"
FLOAT = read_network(REPOSITORY / "firmware" / "models" / "mnist-float32.tflite")
INT8 = read_network(REPOSITORY / "firmware" / "models" / "mnist-int8.tflite")
SMALL = read_network(REPOSITORY / "tests" / "adapters" / "models" / "data" / "every-option-int8.tflite")


def render(network: Network) -> str:
    files = render_builtin(network, TEMPLATES)
    assert list(files) == ["model.c"]
    return files["model.c"].decode()


def array_of(text: str, name: str) -> list[str]:
    match = re.search(rf" {name}\[(\d+)\] = {{\n(.*?)\n}};", text, re.DOTALL)
    assert match, name
    elements = match[2].replace("\n", "").rstrip(",").split(",")
    assert len(elements) == int(match[1])
    return [element.strip() for element in elements]


def with_tensor(network: Network, tensor: Tensor) -> Network:
    tensors = list(network.tensors)
    tensors[tensor.index] = tensor
    return replace(network, tensors=tuple(tensors))


def error_of(network: Network) -> str:
    with pytest.raises(RenderError) as caught:
        render(network)
    return str(caught.value)


def test_the_same_network_gives_the_same_text() -> None:
    assert render(INT8) == render(INT8)


def test_float_weights_are_written_exactly() -> None:
    text = render(FLOAT)
    for index in (0, 2, 4, 5, 6):
        layer = FLOAT.layers[index]
        for position, name in ((1, "weights"), (2, "bias")):
            tensor = FLOAT.input_of(layer, position)
            literals = array_of(text, f"{name}_{index}")
            values = [float.fromhex(literal.removesuffix("f")) for literal in literals]
            assert struct.pack(f"<{len(values)}f", *values) == tensor.data


def test_int8_weights_are_written_exactly() -> None:
    text = render(INT8)
    weights = array_of(text, "weights_2")
    assert struct.pack(f"{len(weights)}b", *map(int, weights)) == INT8.input_of(INT8.layers[2], 1).data
    bias = array_of(text, "bias_2")
    assert struct.pack(f"<{len(bias)}i", *map(int, bias)) == INT8.input_of(INT8.layers[2], 2).data


def test_a_dense_layer_without_bias_gets_zeros() -> None:
    assert array_of(render(SMALL), "bias_7") == ["0"] * 7


def test_each_layer_names_its_kernel_so_that_a_library_of_the_wrong_type_does_not_link() -> None:
    kernels = re.findall(r"\.kernel = (\w+),", render(INT8))
    assert kernels == [
        "depthwise_conv_2d_int8",
        "max_pool_2d_int8",
        "conv_2d_int8",
        "max_pool_2d_int8",
        "conv_2d_int8",
        "fully_connected_int8",
        "fully_connected_int8",
        "softmax_int8",
    ]


def test_a_type_without_kernels_is_refused() -> None:
    tensors = tuple(replace(tensor, type=TensorType.UINT8) for tensor in INT8.tensors)
    assert error_of(replace(INT8, tensors=tensors)) == (
        "The builtin runtime runs float32 and int8 models; this one is uint8.\n"
        "  Choose another runtime, or convert the model to float32 or int8."
    )


def test_a_mixture_of_types_is_refused() -> None:
    output = INT8.output_of(INT8.layers[7])
    assert error_of(with_tensor(INT8, replace(output, type=TensorType.FLOAT32))) == (
        "The builtin runtime runs one type of activations; the model has float32 in a model of int8.\n"
        "  Convert the model with one type for all activations, input and output included."
    )


def test_more_dimensions_than_the_runtime_has_are_refused() -> None:
    output = SMALL.output_of(SMALL.layers[6])
    assert error_of(with_tensor(SMALL, replace(output, shape=(1,) * 8 + (36,)))) == (
        "The builtin runtime has tensors of up to 8 dimensions; layer 6 RESHAPE has more.\n"
        "  Build the model without such a reshape."
    )


def test_weights_with_a_zero_point_are_refused() -> None:
    weights = INT8.input_of(INT8.layers[5], 1)
    asymmetric = replace(weights, quantization=replace(weights.quantization, zero_points=(3,)))
    assert error_of(with_tensor(INT8, asymmetric)) == (
        "layer 5 FULLY_CONNECTED has weights with a zero point other than 0.\n"
        "  Convert the model with TensorFlow 2.3 or later, which quantises weights symmetrically."
    )


def test_a_softmax_has_the_one_quantisation_that_tensorflow_lite_allows() -> None:
    output = replace(INT8.output, quantization=Quantization((0.5,), (0,)))
    assert error_of(with_tensor(INT8, output)) == (
        "layer 7 SOFTMAX has an output of scale 0.5 and zero point 0; they must be 1/256 and -128.\n"
        "  Convert the model again with TensorFlow Lite's converter."
    )


def test_a_pool_does_not_requantise() -> None:
    output = replace(INT8.output_of(INT8.layers[1]), quantization=Quantization((0.5,), (0,)))
    assert error_of(with_tensor(INT8, output)) == (
        "layer 1 MAX_POOL_2D has another quantisation at its input than at its output.\n"
        "  Convert the model again with TensorFlow Lite's converter."
    )


def test_a_weight_that_is_not_a_number_is_refused() -> None:
    bias = FLOAT.input_of(FLOAT.layers[2], 2)
    data = struct.pack("<f", float("nan")) + bias.data[4:]
    assert error_of(with_tensor(FLOAT, replace(bias, data=data))) == (
        "layer 2 CONV_2D has a weight or a bias that is not a finite number.\n"
        "  The training went astray: train the model again."
    )


def test_the_runtime_names_the_files_that_its_library_is_compiled_from() -> None:
    runtime = BuiltinRuntime(REPOSITORY / "firmware", TEMPLATES)
    assert runtime.sources() == (REPOSITORY / "firmware" / "runtime" / "builtin",)
    assert all(path.exists() for path in runtime.sources())
    assert runtime.render(b"", lambda: INT8) == render_builtin(INT8, TEMPLATES)
