"""Reads .tflite files: the flatbuffers of tensorflow/lite/schema/schema.fbs."""

import struct
from pathlib import Path
from typing import Any

from mcumatrix.adapters.models.checks import CONVERT_AGAIN, check_network
from mcumatrix.errors import ModelError
from mcumatrix.model.network import (
    Activation,
    ConvolutionOptions,
    FullyConnectedOptions,
    Layer,
    Network,
    Operator,
    Options,
    Padding,
    PoolOptions,
    Quantization,
    SoftmaxOptions,
    Tensor,
    TensorType,
)

# What the readers of flatbuffers raise when they follow an offset that leads nowhere.
_BROKEN = (struct.error, IndexError, ValueError, TypeError, OverflowError)


def read_network(source: Path | bytes, *, hybrid: bool = False) -> Network:
    """Reads a model of one graph with one input, one output and fixed shapes.

    `hybrid` lets integer weights with float32 activations pass. No runtime computes them; it is for who looks
    at such a model, or shows what a runtime makes of it.

    Raises ModelError if the file cannot be read, is damaged, or holds what mcumatrix does not support; the
    message says which layer or tensor it is.
    """
    data, name = (read_contents(source), source.name) if isinstance(source, Path) else (source, "The model")
    _check_identifier(data, name)
    try:
        return _read_model(data, hybrid)
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
            hint="Check the path in the model's catalogue.",
        ) from error
    _check_identifier(data, path.name)
    return data


def _check_identifier(data: bytes, name: str) -> None:
    if data[4:8] != b"TFL3":
        raise ModelError(
            f"{name} is not a .tflite file: bytes 4 to 7 are not TFL3.",
            hint="Give the path of a model that TensorFlow Lite's converter wrote.",
        )


def operator_names(data: bytes) -> tuple[str, ...]:
    """The operators of a model's first graph in order, named as in schema.fbs, whether supported or not.

    Raises ModelError if the file is damaged or of another kind.
    """
    import tflite

    if data[4:8] != b"TFL3":
        raise ModelError("The model is not a .tflite file: bytes 4 to 7 are not TFL3.", hint=CONVERT_AGAIN)
    try:
        model = tflite.Model.GetRootAs(data, 0)
        graph = model.Subgraphs(0)
        count = _count(graph.OperatorsLength(), data)
        return tuple(_operator_name(data, model, graph.Operators(index)) for index in range(count))
    except (*_BROKEN, AttributeError) as error:
        raise ModelError("The model is cut short or damaged.", hint=CONVERT_AGAIN) from error


def _read_model(data: bytes, hybrid: bool) -> Network:
    import tflite

    model = tflite.Model.GetRootAs(data, 0)
    graphs = _count(model.SubgraphsLength(), data)
    if graphs != 1:
        raise ModelError(
            f"there are {graphs} subgraphs; only one is supported.",
            hint="Control flow (if, while) makes subgraphs: build the model without it.",
        )
    graph = model.Subgraphs(0)
    network = Network(
        tensors=tuple(
            _read_tensor(data, model, graph, index) for index in range(_count(graph.TensorsLength(), data))
        ),
        layers=tuple(
            _read_layer(data, model, graph, index) for index in range(_count(graph.OperatorsLength(), data))
        ),
        input_index=_only("input", [graph.Inputs(i) for i in range(_count(graph.InputsLength(), data))]),
        output_index=_only("output", [graph.Outputs(i) for i in range(_count(graph.OutputsLength(), data))]),
    )
    check_network(network, hybrid=hybrid)
    return network


def _count(length: int, data: bytes) -> int:
    """The length of a vector; no vector has more elements than the file has bytes."""
    if length > len(data):
        raise IndexError(length)
    return length


def _only(what: str, indices: list[int]) -> int:
    if len(indices) != 1:
        raise ModelError(
            f"there are {len(indices)} {what}s; only one is supported.",
            hint=f"Build the model with one {what}.",
        )
    return indices[0]


def _read_tensor(data: bytes, model: Any, graph: Any, index: int) -> Tensor:
    import tflite

    tensor = graph.Tensors(index)
    name = (tensor.Name() or b"").decode()
    label = f"tensor {index} {name!r}"
    type_names = {code: key for key, code in vars(tflite.TensorType).items() if isinstance(code, int)}
    type_name = type_names.get(tensor.Type(), f"number {tensor.Type()}")
    if type_name not in TensorType.__members__:
        raise ModelError(
            f"{label} has elements of type {type_name}.", hint=f"Supported: {', '.join(TensorType)}."
        )
    shape = tuple(tensor.Shape(i) for i in range(_count(tensor.ShapeLength(), data)))
    signature = tuple(tensor.ShapeSignature(i) for i in range(_count(tensor.ShapeSignatureLength(), data)))
    if any(size < 0 for size in (*shape, *signature)):
        raise ModelError(
            f"{label} has a dynamic shape: {list(signature or shape)}.",
            hint="Convert the model with a fixed batch size, as in keras.Input(shape, batch_size=1).",
        )
    if any(size == 0 for size in shape):
        raise ModelError(f"{label} is empty: {list(shape)}.", hint=CONVERT_AGAIN)
    result = Tensor(
        index=index,
        name=name,
        type=TensorType[type_name],
        shape=shape,
        quantization=_read_quantization(data, tensor.Quantization()),
        data=_read_buffer(data, model, tensor.Buffer()),
    )
    if result.data is not None and len(result.data) != result.size_bytes:
        raise ModelError(
            f"{label} has {len(result.data)} bytes of data and needs {result.size_bytes}.",
            hint=CONVERT_AGAIN,
        )
    return result


def _read_buffer(data: bytes, model: Any, index: int) -> bytes | None:
    """A buffer's bytes; None if it is empty, which means that its tensor is computed."""
    if index >= _count(model.BuffersLength(), data):
        raise IndexError(index)
    buffer = model.Buffers(index)
    return None if buffer.DataLength() == 0 else bytes(buffer.DataAsNumpy())


def _read_quantization(data: bytes, quantization: Any) -> Quantization | None:
    if quantization is None or quantization.ScaleLength() == 0:
        return None
    scales = tuple(float(quantization.Scale(i)) for i in range(_count(quantization.ScaleLength(), data)))
    points = tuple(quantization.ZeroPoint(i) for i in range(_count(quantization.ZeroPointLength(), data)))
    return Quantization(scales, points or (0,) * len(scales), quantization.QuantizedDimension())


def _operator_name(data: bytes, model: Any, operator: Any) -> str:
    import tflite

    if operator.OpcodeIndex() >= _count(model.OperatorCodesLength(), data):
        raise IndexError(operator.OpcodeIndex())
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Codes up to 126 are in the older field, which has eight bits; see schema.fbs.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = str(tflite.BUILTIN_OPCODE2NAME.get(number, f"operator number {number}"))
    return f"CUSTOM {(code.CustomCode() or b'').decode()!r}" if name == "CUSTOM" else name


def _read_layer(data: bytes, model: Any, graph: Any, index: int) -> Layer:
    operator = graph.Operators(index)
    name = _operator_name(data, model, operator)
    if name not in Operator.__members__:
        raise ModelError(
            f"layer {index} is {name}, which is not supported.", hint=f"Supported: {', '.join(Operator)}."
        )
    inputs = [operator.Inputs(i) for i in range(_count(operator.InputsLength(), data))]
    outputs = [operator.Outputs(i) for i in range(_count(operator.OutputsLength(), data))]
    if any(i >= graph.TensorsLength() for i in [*inputs, *outputs]) or any(i < 0 for i in outputs):
        raise IndexError(index)
    return Layer(
        index=index,
        operator=Operator[name],
        inputs=tuple(None if i < 0 else i for i in inputs),
        output=_only(f"{name} output", outputs),
        options=_read_options(index, Operator[name], operator.BuiltinOptions()),
    )


def _read_options(index: int, operator: Operator, table: Any) -> Options:
    import tflite

    if operator is Operator.RESHAPE:
        return None
    if table is None:
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
        case Operator.MAX_POOL_2D:
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
        case Operator.SOFTMAX:
            return SoftmaxOptions(beta=float(fill(tflite.SoftmaxOptions()).Beta()))


def _padding(options: Any) -> Padding:
    return (Padding.SAME, Padding.VALID)[options.Padding()]


def _positive(value: int) -> int:
    if value < 1:
        raise ValueError(value)
    return value


def _activation(index: int, operator: Operator, options: Any) -> Activation:
    code = options.FusedActivationFunction()
    names = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
    name = names[code] if 0 <= code < len(names) else f"number {code}"
    if name not in Activation.__members__:
        raise ModelError(
            f"layer {index} {operator} has the activation {name}, which is not supported.",
            hint=f"Supported: {', '.join(Activation)}.",
        )
    return Activation[name]
