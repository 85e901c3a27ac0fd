"""How often a board is right: labelled digits, sent to it one by one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcumatrix.client import Board
from mcumatrix.model.labelled import LabelledSet
from mcumatrix.results.statistics import Interval, share_interval


@dataclass(frozen=True)
class Confusion:
    """What a board took digits for: `counts` has a row for each label and a column for each answer.

    `unlike_host` has the places, within the set, of those to which TensorFlow Lite Micro on the host answers
    otherwise; None where its answers are not known.
    """

    counts: tuple[tuple[int, ...], ...]
    unlike_host: tuple[int, ...] | None

    @property
    def asked(self) -> int:
        """How many digits it was asked."""
        return sum(map(sum, self.counts))

    @property
    def right(self) -> int:
        """How many of them it knew."""
        return sum(row[label] for label, row in enumerate(self.counts))

    @property
    def interval(self) -> Interval:
        """Where the share that it would know of other such digits lies, with a confidence of 95 %."""
        return share_interval(self.right, self.asked)


def ask_digits(
    board: Board, labelled: LabelledSet, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> Confusion:
    """Asks a board each sample of a set; `tell` hears how many it was asked, and of how many.

    Raises:
        ClientError, ConsoleError: it does not answer, or the set is not for its model.
    """
    [output] = board.description.outputs
    [taken] = board.description.inputs
    classes = int(np.prod(output.shape))
    counts = np.zeros((classes, classes), int)
    unlike = []
    for index, (sample, label) in enumerate(zip(labelled.inputs, labelled.labels, strict=True)):
        tell(index, len(labelled.inputs))
        elements = board.infer(np.frombuffer(sample, taken.dtype)).outputs[0].reshape(-1)
        counts[label, int(np.argmax(elements))] += 1
        if labelled.expected:
            off = np.abs(elements.astype(np.float64) - labelled.expected[index])
            if not (off <= labelled.tolerance).all():
                unlike.append(labelled.places[index])
    tell(len(labelled.inputs), len(labelled.inputs))
    rows = tuple(tuple(map(int, row)) for row in counts)
    return Confusion(rows, tuple(unlike) if labelled.expected else None)
