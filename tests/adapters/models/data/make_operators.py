"""Makes operators-*.tflite of this folder: the operators that every-option-*.tflite does not have.

Run it in the project's environment: .venv/bin/python -m tests.adapters.models.data.make_operators

Two inputs of different scales, and three outputs: sums with RELU6 on their way to means, means over the
channels, and probabilities. Padding with odd numbers, windows that reach over the border, means that do and
do not keep their dimensions.
"""

from pathlib import Path

import numpy as np

from mcumatrix.model.network import (
    Activation,
    AddOptions,
    Layer,
    Network,
    Operator,
    Padding,
    PoolOptions,
    Quantization,
    ReducerOptions,
    Tensor,
    TensorType,
)
from tools.models.tflite_writer import write_network

PROBABILITIES = Quantization((1 / 256,), (-128,))


class Maker:
    """Collects tensors and layers of a network."""

    def __init__(self, element: TensorType) -> None:
        self.element = element
        self.tensors: list[Tensor] = []
        self.layers: list[Layer] = []

    def tensor(self, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        index = len(self.tensors)
        quantization = Quantization((float(np.float32(scale)),), (zero_point,))
        quantization = quantization if self.element is TensorType.INT8 else None
        self.tensors.append(Tensor(index, f"t{index}", self.element, shape, quantization))
        return index

    def constant(self, values: list[int] | list[list[int]]) -> int:
        array = np.array(values, "<i4")
        index = len(self.tensors)
        self.tensors.append(Tensor(index, f"c{index}", TensorType.INT32, array.shape, data=array.tobytes()))
        return index

    def layer(self, operator: Operator, inputs: tuple[int, ...], output: int, options: object = None) -> int:
        self.layers.append(Layer(len(self.layers), operator, inputs, (output,), options, version=2))
        return output


def make(element: TensorType) -> bytes:
    make = Maker(element)
    first, second = make.tensor((1, 9, 8, 6), 0.05, 3), make.tensor((1, 9, 8, 6), 0.11, -20)
    sums = make.layer(
        Operator.ADD, (first, second), make.tensor((1, 9, 8, 6), 0.06, -100), AddOptions(Activation.RELU6)
    )
    pool = PoolOptions(Padding.SAME, 2, 2, 3, 4, Activation.RELU)
    pooled = make.layer(Operator.AVERAGE_POOL_2D, (sums,), make.tensor((1, 5, 4, 6), 0.06, -100), pool)
    padding = make.constant([[0, 0], [1, 2], [0, 1], [1, 0]])
    padded = make.layer(Operator.PAD, (pooled, padding), make.tensor((1, 8, 5, 7), 0.06, -100))
    scaled = make.layer(Operator.RELU, (padded,), make.tensor((1, 8, 5, 7), 0.04, -110))
    clipped = make.layer(Operator.RELU6, (scaled,), make.tensor((1, 8, 5, 7), 0.04, -110))
    channels = make.layer(
        Operator.MEAN,
        (clipped, make.constant([3])),
        make.tensor((1, 8, 5), 0.05, -120),
        ReducerOptions(keep_dims=False),
    )
    means = make.layer(
        Operator.MEAN,
        (clipped, make.constant([1, 2])),
        make.tensor((1, 1, 1, 7), 0.02, 5),
        ReducerOptions(keep_dims=True),
    )
    flat = make.layer(Operator.RESHAPE, (means,), make.tensor((1, 7), 0.02, 5))
    probabilities = make.tensor((1, 7), *PROBABILITIES.scales, *PROBABILITIES.zero_points)
    make.layer(Operator.LOGISTIC, (flat,), probabilities)
    network = Network(
        tuple(make.tensors), tuple(make.layers), (first, second), (probabilities, sums, channels)
    )
    return write_network(network, "mcumatrix: operators for tests")


def main() -> None:
    for element in (TensorType.FLOAT32, TensorType.INT8):
        (Path(__file__).parent / f"operators-{element}.tflite").write_bytes(make(element))


if __name__ == "__main__":
    main()
