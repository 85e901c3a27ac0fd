"""Whether the tensors and layers of a model belong together."""

from mcumatrix.errors import ModelError
from mcumatrix.model.network import (
    ConvolutionOptions,
    Layer,
    Network,
    Operator,
    PoolOptions,
    SoftmaxOptions,
    Tensor,
    TensorType,
    padded_size,
)

Shape = tuple[int, ...]

CONVERT_AGAIN = "Copy it again from where it came from, or convert the model again."
_WITH_WEIGHTS = (Operator.CONV_2D, Operator.DEPTHWISE_CONV_2D, Operator.FULLY_CONNECTED)


def check_network(network: Network, *, hybrid: bool = False) -> None:
    """Raises ModelError where order, types, quantisation or shapes do not fit.

    `hybrid` lets integer weights with float32 activations pass.
    """
    _check_order(network)
    for layer in network.layers:
        _check_types(network, layer, hybrid)
        _check_quantization(network, layer)
        _check_shapes(network, layer)
        _check_beta(layer)


def _check_order(network: Network) -> None:
    """Each tensor that a layer reads is the input, a constant, or the output of an earlier layer."""
    known = {tensor.index for tensor in network.tensors if tensor.is_constant} | {network.input_index}
    for layer in network.layers:
        missing = [i for i in layer.inputs if i is not None and i not in known]
        if missing or layer.output in known:
            raise ModelError(f"{layer} reads or writes tensors in the wrong order.", hint=CONVERT_AGAIN)
        known.add(layer.output)
    if network.output_index not in known:
        raise ModelError("no layer computes the output.", hint=CONVERT_AGAIN)


def _check_types(network: Network, layer: Layer, hybrid: bool) -> None:
    source, output = _source(network, layer), network.output_of(layer)
    if source.type is not output.type:
        raise ModelError(
            f"{layer} has {source.type} input and {output.type} output.",
            hint="Convert the model with one type for all activations.",
        )
    if layer.operator not in _WITH_WEIGHTS:
        return
    weights, bias = network.input_of(layer, 1), network.input_of(layer, 2)
    if weights is None or not weights.is_constant or (bias is not None and not bias.is_constant):
        raise ModelError(
            f"{layer} has weights that are computed; only constant ones are supported.", hint=CONVERT_AGAIN
        )
    if weights.type is not source.type and not (hybrid and is_hybrid(source, weights)):
        raise ModelError(
            f"{layer} has {weights.type} weights and {source.type} activations.",
            hint="TensorFlow Lite Micro runs no hybrid models: quantise the activations too, with a"
            " representative data set.",
        )
    bias_type = TensorType.FLOAT32 if source.type is TensorType.FLOAT32 else TensorType.INT32
    if bias is not None and bias.type is not bias_type:
        raise ModelError(
            f"{layer} has {source.type} activations and a bias of {bias.type}; it must be {bias_type}.",
            hint="Convert the model again with TensorFlow Lite's converter.",
        )


def is_hybrid(source: Tensor, weights: Tensor) -> bool:
    """Whether a layer has float32 activations and weights that were quantised alone."""
    return source.type is TensorType.FLOAT32 and weights.type in (TensorType.INT8, TensorType.UINT8)


def _check_quantization(network: Network, layer: Layer) -> None:
    """Integer tensors need one scale, or weights one per output channel, and as many zero points."""
    weights = network.input_of(layer, 1) if layer.operator in _WITH_WEIGHTS else None
    source, output = network.input_of(layer, 0), network.output_of(layer)
    for tensor in (source, output, weights):
        if tensor is None or tensor.type is TensorType.FLOAT32:
            continue
        quantization = tensor.quantization
        low = 0 if tensor.type is TensorType.UINT8 else -128
        allowed = {1, output.shape[-1]} if tensor is weights else {1}
        if (
            quantization is None
            or len(quantization.scales) not in allowed
            or len(quantization.zero_points) != len(quantization.scales)
            or not all(0 < scale < float("inf") for scale in quantization.scales)
            or not all(low <= point <= low + 255 for point in quantization.zero_points)
        ):
            raise ModelError(
                f"tensor {tensor.index} {tensor.name!r} of {layer} has {tensor.type} elements and no"
                " quantisation that fits.",
                hint="Convert the model again with full-integer quantisation and a representative data set.",
            )


def _check_beta(layer: Layer) -> None:
    if isinstance(layer.options, SoftmaxOptions) and not 0 < layer.options.beta < float("inf"):
        raise ModelError(
            f"{layer} has a beta of {layer.options.beta}; it must be a positive number.", hint=CONVERT_AGAIN
        )


def _source(network: Network, layer: Layer) -> Tensor:
    """A layer's first input: what it computes from."""
    source = network.input_of(layer, 0)
    if source is None or source.is_constant:
        raise ModelError(f"{layer} has no input that is computed.", hint=CONVERT_AGAIN)
    return source


def _check_shapes(network: Network, layer: Layer) -> None:
    """Raises ModelError if a layer's weights or output do not fit to its input and options."""
    source, output = _source(network, layer), network.output_of(layer)
    weights, bias = network.input_of(layer, 1), network.input_of(layer, 2)
    expected = _output_shape(layer, source, weights, output)
    if expected != output.shape:
        wanted = "another shape" if expected is None else _text(expected)
        with_weights = layer.operator in _WITH_WEIGHTS
        raise ModelError(
            f"{layer} has an output of {_text(output.shape)} where its input of {_text(source.shape)}"
            f"{f' and weights of {_text(weights.shape)}' if weights is not None and with_weights else ''}"
            f" give {wanted}.",
            hint="The file is damaged, or its converter has a fault: convert the model again.",
        )
    if layer.operator in _WITH_WEIGHTS and bias is not None and bias.shape != output.shape[-1:]:
        raise ModelError(
            f"{layer} has a bias of {_text(bias.shape)} for {output.shape[-1]} output channels.",
            hint="The file is damaged: convert the model again.",
        )


def _output_shape(layer: Layer, source: Tensor, weights: Tensor | None, output: Tensor) -> Shape | None:
    """What the operator makes of its input; None where it can make nothing of it."""
    match layer.operator:
        case Operator.SOFTMAX:
            return source.shape
        case Operator.RESHAPE:
            return output.shape if source.size_bytes == output.size_bytes else None
        case Operator.FULLY_CONNECTED:
            return _fully_connected_shape(source, weights, output)
        case Operator.MAX_POOL_2D:
            options = layer.options
            assert isinstance(options, PoolOptions)
            if len(source.shape) != 4:
                return None
            return _image_shape(
                source, (options.filter_height, options.filter_width), source.shape[3], options
            )
        case Operator.CONV_2D | Operator.DEPTHWISE_CONV_2D:
            assert isinstance(layer.options, ConvolutionOptions)
            if len(source.shape) != 4 or weights is None or len(weights.shape) != 4:
                return None
            if layer.operator is Operator.CONV_2D:
                fits, channels = weights.shape[3] == source.shape[3], weights.shape[0]
            else:
                fits, channels = weights.shape[3] % source.shape[3] == 0, weights.shape[3]
                fits = fits and weights.shape[0] == 1
            return _image_shape(source, weights.shape[1:3], channels, layer.options) if fits else None


def _fully_connected_shape(source: Tensor, weights: Tensor | None, output: Tensor) -> Shape | None:
    """FULLY_CONNECTED flattens its input to rows as long as its weights; leading dimensions may be kept."""
    if weights is None or len(weights.shape) != 2:
        return None
    channels, depth = weights.shape
    elements = source.size_bytes // source.type.size_bytes
    results = output.size_bytes // output.type.size_bytes
    fits = elements % depth == 0 and results == elements // depth * channels
    return (*output.shape[:-1], channels) if fits else None


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


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "no dimensions"
