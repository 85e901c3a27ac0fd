"""Tables, vectors and strings are read where they lie, and nothing beyond the file is."""

import struct
from contextlib import suppress

import flatbuffers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.adapters.models.flatbuffer import BROKEN, Table


def _written() -> bytes:
    """By the package: fields 0, 1, 7 numbers, 2 a text, 3 numbers, 4 a table with a real, 5 tables."""
    builder = flatbuffers.Builder(0)
    builder.StartObject(1)
    builder.PrependFloat32Slot(0, 0.5, 0.0)
    inner = builder.EndObject()
    text = builder.CreateString("wörter")
    builder.StartVector(8, 2, 8)
    builder.PrependInt64(-(2**40))
    builder.PrependInt64(7)
    numbers = builder.EndVector()
    builder.StartVector(4, 2, 4)
    builder.PrependUOffsetTRelative(inner)
    builder.PrependUOffsetTRelative(inner)
    tables = builder.EndVector()
    builder.StartObject(8)
    builder.PrependInt8Slot(0, -5, 0)
    builder.PrependUint32Slot(1, 2**32 - 1, 0)
    for slot, offset in ((2, text), (3, numbers), (4, inner), (5, tables)):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependBoolSlot(7, True, False)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


WRITTEN = _written()


def test_what_the_package_writes_is_read() -> None:
    table = Table.root(WRITTEN)
    assert (table.number(0, "b"), table.number(1, "I"), table.number(7, "B")) == (-5, 2**32 - 1, 1)
    assert table.text(2) == "wörter"
    assert table.contents(2) == "wörter".encode()
    assert table.numbers(3, "q") == (7, -(2**40))
    inner = table.table(4)
    assert inner is not None
    assert inner.real(0) == 0.5
    assert [each.real(0) for each in table.tables(5)] == [0.5, 0.5]


@pytest.mark.parametrize("field", [6, 8, 1000])
def test_a_field_that_is_not_there_has_its_default(field: int) -> None:
    table = Table.root(WRITTEN)
    assert (table.number(field, "i", 3), table.real(field), table.table(field)) == (3, 0.0, None)
    assert (table.tables(field), table.numbers(field, "i"), table.contents(field)) == ((), (), b"")
    assert table.text(field) == ""


def _read_all(data: bytes) -> None:
    table = Table.root(data)
    for field in range(8):
        table.number(field, "q")
        table.real(field)
        table.table(field)
        table.tables(field)
        table.numbers(field, "q")
        table.reals(field)
        table.text(field)


@given(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255))
def test_a_byte_that_was_changed_is_refused_or_read_as_it_stands(place: int, byte: int) -> None:
    data = WRITTEN[:place] + bytes([byte]) + WRITTEN[place + 1 :]
    with suppress(BROKEN):
        _read_all(data)


@pytest.mark.parametrize("size", range(len(WRITTEN)))
def test_a_file_that_was_cut_short_is_refused(size: int) -> None:
    with pytest.raises(BROKEN):
        _read_all(WRITTEN[:size])


@pytest.mark.parametrize("offset", [2**32 - 4, len(WRITTEN), len(WRITTEN) - 2])
def test_an_offset_that_leads_out_of_the_file_is_refused(offset: int) -> None:
    with pytest.raises(BROKEN):
        Table.root(struct.pack("<I", offset) + WRITTEN[4:])


def test_a_table_before_the_file_is_refused() -> None:
    """To struct, a negative place is one from the end on."""
    with pytest.raises(BROKEN):
        Table(struct.pack("<i", 1000) + bytes(2000), 0)


def test_a_vector_that_is_longer_than_the_file_is_refused_before_it_is_made() -> None:
    table = Table.root(WRITTEN.replace(struct.pack("<I", 2), struct.pack("<I", 2**31 - 1)))
    for read in (lambda: table.numbers(3, "q"), lambda: table.tables(5)):
        with pytest.raises(IndexError):
            read()
