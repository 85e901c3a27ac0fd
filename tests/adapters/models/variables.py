"""A small model with a variable: it adds up what it is asked, from what a graph of its own assigns."""

import flatbuffers
import numpy as np
import tflite

SIZE = 4
BEGIN = np.array([10, 20, 30, 40], "<f4")
"""What the sum begins with."""

INPUT, HANDLE, KEPT, SUM = range(4)
FIRST = 1
"""The tensor of the second graph with what the sum begins with."""

CODES = ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ADD", "ASSIGN_VARIABLE")


def make_adding_up() -> bytes:
    """The model's file: float32 of one dimension in and out."""
    builder = flatbuffers.Builder(1024)
    codes = [_code(builder, name) for name in CODES]
    main = _graph(
        builder,
        [("input", tflite.TensorType.FLOAT32, [SIZE], 0), *_tensors("kept", "sum")],
        [
            _operator(builder, "CALL_ONCE", [], [], "CallOnceOptions", InitSubgraphIndex=1),
            _handle(builder, HANDLE),
            _operator(builder, "READ_VARIABLE", [HANDLE], [KEPT], "ReadVariableOptions"),
            _operator(builder, "ADD", [INPUT, KEPT], [SUM], "AddOptions"),
            _operator(builder, "ASSIGN_VARIABLE", [HANDLE, SUM], [], "AssignVariableOptions"),
        ],
        [INPUT],
        [SUM],
    )
    begin = _graph(
        builder,
        [("handle", tflite.TensorType.RESOURCE, [1], 0), ("first", tflite.TensorType.FLOAT32, [SIZE], 1)],
        [
            _handle(builder, 0),
            _operator(builder, "ASSIGN_VARIABLE", [0, FIRST], [], "AssignVariableOptions"),
        ],
        [],
        [],
    )
    buffers = [_buffer(builder, b""), _buffer(builder, BEGIN.tobytes())]
    parts = [_vector(builder, items) for items in (codes, [main, begin], buffers)]
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, parts[0])
    tflite.ModelAddSubgraphs(builder, parts[1])
    tflite.ModelAddBuffers(builder, parts[2])
    builder.Finish(tflite.ModelEnd(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _tensors(*names: str) -> list[tuple[str, int, list[int], int]]:
    handle = ("handle", tflite.TensorType.RESOURCE, [1], 0)
    return [handle, *((name, tflite.TensorType.FLOAT32, [SIZE], 0) for name in names)]


def _code(builder: flatbuffers.Builder, name: str) -> int:
    number = getattr(tflite.BuiltinOperator, name)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, 127))
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    tflite.OperatorCodeAddVersion(builder, 1)
    return tflite.OperatorCodeEnd(builder)


def _buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    builder.Prep(16, len(data))
    vector = builder.CreateByteVector(data) if data else None
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return tflite.BufferEnd(builder)


def _handle(builder: flatbuffers.Builder, output: int) -> int:
    names = {name: builder.CreateString(text) for name, text in (("Container", ""), ("SharedName", "sum"))}
    return _operator(builder, "VAR_HANDLE", [], [output], "VarHandleOptions", **names)


def _operator(
    builder: flatbuffers.Builder,
    name: str,
    inputs: list[int],
    outputs: list[int],
    options: str,
    **fields: int,
) -> int:
    ends = [builder.CreateNumpyVector(np.array(indices, np.int32)) for indices in (inputs, outputs)]
    getattr(tflite, f"{options}Start")(builder)
    for field, value in fields.items():
        getattr(tflite, f"{options}Add{field}")(builder, value)
    table = getattr(tflite, f"{options}End")(builder)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, CODES.index(name))
    tflite.OperatorAddInputs(builder, ends[0])
    tflite.OperatorAddOutputs(builder, ends[1])
    tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, options))
    tflite.OperatorAddBuiltinOptions(builder, table)
    return tflite.OperatorEnd(builder)


def _graph(
    builder: flatbuffers.Builder,
    tensors: list[tuple[str, int, list[int], int]],
    operators: list[int],
    inputs: list[int],
    outputs: list[int],
) -> int:
    made = []
    for name, kind, shape, buffer in tensors:
        parts = builder.CreateString(name), builder.CreateNumpyVector(np.array(shape, np.int32))
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, parts[1])
        tflite.TensorAddType(builder, kind)
        tflite.TensorAddBuffer(builder, buffer)
        tflite.TensorAddName(builder, parts[0])
        made.append(tflite.TensorEnd(builder))
    vectors = [_vector(builder, made), _vector(builder, operators)]
    ends = [builder.CreateNumpyVector(np.array(indices, np.int32)) for indices in (inputs, outputs)]
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, vectors[0])
    tflite.SubGraphAddInputs(builder, ends[0])
    tflite.SubGraphAddOutputs(builder, ends[1])
    tflite.SubGraphAddOperators(builder, vectors[1])
    return tflite.SubGraphEnd(builder)


def _vector(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
