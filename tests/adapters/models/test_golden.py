import json
from pathlib import Path

import pytest

from mcumatrix.adapters.models.digits import read_digits
from mcumatrix.adapters.models.golden import read_golden, render_golden
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError

MODELS = Path(__file__).parents[3] / "firmware" / "models"
NAMES = ("mnist-float32", "mnist-int8")


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_golden_outputs_are_what_tensorflow_lite_micro_answers(name: str) -> None:
    path = MODELS / f"{name}.tflite"
    text = render_golden(path.read_bytes(), read_network(path), read_digits(MODELS / "digits.idx2-ubyte"))
    assert text == (MODELS / "golden" / f"{name}.json").read_text()


@pytest.mark.parametrize(("name", "tolerance"), [("mnist-float32", 1e-5), ("mnist-int8", 0)])
def test_golden_outputs_say_how_closely_an_answer_must_agree(name: str, tolerance: float) -> None:
    golden = read_golden(MODELS / "golden" / f"{name}.json", (MODELS / f"{name}.tflite").read_bytes())
    assert golden.tolerance == tolerance
    assert [len(row) for row in golden.outputs] == [10] * 100


@pytest.mark.parametrize("name", NAMES)
def test_the_models_recognise_the_committed_digits(name: str) -> None:
    golden = read_golden(MODELS / "golden" / f"{name}.json", (MODELS / f"{name}.tflite").read_bytes())
    digits = read_digits(MODELS / "digits.idx2-ubyte")
    right = [row.index(max(row)) == digit.label for row, digit in zip(golden.outputs, digits, strict=True)]
    assert sum(right) >= 98


def test_the_measured_accuracy_is_that_of_the_committed_models() -> None:
    import hashlib

    report = json.loads((MODELS / "accuracy.json").read_text())
    for name in NAMES:
        digest = hashlib.sha256((MODELS / f"{name}.tflite").read_bytes()).hexdigest()
        assert report["models"][name]["sha256"] == digest
    accuracy = [report["models"][name]["test_accuracy"] for name in NAMES]
    assert report["test_digits"] == 1000
    assert accuracy[0] >= 0.98
    assert abs(accuracy[0] - accuracy[1]) <= 0.005


def test_both_models_together_are_below_600_kilobytes() -> None:
    assert sum((MODELS / f"{name}.tflite").stat().st_size for name in NAMES) < 600_000


def test_golden_outputs_of_another_model_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        read_golden(MODELS / "golden" / "mnist-int8.json", b"another model")
    assert str(caught.value) == (
        "Golden outputs mnist-int8.json were made from another model.\n"
        "  Make it again with firmware/models/make_golden.py."
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
        f"{path} does not hold golden outputs.\n  Make it again with firmware/models/make_golden.py."
    )


def test_missing_golden_outputs_are_named() -> None:
    with pytest.raises(ModelError) as caught:
        read_golden(Path("none.json"), b"")
    assert str(caught.value) == (
        "Golden outputs none.json cannot be read: No such file or directory.\n"
        "  Make it again with firmware/models/make_golden.py."
    )
