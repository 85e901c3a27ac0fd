"""A neural network as a .tflite file describes it."""

from ast import literal_eval
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

CONVERT_AGAIN = "Copy it again from where it came from, or convert the model again."
"""What is to be done about a file that is damaged."""

_CUSTOM = "CUSTOM"
"""What schema.fbs calls all operators that it does not know."""


class TensorType(StrEnum):
    """The type of a tensor's elements, as schema.fbs has them and as numpy names those that it has."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT32 = "int32"
    UINT8 = "uint8"
    INT64 = "int64"
    STRING = "string"
    BOOL = "bool"
    INT16 = "int16"
    COMPLEX64 = "complex64"
    INT8 = "int8"
    FLOAT64 = "float64"
    COMPLEX128 = "complex128"
    UINT64 = "uint64"
    RESOURCE = "resource"
    VARIANT = "variant"
    UINT32 = "uint32"
    UINT16 = "uint16"
    INT4 = "int4"
    BFLOAT16 = "bfloat16"

    @property
    def size_bits(self) -> int:
        """Bits per element; 0 where elements have no fixed size."""
        return _SIZE_BITS[self]


_SIZE_BITS = {
    TensorType.STRING: 0,
    TensorType.RESOURCE: 0,
    TensorType.VARIANT: 0,
    TensorType.INT4: 4,
    TensorType.BOOL: 8,
    TensorType.UINT8: 8,
    TensorType.INT8: 8,
    TensorType.FLOAT16: 16,
    TensorType.BFLOAT16: 16,
    TensorType.INT16: 16,
    TensorType.UINT16: 16,
    TensorType.FLOAT32: 32,
    TensorType.INT32: 32,
    TensorType.UINT32: 32,
    TensorType.INT64: 64,
    TensorType.UINT64: 64,
    TensorType.FLOAT64: 64,
    TensorType.COMPLEX64: 64,
    TensorType.COMPLEX128: 128,
}


class Operator(StrEnum):
    """The operators whose options are read, named as in TensorFlow Lite's schema.fbs."""

    ADD = "ADD"
    AVERAGE_POOL_2D = "AVERAGE_POOL_2D"
    CONV_2D = "CONV_2D"
    DEPTHWISE_CONV_2D = "DEPTHWISE_CONV_2D"
    FULLY_CONNECTED = "FULLY_CONNECTED"
    LOGISTIC = "LOGISTIC"
    MAX_POOL_2D = "MAX_POOL_2D"
    MEAN = "MEAN"
    PAD = "PAD"
    RELU = "RELU"
    RELU6 = "RELU6"
    RESHAPE = "RESHAPE"
    SOFTMAX = "SOFTMAX"


def custom_operator(name: str) -> str:
    """What a layer calls a custom operator, of which a model and a library have the `name` alone."""
    return f"{_CUSTOM} {name!r}"


def is_custom(operator: str) -> bool:
    """Whether it is what `custom_operator` gives."""
    return operator.startswith(f"{_CUSTOM} ")


VAR_HANDLE = "VAR_HANDLE"
"""The operator that gives a variable by its name."""

_WITH_VARIABLES = frozenset({VAR_HANDLE, "CALL_ONCE"})
_KEEPING_NOTHING = frozenset(map(custom_operator, ("TFLM_DECODE", "TFLite_Detection_PostProcess")))


def custom_name(operator: str) -> str:
    """The name that `custom_operator` was given; empty for operators of schema.fbs."""
    return str(literal_eval(operator.partition(" ")[2])) if is_custom(operator) else ""


class Activation(StrEnum):
    """An activation that is part of another operator."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"
    TANH = "TANH"
    SIGN_BIT = "SIGN_BIT"


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
    """A tensor, row-major; images are NHWC. `data` is little-endian, and None for what is computed.

    `is_variable` says that it keeps its contents from one inference to the next.
    """

    index: int
    name: str
    type: TensorType
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    data: bytes | None = None
    is_variable: bool = False

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def size_bytes(self) -> int:
        """What it takes in memory; 0 where its elements have no fixed size."""
        return (prod(self.shape) * self.type.size_bits + 7) // 8

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
    """Options of MAX_POOL_2D and AVERAGE_POOL_2D; sizes in elements."""

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


@dataclass(frozen=True, slots=True)
class AddOptions:
    """Options of ADD."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class ReducerOptions:
    """Options of MEAN: whether reduced dimensions stay, with the size 1."""

    keep_dims: bool = False


Options = (
    ConvolutionOptions
    | PoolOptions
    | FullyConnectedOptions
    | SoftmaxOptions
    | AddOptions
    | ReducerOptions
    | None
)


@dataclass(frozen=True, slots=True)
class Layer:
    """An operator with its tensors.

    `operator` is an `Operator` where its options are read, and else the name that schema.fbs has, or what
    `custom_operator` gives. `inputs` are indices of tensors in the order of the operator (input,
    weights, bias); None is an input that is left out. RESHAPE has no options here: the shape of its output
    says all.
    """

    index: int
    operator: str
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    options: Options = None
    version: int = 1

    def __str__(self) -> str:
        return f"layer {self.index} {self.operator}"


WITH_WEIGHTS = (Operator.CONV_2D, Operator.DEPTHWISE_CONV_2D, Operator.FULLY_CONNECTED)
"""The operators whose second input is weights."""


@dataclass(frozen=True, slots=True)
class Network:
    """The first graph of a model; layers are in order of execution.

    `inputs` and `outputs` are indices of tensors, in the order in which a library numbers them.
    `graph_count` is above 1 where there is control flow; `called` are the operators of the other graphs.
    """

    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    graph_count: int = 1
    called: tuple[str, ...] = ()

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that its layers need, and those of graphs that they call, each once."""
        return tuple(dict.fromkeys(self._operators()))

    def _operators(self) -> tuple[str, ...]:
        return (*(layer.operator for layer in self.layers), *self.called)

    @property
    def variable_count(self) -> int:
        """How many handles of variables its operators make, each in a graph of its own."""
        return self._operators().count(VAR_HANDLE)

    @property
    def keeps_state(self) -> bool:
        """Whether an answer may depend on what was asked before.

        So it is with variables. What custom operators keep to themselves is known of few.
        """
        return (
            any(tensor.is_variable for tensor in self.tensors)
            or not _WITH_VARIABLES.isdisjoint(self.operators)
            or any(is_custom(operator) and operator not in _KEEPING_NOTHING for operator in self.operators)
        )

    @property
    def input_tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[index] for index in self.inputs)

    @property
    def output_tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[index] for index in self.outputs)

    @property
    def input(self) -> Tensor:
        """The first input: the only one of most networks."""
        return self.tensors[self.inputs[0]]

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.tensors[self.outputs[0]]

    @property
    def element(self) -> TensorType:
        """The type of its activations: that of the first thing that it computes."""
        # Calls and assignments compute nothing, and handles of variables are no data.
        outputs = (self.output_of(layer) for layer in self.layers if layer.outputs)
        first = next((output for output in outputs if output.type is not TensorType.RESOURCE), self.output)
        return first.type

    def input_of(self, layer: Layer, position: int) -> Tensor | None:
        """The tensor at a position of a layer's inputs, or None where it has none."""
        index = layer.inputs[position] if position < len(layer.inputs) else None
        return None if index is None else self.tensors[index]

    def weights_of(self, layer: Layer) -> Tensor | None:
        """The weights of a layer; None for operators without."""
        return self.input_of(layer, 1) if layer.operator in WITH_WEIGHTS else None

    def output_of(self, layer: Layer) -> Tensor:
        """The first output of a layer."""
        return self.tensors[layer.outputs[0]]

    def __repr__(self) -> str:
        return f"<Network {self.element}: {' > '.join(layer.operator for layer in self.layers)}>"


def shape_text(shape: Sequence[int]) -> str:
    """A shape as people write it: `1x28x28x1`."""
    return "x".join(map(str, shape)) or "no dimensions"


def is_hybrid(source: Tensor, weights: Tensor) -> bool:
    """Whether a layer has float32 activations and weights that were quantised alone."""
    return source.type is TensorType.FLOAT32 and weights.type in (TensorType.INT8, TensorType.UINT8)


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
    weights, images = network.weights_of(layer), network.input_of(layer, 0)
    if weights is None or images is None:
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


def _taps(size: int, filter_size: int, stride: int, dilation: int, options: ConvolutionOptions) -> int:
    """How many taps of a filter lie on the image, over all its positions along one axis."""
    count, before = padded_size(size, filter_size, stride, dilation, options.padding)
    return sum(
        0 <= position * stride - before + tap * dilation < size
        for position in range(count)
        for tap in range(filter_size)
    )


def least_cycles_of(network: Network, layer: Layer) -> float:
    """The cycles of a Cortex-M7 that the multiplications of a layer take at least.

    Two integers of 16 bits are multiplied and added by an SMLAD, one float32 by a VFMA: no instruction of
    ARMv7-M does more (ARM DDI 0403E), and of the two instructions that a Cortex-M7 begins in a cycle one of
    these at most. Ways to convolve with fewer multiplications are not thought of: no runtime here has one.
    """
    weights = network.input_of(layer, 1)
    at_once = 1 if weights is not None and weights.type is TensorType.FLOAT32 else 2
    return multiply_accumulates(network, layer) / at_once
