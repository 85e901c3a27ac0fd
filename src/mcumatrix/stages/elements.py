"""Elements: the numbers in the bytes of a tensor, as a board sends them (little-endian)."""

import struct

from mcumatrix.model.network import TensorType

ELEMENTS = {
    0: (TensorType.FLOAT32, "f"),
    2: (TensorType.INT32, "i"),
    3: (TensorType.UINT8, "B"),
    4: (TensorType.INT64, "q"),
    6: (TensorType.BOOL, "?"),
    7: (TensorType.INT16, "h"),
    9: (TensorType.INT8, "b"),
}
"""By the codes of TensorType in TensorFlow Lite's schema.fbs: the type, and how `struct` calls it."""

_LETTERS = dict(ELEMENTS.values())


def elements_of(element: TensorType, data: bytes) -> tuple[float, ...]:
    """The elements in some bytes, whole numbers for integer types; none where they are not whole elements."""
    letter = _LETTERS[element]
    count, rest = divmod(len(data), struct.calcsize(letter))
    return () if rest else tuple(map(float, struct.unpack(f"<{count}{letter}", data)))
