from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.model.network import Padding, Tensor, TensorType, padded_size

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
