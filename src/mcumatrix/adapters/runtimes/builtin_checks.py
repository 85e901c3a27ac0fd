"""What the builtin runtime can run: whether a model's operators, types, quantisation and shapes fit to it."""

import math
import struct
from collections.abc import Callable, Mapping

from mcumatrix.adapters.runtimes.fixed_point import add_constants
from mcumatrix.errors import ModelError, RenderError
from mcumatrix.model.network import (
    CONVERT_AGAIN,
    WITH_WEIGHTS,
    Activation,
    ConvolutionOptions,
    Layer,
    Network,
    Operator,
    PoolOptions,
    ReducerOptions,
    SoftmaxOptions,
    Tensor,
    TensorType,
    is_hybrid,
    padded_size,
    shape_text,
)

Shape = tuple[int, ...]

_ELEMENTWISE = (Operator.SOFTMAX, Operator.RELU, Operator.RELU6, Operator.LOGISTIC)
_SAME_QUANTIZATION = (
    Operator.MAX_POOL_2D,
    Operator.AVERAGE_POOL_2D,
    Operator.RESHAPE,
    Operator.PAD,
    Operator.RELU6,
)
"""Their int8 kernels in TensorFlow Lite Micro copy or clamp elements, and do not scale them."""

_FIXED_OUTPUT = (Operator.SOFTMAX, Operator.LOGISTIC)
"""Their results are probabilities, with a quantisation that TensorFlow Lite demands."""

_MAX_RANK = 8  # RUNTIME_MAX_RANK of runtime.h


def check_network(network: Network) -> None:
    """Whether the builtin runtime can run a network.

    Raises:
        ModelError: types, quantisation or shapes do not belong together.
        RenderError: it has what this runtime does not have.
    """
    if network.element not in (TensorType.FLOAT32, TensorType.INT8):
        raise RenderError(
            f"The builtin runtime runs float32 and int8 models; this one is {network.element}.",
            hint="Choose another runtime, or convert the model to float32 or int8.",
        )
    if network.graph_count > 1:
        raise RenderError(
            f"The builtin runtime runs models of one graph; this one has {network.graph_count}.",
            hint="Control flow (if, while) makes subgraphs: build the model without it.",
        )
    for tensor in (*network.input_tensors, *network.output_tensors):
        _check_activation(network, tensor, "the model")
        if tensor.is_constant:
            raise RenderError(
                f"The builtin runtime has no constants as inputs or outputs; tensor {tensor.index} is one.",
                hint="Build the model without that output; its value never changes.",
            )
    for layer in network.layers:
        _check_operator(layer)
        source = _source(network, layer)
        _check_types(network, layer)
        for tensor in (source, network.output_of(layer)):
            _check_activation(network, tensor, str(layer))
        _check_quantization(network, layer)
        _check_shapes(network, layer)
        _check_options(layer)
        if network.element is TensorType.INT8:
            _check_int8(network, layer)


def _check_operator(layer: Layer) -> None:
    if layer.operator not in Operator.__members__:
        raise RenderError(
            f"layer {layer.index} is {layer.operator}, which the builtin runtime does not have.",
            hint=f"It has {', '.join(Operator)}; choose another runtime for this model.",
        )


def _check_activation(network: Network, tensor: Tensor, whose: str) -> None:
    if tensor.type is not network.element:
        raise RenderError(
            f"The builtin runtime runs one type of activations; {whose} has {tensor.type} in a model of"
            f" {network.element}.",
            hint="Convert the model with one type for all activations, input and output included.",
        )
    if len(tensor.shape) > _MAX_RANK:
        raise RenderError(
            f"The builtin runtime has tensors of up to {_MAX_RANK} dimensions; {whose} has more.",
            hint="Build the model without such a reshape.",
        )


def _check_types(network: Network, layer: Layer) -> None:
    source, output = _source(network, layer), network.output_of(layer)
    if source.type is not output.type:
        raise ModelError(
            f"{layer} has {source.type} input and {output.type} output.",
            hint="Convert the model with one type for all activations.",
        )
    if layer.operator not in WITH_WEIGHTS:
        return
    weights, bias = network.input_of(layer, 1), network.input_of(layer, 2)
    if weights is None or not weights.is_constant or (bias is not None and not bias.is_constant):
        raise ModelError(
            f"{layer} has weights that are computed; only constant ones are supported.", hint=CONVERT_AGAIN
        )
    if weights.type is not source.type:
        hint = "Convert the model again with TensorFlow Lite's converter."
        if is_hybrid(source, weights):
            hint = "Hybrid models are not run: quantise the activations too, with a representative data set."
        raise ModelError(f"{layer} has {weights.type} weights and {source.type} activations.", hint=hint)
    bias_type = TensorType.FLOAT32 if source.type is TensorType.FLOAT32 else TensorType.INT32
    if bias is not None and bias.type is not bias_type:
        raise ModelError(
            f"{layer} has {source.type} activations and a bias of {bias.type}; it must be {bias_type}.",
            hint="Convert the model again with TensorFlow Lite's converter.",
        )


def _check_quantization(network: Network, layer: Layer) -> None:
    """Integer tensors need one scale, or weights one per output channel, and as many zero points."""
    weights = network.weights_of(layer)
    source, output = network.input_of(layer, 0), network.output_of(layer)
    second = network.input_of(layer, 1) if layer.operator is Operator.ADD else None
    for tensor in (source, second, output, weights):
        if tensor is None or tensor.type is TensorType.FLOAT32:
            continue
        quantization = tensor.quantization
        allowed = {1, *output.shape[-1:]} if tensor is weights else {1}
        if (
            quantization is None
            or len(quantization.scales) not in allowed
            or len(quantization.zero_points) != len(quantization.scales)
            or not all(0 < scale < float("inf") for scale in quantization.scales)
            or not all(-128 <= point <= 127 for point in quantization.zero_points)
        ):
            raise ModelError(
                f"tensor {tensor.index} {tensor.name!r} of {layer} has {tensor.type} elements and no"
                " quantisation that fits.",
                hint="Convert the model again with full-integer quantisation and a representative data set.",
            )


def _check_options(layer: Layer) -> None:
    if isinstance(layer.options, SoftmaxOptions) and not 0 < layer.options.beta < float("inf"):
        raise ModelError(
            f"{layer} has a beta of {layer.options.beta}; it must be a positive number.", hint=CONVERT_AGAIN
        )
    activation = getattr(layer.options, "activation", Activation.NONE)
    if activation in (Activation.TANH, Activation.SIGN_BIT):
        raise RenderError(
            f"{layer} has the activation {activation}, which the builtin runtime does not have.",
            hint="It has RELU, RELU_N1_TO_1 and RELU6; choose another runtime for this model.",
        )


def _check_int8(network: Network, layer: Layer) -> None:
    """What TensorFlow Lite Micro demands when it prepares these operators."""
    source, output = _source(network, layer), network.output_of(layer)
    assert source.quantization is not None and output.quantization is not None
    weights = network.weights_of(layer)
    if weights is not None and weights.quantization is not None and any(weights.quantization.zero_points):
        raise RenderError(
            f"{layer} has weights with a zero point other than 0.",
            hint="Convert the model with TensorFlow 2.3 or later, which quantises weights symmetrically.",
        )
    scale, zero_point = output.quantization.scales[0], output.quantization.zero_points[0]
    if layer.operator is Operator.ADD and _shifts_left(network, layer, scale):
        raise RenderError(
            f"{layer} has an output of scale {scale}, which is too small for the sum of its inputs.",
            hint="Convert the model again with a representative data set.",
        )
    if layer.operator in _FIXED_OUTPUT and (scale, zero_point) != (1 / 256, -128):
        raise RenderError(
            f"{layer} has an output of scale {scale} and zero point {zero_point};"
            " they must be 1/256 and -128.",
            hint="Convert the model again with TensorFlow Lite's converter.",
        )
    same = source.quantization.scales == output.quantization.scales
    same = same and source.quantization.zero_points == output.quantization.zero_points
    if layer.operator in _SAME_QUANTIZATION and not same:
        raise RenderError(
            f"{layer} has another quantisation at its input than at its output.",
            hint="Convert the model again with TensorFlow Lite's converter.",
        )


def _shifts_left(network: Network, layer: Layer, output_scale: float) -> bool:
    """Whether a sum would have to be shifted to the left, which TensorFlow Lite's ADD does not do."""
    scales = [
        tensor.quantization.scales[0]
        for position in (0, 1)
        if (tensor := network.input_of(layer, position)) is not None and tensor.quantization is not None
    ]
    first, second = scales
    return add_constants(first, second, output_scale).output[1] > 0


def _source(network: Network, layer: Layer) -> Tensor:
    """A layer's first input: what it computes from."""
    source = network.input_of(layer, 0)
    if source is None or source.is_constant:
        raise ModelError(f"{layer} has no input that is computed.", hint=CONVERT_AGAIN)
    return source


def _check_shapes(network: Network, layer: Layer) -> None:
    """Raises ModelError if a layer's weights or output do not fit to its input and options."""
    source, output = _source(network, layer), network.output_of(layer)
    weights, bias = network.weights_of(layer), network.input_of(layer, 2)
    if min((*source.shape, *output.shape), default=1) < 1:
        raise ModelError(f"{layer} has an empty tensor.", hint=CONVERT_AGAIN)
    expected = _output_shape(network, layer, source, output)
    if expected != output.shape:
        wanted = "another shape" if expected is None else shape_text(expected)
        with_weights = f" and weights of {shape_text(weights.shape)}" if weights is not None else ""
        raise ModelError(
            f"{layer} has an output of {shape_text(output.shape)} where its input of"
            f" {shape_text(source.shape)}{with_weights} give {wanted}.",
            hint="The file is damaged, or its converter has a fault: convert the model again.",
        )
    if layer.operator in WITH_WEIGHTS and bias is not None and bias.shape != output.shape[-1:]:
        raise ModelError(
            f"{layer} has a bias of {shape_text(bias.shape)} for {output.shape[-1]} output channels.",
            hint="The file is damaged: convert the model again.",
        )


def _output_shape(network: Network, layer: Layer, source: Tensor, output: Tensor) -> Shape | None:
    """What the operator makes of its input; None where it can make nothing of it."""
    if layer.operator in _ELEMENTWISE:
        return source.shape
    return _SHAPE_RULES[layer.operator](network, layer, source, output)


def _add_shape(network: Network, layer: Layer, source: Tensor, _output: Tensor) -> Shape | None:
    second = network.input_of(layer, 1)
    if second is None or second.is_constant or second.shape != source.shape:
        raise RenderError(
            f"{layer} adds something else than two computed tensors of one shape.",
            hint="The builtin runtime adds no constants and does not broadcast; choose another runtime.",
        )
    return source.shape


def _reshape_shape(_network: Network, _layer: Layer, source: Tensor, output: Tensor) -> Shape | None:
    return output.shape if source.size_bytes == output.size_bytes else None


def _mean_shape(network: Network, layer: Layer, source: Tensor, _output: Tensor) -> Shape | None:
    axes = reduced_axes(network, layer)
    assert isinstance(layer.options, ReducerOptions)
    if layer.options.keep_dims:
        return tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    return tuple(size for axis, size in enumerate(source.shape) if axis not in axes)


def reduced_axes(network: Network, layer: Layer) -> range:
    """The axes of a MEAN, which must be a constant, and side by side. Raises RenderError."""
    source, constant = _source(network, layer), network.input_of(layer, 1)
    rank = len(source.shape)
    axes = sorted({axis % rank if rank else axis for axis in _integers(layer, constant)})
    if not axes or axes[-1] >= rank or axes != list(range(axes[0], axes[-1] + 1)):
        raise RenderError(
            f"{layer} reduces the axes {axes} of {rank}.",
            hint="The builtin runtime reduces axes that are side by side; choose another runtime.",
        )
    return range(axes[0], axes[-1] + 1)


def _pad_shape(network: Network, layer: Layer, source: Tensor, _output: Tensor) -> Shape | None:
    return tuple(
        before + size + after
        for size, (before, after) in zip(source.shape, paddings(network, layer), strict=True)
    )


def paddings(network: Network, layer: Layer) -> list[tuple[int, int]]:
    """What a PAD puts before and behind each dimension. Raises RenderError."""
    source, constant = _source(network, layer), network.input_of(layer, 1)
    numbers = _integers(layer, constant)
    rank = len(source.shape)
    if len(numbers) != 2 * rank or rank > 4 or min(numbers, default=0) < 0:
        raise RenderError(
            f"{layer} pads {rank} dimensions with {len(numbers)} numbers.",
            hint="The builtin runtime pads up to 4 dimensions, by constants of 0 and above.",
        )
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _integers(layer: Layer, tensor: Tensor | None) -> list[int]:
    """The elements of a constant tensor of integers."""
    formats = {TensorType.INT32: "i", TensorType.INT64: "q"}
    if tensor is None or tensor.data is None or tensor.type not in formats:
        raise RenderError(
            f"{layer} has a second input that is no constant of integers.",
            hint="The builtin runtime wants axes and paddings to be constants; choose another runtime.",
        )
    return [value for (value,) in struct.iter_unpack(f"<{formats[tensor.type]}", tensor.data)]


def _fully_connected_shape(network: Network, layer: Layer, source: Tensor, output: Tensor) -> Shape | None:
    """FULLY_CONNECTED flattens its input to rows as long as its weights; leading dimensions may be kept."""
    weights = network.input_of(layer, 1)
    if weights is None or len(weights.shape) != 2:
        return None
    channels, depth = weights.shape
    elements, results = math.prod(source.shape), math.prod(output.shape)
    fits = depth > 0 and elements % depth == 0 and results == elements // depth * channels
    return (*output.shape[:-1], channels) if fits else None


def _pool_shape(_network: Network, layer: Layer, source: Tensor, _output: Tensor) -> Shape | None:
    options = layer.options
    assert isinstance(options, PoolOptions)
    if len(source.shape) != 4:
        return None
    return _image_shape(source, (options.filter_height, options.filter_width), source.shape[3], options)


def _convolution_shape(network: Network, layer: Layer, source: Tensor, _output: Tensor) -> Shape | None:
    weights = network.input_of(layer, 1)
    assert isinstance(layer.options, ConvolutionOptions)
    if len(source.shape) != 4 or weights is None or len(weights.shape) != 4:
        return None
    if layer.operator is Operator.CONV_2D:
        fits, channels = weights.shape[3] == source.shape[3], weights.shape[0]
    else:
        fits, channels = weights.shape[3] % source.shape[3] == 0, weights.shape[3]
        fits = fits and weights.shape[0] == 1
    return _image_shape(source, weights.shape[1:3], channels, layer.options) if fits else None


_SHAPE_RULES: Mapping[str, Callable[[Network, Layer, Tensor, Tensor], Shape | None]] = {
    Operator.ADD: _add_shape,
    Operator.AVERAGE_POOL_2D: _pool_shape,
    Operator.CONV_2D: _convolution_shape,
    Operator.DEPTHWISE_CONV_2D: _convolution_shape,
    Operator.FULLY_CONNECTED: _fully_connected_shape,
    Operator.MAX_POOL_2D: _pool_shape,
    Operator.MEAN: _mean_shape,
    Operator.PAD: _pad_shape,
    Operator.RESHAPE: _reshape_shape,
}


def _image_shape(
    source: Tensor, filter_size: Shape, channels: int, options: ConvolutionOptions | PoolOptions
) -> Shape | None:
    batch, height, width, _ = source.shape
    dilation = (1, 1)
    if isinstance(options, ConvolutionOptions):
        dilation = (options.dilation_height, options.dilation_width)
    out_height, _ = padded_size(height, filter_size[0], options.stride_height, dilation[0], options.padding)
    out_width, _ = padded_size(width, filter_size[1], options.stride_width, dilation[1], options.padding)
    return (batch, out_height, out_width, channels)
