"""What different ones answer to one digit: TensorFlow Lite Micro on this machine, and boards."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mcumatrix import registry
from mcumatrix.adapters.models import tflm_host
from mcumatrix.adapters.models.input_arrays import fitted, joined
from mcumatrix.client import Board, Layer
from mcumatrix.errors import McuMatrixError, ModelError, ToolError
from mcumatrix.model.catalogue import Model
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.network import Tensor
from mcumatrix.notebook.digits import SIDE
from mcumatrix.units import milliseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mcumatrix.notebook.digits import Pixels

HOST = "TensorFlow Lite Micro on this machine"
KEPT = "TensorFlow Lite Micro, as it was kept"


@dataclass(frozen=True)
class Answer:
    """What somebody answers to a digit: a score for each class, and times if it was measured.

    `layers` have the cycles of each layer and `cycles` those of the whole, at `clock_hz`; all of them are
    empty or 0 where nobody counts.
    """

    who: str
    scores: tuple[float, ...]
    layers: tuple[Layer, ...] = ()
    cycles: int = 0
    clock_hz: int = 0

    @property
    def digit(self) -> int:
        """The class with the largest score, the first of several."""
        return self.scores.index(max(self.scores))

    @property
    def milliseconds(self) -> float | None:
        """The time of the whole; None where nobody counts."""
        return milliseconds(self.cycles, self.clock_hz) if self.clock_hz else None


@dataclass(frozen=True)
class Comparison:
    """Answers to the same digit, and sentences on those that could not be had."""

    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()


def ask_board(board: Board, pixels: "Pixels", who: str = "") -> Answer:
    """What a board answers; `who` it is called, by default as it calls itself. Raises as `Board.infer`."""
    found = board.infer(pixels / 255)
    told = board.description
    return Answer(
        who or f"{told.runtime}, {told.kernels}, {told.model}",
        tuple(map(float, found.output.reshape(-1))),
        found.layers,
        found.cycles,
        found.clock_hz,
    )


def ask_reference(model: Model, pixels: "Pixels") -> Answer:
    """What TensorFlow Lite Micro answers: on this machine if the package is there, or else what it answered
    when the model's golden outputs were made, which are those to certain digits.

    Raises:
        ToolError: the package is not installed, and the digit is none of those.
        ModelError, SourceError: the model cannot be read, or had, or does not take digits.
    """
    contents = registry.models.model_contents(model)
    network = registry.models.network(contents)
    element = fitted("The digit", pixels / 255, network.input)
    trial = tflm_host.try_model(contents, network, [[element]])
    if trial.status is tflm_host.TrialStatus.RUNS:
        [[output]] = trial.outputs
        return Answer(HOST, _reals(network.output, output.reshape(-1)))
    if trial.status is not tflm_host.TrialStatus.NOT_TRIED:
        raise ModelError(
            f"TensorFlow Lite Micro does not run {model.name} on this machine: {trial.said}",
            hint="docs/models.md says what it can do.",
        )
    if (kept := _kept(model, joined([element]))) is not None:
        return Answer(KEPT, _reals(network.output, kept))
    raise ToolError(
        f"{trial.said.rstrip('.')}, and what it answered was kept for other digits only.",
        hint="To have it: pip install 'mcumatrix[golden]' (x86-64 Linux).",
    )


def compare(model: Model, boards: Mapping[str, Board], pixels: "Pixels") -> Comparison:
    """What the reference and boards answer to a digit; boards are called by their keys.

    What cannot be had is among the notes, and keeps none of the others.
    """
    answers: list[Answer] = []
    notes: list[str] = []
    for ask in (
        partial(ask_reference, model, pixels),
        *(partial(ask_board, board, pixels, who) for who, board in boards.items()),
    ):
        try:
            answers.append(ask())
        except McuMatrixError as error:
            notes.append(f"{error.message} {error.hint}".strip())
    return Comparison(tuple(answers), tuple(notes))


def built_in_digit(model: Model) -> "Pixels":
    """The digit that is in every image of a model, for the benchmark.

    Raises:
        ModelError, SourceError: the model cannot be read, or had, or does not take digits.
    """
    taken = registry.models.network(registry.models.model_contents(model)).input
    elements = np.frombuffer(
        registry.answers.golden_case(model).input, np.dtype(taken.type.value).newbyteorder("<")
    )
    if len(elements) != SIDE * SIDE:
        raise ModelError(
            f"{model.name} takes {len(elements)} elements, and a digit has {SIDE} x {SIDE} pixels.",
            hint="Choose a model of MNIST.",
        )
    pixels: Pixels = np.rint(np.array(_reals(taken, elements)) * 255).astype(np.uint8)
    return pixels.reshape(SIDE, SIDE)


def _kept(model: Model, wanted: bytes) -> tuple[float, ...] | None:
    """The elements that were kept for an input, if they were."""
    golden = registry.answers.golden_case(model)
    if golden.input == wanted:
        return golden.outputs[0].values
    if model.dataset is None:
        return None
    labelled = registry.answers.labelled_set(model, AskedSet())
    if wanted in labelled.inputs and labelled.expected:
        return labelled.expected[labelled.inputs.index(wanted)]
    return None


def _reals(tensor: Tensor, elements: "NDArray[Any] | tuple[float, ...]") -> tuple[float, ...]:
    """The real numbers that elements stand for."""
    if tensor.quantization is None:
        return tuple(map(float, elements))
    scale, zero = tensor.quantization.scales[0], tensor.quantization.zero_points[0]
    return tuple((float(element) - zero) * scale for element in elements)
