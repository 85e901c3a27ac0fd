"""Turns a network into C for the builtin runtime (firmware/runtime/builtin/model.h)."""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.arena import ALIGNMENT_BYTES, Arena, plan_arena
from mcumatrix.adapters.runtimes.builtin_checks import check_network, paddings, reduced_axes
from mcumatrix.adapters.runtimes.fixed_point import (
    SoftmaxConstants,
    add_constants,
    channel_multipliers,
    float_limits,
    int8_limits,
    logistic_table,
    mean_multiplier,
    relu6_table,
    relu_table,
    softmax_constants,
    tensor_multiplier,
)
from mcumatrix.errors import RenderError
from mcumatrix.model.catalogue import Element
from mcumatrix.model.network import (
    Activation,
    AddOptions,
    ConvolutionOptions,
    FullyConnectedOptions,
    Layer,
    Network,
    Operator,
    PoolOptions,
    Quantization,
    SoftmaxOptions,
    Tensor,
    TensorType,
    padded_size,
)
from mcumatrix.templating import render_source

TEMPLATE = "builtin_model.c.j2"
_LINE_LENGTH = 110
# The codes of TensorType in schema.fbs, as enum runtime_type has them.
_TYPE_NAMES = {TensorType.FLOAT32: "RUNTIME_FLOAT32", TensorType.INT8: "RUNTIME_INT8"}


@dataclass(frozen=True, slots=True)
class _Array:
    """A constant array in C: its type, its name and its elements as text."""

    type: str
    name: str
    length: int
    text: str


@dataclass(frozen=True, slots=True)
class _LayerText:
    """What the template writes of a layer: the initialisers of struct builtin_layer, in C."""

    op: str
    kernel: str
    input: int
    output: int
    arrays: tuple[_Array, ...]
    fields: dict[str, str]


_LOOKED_UP = (Operator.RELU, Operator.RELU6, Operator.LOGISTIC)
"""In int8 these are tables of 256 elements, made here."""


class BuiltinRuntime:
    """The builtin runtime as a Runtime of ports.py. `firmware` and `templates` are folders of the project."""

    def __init__(self, firmware: Path, templates: Path) -> None:
        self._firmware = firmware
        self._templates = templates

    def sources(self) -> tuple[Path, ...]:
        return (self._firmware / "runtime" / "builtin",)

    def trees(self, kernels: str) -> dict[str, str]:  # noqa: ARG002 - it has none for any kernels
        return {}

    def folders(self, kernels: str) -> dict[str, Path]:  # noqa: ARG002
        return {}

    def definitions(self, kernels: str, element: Element) -> dict[str, str]:
        return {"MCUMATRIX_KERNELS": kernels, "MCUMATRIX_ELEMENT": element}

    def library_inputs(self, kernels: str, folders: Mapping[str, Path]) -> dict[str, bytes]:  # noqa: ARG002
        return {}

    def render(self, model: bytes, network: Callable[[], Network]) -> dict[str, bytes]:  # noqa: ARG002
        return render_builtin(network(), self._templates)


def render_builtin(network: Network, templates: Path) -> dict[str, bytes]:
    """Renders file name -> contents: `model.c`, to be compiled with the target builtin_kernels.

    `templates` is the folder that holds builtin_model.c.j2. The same network gives the same text. Raises
    RenderError if the builtin runtime cannot run the network.
    """
    check_network(network)
    plan = plan_arena(network)
    text = render_source(
        templates,
        TEMPLATE,
        trims=True,
        strips=True,
        inputs=network.inputs,
        outputs=network.outputs,
        alignment_bytes=ALIGNMENT_BYTES,
        arena_bytes=plan.size_bytes,
        tensors=[_tensor_fields(network.tensors[i], plan.offsets[i]) for i in sorted(plan.offsets)],
        layers=[_render_layer(network, layer, plan) for layer in network.layers],
    )
    return {"model.c": text}


def _render_layer(network: Network, layer: Layer, plan: Arena) -> _LayerText:
    source, output = network.input_of(layer, 0), network.output_of(layer)
    assert source is not None
    arrays: list[_Array] = []
    fields: dict[str, str] = {}
    if isinstance(layer.options, ConvolutionOptions | FullyConnectedOptions):
        weights = network.input_of(layer, 1)
        assert weights is not None
        arrays += _weight_arrays(network, layer, weights)
        fields |= {"weights": f"weights_{layer.index}", "bias": f"bias_{layer.index}"}
        if output.type is TensorType.INT8:
            arrays += _multiplier_arrays(layer, source, weights, output)
            fields["quantization"] = _initializer(
                -_zero_point(source),
                _zero_point(output),
                f"multipliers_{layer.index}",
                f"shifts_{layer.index}",
            )
    if layer.operator in _LOOKED_UP and output.type is TensorType.INT8:
        arrays.append(_integer_array("int8_t", f"table_{layer.index}", _table(layer, source, output)))
        fields["weights"] = f"table_{layer.index}"
    if layer.operator is Operator.ADD:
        second = network.input_of(layer, 1)
        assert second is not None
        fields["second"] = f"&tensor_{second.index}"
        if output.type is TensorType.INT8:
            fields["addition"] = _addition(source, second, output)
    if layer.operator is Operator.MEAN:
        fields["reduction"] = _reduction(reduced_axes(network, layer), source, output)
    if layer.operator is Operator.PAD:
        fields["padding"] = _padding(paddings(network, layer), source, output)
    if layer.index in plan.scratch_offsets:
        fields["scratch"] = f"&arena[{plan.scratch_offsets[layer.index]}]"
    if isinstance(layer.options, ConvolutionOptions | PoolOptions):
        fields["window"] = _window(network, layer, source)
    if isinstance(layer.options, SoftmaxOptions):
        fields["softmax"] = _softmax(layer.options, source)
    if isinstance(layer.options, ConvolutionOptions | PoolOptions | FullyConnectedOptions | AddOptions):
        fields["limits"] = _limits(layer.options.activation, output)
    return _LayerText(
        op=layer.operator,
        kernel=_kernel(layer, output),
        input=source.index,
        output=output.index,
        arrays=tuple(arrays),
        fields=fields,
    )


def _kernel(layer: Layer, output: Tensor) -> str:
    """The name of the function that computes a layer."""
    is_looked_up = layer.operator in _LOOKED_UP and output.type is TensorType.INT8
    return f"{'lookup' if is_looked_up else layer.operator.lower()}_{output.type}"


def _table(layer: Layer, source: Tensor, output: Tensor) -> list[int]:
    """What becomes of each element, from -128 on."""
    if layer.operator is Operator.RELU:
        return relu_table(_scale(source), _zero_point(source), _scale(output), _zero_point(output))
    if layer.operator is Operator.RELU6:
        return relu6_table(_scale(source), _zero_point(source))
    return logistic_table(_scale(source), _zero_point(source))


def _addition(first: Tensor, second: Tensor, output: Tensor) -> str:
    """The initialiser of struct builtin_addition."""
    constants = add_constants(_scale(first), _scale(second), _scale(output))
    return _initializer(
        -_zero_point(first),
        -_zero_point(second),
        _zero_point(output),
        *(_initializer(*pair) for pair in (constants.first, constants.second, constants.output)),
    )


def _reduction(axes: range, source: Tensor, output: Tensor) -> str:
    """The initialiser of struct builtin_reduction."""
    outer, inner = math.prod(source.shape[: axes.start]), math.prod(source.shape[axes.stop :])
    count = math.prod(source.shape[axes.start : axes.stop])
    if source.type is not TensorType.INT8:
        return _initializer(outer, count, inner)
    pair = mean_multiplier(_scale(source), _scale(output), count)
    return _initializer(
        outer, count, inner, -_zero_point(source) * count, _zero_point(output), _initializer(*pair)
    )


def _padding(pairs: list[tuple[int, int]], source: Tensor, output: Tensor) -> str:
    """The initialiser of struct builtin_padding: all for four dimensions, the first ones of size 1."""
    missing = 4 - len(pairs)
    before = [0] * missing + [before for before, _ in pairs]
    value = _zero_point(output) if output.type is TensorType.INT8 else 0
    return _initializer(
        _initializer(*([1] * missing), *source.shape),
        _initializer(*([1] * missing), *output.shape),
        _initializer(*before),
        value,
    )


def _weight_arrays(network: Network, layer: Layer, weights: Tensor) -> list[_Array]:
    channels = network.output_of(layer).shape[-1]
    bias = network.input_of(layer, 2)
    bias_data = bytes(4 * channels) if bias is None or bias.data is None else bias.data
    assert weights.data is not None
    if weights.type is TensorType.FLOAT32:
        return [
            _float_array(f"weights_{layer.index}", weights.data, layer),
            _float_array(f"bias_{layer.index}", bias_data, layer),
        ]
    return [
        _integer_array("int8_t", f"weights_{layer.index}", list(memoryview(weights.data).cast("b"))),
        _integer_array("int32_t", f"bias_{layer.index}", list(struct.unpack(f"<{channels}i", bias_data))),
    ]


def _multiplier_arrays(layer: Layer, source: Tensor, weights: Tensor, output: Tensor) -> list[_Array]:
    channels = output.shape[-1]
    weight_scales = _quantization(weights).scales
    if layer.operator is Operator.FULLY_CONNECTED and len(weight_scales) == 1:
        pairs = [tensor_multiplier(_scale(source), weight_scales[0], _scale(output))] * channels
    else:
        pairs = channel_multipliers(_scale(source), weight_scales, _scale(output), channels)
    return [
        _integer_array("int32_t", f"multipliers_{layer.index}", [multiplier for multiplier, _ in pairs]),
        _integer_array("int8_t", f"shifts_{layer.index}", [shift for _, shift in pairs]),
    ]


def _window(network: Network, layer: Layer, source: Tensor) -> str:
    """The initialiser of struct builtin_window."""
    options = layer.options
    dilation, multiplier = (1, 1), 1
    if isinstance(options, ConvolutionOptions):
        weights = network.input_of(layer, 1)
        assert weights is not None
        size = weights.shape[1:3]
        dilation = (options.dilation_height, options.dilation_width)
        if layer.operator is Operator.DEPTHWISE_CONV_2D:
            multiplier = weights.shape[3] // source.shape[3]
    else:
        assert isinstance(options, PoolOptions)
        size = (options.filter_height, options.filter_width)
    strides = (options.stride_height, options.stride_width)
    pads = [
        padded_size(source.shape[axis + 1], size[axis], strides[axis], dilation[axis], options.padding)[1]
        for axis in (0, 1)
    ]
    return _initializer(*size, *strides, *dilation, *pads, multiplier)


def _softmax(options: SoftmaxOptions, source: Tensor) -> str:
    """The initialiser of struct builtin_softmax."""
    constants = SoftmaxConstants(0, 0, 0)
    if source.type is TensorType.INT8:
        constants = softmax_constants(options.beta, _scale(source))
    return _initializer(_float(options.beta), constants.multiplier, constants.shift, constants.difference_min)


def _limits(activation: Activation, output: Tensor) -> str:
    """The initialiser of struct builtin_limits."""
    low, high = float_limits(activation)
    integers = (0, 0)
    if output.type is TensorType.INT8:
        integers = int8_limits(activation, _scale(output), _zero_point(output))
    return _initializer(_float(low), _float(high), *integers)


def _tensor_fields(tensor: Tensor, offset: int) -> dict[str, str]:
    """The members of struct runtime_tensor."""
    is_int8 = tensor.type is TensorType.INT8
    return {
        "index": str(tensor.index),
        "type": _TYPE_NAMES[tensor.type],
        "rank": str(len(tensor.shape)),
        "dims": _initializer(*tensor.shape or (0,)),
        "scale": _float(_scale(tensor) if is_int8 else 0.0),
        "zero_point": str(_zero_point(tensor) if is_int8 else 0),
        "data": f"&arena[{offset}]",
        "size_bytes": str(tensor.size_bytes),
    }


def _quantization(tensor: Tensor) -> Quantization:
    assert tensor.quantization is not None, tensor
    return tensor.quantization


def _scale(tensor: Tensor) -> float:
    return _quantization(tensor).scales[0]


def _zero_point(tensor: Tensor) -> int:
    return _quantization(tensor).zero_points[0]


def _float_array(name: str, data: bytes, layer: Layer) -> _Array:
    values = struct.unpack(f"<{len(data) // 4}f", data)
    if not all(map(math.isfinite, values)):
        raise RenderError(
            f"{layer} has a weight or a bias that is not a finite number.",
            hint="The training went astray: train the model again.",
        )
    return _Array("float", name, len(values), _wrap([_float(value) for value in values]))


def _integer_array(c_type: str, name: str, values: list[int]) -> _Array:
    return _Array(c_type, name, len(values), _wrap([str(value) for value in values]))


def _float(value: float) -> str:
    """A C hexadecimal literal: exact, and quick to compile."""
    mantissa, exponent = value.hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{exponent}f"


def _initializer(*values: int | str) -> str:
    return f"{{{', '.join(map(str, values))}}}"


def _wrap(words: list[str]) -> str:
    """Comma-separated, in indented lines of limited length."""
    lines: list[str] = []
    line = "   "
    for word in words:
        if len(line) + len(word) + 2 > _LINE_LENGTH:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*lines, line])
