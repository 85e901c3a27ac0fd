from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.model.network import (
    ConvolutionOptions,
    Layer,
    Network,
    Operator,
    Padding,
    Tensor,
    TensorType,
    custom_name,
    custom_operator,
    is_custom,
    least_cycles_of,
    multiply_accumulates,
    padded_size,
)

SIZES = st.integers(1, 40)


def test_size_in_bytes_follows_from_shape_and_type() -> None:
    assert Tensor(0, "image", TensorType.FLOAT32, (1, 28, 28, 1)).size_bytes == 3136
    assert Tensor(0, "image", TensorType.INT8, (1, 28, 28, 1)).size_bytes == 784
    assert Tensor(0, "scalar", TensorType.INT32, ()).size_bytes == 4


def test_a_tensor_shows_its_name_type_and_shape() -> None:
    tensor = Tensor(3, "weights", TensorType.INT8, (64, 3, 3, 32), data=bytes(18432))
    assert repr(tensor) == "<Tensor 3 'weights' int8 64x3x3x32>"


def test_an_odd_amount_of_padding_has_its_smaller_half_in_front() -> None:
    # 12 wide, filter 3, stride 2: 6 outputs reach over 13 elements.
    assert padded_size(12, 3, 2, 1, Padding.SAME) == (6, 0)
    assert padded_size(13, 3, 2, 1, Padding.SAME) == (7, 1)
    assert padded_size(7, 3, 1, 2, Padding.SAME) == (7, 2)


def test_no_padding_leaves_out_what_the_filter_does_not_reach() -> None:
    assert padded_size(28, 3, 1, 1, Padding.VALID) == (26, 0)
    assert padded_size(11, 2, 2, 1, Padding.VALID) == (5, 0)


@given(size=SIZES, filter_size=st.integers(1, 7), stride=st.integers(1, 4), dilation=st.integers(1, 3))
def test_a_filter_never_leaves_an_image_without_padding(
    size: int, filter_size: int, stride: int, dilation: int
) -> None:
    outputs, _ = padded_size(size, filter_size, stride, dilation, Padding.VALID)
    positions = [x for x in range(0, size, stride) if x + (filter_size - 1) * dilation < size]
    assert max(outputs, 0) == len(positions)


@given(size=SIZES, filter_size=st.integers(1, 7), stride=st.integers(1, 4), dilation=st.integers(1, 3))
def test_same_padding_gives_one_output_per_stride(
    size: int, filter_size: int, stride: int, dilation: int
) -> None:
    outputs, front = padded_size(size, filter_size, stride, dilation, Padding.SAME)
    assert outputs == ceil(size / stride)
    total = (outputs - 1) * stride + (filter_size - 1) * dilation + 1 - size
    assert front == max(total, 0) // 2


def _network(operator: Operator, images: tuple[int, ...], weights: tuple[int, ...], output: tuple[int, ...]):  # type: ignore[no-untyped-def]
    tensors = tuple(
        Tensor(index, str(index), TensorType.INT8, shape)
        for index, shape in enumerate((images, weights, output))
    )
    options = ConvolutionOptions(Padding.SAME, 1, 1) if operator is not Operator.FULLY_CONNECTED else None
    layer = Layer(0, operator, (0, 1), (2,), options)
    network = Network(tensors, (layer,), (0,), (2,))
    assert least_cycles_of(network, layer) == multiply_accumulates(network, layer) / 2
    return multiply_accumulates(network, layer)


def test_multiplications_are_counted_without_those_in_the_padding() -> None:
    # Of 3 taps along an axis of 4, 2 + 3 + 3 + 2 lie on the image.
    assert _network(Operator.CONV_2D, (1, 4, 4, 2), (8, 3, 3, 2), (1, 4, 4, 8)) == 10 * 10 * 8 * 2
    assert _network(Operator.DEPTHWISE_CONV_2D, (1, 4, 4, 2), (1, 3, 3, 2), (1, 4, 4, 2)) == 10 * 10 * 2
    assert _network(Operator.FULLY_CONNECTED, (1, 30), (10, 30), (1, 10)) == 300
    assert _network(Operator.SOFTMAX, (1, 30), (10, 30), (1, 10)) == 0


def test_the_type_of_a_network_is_that_of_the_first_thing_that_it_computes() -> None:
    tensors = tuple(
        Tensor(index, str(index), kind, (1, 4))
        for index, kind in enumerate((TensorType.INT8, TensorType.FLOAT32))
    )
    call, compute = Layer(0, "CALL_ONCE", (), ()), Layer(1, Operator.RELU, (0,), (1,))
    assert Network(tensors, (call, compute), (0,), (1,)).element is TensorType.FLOAT32
    assert Network(tensors, (call,), (0,), (0,)).element is TensorType.INT8


@pytest.mark.parametrize(
    ("operators", "keeps"),
    [
        (["CONV_2D"], False),
        (["CONV_2D", "CUSTOM 'TFLM_DECODE'"], False),
        (["CUSTOM 'CIRCULAR_BUFFER'"], True),
        (["CALL_ONCE"], True),
        (["READ_VARIABLE", "VAR_HANDLE"], True),
    ],
)
def test_operators_tell_whether_a_model_may_keep_a_state(operators: list[str], *, keeps: bool) -> None:
    tensor = Tensor(0, "t", TensorType.INT8, (1,))
    layers = tuple(Layer(index, operator, (0,), (0,)) for index, operator in enumerate(operators))
    network = Network((tensor,), layers, (0,), (0,))
    assert network.keeps_state is keeps
    assert replace(network, tensors=(replace(tensor, is_variable=True),)).keeps_state


def test_a_custom_operator_is_known_by_its_name() -> None:
    for name in ("TFLM_DECODE", "ethos-u", "it's", "", '"', "a\\b"):
        assert custom_name(custom_operator(name)) == name
        assert is_custom(custom_operator(name))
    assert custom_name("ADD") == ""
    assert not is_custom("ADD")
