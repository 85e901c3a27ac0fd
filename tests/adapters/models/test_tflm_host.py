import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models import tflm_host
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError, ToolError

SMALL_MODELS = Path(__file__).parent / "data"


def test_the_last_layers_output_is_the_answer() -> None:
    path = SMALL_MODELS / "every-option-float32.tflite"
    network = read_network(path)
    host = tflm_host.TflmHost(path.read_bytes())
    values = np.random.default_rng(0).uniform(-1, 1, network.input.shape).astype(np.float32)
    layers = host.run_layers(network, values)
    assert [layer.shape for layer in layers] == [network.output_of(layer).shape for layer in network.layers]
    np.testing.assert_array_equal(layers[-1], host.run(values))
    assert layers[-1].sum() == pytest.approx(1, abs=1e-5)


def test_a_result_is_kept_when_the_interpreter_runs_again() -> None:
    path = SMALL_MODELS / "every-option-int8.tflite"
    shape = read_network(path).input.shape
    host = tflm_host.TflmHost(path.read_bytes())
    low, high = np.full(shape, -128, np.int8), np.full(shape, 127, np.int8)
    first = host.run(low)
    copy = first.copy()
    second = host.run(high)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, copy)


def test_tensorflow_is_not_imported() -> None:
    tflm_host.TflmHost((SMALL_MODELS / "every-option-int8.tflite").read_bytes())
    assert "tensorflow" not in sys.modules


def test_tensorflow_lite_micro_refuses_a_hybrid_model_too() -> None:
    with pytest.raises(ModelError) as caught:
        tflm_host.TflmHost((SMALL_MODELS / "hybrid.tflite").read_bytes())
    assert caught.value.message.startswith(f"TensorFlow Lite Micro {tflm_host.version()} refuses the model: ")
    assert caught.value.hint == "The lines that it printed above say which operator or type it is."


def test_a_missing_package_is_an_error_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> str:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", missing)
    monkeypatch.setattr(metadata, "files", missing)
    for use in (tflm_host.version, lambda: tflm_host.TflmHost(b"")):
        with pytest.raises(ToolError) as caught:
            use()
        assert str(caught.value) == (
            "The package tflite-micro is not installed.\n"
            "  Install what requirements-dev.lock names: ./dev test does it."
        )
