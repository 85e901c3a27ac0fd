"""Writes a network as a .tflite file, the flatbuffers of tensorflow/lite/schema/schema.fbs (version 3).

TensorFlow's own converter of today makes neither uint8 models nor the hybrid ones of 2019, and the project
does not install TensorFlow. The same network gives the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence

import flatbuffers
import numpy as np
import tflite

from mcumatrix.model.network import (
    AddOptions,
    ConvolutionOptions,
    FullyConnectedOptions,
    Layer,
    Network,
    Operator,
    Padding,
    PoolOptions,
    Quantization,
    ReducerOptions,
    SoftmaxOptions,
    Tensor,
    TensorType,
    custom_name,
)

SCHEMA_VERSION = 3
DATA_ALIGNMENT_BYTES = 16  # force_align of Buffer.data in schema.fbs

_TYPES = {
    TensorType.FLOAT32: tflite.TensorType.FLOAT32,
    TensorType.INT32: tflite.TensorType.INT32,
    TensorType.UINT8: tflite.TensorType.UINT8,
    TensorType.INT8: tflite.TensorType.INT8,
    TensorType.INT16: tflite.TensorType.INT16,
    TensorType.INT64: tflite.TensorType.INT64,
    TensorType.BOOL: tflite.TensorType.BOOL,
}


def write_network(network: Network, description: str) -> bytes:
    """The contents of a .tflite file; an operator has the version of its first layer."""
    builder = flatbuffers.Builder(1024)
    constants = [tensor for tensor in network.tensors if tensor.data is not None]
    # Buffer 0 is empty by convention, and stands for all tensors that are computed.
    buffers = [_buffer(builder, data) for data in (None, *(tensor.data for tensor in constants))]
    places = {tensor.index: 1 + place for place, tensor in enumerate(constants)}
    operators = network.operators
    versions = {layer.operator: layer.version for layer in reversed(network.layers)}
    codes = [_operator_code(builder, operator, versions[operator]) for operator in operators]
    graph = _graph(builder, network, operators, places)
    parts = {
        "description": builder.CreateString(description),
        "codes": _offsets(builder, codes),
        "graphs": _offsets(builder, [graph]),
        "buffers": _offsets(builder, buffers),
    }
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, SCHEMA_VERSION)
    tflite.ModelAddOperatorCodes(builder, parts["codes"])
    tflite.ModelAddSubgraphs(builder, parts["graphs"])
    tflite.ModelAddDescription(builder, parts["description"])
    tflite.ModelAddBuffers(builder, parts["buffers"])
    builder.Finish(tflite.ModelEnd(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _buffer(builder: flatbuffers.Builder, data: bytes | None) -> int:
    vector = None
    if data is not None:
        builder.Prep(DATA_ALIGNMENT_BYTES, len(data))
        vector = builder.CreateByteVector(data)
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _operator_code(builder: flatbuffers.Builder, operator: str, version: int) -> int:
    own = custom_name(operator)
    code = tflite.BuiltinOperator.CUSTOM if own else getattr(tflite.BuiltinOperator, operator)
    name = builder.CreateString(own) if own else None
    tflite.OperatorCodeStart(builder)
    if name is not None:
        tflite.OperatorCodeAddCustomCode(builder, name)
    # Readers before TensorFlow 2.4 know the deprecated field alone, which was the only one then.
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, code)
    tflite.OperatorCodeAddBuiltinCode(builder, code)
    tflite.OperatorCodeAddVersion(builder, version)
    return int(tflite.OperatorCodeEnd(builder))


def _graph(
    builder: flatbuffers.Builder, network: Network, operators: Sequence[str], places: Mapping[int, int]
) -> int:
    tensors = _offsets(
        builder, [_tensor(builder, tensor, places.get(tensor.index, 0)) for tensor in network.tensors]
    )
    layers = _offsets(
        builder,
        [_layer(builder, network, layer, operators.index(layer.operator)) for layer in network.layers],
    )
    inputs, outputs = _integers(builder, network.inputs), _integers(builder, network.outputs)
    name = builder.CreateString("main")
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, layers)
    tflite.SubGraphAddName(builder, name)
    return int(tflite.SubGraphEnd(builder))


def _tensor(builder: flatbuffers.Builder, tensor: Tensor, place: int) -> int:
    name, shape = builder.CreateString(tensor.name), _integers(builder, tensor.shape)
    quantization = None if tensor.quantization is None else _quantization(builder, tensor.quantization)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, _TYPES[tensor.type])
    tflite.TensorAddBuffer(builder, place)
    tflite.TensorAddName(builder, name)
    if quantization is not None:
        tflite.TensorAddQuantization(builder, quantization)
    return int(tflite.TensorEnd(builder))


def _quantization(builder: flatbuffers.Builder, quantization: Quantization) -> int:
    scales = builder.CreateNumpyVector(np.array(quantization.scales, np.float32))
    zero_points = builder.CreateNumpyVector(np.array(quantization.zero_points, np.int64))
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scales)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_points)
    tflite.QuantizationParametersAddQuantizedDimension(builder, quantization.axis)
    return int(tflite.QuantizationParametersEnd(builder))


def _layer(builder: flatbuffers.Builder, network: Network, layer: Layer, code: int) -> int:
    # -1 is an input that is left out.
    inputs = _integers(builder, [-1 if index is None else index for index in layer.inputs])
    outputs = _integers(builder, layer.outputs)
    kind, options = _options(builder, network, layer)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, code)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if options is not None:
        tflite.OperatorAddBuiltinOptionsType(builder, kind)
        tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _options(builder: flatbuffers.Builder, network: Network, layer: Layer) -> tuple[int, int | None]:
    """The type of a layer's options in the union BuiltinOptions, and where they are."""
    union, options = tflite.BuiltinOptions, layer.options
    match options:
        case ConvolutionOptions() if layer.operator is Operator.CONV_2D:
            tflite.Conv2DOptionsStart(builder)
            _fill_convolution(builder, options, "Conv2DOptions")
            return union.Conv2DOptions, tflite.Conv2DOptionsEnd(builder)
        case ConvolutionOptions():
            source, weights = network.input_of(layer, 0), network.input_of(layer, 1)
            assert source is not None and weights is not None
            tflite.DepthwiseConv2DOptionsStart(builder)
            _fill_convolution(builder, options, "DepthwiseConv2DOptions")
            tflite.DepthwiseConv2DOptionsAddDepthMultiplier(builder, weights.shape[3] // source.shape[3])
            return union.DepthwiseConv2DOptions, tflite.DepthwiseConv2DOptionsEnd(builder)
        case PoolOptions():
            tflite.Pool2DOptionsStart(builder)
            tflite.Pool2DOptionsAddPadding(builder, _padding(options.padding))
            tflite.Pool2DOptionsAddStrideH(builder, options.stride_height)
            tflite.Pool2DOptionsAddStrideW(builder, options.stride_width)
            tflite.Pool2DOptionsAddFilterHeight(builder, options.filter_height)
            tflite.Pool2DOptionsAddFilterWidth(builder, options.filter_width)
            tflite.Pool2DOptionsAddFusedActivationFunction(builder, _activation(options.activation))
            return union.Pool2DOptions, tflite.Pool2DOptionsEnd(builder)
        case FullyConnectedOptions():
            tflite.FullyConnectedOptionsStart(builder)
            tflite.FullyConnectedOptionsAddFusedActivationFunction(builder, _activation(options.activation))
            return union.FullyConnectedOptions, tflite.FullyConnectedOptionsEnd(builder)
        case SoftmaxOptions():
            tflite.SoftmaxOptionsStart(builder)
            tflite.SoftmaxOptionsAddBeta(builder, options.beta)
            return union.SoftmaxOptions, tflite.SoftmaxOptionsEnd(builder)
        case AddOptions():
            tflite.AddOptionsStart(builder)
            tflite.AddOptionsAddFusedActivationFunction(builder, _activation(options.activation))
            return union.AddOptions, tflite.AddOptionsEnd(builder)
        case ReducerOptions():
            tflite.ReducerOptionsStart(builder)
            tflite.ReducerOptionsAddKeepDims(builder, options.keep_dims)
            return union.ReducerOptions, tflite.ReducerOptionsEnd(builder)
        case None:  # what its tensors say is all
            return union.NONE, None


def _fill_convolution(builder: flatbuffers.Builder, options: ConvolutionOptions, table: str) -> None:
    def add(field: str, value: int) -> None:
        setter: Callable[[flatbuffers.Builder, int], None] = getattr(tflite, f"{table}Add{field}")
        setter(builder, value)

    add("Padding", _padding(options.padding))
    add("StrideH", options.stride_height)
    add("StrideW", options.stride_width)
    add("DilationHFactor", options.dilation_height)
    add("DilationWFactor", options.dilation_width)
    add("FusedActivationFunction", _activation(options.activation))


def _padding(padding: Padding) -> int:
    return int(getattr(tflite.Padding, padding))


def _activation(activation: str) -> int:
    return int(getattr(tflite.ActivationFunctionType, activation))


def _integers(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    return int(builder.CreateNumpyVector(np.array(values, np.int32)))


def _offsets(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    """A vector of tables."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
