"""Reads .tflite files: the flatbuffers of tensorflow/lite/schema/schema.fbs."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from mcumatrix.adapters.models.flatbuffer import BROKEN, Table
from mcumatrix.adapters.models.tflite_schema import (
    BUFFER_DATA,
    CUSTOM,
    OPERATORS,
    TENSOR_TYPES,
    AddField,
    Conv2DField,
    DepthwiseConv2DField,
    FullyConnectedField,
    ModelField,
    OperatorCodeField,
    OperatorField,
    Pool2DField,
    QuantizationField,
    ReducerField,
    SoftmaxField,
    SubGraphField,
    TensorField,
)
from mcumatrix.errors import ModelError
from mcumatrix.model.network import (
    CONVERT_AGAIN,
    Activation,
    AddOptions,
    ConvolutionOptions,
    FullyConnectedOptions,
    Layer,
    Network,
    Operator,
    Options,
    Padding,
    PoolOptions,
    Quantization,
    ReducerOptions,
    SoftmaxOptions,
    Tensor,
    TensorType,
    custom_operator,
    is_custom,
)


def read_network(source: Path | bytes) -> Network:
    """Reads the first graph of a model, whatever its operators and types are.

    What a library makes of them is not looked at: that is said by whoever renders the model for it.

    Raises ModelError if the file cannot be read or is damaged; the message says which layer or tensor it is.
    """
    data, name = (read_contents(source), source.name) if isinstance(source, Path) else (source, "The model")
    _check_identifier(data, name)
    try:
        return _read_model(data)
    except ModelError as error:
        raise ModelError(f"{name}: {error.message}", hint=error.hint) from error
    except BROKEN as error:
        raise ModelError(f"{name} is cut short or damaged.", hint=CONVERT_AGAIN) from error


def read_contents(path: Path) -> bytes:
    """The bytes of a .tflite file, not looked into further. Raises ModelError if it is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"Model {path} cannot be read: {error.strerror}.",
            hint="Check the path: on the command line, or in the model's file in matrix/models.",
        ) from error
    _check_identifier(data, path.name)
    return data


def _check_identifier(data: bytes, name: str) -> None:
    if data[4:8] != b"TFL3":
        raise ModelError(
            f"{name} is not a .tflite file: bytes 4 to 7 are not TFL3.",
            hint="Give the path of a model that TensorFlow Lite's converter wrote.",
        )


@lru_cache(maxsize=16)
def _read_model(data: bytes) -> Network:
    """The same bytes are asked for by whoever plans, warns, tries and renders."""
    model = Table.root(data)
    graph, *called = model.tables(ModelField.SUBGRAPHS)
    codes = model.tables(ModelField.OPERATOR_CODES)
    buffers = model.tables(ModelField.BUFFERS)
    tensors = graph.tables(SubGraphField.TENSORS)
    operators = graph.tables(SubGraphField.OPERATORS)
    network = Network(
        tensors=tuple(_read_tensor(index, tensor, buffers) for index, tensor in enumerate(tensors)),
        layers=tuple(
            _read_layer(index, operator, codes, len(tensors)) for index, operator in enumerate(operators)
        ),
        inputs=graph.numbers(SubGraphField.INPUTS, "i"),
        outputs=graph.numbers(SubGraphField.OUTPUTS, "i"),
        graph_count=1 + len(called),
        called=tuple(
            _operator_name(operator, codes)
            for other in called
            for operator in other.tables(SubGraphField.OPERATORS)
        ),
    )
    for kind, indices in (("inputs", network.inputs), ("outputs", network.outputs)):
        if not indices:
            raise ModelError(f"there are no {kind}.", hint=CONVERT_AGAIN)
        if not all(0 <= index < len(network.tensors) for index in indices):
            raise IndexError(indices)
    for tensor in (*network.input_tensors, *network.output_tensors):
        if tensor.size_bytes == 0:
            raise ModelError(
                f"{_label(tensor.index, tensor.name)} is empty: {list(tensor.shape)}.", hint=CONVERT_AGAIN
            )
    _check_order(network)
    return network


def _check_order(network: Network) -> None:
    """Each tensor that a layer reads is an input, a constant, kept, or the output of an earlier layer."""
    # Handles of variables have no size, and are written all the same.
    empty = {tensor.index for tensor in network.tensors if tensor.size_bytes == 0}
    known = {tensor.index for tensor in network.tensors if tensor.is_constant or tensor.is_variable}
    known |= set(network.inputs)
    for layer in network.layers:
        # What a custom operator does with its tensors is its own business: Vela's work in their inputs.
        inputs = () if is_custom(layer.operator) else layer.inputs
        missing = [i for i in inputs if i is not None and i not in known | empty]
        if missing or not known.isdisjoint(layer.outputs):
            raise ModelError(f"{layer} reads or writes tensors in the wrong order.", hint=CONVERT_AGAIN)
        known |= set(layer.outputs)
    if not known.issuperset(network.outputs):
        raise ModelError("no layer computes the output.", hint=CONVERT_AGAIN)


def _label(index: int, name: str) -> str:
    return f"tensor {index} {name!r}"


def _read_tensor(index: int, tensor: Table, buffers: Sequence[Table]) -> Tensor:
    name = tensor.text(TensorField.NAME)
    label = _label(index, name)
    number = tensor.number(TensorField.TYPE, "b")
    type_name = _named(TENSOR_TYPES, number) or f"number {number}"
    if type_name not in TensorType.__members__:
        raise ModelError(
            f"{label} has elements of type {type_name}.",
            hint="The file is damaged, or made for a later TensorFlow Lite than is known here.",
        )
    # The signature has -1 where a batch can have any size. Libraries for microcontrollers, and so we, go by
    # the shape alone, which has the size that was fixed.
    shape = tensor.numbers(TensorField.SHAPE, "i")
    if any(size < 0 for size in shape):
        raise ModelError(
            f"{label} has a dynamic shape: {list(shape)}.",
            hint="Convert the model with a fixed batch size, as in keras.Input(shape, batch_size=1).",
        )
    result = Tensor(
        index=index,
        name=name,
        type=TensorType[type_name],
        shape=shape,
        quantization=_read_quantization(tensor.table(TensorField.QUANTIZATION)),
        # An empty buffer means that the tensor is computed.
        data=buffers[tensor.number(TensorField.BUFFER, "I")].contents(BUFFER_DATA) or None,
        is_variable=bool(tensor.number(TensorField.IS_VARIABLE, "B")),
    )
    is_plain = result.type.size_bits > 0 and tensor.table(TensorField.SPARSITY) is None
    if result.data is not None and is_plain and len(result.data) != result.size_bytes:
        raise ModelError(
            f"{label} has {len(result.data)} bytes of data and needs {result.size_bytes}.",
            hint=CONVERT_AGAIN,
        )
    return result


def _named(names: Sequence[str], number: int) -> str:
    """The name of a number of the schema; empty if it is none that is known here."""
    return names[number] if 0 <= number < len(names) else ""


def _read_quantization(quantization: Table | None) -> Quantization | None:
    scales = quantization.reals(QuantizationField.SCALE) if quantization else ()
    if quantization is None or not scales:
        return None
    points = quantization.numbers(QuantizationField.ZERO_POINT, "q")
    dimension = quantization.number(QuantizationField.QUANTIZED_DIMENSION, "i")
    return Quantization(scales, points or (0,) * len(scales), dimension)


def _operator_name(operator: Table, codes: Sequence[Table]) -> str:
    code = codes[operator.number(OperatorField.OPCODE_INDEX, "I")]
    number = max(
        code.number(OperatorCodeField.BUILTIN_CODE, "i"),
        code.number(OperatorCodeField.DEPRECATED_BUILTIN_CODE, "b"),
    )
    if number == CUSTOM:
        return custom_operator(code.text(OperatorCodeField.CUSTOM_CODE))
    return _named(OPERATORS, number) or f"operator number {number}"


def _read_layer(index: int, operator: Table, codes: Sequence[Table], tensor_count: int) -> Layer:
    name = _operator_name(operator, codes)
    known = Operator[name] if name in Operator.__members__ else None
    inputs = operator.numbers(OperatorField.INPUTS, "i")
    outputs = operator.numbers(OperatorField.OUTPUTS, "i")
    if any(i >= tensor_count for i in [*inputs, *outputs]) or any(i < 0 for i in outputs):
        raise IndexError(index)
    if not outputs and known:
        raise ModelError(f"layer {index} {name} has no output.", hint=CONVERT_AGAIN)
    return Layer(
        index=index,
        operator=known or name,
        inputs=tuple(None if i < 0 else i for i in inputs),
        outputs=outputs,
        options=_read_options(index, known, operator.table(OperatorField.BUILTIN_OPTIONS)) if known else None,
        version=codes[operator.number(OperatorField.OPCODE_INDEX, "I")].number(
            OperatorCodeField.VERSION, "i", 1
        ),
    )


_WITHOUT_OPTIONS = (Operator.RESHAPE, Operator.PAD, Operator.RELU, Operator.RELU6, Operator.LOGISTIC)
"""Those that need none: their tensors say all."""


def _read_options(index: int, operator: Operator, table: Table | None) -> Options:
    if table is None:
        if operator in _WITHOUT_OPTIONS:
            return None
        raise ModelError(f"layer {index} {operator} has no options.", hint=CONVERT_AGAIN)
    activation = partial(_activation, index, operator, table)
    match operator:
        case Operator.CONV_2D | Operator.DEPTHWISE_CONV_2D:
            of = Conv2DField if operator is Operator.CONV_2D else DepthwiseConv2DField
            return ConvolutionOptions(
                padding=_padding(table.number(of.PADDING, "b")),
                stride_height=_positive(table.number(of.STRIDE_H, "i")),
                stride_width=_positive(table.number(of.STRIDE_W, "i")),
                dilation_height=_positive(table.number(of.DILATION_H_FACTOR, "i", 1)),
                dilation_width=_positive(table.number(of.DILATION_W_FACTOR, "i", 1)),
                activation=activation(of.FUSED_ACTIVATION_FUNCTION),
            )
        case Operator.MAX_POOL_2D | Operator.AVERAGE_POOL_2D:
            return PoolOptions(
                padding=_padding(table.number(Pool2DField.PADDING, "b")),
                stride_height=_positive(table.number(Pool2DField.STRIDE_H, "i")),
                stride_width=_positive(table.number(Pool2DField.STRIDE_W, "i")),
                filter_height=_positive(table.number(Pool2DField.FILTER_HEIGHT, "i")),
                filter_width=_positive(table.number(Pool2DField.FILTER_WIDTH, "i")),
                activation=activation(Pool2DField.FUSED_ACTIVATION_FUNCTION),
            )
        case Operator.FULLY_CONNECTED:
            return FullyConnectedOptions(activation(FullyConnectedField.FUSED_ACTIVATION_FUNCTION))
        case Operator.ADD:
            return AddOptions(activation(AddField.FUSED_ACTIVATION_FUNCTION))
        case Operator.MEAN:
            return ReducerOptions(keep_dims=bool(table.number(ReducerField.KEEP_DIMS, "B")))
        case Operator.SOFTMAX:
            return SoftmaxOptions(beta=table.real(SoftmaxField.BETA))
        case _:
            return None  # what its tensors say is all


def _padding(number: int) -> Padding:
    return {0: Padding.SAME, 1: Padding.VALID}[number]


def _positive(value: int) -> int:
    if value < 1:
        raise ValueError(value)
    return value


def _activation(index: int, operator: Operator, options: Table, field: int) -> Activation:
    code = options.number(field, "b")
    if not 0 <= code < len(_ACTIVATIONS):
        raise ModelError(f"layer {index} {operator} has the unknown activation {code}.", hint=CONVERT_AGAIN)
    return _ACTIVATIONS[code]


_ACTIVATIONS = tuple(Activation)
"""By their numbers in schema.fbs."""
