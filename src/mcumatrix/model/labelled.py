"""Labelled sets: many inputs of a model, each with the class that it belongs to."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

MAX_SAMPLES = 10_000
"""As many is a board asked in one run: whole test sets of MNIST and CIFAR-10."""

MAX_ANSWERS_BYTES = 2**20
"""As much may all answers have together: a log has room for that (`wire.MAX_LOG_LINES`)."""


@dataclass(frozen=True, slots=True)
class AskedSet:
    """How much of the labelled set of its model a variant is asked: `samples` of it, all of it for None."""

    samples: int | None = None


@dataclass(frozen=True)
class LabelledSet:
    """The samples that are asked, in their order.

    `inputs` are the input tensors as they lie in memory (little-endian), `labels` the numbers of the classes
    from 0. `places` has where in the whole set, which has `count`, each of them stands, from 0. `expected`
    has for each sample the elements that the library on the host answers, of which each may differ by
    `tolerance`, and `answers_sha256` is that of the file which they were read from; both are empty where
    nobody has made them.
    """

    inputs: tuple[bytes, ...]
    labels: tuple[int, ...]
    places: tuple[int, ...]
    count: int
    expected: tuple[tuple[float, ...], ...] = ()
    tolerance: float = 0.0
    answers_sha256: str = ""

    @cached_property
    def sha256(self) -> str:
        """Over inputs, labels and places: what was asked, however it was stored."""
        digest = sha256(repr((self.labels, self.places, len(self.inputs[0]))).encode())
        for sample in self.inputs:
            digest.update(sample)
        return digest.hexdigest()


def spread(count: int, wanted: int) -> tuple[int, ...]:
    """The places of `wanted` of `count` samples, as far apart as can be: many sets are sorted by class.

    All of them where fewer are there.
    """
    chosen = min(count, wanted)
    return tuple(index * count // chosen for index in range(chosen))
