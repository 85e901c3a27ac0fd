"""What stands side by side: answers of boards and of the host, whoever of them is there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models import tflm_host
from mcumatrix.client import Inference, Layer, NoAnswerError
from mcumatrix.client.description import Description, Tensor
from mcumatrix.errors import ModelError, ToolError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.labelled import AskedSet
from mcumatrix.notebook import comparison
from mcumatrix.notebook.comparison import ask_reference, built_in_digit, compare
from mcumatrix.notebook.confusion import Confusion, ask_digits
from mcumatrix.notebook.shown import show_comparison, show_confusion, show_layers, show_scores
from mcumatrix.registry.answers import labelled_set

MODELS = load_catalogues(Path(__file__).parents[2] / "matrix").models
INT8 = MODELS["mnist-int8"]
IMAGE = Tensor((1, 28, 28, 1), np.dtype("i1"), 1 / 255, -128)
SCORES = Tensor((1, 10), np.dtype("i1"), 1 / 256, -128)


@dataclass
class KnowingBoard:
    """Answers with the class that it was told for each input, in their order."""

    classes: list[int]

    description = Description(
        *(1, "b1", "board", "builtin", "simd", "mnist-int8", 1000, 64),
        *((IMAGE,), (SCORES,), ("CONV_2D", "SOFTMAX")),
    )

    def infer(self, array: np.ndarray) -> Inference:
        IMAGE.elements(array, "The array")
        elements = np.full((1, 10), -128, np.int8)
        elements[0, self.classes.pop(0)] = 127
        layers = (Layer("CONV_2D", 3000), Layer("SOFTMAX", 500))
        return Inference((elements,), (SCORES.real(elements),), 4000, layers, 1000)


class SilentBoard(KnowingBoard):
    def infer(self, array: np.ndarray) -> Inference:
        raise NoAnswerError("It does not answer.", hint="Look at it.")


@pytest.fixture
def without_host(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "The package tflite-micro is not installed."
    trial = tflm_host.Trial(tflm_host.TrialStatus.NOT_TRIED, said)
    monkeypatch.setattr(comparison.tflm_host, "try_model", lambda *_asked: trial)


def test_the_built_in_digit_is_a_two_as_the_database_has_it() -> None:
    digit = built_in_digit(INT8)
    assert (digit.shape, digit.dtype, digit.max()) == ((28, 28), np.uint8, 255)
    assert np.array_equal(digit, built_in_digit(MODELS["mnist-float32"]))
    with pytest.raises(ModelError) as error:
        built_in_digit(MODELS["mlperf-kws"])
    assert str(error.value) == (
        "mlperf-kws takes 490 elements, and a digit has 28 x 28 pixels.\n  Choose a model of MNIST."
    )


@pytest.mark.parametrize("name", ["mnist-int8", "mnist-int8-lut", "mnist-float32"])
def test_without_tensorflow_lite_micro_its_kept_answers_stand_for_it(without_host: None, name: str) -> None:
    answer = ask_reference(MODELS[name], built_in_digit(MODELS[name]))
    assert (answer.who, answer.digit) == ("TensorFlow Lite Micro, as it was kept", 2)
    assert sum(answer.scores) == pytest.approx(1, abs=0.01)


def test_without_it_digits_of_the_set_have_kept_answers_and_others_a_sentence(without_host: None) -> None:
    sample = labelled_set(INT8, AskedSet(10))
    pixels = (np.frombuffer(sample.inputs[7], np.int8).astype(int) + 128).astype(np.uint8).reshape(28, 28)
    assert ask_reference(INT8, pixels).digit == sample.labels[7]
    with pytest.raises(ToolError) as error:
        ask_reference(INT8, np.full((28, 28), 9, np.uint8))
    assert str(error.value) == (
        "The package tflite-micro is not installed, and what it answered was kept for other digits only.\n"
        "  To have it: pip install 'mcumatrix[golden]' (x86-64 Linux)."
    )


def test_who_cannot_answer_is_a_note_and_keeps_nobody_from_answering(without_host: None) -> None:
    boards = {"quick": KnowingBoard([7]), "gone": SilentBoard([])}
    found = compare(INT8, boards, np.full((28, 28), 9, np.uint8))
    assert [(answer.who, answer.digit, answer.milliseconds) for answer in found.answers] == [
        ("quick", 7, 4000.0)
    ]
    shown = show_comparison(found, "", "One more.")
    assert str(shown) == (
        "Who  digit  score  msec\n"
        "quick  7  99.6 %  4000.000\n"
        "The package tflite-micro is not installed, and what it answered was kept for other digits only. To "
        "have it: pip install 'mcumatrix[golden]' (x86-64 Linux).\n"
        "It does not answer. Look at it.\n"
        "One more."
    )
    assert "<td" in shown.html and "4000.000" in shown.html


def test_layers_are_bars_with_the_times_of_the_board(without_host: None) -> None:
    found = compare(INT8, {"<b>": KnowingBoard([7]), "two": KnowingBoard([7])}, built_in_digit(INT8))
    shown = show_layers(found)
    assert str(shown).split("\n")[:3] == [
        *("<b>: 4000.000 msec", "  0 CONV_2D: 3000.000 msec", "  1 SOFTMAX: 500.000 msec")
    ]
    assert shown.svg.startswith("<svg") and "&lt;b&gt;" in shown.svg
    nobody = show_layers(compare(INT8, {}, built_in_digit(INT8)))
    assert str(nobody) == "No board has answered, so that there are no times of layers."


def test_one_answer_is_shown_with_the_scores_of_all_digits(without_host: None) -> None:
    [answer] = compare(MODELS["mnist-float32"], {}, built_in_digit(INT8)).answers
    assert str(show_scores(answer)).split("\n") == [
        "TensorFlow Lite Micro, as it was kept: a 2",
        "Digit  0  1  2  3  4  5  6  7  8  9",
        f"score  {'  '.join(f'{100 * score:.0f} %' for score in answer.scores)}",
    ]


def test_a_board_that_is_right_nine_times_of_ten_is_said_to_be_and_where_the_host_says_otherwise() -> None:
    labelled = labelled_set(INT8, AskedSet(10))
    told: list[tuple[int, int]] = []
    found = ask_digits(
        KnowingBoard([*labelled.labels[:9], 4]), labelled, lambda done, wanted: told.append((done, wanted))
    )
    assert (found.right, found.asked) == (9, 10)
    assert found.counts[9][4] == 1 and found.counts[8][8] == 1
    # The host is nowhere as sure as this board.
    assert found.unlike_host is not None and 900 in found.unlike_host
    assert told[0] == (0, 10) and told[-1] == (10, 10)
    lines = str(show_confusion(found)).split("\n")
    assert lines[0] == (
        "9 of 10 are right; of other such digits, 59.6 % to 98.2 % would be, with a confidence of 95 %"
    )
    assert lines[-1].startswith("TensorFlow Lite Micro answers otherwise to digits ")
    same = Confusion(found.counts, ())
    assert str(show_confusion(same)).endswith(
        "TensorFlow Lite Micro answers the same to each of them, within its tolerance."
    )
