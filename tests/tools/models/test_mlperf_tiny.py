"""The networks of MLPerf Tiny: their sizes and layers are those of the reference models."""

import pytest

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.model.network import Network, TensorType
from tools.models import MODELS
from tools.models.mlperf_tiny import MODELS_BY_NAME

FACTS = {
    "mlperf-kws": (13, 22_604, 2_656_768),
    "mlperf-resnet": (16, 77_706, 12_501_632),
    "mlperf-vww": (31, 210_850, 7_489_664),
    "mlperf-autoencoder": (10, 265_864, 264_192),
}

"""Layers, weights and multiplications of kws_ref_model, pretrainedResnet_quant, vww_96_int8 and ad01_int8, as
counted in these files."""


def a_network(name: str) -> Network:
    return read_network(MODELS / f"{name}.tflite")


def weights_of(network: Network) -> int:
    constants = (tensor for tensor in network.tensors if tensor.is_constant and tensor.name != "shape")
    return sum(tensor.size_bytes * 8 // tensor.type.size_bits for tensor in constants)


def products_of(network: Network) -> int:
    total = 0
    for layer in network.layers:
        weights, output = network.input_of(layer, 1), network.output_of(layer)
        if weights is None or network.input_of(layer, 2) is None:
            continue
        per_channel = weights.size_bytes // output.shape[-1]
        total += output.size_bytes * per_channel
    return total


@pytest.mark.parametrize("name", MODELS_BY_NAME)
def test_the_committed_files_are_those_that_the_script_makes(name: str) -> None:
    assert MODELS_BY_NAME[name]() == (MODELS / f"{name}.tflite").read_bytes()


@pytest.mark.parametrize("name", MODELS_BY_NAME)
def test_they_have_as_many_layers_weights_and_products_as_the_reference_models(name: str) -> None:
    network = a_network(name)
    assert (len(network.layers), weights_of(network), products_of(network)) == FACTS[name]
    assert network.element is TensorType.INT8


def test_all_four_need_less_than_a_megabyte() -> None:
    assert sum((MODELS / f"{name}.tflite").stat().st_size for name in MODELS_BY_NAME) < 750_000
