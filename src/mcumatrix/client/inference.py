"""What an inference on a board has given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcumatrix.client.description import Array


@dataclass(frozen=True)
class Layer:
    """The time of one layer, in cycles of the core's clock."""

    operator: str
    cycles: int


@dataclass(frozen=True)
class Inference:
    """One inference.

    `outputs` has an array for each output tensor, of its type and shape; `reals` the same as real numbers,
    where integers stand for such. `cycles` is the time of the whole, with what the runtime does between
    layers. `layers` is empty where the model has more than 448 layers, which fit no answer.
    """

    outputs: "tuple[Array, ...]"
    reals: "tuple[Array, ...]"
    cycles: int
    layers: tuple[Layer, ...]
    clock_hz: int

    @property
    def output(self) -> "Array":
        """The only output, or the first one, as real numbers."""
        return self.reals[0]

    @property
    def milliseconds(self) -> float:
        """The time of the whole."""
        return self.cycles * 1000 / self.clock_hz
