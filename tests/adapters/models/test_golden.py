import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models.digits import read_digits
from mcumatrix.adapters.models.golden import read_golden, render_golden
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from tools.models.make_golden import make_reference

MODELS = Path(__file__).parents[3] / "firmware" / "models"
NAMES = (
    *("mnist-float32", "mnist-float32-lut", "mnist-hybrid"),
    *("mnist-int8", "mnist-int8-lut", "mnist-uint8"),
)
DIGITS = read_digits(MODELS / "digits.idx2-ubyte")


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_golden_outputs_are_made_from_the_committed_models(name: str) -> None:
    model = (MODELS / f"{name}.tflite").read_bytes()
    network = read_network(model)
    reference = make_reference(model, network)
    text = (MODELS / "golden" / f"{name}.json").read_text()
    outputs = json.loads(text)["outputs"]
    # Two digits of each class are asked again; what stands around the answers is held against all of it.
    made = json.loads(render_golden(model, network, DIGITS[::5], reference))
    assert made["outputs"] == outputs[::5]
    told = iter(np.array(outputs, dtype=network.output.type))
    assert render_golden(model, network, DIGITS, replace(reference, run=lambda _: next(told))) == text


def test_the_file_says_who_answered() -> None:
    content = {name: json.loads((MODELS / "golden" / f"{name}.json").read_text()) for name in NAMES}
    assert {name: content[name].get("package") for name in NAMES} == {
        "mnist-float32": "tflite-micro",
        "mnist-float32-lut": "tflite-micro",
        "mnist-hybrid": "tflite-micro",
        "mnist-int8": "tflite-micro",
        "mnist-int8-lut": "tflite-micro",
        "mnist-uint8": None,
    }
    assert content["mnist-hybrid"]["network"] == "float32, with the real values of the int8 weights"
    assert content["mnist-uint8"]["function"] == (
        "tools/models/uint8_kernels.py: TensorFlow Lite Micro 1.14.0"
    )


def test_a_hybrid_model_means_what_the_float_model_computes() -> None:
    hybrid, floating = (
        read_golden(MODELS / "golden" / f"{name}.json", (MODELS / f"{name}.tflite").read_bytes())
        for name in ("mnist-hybrid", "mnist-float32")
    )
    differences = [
        abs(left - right)
        for rows in zip(hybrid.outputs, floating.outputs, strict=True)
        for left, right in zip(*rows, strict=True)
    ]
    assert 1e-4 < max(differences) < hybrid.tolerance


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("mnist-float32", 1e-5), ("mnist-hybrid", 0.02), ("mnist-int8", 0), ("mnist-uint8", 0)],
)
def test_golden_outputs_say_how_closely_an_answer_must_agree(name: str, tolerance: float) -> None:
    golden = read_golden(MODELS / "golden" / f"{name}.json", (MODELS / f"{name}.tflite").read_bytes())
    assert golden.tolerance == tolerance
    assert [len(row) for row in golden.outputs] == [10] * 100


@pytest.mark.parametrize("name", NAMES)
def test_the_models_recognise_the_committed_digits(name: str) -> None:
    golden = read_golden(MODELS / "golden" / f"{name}.json", (MODELS / f"{name}.tflite").read_bytes())
    right = [row.index(max(row)) == digit.label for row, digit in zip(golden.outputs, DIGITS, strict=True)]
    assert sum(right) >= 98


def test_the_measured_accuracy_is_that_of_the_committed_models() -> None:
    import hashlib

    report = json.loads((MODELS / "accuracy.json").read_text())
    for name in NAMES:
        digest = hashlib.sha256((MODELS / f"{name}.tflite").read_bytes()).hexdigest()
        assert report["models"][name]["sha256"] == digest
    accuracy = {name: report["models"][name]["test_accuracy"] for name in NAMES}
    assert report["test_digits"] == 1000
    assert accuracy["mnist-float32"] >= 0.98
    assert all(abs(accuracy[name] - accuracy["mnist-float32"]) <= 0.005 for name in NAMES)


def test_no_model_is_above_480_kilobytes() -> None:
    assert max((MODELS / f"{name}.tflite").stat().st_size for name in NAMES) < 480_000


def test_golden_outputs_of_another_model_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        read_golden(MODELS / "golden" / "mnist-int8.json", b"another model")
    assert str(caught.value) == (
        "Golden outputs mnist-int8.json were made from another model.\n"
        "  Make it again: python -m tools.models.make_golden"
    )


@pytest.mark.parametrize(
    "contents", ["", "{}", "[]", '{"outputs": 1}', '{"model_sha256": "", "comparison": 0}']
)
def test_a_file_without_golden_outputs_is_refused(tmp_path: Path, contents: str) -> None:
    path = tmp_path / "golden.json"
    path.write_text(contents)
    with pytest.raises(ModelError) as caught:
        read_golden(path, b"")
    assert str(caught.value) == (
        f"{path} does not hold golden outputs.\n  Make it again: python -m tools.models.make_golden"
    )


def test_missing_golden_outputs_are_named() -> None:
    with pytest.raises(ModelError) as caught:
        read_golden(Path("none.json"), b"")
    assert str(caught.value) == (
        "Golden outputs none.json cannot be read: No such file or directory.\n"
        "  Make it again: python -m tools.models.make_golden"
    )
