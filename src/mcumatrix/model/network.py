"""A neural network as a .tflite file describes it."""

from dataclasses import dataclass
from enum import StrEnum
from math import prod


class TensorType(StrEnum):
    """The type of a tensor's elements."""

    FLOAT32 = "float32"
    INT32 = "int32"
    UINT8 = "uint8"
    INT8 = "int8"

    @property
    def size_bytes(self) -> int:
        """Bytes per element."""
        return 4 if self in (TensorType.FLOAT32, TensorType.INT32) else 1


class Operator(StrEnum):
    """The operators that mcumatrix reads, named as in TensorFlow Lite's schema.fbs."""

    CONV_2D = "CONV_2D"
    DEPTHWISE_CONV_2D = "DEPTHWISE_CONV_2D"
    FULLY_CONNECTED = "FULLY_CONNECTED"
    MAX_POOL_2D = "MAX_POOL_2D"
    RESHAPE = "RESHAPE"
    SOFTMAX = "SOFTMAX"


class Activation(StrEnum):
    """An activation that is part of another operator."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"


class Padding(StrEnum):
    """What a filter does at the border of an image."""

    SAME = "SAME"
    VALID = "VALID"


@dataclass(frozen=True, slots=True)
class Quantization:
    """real = scale * (element - zero_point); one scale for all, or one per index of dimension `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor, row-major; images are NHWC. `data` is little-endian, and None for what a layer computes."""

    index: int
    name: str
    type: TensorType
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    data: bytes | None = None

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def size_bytes(self) -> int:
        return prod(self.shape) * self.type.size_bytes

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"<Tensor {self.index} {self.name!r} {self.type} {shape}>"


@dataclass(frozen=True, slots=True)
class ConvolutionOptions:
    """Options of CONV_2D and DEPTHWISE_CONV_2D; sizes in elements. The filter's size is in its weights."""

    padding: Padding
    stride_height: int
    stride_width: int
    dilation_height: int = 1
    dilation_width: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Options of MAX_POOL_2D; sizes in elements."""

    padding: Padding
    stride_height: int
    stride_width: int
    filter_height: int
    filter_width: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class FullyConnectedOptions:
    """Options of FULLY_CONNECTED."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class SoftmaxOptions:
    """Options of SOFTMAX: its inputs are multiplied by `beta`."""

    beta: float = 1.0


Options = ConvolutionOptions | PoolOptions | FullyConnectedOptions | SoftmaxOptions | None


@dataclass(frozen=True, slots=True)
class Layer:
    """An operator with its tensors.

    `inputs` are indices of tensors in the order of the operator (input, weights, bias); None is an input that
    is left out. RESHAPE has no options here: the shape of its output says all.
    """

    index: int
    operator: Operator
    inputs: tuple[int | None, ...]
    output: int
    options: Options = None

    def __str__(self) -> str:
        return f"layer {self.index} {self.operator}"


@dataclass(frozen=True, slots=True)
class Network:
    """One graph with one input and one output; layers are in order of execution."""

    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    input_index: int
    output_index: int

    @property
    def input(self) -> Tensor:
        return self.tensors[self.input_index]

    @property
    def output(self) -> Tensor:
        return self.tensors[self.output_index]

    def input_of(self, layer: Layer, position: int) -> Tensor | None:
        """The tensor at a position of a layer's inputs, or None where it has none."""
        index = layer.inputs[position] if position < len(layer.inputs) else None
        return None if index is None else self.tensors[index]

    def output_of(self, layer: Layer) -> Tensor:
        return self.tensors[layer.output]

    def __repr__(self) -> str:
        return f"<Network {self.input.type}: {' > '.join(layer.operator for layer in self.layers)}>"


def padded_size(
    input_size: int, filter_size: int, stride: int, dilation: int, padding: Padding
) -> tuple[int, int]:
    """Output size and padding in front, in elements, along one axis of an image.

    As ComputeOutSize and ComputePadding in tensorflow/lite/kernels/padding.h: of an odd amount of padding the
    smaller half lies in front. The output size is below 1 where the filter is larger than the image.
    """
    reach = (filter_size - 1) * dilation + 1
    if padding is Padding.VALID:
        return (input_size + stride - reach) // stride, 0
    output_size = (input_size + stride - 1) // stride
    return output_size, max(0, (output_size - 1) * stride + reach - input_size) // 2


def multiply_accumulates(network: Network, layer: Layer) -> int:
    """How often a layer multiplies an element with a weight and adds it up; 0 for operators without weights.

    Taps of a filter that lie in the padding are not counted: a kernel need not compute them.
    """
    weights, images = network.input_of(layer, 1), network.input_of(layer, 0)
    if weights is None or images is None or layer.operator not in _WITH_WEIGHTS:
        return 0
    output = network.output_of(layer)
    if layer.operator is Operator.FULLY_CONNECTED:
        return prod(output.shape) * weights.shape[-1]
    assert isinstance(layer.options, ConvolutionOptions)
    options = layer.options
    rows = _taps(images.shape[1], weights.shape[1], options.stride_height, options.dilation_height, options)
    columns = _taps(images.shape[2], weights.shape[2], options.stride_width, options.dilation_width, options)
    # Of a depthwise filter each output channel sees one input channel.
    seen = weights.shape[3] if layer.operator is Operator.CONV_2D else 1
    return output.shape[0] * rows * columns * output.shape[3] * seen


_WITH_WEIGHTS = (Operator.CONV_2D, Operator.DEPTHWISE_CONV_2D, Operator.FULLY_CONNECTED)


def _taps(size: int, filter_size: int, stride: int, dilation: int, options: ConvolutionOptions) -> int:
    """How many taps of a filter lie on the image, over all its positions along one axis."""
    count, before = padded_size(size, filter_size, stride, dilation, options.padding)
    return sum(
        0 <= position * stride - before + tap * dilation < size
        for position in range(count)
        for tap in range(filter_size)
    )
