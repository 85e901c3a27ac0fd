"""Labelled sets become inputs of a model with the numbers of their classes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcumatrix.adapters.models import labelled_set
from mcumatrix.adapters.models.digits import input_bytes, read_digits
from mcumatrix.adapters.models.labelled_set import read_inputs, read_labelled_set
from mcumatrix.adapters.models.set_answers import render_set_answers
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import Dataset, DigitInput, Element, Model
from mcumatrix.model.labelled import AskedSet, LabelledSet
from mcumatrix.model.network import Network, Quantization, Tensor, TensorType

MODELS = Path(__file__).parents[3] / "firmware" / "models"
DIGITS = MODELS / "digits-1000.npz"
ALL = AskedSet()


def a_network(
    element: TensorType = TensorType.INT8, shape: tuple[int, ...] = (1, 2, 2, 1), classes: int = 3
) -> Network:
    source = Tensor(0, "x", element, shape, Quantization((0.5,), (-3,)))
    return Network((source, Tensor(1, "y", element, (1, classes))), (), (0,), (1,))


def an_entry(**changes: object) -> Model:
    entry = Model("net", Element.INT8, None, Path("net.json"), DigitInput(Path("d"), 2))
    return replace(entry, **changes)


def read(files: Dataset, network: Network | None = None, asked: AskedSet = ALL) -> LabelledSet:
    return read_labelled_set(an_entry(), b"model", network or a_network(), files, asked)


def numbers(one: LabelledSet) -> list[list[int]]:
    return [np.frombuffer(sample, np.int8).tolist() for sample in one.inputs]


def error_of(action: Callable[[], object], folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        action()
    return str(caught.value).replace(f"{folder}/", "")


ROWS = np.array([[0, 1, 2, 3], [-128, 127, 4, 5], [6, 7, 8, 9]])


def test_an_archive_has_inputs_and_labels_and_whole_numbers_are_elements(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", inputs=ROWS, labels=[2, 0, 1])
    found = read(Dataset(tmp_path / "s.npz"))
    assert numbers(found) == ROWS.tolist()
    assert (found.labels, found.places, found.expected) == ((2, 0, 1), (0, 1, 2), ())


def test_real_values_are_quantised_and_pixels_span_the_range_of_elements(tmp_path: Path) -> None:
    np.savez(tmp_path / "real.npz", inputs=np.array([[0.0, 0.5, 1.0, -1.0]]), labels=[1.0])
    assert numbers(read(Dataset(tmp_path / "real.npz"))) == [[-3, -2, -1, -5]]
    pixels = np.array([[[0, 255], [128, 1]]], np.uint8)
    np.savez(tmp_path / "pixels.npz", images=pixels, labels=[1])
    assert numbers(read(Dataset(tmp_path / "pixels.npz"))) == [[-128, 127, 0, -127]]
    (floats,) = read(Dataset(tmp_path / "pixels.npz"), a_network(TensorType.FLOAT32)).inputs
    assert np.frombuffer(floats, np.float32).tolist() == pytest.approx([0, 1, 128 / 255, 1 / 255])


@pytest.mark.parametrize("ending", ["npy", "csv"])
def test_samples_and_labels_are_read_from_two_files(tmp_path: Path, ending: str) -> None:
    samples, labels = tmp_path / f"s.{ending}", tmp_path / f"l.{ending}"
    if ending == "npy":
        np.save(samples, ROWS)
        np.save(labels, np.array([2, 0, 1]))
    else:
        samples.write_text("0,1,2,3\n-128; 127; 4; 5\n\n6 7 8 9\n")
        labels.write_text("2\n0\n1\n")
    found = read(Dataset(samples, labels))
    assert numbers(found) == ROWS.tolist()
    assert found.labels == (2, 0, 1)


def test_whole_numbers_among_real_ones_are_real_in_every_row(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("0,0,0,0\n0.5,0,0,0\n")
    (tmp_path / "l.csv").write_text("0,1\n")
    assert numbers(read(Dataset(tmp_path / "s.csv", tmp_path / "l.csv"))) == [
        [-3, -3, -3, -3],
        [-2, -3, -3, -3],
    ]


@pytest.mark.parametrize(
    ("names", "labels"), [(("2", "0", "1"), (0, 1, 2)), (("cat", "bird", "10"), (0, 1, 2))]
)
def test_a_folder_has_a_folder_for_each_class(
    tmp_path: Path, names: tuple[str, ...], labels: tuple[int, ...]
) -> None:
    """By number where all names are numbers, and by the order of the names where they are not."""
    for number, name in enumerate(names):
        (tmp_path / name).mkdir()
        Image.new("L", (2, 2), 10 * number).save(tmp_path / name / "a.png")
    (tmp_path / names[0] / ".hidden").write_text("no sample")
    found = read(Dataset(tmp_path))
    assert found.labels == labels
    by_name = {name: 10 * number - 128 for number, name in enumerate(names)}
    assert numbers(found) == [[by_name[name]] * 4 for name in sorted(names)]


def test_folders_of_numbers_need_not_be_without_gaps(tmp_path: Path) -> None:
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "a.csv").write_text("1 2 3 4")
    assert read(Dataset(tmp_path)).labels == (2,)


def test_fewer_samples_are_spread_over_the_set(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", inputs=np.zeros((10, 4), int), labels=[0] * 10)
    assert read(Dataset(tmp_path / "s.npz"), asked=AskedSet(4)).places == (0, 2, 5, 7)


def test_the_committed_digits_are_those_that_the_models_were_tested_with() -> None:
    network = read_network((MODELS / "mnist-int8.tflite").read_bytes())
    model = (MODELS / "mnist-int8.tflite").read_bytes()
    found = read_labelled_set(an_entry(), model, network, Dataset(DIGITS), ALL)
    assert len(found.labels) == 1000
    assert [found.labels.count(label) for label in range(10)] == [100] * 10
    # Of each class the first ten are the committed golden digits.
    for index, digit in enumerate(read_digits(MODELS / "digits.idx2-ubyte")):
        place = 100 * digit.label + index % 10
        assert (found.labels[place], found.inputs[place]) == (digit.label, input_bytes(digit, network.input))


def test_what_was_asked_has_a_hash_of_its_own(tmp_path: Path) -> None:
    def hash_of(labels: list[int], rows: np.ndarray = ROWS, asked: AskedSet = ALL) -> str:
        np.savez(tmp_path / "s.npz", inputs=rows, labels=labels)
        return read(Dataset(tmp_path / "s.npz"), asked=asked).sha256

    assert hash_of([0, 1, 2]) == hash_of([0, 1, 2])
    others = {
        hash_of([0, 1, 1]),
        hash_of([0, 1, 2], ROWS + (ROWS == 9)),
        hash_of([0, 1, 2], asked=AskedSet(2)),
    }
    assert len({*others, hash_of([0, 1, 2])}) == 4


def _save(tmp_path: Path, **arrays: object) -> Dataset:
    np.savez(tmp_path / "s.npz", **arrays)
    return Dataset(tmp_path / "s.npz")


CANNOT = "The labelled set s.npz cannot be read: "
CHECK = "\n  Check `dataset` in the model's file; docs/models.md says what a set can be."


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"inputs": ROWS, "labels": [1, 2]}, f"{CANNOT}it has 3 samples and 2 labels.{CHECK}"),
        ({"inputs": ROWS[:0], "labels": []}, f"The labelled set s.npz has no samples.{CHECK}"),
        (
            {"inputs": ROWS, "answers": [1]},
            f"{CANNOT}it has the arrays inputs, answers, and labels and one of images and inputs are wanted."
            f"{CHECK}",
        ),
        (
            {"images": ROWS, "labels": [1, 2, 3]},
            f"{CANNOT}its images are int64, and pixels are uint8.{CHECK}",
        ),
        (
            {"inputs": ROWS, "labels": [0.5, 1, 2]},
            f"{CANNOT}its labels are float64, and classes are whole numbers from 0.{CHECK}",
        ),
        (
            {"inputs": ROWS, "labels": ["a", "b", "c"]},
            f"{CANNOT}its labels are <U1, and classes are whole numbers from 0.{CHECK}",
        ),
        (
            {"inputs": ROWS, "labels": [3, 0, -1]},
            "The labelled set s.npz has labels that are no class of the model, which has 3: 3 (sample 0), "
            "-1 (sample 2).\n  Classes are counted from 0, in the order of the model's output.",
        ),
        (
            {"inputs": np.ones((10, 4), int), "labels": [7] * 10},
            "The labelled set s.npz has labels that are no class of the model, which has 3: 7 (sample 0), "
            "7 (sample 1), 7 (sample 2), 7 (sample 3), 7 (sample 4) and 5 more.\n"
            "  Classes are counted from 0, in the order of the model's output.",
        ),
        (
            {"inputs": ROWS[:, :3], "labels": [0, 1, 2]},
            "s.npz, sample 0, has 3 numbers (3); the input 'x' has 4 (1x2x2x1).\n"
            "  Give as many as the model's input has elements.",
        ),
        (
            {"inputs": ROWS * 2, "labels": [0, 1, 2]},
            "s.npz, sample 1, has numbers from -256 to 254; the input 'x' has elements of int8.\n"
            "  Whole numbers are elements as they are; write real values with a point.",
        ),
        (
            {"inputs": np.array([[np.nan, 0, 0, 0]]), "labels": [0]},
            "s.npz, sample 0, has values that are no finite numbers.\n  Write other values into it.",
        ),
    ],
)
def test_what_is_no_labelled_set_of_the_model_is_said(
    tmp_path: Path, arrays: dict[str, object], sentence: str
) -> None:
    files = _save(tmp_path, **arrays)
    assert error_of(lambda: read(files), tmp_path) == sentence


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    for files, name in (
        (Dataset(tmp_path / "none.npz"), "none.npz"),
        (Dataset(tmp_path / "none.npy", tmp_path / "l.npy"), "none.npy"),
    ):
        assert error_of(lambda files=files: read(files), tmp_path) == (
            f"The labelled set {name} cannot be read: No such file or directory.{CHECK}"
        )


def test_a_folder_without_classes_has_no_samples(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    files = Dataset(tmp_path / "set")
    for action in (lambda: read(files), lambda: read_inputs(an_entry(), a_network(), files)):
        assert error_of(action, tmp_path) == f"The labelled set set has no samples.{CHECK}"


def test_a_file_that_was_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    files = _save(tmp_path, inputs=ROWS, labels=[0, 1, 2])
    whole = (tmp_path / "s.npz").read_bytes()
    for size_bytes in range(0, len(whole), 7):
        (tmp_path / "s.npz").write_bytes(whole[:size_bytes])
        assert error_of(lambda: read(files), tmp_path).startswith(CANNOT)


def test_a_ragged_table_names_the_row(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("1,2,3,4\n1,2,3\n")
    (tmp_path / "l.csv").write_text("0\n1\n")
    assert error_of(lambda: read(Dataset(tmp_path / "s.csv", tmp_path / "l.csv")), tmp_path) == (
        "s.csv, sample 1, has 3 numbers (3); the input 'x' has 4 (1x2x2x1).\n"
        "  Give as many as the model's input has elements."
    )


LEAVE = "\n  Accuracy is that of the class with the largest number; leave this model out of the matrix."


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (a_network(classes=1), "The model net has no classes: its output is int8 1x1."),
        (
            replace(a_network(), tensors=(a_network().input, Tensor(1, "y", TensorType.INT8, (1, 4, 4, 3)))),
            "The model net has no classes: its output is int8 1x4x4x3.",
        ),
        (
            replace(a_network(), tensors=(a_network().input, Tensor(1, "y", TensorType.INT64, (1, 3)))),
            "The model net has no classes: its output is int64 1x3.",
        ),
        (replace(a_network(), outputs=(1, 1)), "The model net has 2 outputs, and a labelled set one."),
        (replace(a_network(), inputs=(0, 0)), "The model net has 2 inputs, and a labelled set one."),
    ],
)
def test_a_model_without_one_class_output_is_refused(tmp_path: Path, network: Network, sentence: str) -> None:
    files = _save(tmp_path, inputs=ROWS, labels=[0, 1, 2])
    assert error_of(lambda: read(files, network), tmp_path) == f"{sentence}{LEAVE}"


def test_more_than_a_run_can_be_asked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _save(tmp_path, inputs=ROWS, labels=[0, 1, 2])
    assert error_of(lambda: read(files, asked=AskedSet(4)), tmp_path) == (
        "4 samples are asked, and the labelled set s.npz has 3.\n  Write fewer, or accuracy: dataset."
    )
    monkeypatch.setattr(labelled_set, "MAX_ANSWERS_BYTES", 8)
    hint = "\n  Write accuracy: {samples: 2} or fewer, which are spread over the set."
    assert error_of(lambda: read(files), tmp_path) == (
        f"All 3 samples of s.npz would be asked; a run of net can be asked 2.{hint}"
    )
    assert len(read(files, asked=AskedSet(2)).labels) == 2


def _with_answers(tmp_path: Path, model: bytes = b"model", rows: np.ndarray = ROWS) -> Dataset:
    files = replace(_save(tmp_path, inputs=ROWS, labels=[0, 1, 2]), answers=tmp_path / "a.npz")
    asked = [row.astype(np.int8).tobytes() for row in rows]
    outputs = [np.array([[n, 0, -n]], np.int8) for n in range(len(rows))]
    (tmp_path / "a.npz").write_bytes(render_set_answers(model, asked, outputs, {"package": "p"}))
    return files


def test_answers_of_the_host_are_those_of_the_asked_samples(tmp_path: Path) -> None:
    found = read(_with_answers(tmp_path), asked=AskedSet(2))
    assert found.places == (0, 1)
    assert found.expected == ((0.0, 0.0, 0.0), (1.0, 0.0, -1.0))
    assert (found.tolerance, len(found.answers_sha256)) == (0.0, 64)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": b"other"}, "The answers a.npz were made from another model."),
        ({"rows": ROWS[:2]}, "The answers a.npz are those to 2 samples; the set has 3."),
        (
            {"rows": ROWS + (ROWS == 4)},
            "The answers a.npz were made from other samples: sample 1 is another.",
        ),
    ],
)
def test_answers_to_something_else_are_stale(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    files = _with_answers(tmp_path, **change)
    assert error_of(lambda: read(files), tmp_path) == f"{sentence}\n  Make it again: doit model net"


def test_answers_that_are_missing_or_damaged_are_errors(tmp_path: Path) -> None:
    files = _with_answers(tmp_path)
    whole = (tmp_path / "a.npz").read_bytes()
    for size_bytes in range(0, len(whole), 31):
        (tmp_path / "a.npz").write_bytes(whole[:size_bytes])
        assert error_of(lambda: read(files), tmp_path).startswith(
            "a.npz does not hold the answers to a labelled set."
        )
    (tmp_path / "a.npz").unlink()
    assert error_of(lambda: read(files), tmp_path) == (
        "The answers a.npz cannot be read: No such file or directory.\n  Make it again: doit model net"
    )


def test_answers_are_made_to_all_samples(tmp_path: Path) -> None:
    files = _save(tmp_path, inputs=ROWS, labels=[0, 1, 2])
    assert read_inputs(an_entry(), a_network(), files) == list(read(files).inputs)
