"""Writes the four networks of MLPerf Tiny with weights that mean nothing: mlperf-*.tflite.

Run it in the project's environment: .venv/bin/python -m tools.models.mlperf_tiny

Their layers, shapes, strides, paddings, types and quantisation (one scale a channel in convolutions)
are those of the reference models in benchmark/training/*/trained_models of github.com/mlcommons/tiny:
ad01_int8, kws_ref_model, pretrainedResnet_quant and vww_96_int8. How long a network takes does not depend on
its weights, so that these stand for the originals in tests and where there is no network; they recognise
nothing.

Weights come from SHAKE-256 and begin again after a prime number of elements: no two filters are the same, and
archives of them are small. Scales are chosen so that activations fill their range, as far as that is known
from the number of products in a sum.
"""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from mcumatrix.model.network import (
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
    SoftmaxOptions,
    Tensor,
    TensorType,
    padded_size,
)
from tools.models import MODELS
from tools.models.tflite_writer import write_network

PERIOD = 2039
"""After so many elements the weights of a layer repeat."""

WEIGHT_RMS = math.sqrt(127 * 128 / 3)
"""Of whole numbers from -127 to 127 that are all equally likely."""

LEVELS = 48
"""How many elements of a tensor without an activation lie within its root mean square."""

LOGITS_RMS = 3.0
"""So large that probabilities differ."""

PROBABILITIES = Quantization((1 / 256,), (-128,))

VERSIONS = {
    Operator.ADD: 2,
    Operator.AVERAGE_POOL_2D: 2,
    Operator.CONV_2D: 3,
    Operator.DEPTHWISE_CONV_2D: 3,
    Operator.FULLY_CONNECTED: 4,
    Operator.RESHAPE: 1,
    Operator.SOFTMAX: 2,
}


@dataclass(frozen=True, slots=True)
class Activations:
    """A tensor that is computed; `rms` is the root mean square of its real values, as far as is known."""

    index: int
    shape: tuple[int, ...]
    rms: float


@dataclass(slots=True)
class Builder:
    """Collects tensors and layers, each layer behind the one before."""

    name: str
    tensors: list[Tensor] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)

    def input(self, shape: tuple[int, ...], scale: float, zero_point: int) -> Activations:
        levels = math.hypot(zero_point, 128 / math.sqrt(3))
        return self._tensor("input", shape, scale, zero_point, rms=levels * scale)

    def convolve(
        self, source: Activations, channels: int, size: tuple[int, int], stride: int, *, relu: bool = True
    ) -> Activations:
        weights = (channels, *size, source.shape[3])
        shape = self._image(source, channels, size, stride)
        options = ConvolutionOptions(Padding.SAME, stride, stride, activation=_activation(relu))
        return self._weighted(Operator.CONV_2D, source, weights, shape, options)

    def convolve_depthwise(self, source: Activations, size: tuple[int, int], stride: int) -> Activations:
        weights = (1, *size, source.shape[3])
        shape = self._image(source, source.shape[3], size, stride)
        options = ConvolutionOptions(Padding.SAME, stride, stride, activation=Activation.RELU)
        return self._weighted(Operator.DEPTHWISE_CONV_2D, source, weights, shape, options)

    def connect(
        self, source: Activations, channels: int, *, relu: bool = False, rms: float | None = None
    ) -> Activations:
        options = FullyConnectedOptions(_activation(relu))
        weights = (channels, source.shape[1])
        return self._weighted(Operator.FULLY_CONNECTED, source, weights, (1, channels), options, rms=rms)

    def add(self, first: Activations, second: Activations) -> Activations:
        rms = math.hypot(first.rms, second.rms)
        result = self._tensor("sum", first.shape, rms / LEVELS / 2, -128, rms=rms / math.sqrt(2))
        self._layer(Operator.ADD, (first.index, second.index), result, AddOptions(Activation.RELU))
        return result

    def average(self, source: Activations) -> Activations:
        """The mean of each channel, as a row."""
        _, height, width, depth = source.shape
        quantization = self.tensors[source.index].quantization
        assert quantization is not None
        scale, zero_point = quantization.scales[0], quantization.zero_points[0]
        pooled = self._tensor("mean", (1, 1, 1, depth), scale, zero_point, rms=source.rms)
        options = PoolOptions(Padding.VALID, height, width, height, width)
        self._layer(Operator.AVERAGE_POOL_2D, (source.index,), pooled, options)
        row = self._tensor("row", (1, depth), scale, zero_point, rms=source.rms)
        shape = self._constant("shape", np.array([-1, depth], "<i4"), None)
        self._layer(Operator.RESHAPE, (pooled.index, shape), row, None)
        return row

    def classify(self, source: Activations, classes: int) -> Activations:
        logits = self.connect(source, classes, rms=LOGITS_RMS)
        scale, zero_point = PROBABILITIES.scales[0], PROBABILITIES.zero_points[0]
        result = self._tensor("probabilities", (1, classes), scale, zero_point, rms=1.0)
        self._layer(Operator.SOFTMAX, (logits.index,), result, SoftmaxOptions())
        return result

    def finish(self, source: Activations, result: Activations) -> bytes:
        network = Network(tuple(self.tensors), tuple(self.layers), (source.index,), (result.index,))
        return write_network(network, f"mcumatrix: {self.name} of MLPerf Tiny, without its weights")

    def _weighted(
        self,
        operator: Operator,
        source: Activations,
        weights: tuple[int, ...],
        shape: tuple[int, ...],
        options: ConvolutionOptions | FullyConnectedOptions,
        *,
        rms: float | None = None,
    ) -> Activations:
        """A layer with weights; `rms` is that of its sums, by default that of its input."""
        is_depthwise = operator is Operator.DEPTHWISE_CONV_2D
        channels = shape[-1]
        products = math.prod(weights) // channels
        rms = source.rms if rms is None else rms
        mean_scale = rms / (source.rms * WEIGHT_RMS * math.sqrt(products))
        # Between 0.75 and 1.25 of the mean; one scale in a dense layer, as the converters of 2020 made it.
        count = 1 if operator is Operator.FULLY_CONNECTED else channels
        spread = np.array([1.0]) if count == 1 else 0.75 + 0.5 * (np.arange(count) * 7 % 16) / 15
        scales = (mean_scale * spread).astype(np.float32)
        is_clipped = options.activation is Activation.RELU
        name = f"layer_{len(self.layers)}"
        kernel = self._constant(
            f"{name}/weights",
            self._random(f"{name}/weights", math.prod(weights)).reshape(weights),
            Quantization(tuple(map(float, scales)), (0,) * count, 3 if is_depthwise else 0),
        )
        input_quantization = self.tensors[source.index].quantization
        assert input_quantization is not None
        bias_scales = np.float32(input_quantization.scales[0]) * scales
        levels = rms / np.broadcast_to(bias_scales, channels) / 4  # a quarter of the sums
        biases = self._random(f"{name}/bias", channels).astype(np.float64) / 127 * levels
        bias = self._constant(
            f"{name}/bias",
            np.rint(biases).astype("<i4"),
            Quantization(tuple(map(float, bias_scales)), (0,) * count, 0),
        )
        result = (
            self._tensor(name, shape, rms / LEVELS / 1.5, -128, rms=rms / math.sqrt(2))
            if is_clipped
            else self._tensor(name, shape, rms / LEVELS, 4, rms=rms)
        )
        self._layer(operator, (source.index, kernel, bias), result, options)
        return result

    def _random(self, what: str, count: int) -> np.ndarray:
        """Elements from -127 to 127."""
        drawn = hashlib.shake_256(f"{self.name}/{what}".encode()).digest(min(count, PERIOD))
        one_period = (np.frombuffer(drawn, np.uint8).astype(np.int16) % 255 - 127).astype(np.int8)
        return np.resize(one_period, count)

    def _image(
        self, source: Activations, channels: int, size: tuple[int, int], stride: int
    ) -> tuple[int, ...]:
        height, width = (
            padded_size(source.shape[axis + 1], size[axis], stride, 1, Padding.SAME)[0] for axis in (0, 1)
        )
        return (1, height, width, channels)

    def _tensor(
        self, name: str, shape: tuple[int, ...], scale: float, zero_point: int, *, rms: float
    ) -> Activations:
        index = len(self.tensors)
        quantization = Quantization((float(np.float32(scale)),), (zero_point,))
        self.tensors.append(Tensor(index, name, TensorType.INT8, shape, quantization))
        return Activations(index, shape, rms)

    def _constant(self, name: str, values: np.ndarray, quantization: Quantization | None) -> int:
        index = len(self.tensors)
        element = TensorType(values.dtype.name)
        self.tensors.append(Tensor(index, name, element, values.shape, quantization, values.tobytes()))
        return index

    def _layer(
        self, operator: Operator, inputs: tuple[int, ...], result: Activations, options: Options
    ) -> None:
        index = len(self.layers)
        self.layers.append(Layer(index, operator, inputs, (result.index,), options, VERSIONS[operator]))


def _activation(relu: bool) -> Activation:
    return Activation.RELU if relu else Activation.NONE


def keyword_spotting() -> bytes:
    """DS-CNN: 49 x 10 features of a second of speech, 12 words."""
    build = Builder("keyword spotting")
    source = build.input((1, 49, 10, 1), 0.5847, 83)
    layer = build.convolve(source, 64, (10, 4), 2)
    for _ in range(4):
        layer = build.convolve_depthwise(layer, (3, 3), 1)
        layer = build.convolve(layer, 64, (1, 1), 1)
    return build.finish(source, build.classify(build.average(layer), 12))


def image_classification() -> bytes:
    """ResNet8: images of 32 x 32 in colours, 10 classes."""
    build = Builder("image classification")
    source = build.input((1, 32, 32, 3), 1.0, -128)
    layer = build.convolve(source, 16, (3, 3), 1)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        inner = build.convolve(layer, channels, (3, 3), stride)
        inner = build.convolve(inner, channels, (3, 3), 1, relu=False)
        if stride > 1:
            layer = build.convolve(layer, channels, (1, 1), stride, relu=False)
        layer = build.add(layer, inner)
    return build.finish(source, build.classify(build.average(layer), 10))


def visual_wake_words() -> bytes:
    """MobileNetV1 of width 0.25: images of 96 x 96 in colours, a person or none."""
    build = Builder("visual wake words")
    source = build.input((1, 96, 96, 3), 1 / 255, -128)
    layer = build.convolve(source, 8, (3, 3), 2)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    widths = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
    for stride, channels in zip(strides, widths, strict=True):
        layer = build.convolve_depthwise(layer, (3, 3), stride)
        layer = build.convolve(layer, channels, (1, 1), 1)
    return build.finish(source, build.classify(build.average(layer), 2))


def anomaly_detection() -> bytes:
    """Autoencoder: 5 x 128 mel features of a machine's sound, and the same back through 8."""
    build = Builder("anomaly detection")
    source = build.input((1, 640), 0.391, 89)
    layer = source
    for channels in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        layer = build.connect(layer, channels, relu=True)
    return build.finish(source, build.connect(layer, 640))


MODELS_BY_NAME = {
    "mlperf-kws": keyword_spotting,
    "mlperf-resnet": image_classification,
    "mlperf-vww": visual_wake_words,
    "mlperf-autoencoder": anomaly_detection,
}


def main() -> None:
    for name, make in MODELS_BY_NAME.items():
        path = MODELS / f"{name}.tflite"
        path.write_bytes(make())
        print(path)


if __name__ == "__main__":
    main()
