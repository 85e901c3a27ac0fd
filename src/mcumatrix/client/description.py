"""What a board says of itself and of the model that it has."""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from mcumatrix.client.errors import DamagedAnswerError, UnfitInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

DTYPES = {0: "<f4", 2: "<i4", 3: "u1", 4: "<i8", 6: "?", 7: "<i2", 9: "i1"}
"""What NumPy calls the types of elements, by their codes in TensorFlow Lite's schema.fbs (TensorType)."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of the model.

    For integers, real = scale * (element - zero_point); `scale` is 0 where there is none.
    """

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    scale: float
    zero_point: int

    @cached_property
    def size_bytes(self) -> int:
        """How many bytes its elements take."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def is_quantised(self) -> bool:
        """Whether its elements are integers that stand for real numbers."""
        return self.scale != 0 and self.dtype.kind in "iu"

    def elements(self, array: Any, what: str) -> "Array":
        """An array as elements of this tensor: reshaped where only the shape differs, and quantised where it
        has real numbers and the tensor integers that stand for such. `what` names it in errors.

        Raises:
            UnfitInputError: it has not as many elements, or they are of another type.
        """
        import numpy as np

        shape = "x".join(map(str, self.shape)) or "1"
        try:
            given = np.asarray(array)
        except ValueError as error:
            raise UnfitInputError(
                f"{what} is none: its rows are not equally long.",
                hint=f"Give one of {prod(self.shape)} elements ({shape}).",
            ) from error
        if given.size != prod(self.shape):
            raise UnfitInputError(
                f"{what} has {given.size} elements, and the model takes {prod(self.shape)} ({shape}).",
                hint="Give an array of that shape, or one that can be reshaped to it.",
            )
        if given.dtype.kind == "f" and self.is_quantised:
            limits = np.iinfo(self.dtype)
            if not np.isfinite(given).all():
                raise UnfitInputError(
                    f"{what} has numbers that are not finite, and the model takes {self.dtype.name}.",
                    hint="Replace them: no integer stands for NaN or infinity.",
                )
            steps = np.rint(given.astype(np.float64) / self.scale) + self.zero_point
            return steps.clip(limits.min, limits.max).astype(self.dtype).reshape(self.shape)
        if not np.can_cast(given.dtype, self.dtype, "same_kind" if given.dtype.kind == "f" else "safe"):
            raise UnfitInputError(
                f"{what} has elements of type {given.dtype.name}, and the model takes {self.dtype.name}.",
                hint=f"Convert it on purpose, as in array.astype({self.dtype.name!r}).",
            )
        return given.astype(self.dtype).reshape(self.shape)

    def array(self, data: bytes) -> "Array":
        """The elements that some bytes are. Raises DamagedAnswerError."""
        import numpy as np

        if len(data) != self.size_bytes:
            raise DamagedAnswerError(
                f"The board has sent {len(data)} bytes for an output of {self.size_bytes}.",
                hint="Check the cable, and ask again.",
            )
        return np.frombuffer(data, self.dtype).reshape(self.shape).copy()

    def real(self, elements: "Array") -> "Array":
        """The real numbers that elements stand for: float32, or as they are where they stand for none."""
        import numpy as np

        if not self.is_quantised:
            return elements
        return ((elements.astype(np.float64) - self.zero_point) * self.scale).astype(np.float32)


@dataclass(frozen=True)
class Description:
    """A board with an image that has an inference server.

    `clock_hz` is the core's clock as it reads it back. `chunk_bytes` is how much it takes at once. `layers`
    are the names of the model's operators, as TensorFlow Lite's schema has them.
    """

    protocol: int
    build_id: str
    board: str
    runtime: str
    kernels: str
    model: str
    clock_hz: int
    chunk_bytes: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: tuple[str, ...]
