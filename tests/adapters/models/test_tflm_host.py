import subprocess
import sys
from importlib import metadata, util
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models import tflm_host
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError, ToolError

SMALL_MODELS = Path(__file__).parent / "data"
MODELS = Path(__file__).parents[3] / "firmware" / "models"
HYBRID = "Hybrid models are not supported on TFLite Micro."


def test_the_last_layers_output_is_the_answer() -> None:
    path = SMALL_MODELS / "every-option-float32.tflite"
    network = read_network(path)
    host = tflm_host.TflmHost(path.read_bytes())
    values = np.random.default_rng(0).uniform(-1, 1, network.input.shape).astype(np.float32)
    layers = host.run_layers(network, values)
    assert [layer.shape for layer in layers] == [network.output_of(layer).shape for layer in network.layers]
    np.testing.assert_array_equal(layers[-1], host.run(values)[0])
    assert layers[-1].sum() == pytest.approx(1, abs=1e-5)


def test_a_result_is_kept_when_the_interpreter_runs_again() -> None:
    path = SMALL_MODELS / "every-option-int8.tflite"
    shape = read_network(path).input.shape
    host = tflm_host.TflmHost(path.read_bytes())
    low, high = np.full(shape, -128, np.int8), np.full(shape, 127, np.int8)
    first = host.run(low)[0]
    copy = first.copy()
    second = host.run(high)[0]
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
            "  Golden answers are made with it, and models tried: pip install 'mcumatrix[golden]', or ./dev "
            "setup in a checkout. It exists for x86-64 Linux alone. Builds and runs do without it."
        )


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("float32", tflm_host.TrialStatus.RUNS, ""),
        ("int8", tflm_host.TrialStatus.RUNS, ""),
        (
            "uint8",
            tflm_host.TrialStatus.REFUSES,
            "Type UINT8 (3) not supported. Node MAX_POOL_2D (number 1) failed to prepare with status 1",
        ),
        (
            "hybrid",
            tflm_host.TrialStatus.REFUSES,
            f"tensorflow/lite/micro/kernels/conv_common.cc {HYBRID}"
            " Node CONV_2D (number 2) failed to prepare with status 1",
        ),
    ],
)
def test_a_trial_says_what_tensorflow_lite_micro_says(
    name: str, status: tflm_host.TrialStatus, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = (MODELS / f"mnist-{name}.tflite").read_bytes()
    trial = tflm_host.try_model(model, read_network(model))
    assert trial == tflm_host.Trial(status, said)
    assert capfd.readouterr() == ("", ""), "it prints in a process of its own"


def test_a_trial_outlives_a_crash() -> None:
    network = read_network(SMALL_MODELS / "every-option-int8.tflite")
    trial = tflm_host.try_model(b"\xff" * 1000, network)
    assert trial == tflm_host.Trial(tflm_host.TrialStatus.CRASHES, "It ended with exit code -11.")


def test_a_trial_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    model = (SMALL_MODELS / "every-option-int8.tflite").read_bytes()
    monkeypatch.setattr(tflm_host, "_TRIAL_TIMEOUT_S", 0.0)
    trial = tflm_host.try_model(model, read_network(model))
    assert trial == tflm_host.Trial(tflm_host.TrialStatus.CRASHES, "It had not ended after 0 s.")


def test_a_script_that_can_be_imported_only_once_gets_an_answer_too(tmp_path: Path) -> None:
    """What is said of it is that the trial has crashed: it begins with an import of the script."""
    script = tmp_path / "script.py"
    model = MODELS / "mnist-int8.tflite"
    script.write_text(f"""if True:
        from pathlib import Path
        from mcumatrix.adapters.models import tflm_host
        from mcumatrix.adapters.models.tflite_file import read_network

        model = Path({str(model)!r}).read_bytes()
        print(tflm_host.try_model(model, read_network(model)))
    """)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert "'crashes'>, said='It ended with exit code 1.'" in ran.stdout


def test_a_package_that_cannot_be_loaded_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_spec: ModuleSpec) -> object:
        raise ImportError("wrong ELF class")

    monkeypatch.setattr(util, "module_from_spec", fail)
    with pytest.raises(ToolError) as caught:
        tflm_host.TflmHost(b"")
    assert str(caught.value) == (
        f"The package tflite-micro {tflm_host.version()} cannot be loaded on this machine: wrong ELF class.\n"
        "  It exists for some systems and Pythons only. Builds and runs do without it."
    )


def test_without_the_package_there_is_no_trial_but_a_note(tmp_path: Path) -> None:
    """The process of a trial, with a Python that has no such package."""
    script = """if True:
        import sys
        from importlib import metadata
        from pathlib import Path

        from mcumatrix.adapters.models import tflm_host
        from mcumatrix.model.network import Network

        def missing(package):
            raise metadata.PackageNotFoundError(package)

        metadata.files = missing
        tflm_host._trial(b"", Network((), (), (), ()), [], Path(sys.argv[1]))
    """
    said = tmp_path / "said"
    ended = subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    assert tflm_host._STATUSES[ended.returncode] is tflm_host.TrialStatus.NOT_TRIED
    assert said.read_text() == "The package tflite-micro is not installed."
