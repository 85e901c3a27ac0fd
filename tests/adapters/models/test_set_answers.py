"""What models answer on the host to the labelled set of the project is made by whom its files say."""

import json
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models.golden import Reference
from mcumatrix.adapters.models.input_arrays import from_pixels, joined
from mcumatrix.adapters.models.make_answer import make_set_answers
from mcumatrix.adapters.models.set_answers import read_set_answers, render_set_answers
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from mcumatrix.hashing import hash_bytes
from tools.models.make_golden import make_reference

MODELS = Path(__file__).parents[3] / "firmware" / "models"
NAMES = ("mnist-float32", "mnist-int8", "mnist-uint8")


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_answers_are_those_of_the_committed_models(name: str) -> None:
    """To every 40th digit: all of them take a minute."""
    model = (MODELS / f"{name}.tflite").read_bytes()
    network = read_network(model)
    kept = read_set_answers(MODELS / "golden" / f"{name}-digits.npz", model, network.output, "")
    assert (kept.outputs.shape, kept.tolerance) == ((1000, 10), 1e-5 if "float" in name else 0)
    reference: Reference = make_reference(model, network)
    with np.load(MODELS / "digits-1000.npz") as digits:
        images = digits["images"]
    for place in range(0, 1000, 40):
        digit = from_pixels("a digit", images[place], network.input)
        assert kept.outputs[place].tolist() == reference.run(digit).reshape(-1).tolist()


@pytest.mark.parametrize(
    ("name", "right"), [("mnist-float32", 989), ("mnist-int8", 990), ("mnist-uint8", 989)]
)
def test_the_host_is_as_right_as_when_the_models_were_made(name: str, right: int) -> None:
    made = json.loads((MODELS / "accuracy.json").read_text())["models"][name]["test_accuracy"]
    with (
        np.load(MODELS / "golden" / f"{name}-digits.npz") as kept,
        np.load(MODELS / "digits-1000.npz") as digits,
    ):
        assert int((kept["outputs"].argmax(axis=1) == digits["labels"]).sum()) == right == round(1000 * made)


def test_the_host_answers_a_set_and_its_file_says_who_that_was(tmp_path: Path) -> None:
    model = (Path(__file__).parent / "data" / "softmax-int8.tflite").read_bytes()
    network = read_network(model)
    shape = network.input.shape
    asked = [joined([np.full(shape, n, np.int8)]) for n in (1, 2)]
    (tmp_path / "a.npz").write_bytes(make_set_answers(model, asked))
    with np.load(tmp_path / "a.npz") as kept:
        origin = json.loads(str(kept["origin"]))
        assert len(kept["outputs"]) == 2
    assert origin["model_sha256"] == hash_bytes(model)
    assert origin["package"] == "tflite-micro"


def test_floats_may_differ_by_a_share_of_the_largest_and_integers_not_at_all() -> None:
    def tolerance(*rows: np.ndarray) -> float:
        import io

        data = render_set_answers(b"m", [b"x"] * len(rows), rows, {})
        with np.load(io.BytesIO(data)) as kept:
            return float(kept["absolute_tolerance"])

    assert tolerance(np.array([1, -100], np.int8)) == 0
    assert tolerance(np.array([0.5], np.float32), np.array([0.1], np.float32)) == 1e-5
    assert tolerance(np.array([0.5], np.float32), np.array([-200.0], np.float32)) == pytest.approx(2e-3)


def test_answers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        render_set_answers(b"m", [b"x"], [np.array([np.nan], np.float32)], {})
    assert str(caught.value) == (
        "Some outputs to the labelled set are not finite, and nothing can be compared with that.\n"
        "  Take `answers` out of the model's file, or give the model other samples."
    )
