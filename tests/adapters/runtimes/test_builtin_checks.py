import struct
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin_checks import check_network
from mcumatrix.errors import ModelError, RenderError
from mcumatrix.model.network import (
    Activation,
    AddOptions,
    Network,
    Quantization,
    SoftmaxOptions,
    Tensor,
    TensorType,
)

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


OPERATORS = read_network(Path(__file__).parents[1] / "models" / "data" / "operators-int8.tflite")


def changed_layer(index: int, **changes: object) -> Network:
    layers = list(OPERATORS.layers)
    layers[index] = replace(layers[index], **changes)  # type: ignore[arg-type]
    return replace(OPERATORS, layers=tuple(layers))


def changed_tensor(index: int | None, **changes: object) -> Network:
    assert index is not None
    tensors = list(OPERATORS.tensors)
    tensors[index] = replace(tensors[index], **changes)  # type: ignore[arg-type]
    return replace(OPERATORS, tensors=tuple(tensors))


def test_a_network_with_every_operator_passes() -> None:
    check_network(OPERATORS)


def test_an_operator_that_the_runtime_lacks_is_named_with_its_layer() -> None:
    assert error_of(changed_layer(3, operator="TRANSPOSE", options=None)) == (
        "layer 3 is TRANSPOSE, which the builtin runtime does not have.\n"
        "  It has ADD, AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, LOGISTIC, MAX_POOL_2D,"
        " MEAN, PAD, RELU, RELU6, RESHAPE, SOFTMAX; choose another runtime for this model."
    )


def test_an_activation_that_the_runtime_lacks_is_named_with_its_layer() -> None:
    assert error_of(changed_layer(0, options=AddOptions(Activation.TANH))).startswith(
        "layer 0 ADD has the activation TANH, which the builtin runtime does not have."
    )


def test_sums_of_other_things_than_two_tensors_of_one_shape_are_refused() -> None:
    second = OPERATORS.layers[0].inputs[1]
    constant = replace(changed_tensor(second, data=bytes(432)), inputs=OPERATORS.inputs[:1])
    for network in (constant, changed_tensor(second, shape=(1, 1, 1, 6))):
        assert error_of(network) == (
            "layer 0 ADD adds something else than two computed tensors of one shape.\n"
            "  The builtin runtime adds no constants and does not broadcast; choose another runtime."
        )


def test_a_sum_that_would_have_to_be_shifted_to_the_left_is_refused() -> None:
    changed = changed_tensor(OPERATORS.layers[0].outputs[0], quantization=Quantization((1e-9,), (0,)))
    assert error_of(changed) == (
        "layer 0 ADD has an output of scale 1e-09, which is too small for the sum of its inputs.\n"
        "  Convert the model again with a representative data set."
    )


@pytest.mark.parametrize(("axes", "said"), [((0, 2), "[0, 2]"), ((7,), "[3]"), ((), "[]")])
def test_means_are_over_axes_side_by_side(axes: tuple[int, ...], said: str) -> None:
    index = OPERATORS.layers[6].inputs[1]
    network = changed_tensor(index, data=struct.pack(f"<{len(axes)}i", *axes), shape=(len(axes),))
    if said == "[3]":  # 7 modulo 4: another mean than the output's shape
        assert "give 1x8x5x1" in error_of(network)
    else:
        assert error_of(network).startswith(f"layer 6 MEAN reduces the axes {said} of 4.")


def test_what_is_padded_is_a_constant_of_0_and_above() -> None:
    index = OPERATORS.layers[2].inputs[1]
    assert error_of(changed_tensor(index, data=struct.pack("<8i", 0, 0, 1, 2, 0, 1, -1, 0))).startswith(
        "layer 2 PAD pads 4 dimensions with 8 numbers."
    )
    assert error_of(changed_tensor(index, type=TensorType.INT8)).startswith(
        "layer 2 PAD has a second input that is no constant of integers."
    )


def test_an_average_is_in_the_scale_of_what_it_is_of() -> None:
    index = OPERATORS.layers[1].outputs[0]
    assert error_of(changed_tensor(index, quantization=Quantization((0.07,), (-100,)))).startswith(
        "layer 1 AVERAGE_POOL_2D has another quantisation at its input than at its output."
    )


def test_probabilities_have_the_quantisation_that_tensorflow_demands() -> None:
    index = OPERATORS.layers[8].outputs[0]
    assert error_of(changed_tensor(index, quantization=Quantization((0.01,), (0,)))).startswith(
        "layer 8 LOGISTIC has an output of scale 0.01 and zero point 0; they must be 1/256 and -128."
    )


def test_control_flow_is_refused() -> None:
    assert error_of(replace(OPERATORS, graph_count=2)).startswith(
        "The builtin runtime runs models of one graph; this one has 2."
    )


def test_a_constant_output_is_refused() -> None:
    constant = OPERATORS.layers[2].inputs[1]
    network = replace(
        changed_tensor(constant, type=TensorType.INT8, data=bytes(8)), outputs=(*OPERATORS.outputs, constant)
    )
    assert error_of(network).startswith("The builtin runtime has no constants as inputs or outputs; tensor")
