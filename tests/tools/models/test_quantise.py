"""The script that made the uint8 and the hybrid model from the float32 one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflite

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.model.network import Network, Tensor, TensorType
from tools.models import MODELS
from tools.models.quantise import make_hybrid, make_uint8, without_hybrid_weights
from tools.models.tflite_writer import write_network

SMALL_MODELS = Path(__file__).parents[2] / "adapters" / "models" / "data"
FLOAT32 = read_network(MODELS / "mnist-float32.tflite")
INT8 = read_network(MODELS / "mnist-int8.tflite")
UINT8 = (MODELS / "mnist-uint8.tflite").read_bytes()
HYBRID = (MODELS / "mnist-hybrid.tflite").read_bytes()
ELEMENT_TYPES = {TensorType.FLOAT32: "<f4", TensorType.INT32: "<i4"}


def real_values(tensor: Tensor) -> np.ndarray:
    elements = np.frombuffer(tensor.data, ELEMENT_TYPES.get(tensor.type, tensor.type)).astype(np.float64)
    if tensor.quantization is None:
        return elements
    return (elements - tensor.quantization.zero_points[0]) * tensor.quantization.scales[0]


def versions(model: bytes) -> dict[str, int]:
    root = tflite.Model.GetRootAs(model, 0)
    codes = [root.OperatorCodes(index) for index in range(root.OperatorCodesLength())]
    assert all(code.DeprecatedBuiltinCode() == code.BuiltinCode() for code in codes)
    return {tflite.BUILTIN_OPCODE2NAME[code.BuiltinCode()]: code.Version() for code in codes}


def weights_of(network: Network) -> list[Tensor]:
    return [network.input_of(layer, 1) for layer in network.layers if network.input_of(layer, 1) is not None]


def test_the_committed_models_are_made_from_the_float_model_byte_by_byte() -> None:
    assert make_uint8(FLOAT32, INT8) == UINT8
    assert make_hybrid(FLOAT32) == HYBRID


def test_all_operators_of_the_uint8_model_have_the_first_version() -> None:
    assert versions(UINT8) == dict.fromkeys(
        ("DEPTHWISE_CONV_2D", "MAX_POOL_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"), 1
    )


def test_the_uint8_model_has_the_operators_of_the_float_model_and_uint8_activations() -> None:
    network = read_network(UINT8)
    assert [layer.operator for layer in network.layers] == [layer.operator for layer in FLOAT32.layers]
    assert {network.output_of(layer).type for layer in network.layers} == {TensorType.UINT8}
    assert network.output.quantization.scales == (1 / 256,)
    assert network.output.quantization.zero_points == (0,)


def test_uint8_weights_have_one_scale_a_tensor_and_are_never_0() -> None:
    network = read_network(UINT8)
    for weights, floats in zip(weights_of(network), weights_of(FLOAT32), strict=True):
        (scale,), (zero_point,) = weights.quantization.scales, weights.quantization.zero_points
        assert weights.type is TensorType.UINT8
        assert 1 <= zero_point <= 255
        assert 0 not in weights.data
        # Nudging the zero point to an integer moves the ends by half a step more.
        assert np.abs(real_values(weights) - real_values(floats)).max() <= scale * 1.001


def test_biases_of_the_uint8_model_pass_the_check_of_tensorflow() -> None:
    """GetQuantizedConvolutionMultipler of kernel_util.cc: within 1e-6 of the product of the scales."""
    network = read_network(UINT8)
    for layer in network.layers:
        source, weights, bias = (network.input_of(layer, position) for position in range(3))
        if bias is not None:
            product = source.quantization.scales[0] * weights.quantization.scales[0]
            assert bias.quantization.scales[0] == pytest.approx(product, rel=1e-6)
            floats = FLOAT32.input_of(FLOAT32.layers[layer.index], 2)
            assert np.abs(real_values(bias) - real_values(floats)).max() <= product / 2 * 1.001


def test_layers_with_1024_weights_and_more_are_hybrid() -> None:
    network = read_network(HYBRID)
    types = {layer.index: network.input_of(layer, 1) for layer in network.layers if len(layer.inputs) > 1}
    assert {index: weights.type.value for index, weights in types.items()} == {
        0: "float32",
        2: "int8",
        4: "int8",
        5: "int8",
        6: "float32",
    }
    assert {network.output_of(layer).type for layer in network.layers} == {TensorType.FLOAT32}
    assert versions(HYBRID) == {
        "DEPTHWISE_CONV_2D": 1,
        "MAX_POOL_2D": 1,
        "CONV_2D": 2,
        "FULLY_CONNECTED": 3,
        "SOFTMAX": 1,
    }


def test_hybrid_weights_are_symmetric_with_one_scale_a_tensor() -> None:
    network = read_network(HYBRID)
    for weights, floats in zip(weights_of(network), weights_of(FLOAT32), strict=True):
        if weights.type is TensorType.INT8:
            (scale,) = weights.quantization.scales
            assert weights.quantization.zero_points == (0,)
            assert np.abs(np.frombuffer(weights.data, np.int8)).max() == 127
            assert np.abs(real_values(weights) - real_values(floats)).max() <= scale / 2 * 1.001
        else:
            assert weights == floats


def test_without_hybrid_weights_a_model_has_the_same_real_values_in_float32() -> None:
    hybrid = read_network(HYBRID)
    floating = read_network(without_hybrid_weights(hybrid))
    for weights, floats in zip(weights_of(hybrid), weights_of(floating), strict=True):
        np.testing.assert_allclose(real_values(floats), real_values(weights), rtol=1e-7)


@pytest.mark.parametrize(
    "path",
    [
        *(MODELS / f"mnist-{name}.tflite" for name in ("float32", "hybrid", "int8", "uint8")),
        *sorted(SMALL_MODELS.glob("*.tflite")),
    ],
    ids=lambda path: path.stem,
)
def test_what_was_written_is_read_as_it_was(path: Path) -> None:
    network = read_network(path)
    assert read_network(write_network(network, "")) == network


def test_an_operator_has_the_version_that_was_asked_for() -> None:
    layers = tuple(replace(layer, version=7) for layer in FLOAT32.layers)
    assert versions(write_network(replace(FLOAT32, layers=layers), ""))["SOFTMAX"] == 7


@pytest.mark.parametrize("model", [UINT8, HYBRID], ids=["uint8", "hybrid"])
def test_constant_data_begins_at_multiples_of_16_bytes(model: bytes) -> None:
    root = tflite.Model.GetRootAs(model, 0)
    buffers = [root.Buffers(index) for index in range(root.BuffersLength())]
    assert buffers[0].DataLength() == 0
    starts = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers[1:]]
    assert [start % 16 for start in starts] == [0] * len(starts)
