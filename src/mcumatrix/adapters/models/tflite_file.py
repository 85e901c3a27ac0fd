"""Reads .tflite files: the flatbuffers of tensorflow/lite/schema/schema.fbs."""

import struct
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

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

# What the readers of flatbuffers raise when they follow an offset that leads nowhere.
_BROKEN = (struct.error, IndexError, ValueError, TypeError, OverflowError)


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
    except _BROKEN as error:
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
    import tflite

    model = tflite.Model.GetRootAs(data, 0)
    graphs = _count(model.SubgraphsLength(), data)
    if graphs == 0:
        raise IndexError(graphs)
    graph = model.Subgraphs(0)
    network = Network(
        tensors=tuple(
            _read_tensor(data, model, graph, index) for index in range(_count(graph.TensorsLength(), data))
        ),
        layers=tuple(
            _read_layer(data, model, graph, index) for index in range(_count(graph.OperatorsLength(), data))
        ),
        inputs=tuple(graph.Inputs(i) for i in range(_count(graph.InputsLength(), data))),
        outputs=tuple(graph.Outputs(i) for i in range(_count(graph.OutputsLength(), data))),
        graph_count=graphs,
        called=tuple(_called(data, model, graphs)),
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


def _called(data: bytes, model: Any, graphs: int) -> Iterator[str]:
    """The operators of all graphs but the first."""
    for graph in (model.Subgraphs(index) for index in range(1, graphs)):
        for index in range(_count(graph.OperatorsLength(), data)):
            yield _operator_name(data, model, graph.Operators(index))


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


def _count(length: int, data: bytes) -> int:
    """The length of a vector; no vector has more elements than the file has bytes."""
    if length > len(data):
        raise IndexError(length)
    return length


def _label(index: int, name: str) -> str:
    return f"tensor {index} {name!r}"


def _read_tensor(data: bytes, model: Any, graph: Any, index: int) -> Tensor:
    tensor = graph.Tensors(index)
    name = (tensor.Name() or b"").decode()
    label = _label(index, name)
    type_names = _type_names()
    type_name = type_names.get(tensor.Type(), f"number {tensor.Type()}")
    if type_name not in TensorType.__members__:
        raise ModelError(
            f"{label} has elements of type {type_name}.",
            hint="The file is damaged, or made for a later TensorFlow Lite than is known here.",
        )
    # The signature has -1 where a batch can have any size. Libraries for microcontrollers, and so we, go by
    # the shape alone, which has the size that was fixed.
    shape = tuple(tensor.Shape(i) for i in range(_count(tensor.ShapeLength(), data)))
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
        quantization=_read_quantization(data, tensor.Quantization()),
        data=_read_buffer(data, model, tensor.Buffer()),
        is_variable=bool(tensor.IsVariable()),
    )
    is_plain = result.type.size_bits > 0 and tensor.Sparsity() is None
    if result.data is not None and is_plain and len(result.data) != result.size_bytes:
        raise ModelError(
            f"{label} has {len(result.data)} bytes of data and needs {result.size_bytes}.",
            hint=CONVERT_AGAIN,
        )
    return result


@cache
def _type_names() -> dict[int, str]:
    import tflite

    return {code: key for key, code in vars(tflite.TensorType).items() if isinstance(code, int)}


def _read_buffer(data: bytes, model: Any, index: int) -> bytes | None:
    """A buffer's bytes; None if it is empty, which means that its tensor is computed."""
    if index >= _count(model.BuffersLength(), data):
        raise IndexError(index)
    buffer = model.Buffers(index)
    return None if _count(buffer.DataLength(), data) == 0 else bytes(buffer.DataAsNumpy())


def _read_quantization(data: bytes, quantization: Any) -> Quantization | None:
    if quantization is None or quantization.ScaleLength() == 0:
        return None
    _count(quantization.ScaleLength(), data)
    scales = tuple(quantization.ScaleAsNumpy().tolist())
    has_points = _count(quantization.ZeroPointLength(), data) > 0
    points = tuple(quantization.ZeroPointAsNumpy().tolist()) if has_points else ()
    return Quantization(scales, points or (0,) * len(scales), quantization.QuantizedDimension())


def _operator_name(data: bytes, model: Any, operator: Any) -> str:
    import tflite

    if operator.OpcodeIndex() >= _count(model.OperatorCodesLength(), data):
        raise IndexError(operator.OpcodeIndex())
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Codes up to 126 are in the older field, which has eight bits; see schema.fbs.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    if number == tflite.BuiltinOperator.CUSTOM:
        return custom_operator((code.CustomCode() or b"").decode())
    return str(tflite.BUILTIN_OPCODE2NAME.get(number, f"operator number {number}"))


def _read_layer(data: bytes, model: Any, graph: Any, index: int) -> Layer:
    operator = graph.Operators(index)
    name = _operator_name(data, model, operator)
    known = Operator[name] if name in Operator.__members__ else None
    inputs = [operator.Inputs(i) for i in range(_count(operator.InputsLength(), data))]
    outputs = [operator.Outputs(i) for i in range(_count(operator.OutputsLength(), data))]
    if any(i >= graph.TensorsLength() for i in [*inputs, *outputs]) or any(i < 0 for i in outputs):
        raise IndexError(index)
    if not outputs and known:
        raise ModelError(f"layer {index} {name} has no output.", hint=CONVERT_AGAIN)
    return Layer(
        index=index,
        operator=known or name,
        inputs=tuple(None if i < 0 else i for i in inputs),
        outputs=tuple(outputs),
        options=_read_options(index, known, operator.BuiltinOptions()) if known else None,
        version=model.OperatorCodes(operator.OpcodeIndex()).Version(),
    )


_WITHOUT_OPTIONS = (Operator.RESHAPE, Operator.PAD, Operator.RELU, Operator.RELU6, Operator.LOGISTIC)
"""Those that need none: their tensors say all."""


def _read_options(index: int, operator: Operator, table: Any) -> Options:
    import tflite

    if table is None and operator not in _WITHOUT_OPTIONS:
        raise ModelError(f"layer {index} {operator} has no options.", hint=CONVERT_AGAIN)

    def fill(options: Any) -> Any:
        options.Init(table.Bytes, table.Pos)
        return options

    match operator:
        case Operator.CONV_2D | Operator.DEPTHWISE_CONV_2D:
            is_plain = operator is Operator.CONV_2D
            convolution = fill(tflite.Conv2DOptions() if is_plain else tflite.DepthwiseConv2DOptions())
            return ConvolutionOptions(
                padding=_padding(convolution),
                stride_height=_positive(convolution.StrideH()),
                stride_width=_positive(convolution.StrideW()),
                dilation_height=_positive(convolution.DilationHFactor()),
                dilation_width=_positive(convolution.DilationWFactor()),
                activation=_activation(index, operator, convolution),
            )
        case Operator.MAX_POOL_2D | Operator.AVERAGE_POOL_2D:
            pool = fill(tflite.Pool2DOptions())
            return PoolOptions(
                padding=_padding(pool),
                stride_height=_positive(pool.StrideH()),
                stride_width=_positive(pool.StrideW()),
                filter_height=_positive(pool.FilterHeight()),
                filter_width=_positive(pool.FilterWidth()),
                activation=_activation(index, operator, pool),
            )
        case Operator.FULLY_CONNECTED:
            dense = fill(tflite.FullyConnectedOptions())
            return FullyConnectedOptions(activation=_activation(index, operator, dense))
        case Operator.ADD:
            return AddOptions(activation=_activation(index, operator, fill(tflite.AddOptions())))
        case Operator.MEAN:
            return ReducerOptions(keep_dims=bool(fill(tflite.ReducerOptions()).KeepDims()))
        case Operator.SOFTMAX:
            return SoftmaxOptions(beta=float(fill(tflite.SoftmaxOptions()).Beta()))
        case _:
            return None  # what its tensors say is all


def _padding(options: Any) -> Padding:
    return (Padding.SAME, Padding.VALID)[options.Padding()]


def _positive(value: int) -> int:
    if value < 1:
        raise ValueError(value)
    return value


def _activation(index: int, operator: Operator, options: Any) -> Activation:
    code = int(options.FusedActivationFunction())
    if not 0 <= code < len(_ACTIVATIONS):
        raise ModelError(f"layer {index} {operator} has the unknown activation {code}.", hint=CONVERT_AGAIN)
    return _ACTIVATIONS[code]


_ACTIVATIONS = tuple(Activation)
"""By their numbers in schema.fbs."""
