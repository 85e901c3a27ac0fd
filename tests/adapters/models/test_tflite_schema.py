"""Names and numbers of the schema are those that the package tflite was generated from."""

from enum import IntEnum

import pytest
import tflite

from mcumatrix.adapters.models import tflite_schema as schema

TABLES = {
    "Model": schema.ModelField,
    "SubGraph": schema.SubGraphField,
    "Tensor": schema.TensorField,
    "QuantizationParameters": schema.QuantizationField,
    "OperatorCode": schema.OperatorCodeField,
    "Operator": schema.OperatorField,
    "Conv2DOptions": schema.Conv2DField,
    "DepthwiseConv2DOptions": schema.DepthwiseConv2DField,
    "Pool2DOptions": schema.Pool2DField,
    "FullyConnectedOptions": schema.FullyConnectedField,
    "AddOptions": schema.AddField,
    "ReducerOptions": schema.ReducerField,
    "SoftmaxOptions": schema.SoftmaxField,
}


class Slots:
    """Stands for a builder, and notes into which slot a generated writer puts a field."""

    def __init__(self) -> None:
        self.noted: list[int] = []

    def __getattr__(self, _name: str) -> object:
        return lambda slot, *_: self.noted.append(slot)


def _slot(table: str, field: str) -> int:
    slots = Slots()
    camel_case = "".join(part.capitalize() for part in field.split("_"))
    getattr(tflite, f"{table}Add{camel_case}")(slots, 0)
    [slot] = slots.noted
    return slot


@pytest.mark.parametrize("table", TABLES)
def test_fields_have_the_places_that_writers_give_them(table: str) -> None:
    fields: type[IntEnum] = TABLES[table]
    assert {field.name: field.value for field in fields} == {
        field.name: _slot(table, field.name) for field in fields
    }


def test_a_buffer_s_bytes_are_its_first_field() -> None:
    assert _slot("Buffer", "DATA") == schema.BUFFER_DATA


def test_operators_and_types_have_their_numbers() -> None:
    assert dict(enumerate(schema.OPERATORS)) == tflite.BUILTIN_OPCODE2NAME
    assert schema.CUSTOM == tflite.BuiltinOperator.CUSTOM
    types = {number: name for name, number in vars(tflite.TensorType).items() if isinstance(number, int)}
    assert dict(enumerate(schema.TENSOR_TYPES)) == types
