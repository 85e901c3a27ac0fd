from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin_checks import check_network
from mcumatrix.errors import ModelError, RenderError
from mcumatrix.model.network import Network, Quantization, SoftmaxOptions, Tensor, TensorType

NETWORK = read_network(Path(__file__).parents[1] / "models" / "data" / "every-option-int8.tflite")
DAMAGED = "The file is damaged, or its converter has a fault: convert the model again."
COPY_AGAIN = "Copy it again from where it came from, or convert the model again."


def with_tensor(tensor: Tensor) -> Network:
    tensors = list(NETWORK.tensors)
    tensors[tensor.index] = tensor
    return replace(NETWORK, tensors=tuple(tensors))


def error_of(network: Network) -> str:
    with pytest.raises((ModelError, RenderError)) as caught:
        check_network(network)
    return str(caught.value)


def test_a_whole_network_passes() -> None:
    check_network(NETWORK)


def test_an_output_that_does_not_follow_from_input_and_weights_is_refused() -> None:
    output = NETWORK.output_of(NETWORK.layers[1])
    assert error_of(with_tensor(replace(output, shape=(1, 6, 6, 5)))) == (
        "layer 1 DEPTHWISE_CONV_2D has an output of 1x6x6x5 where its input of 1x13x12x5 and weights of"
        f" 1x3x3x5 give 1x7x6x5.\n  {DAMAGED}"
    )


def test_weights_for_another_number_of_channels_are_refused() -> None:
    weights = NETWORK.input_of(NETWORK.layers[0], 1)
    assert error_of(with_tensor(replace(weights, shape=(5, 3, 1, 9)))) == (
        "layer 0 CONV_2D has an output of 1x13x12x5 where its input of 1x13x12x3 and weights of 5x3x1x9 give"
        f" another shape.\n  {DAMAGED}"
    )


def test_a_reshape_keeps_the_number_of_elements() -> None:
    output = NETWORK.output_of(NETWORK.layers[6])
    assert error_of(with_tensor(replace(output, shape=(1, 35)))) == (
        f"layer 6 RESHAPE has an output of 1x35 where its input of 1x2x2x9 give another shape.\n  {DAMAGED}"
    )


def test_a_bias_has_one_element_per_output_channel() -> None:
    bias = NETWORK.input_of(NETWORK.layers[0], 2)
    assert error_of(with_tensor(replace(bias, shape=(4,)))) == (
        "layer 0 CONV_2D has a bias of 4 for 5 output channels.\n"
        "  The file is damaged: convert the model again."
    )


def test_input_and_output_of_a_layer_have_one_type() -> None:
    output = NETWORK.output_of(NETWORK.layers[4])
    assert error_of(with_tensor(replace(output, type=TensorType.UINT8))) == (
        "layer 4 MAX_POOL_2D has int8 input and uint8 output.\n"
        "  Convert the model with one type for all activations."
    )


def test_an_int8_layer_has_an_int32_bias() -> None:
    bias = NETWORK.input_of(NETWORK.layers[0], 2)
    assert error_of(with_tensor(replace(bias, type=TensorType.FLOAT32))) == (
        "layer 0 CONV_2D has int8 activations and a bias of float32; it must be int32.\n"
        "  Convert the model again with TensorFlow Lite's converter."
    )


def test_computed_weights_are_refused() -> None:
    first = replace(NETWORK.layers[0], inputs=(NETWORK.inputs[0], NETWORK.inputs[0]))
    assert error_of(replace(NETWORK, layers=(first, *NETWORK.layers[1:]))) == (
        f"layer 0 CONV_2D has weights that are computed; only constant ones are supported.\n  {COPY_AGAIN}"
    )


@pytest.mark.parametrize(
    "quantization",
    [
        None,
        Quantization((0.5, 0.5), (0, 0)),
        Quantization((0.5,), (0, 0)),
        Quantization((0.0,), (0,)),
        Quantization((float("nan"),), (0,)),
        Quantization((0.5,), (128,)),
    ],
)
def test_an_int8_activation_needs_one_positive_scale(quantization: Quantization | None) -> None:
    tensor = replace(NETWORK.output_of(NETWORK.layers[4]), quantization=quantization)
    assert error_of(with_tensor(tensor)) == (
        f"tensor {tensor.index} {tensor.name!r} of layer 4 MAX_POOL_2D has int8 elements and no"
        " quantisation that fits.\n"
        "  Convert the model again with full-integer quantisation and a representative data set."
    )


@pytest.mark.parametrize("beta", [0.0, -1.0, float("nan"), float("inf")])
def test_the_beta_of_a_softmax_is_a_positive_number(beta: float) -> None:
    softmax = replace(NETWORK.layers[8], options=SoftmaxOptions(beta))
    assert error_of(replace(NETWORK, layers=(*NETWORK.layers[:8], softmax))) == (
        f"layer 8 SOFTMAX has a beta of {beta}; it must be a positive number.\n  {COPY_AGAIN}"
    )
