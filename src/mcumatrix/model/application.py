"""What an image does besides starting its board."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.model.catalogue import Source


class Application(StrEnum):
    """A part of an image that answers somebody. All but the benchmark are folders under
    `firmware/application`."""

    BENCH = "bench"
    """The benchmark, over the board's serial port. Every image has it."""
    INFERENCE_SERVER = "inference-server"
    """Inferences for whoever asks over the board's second port: see docs/client.md."""
    EVENT_COUNTERS = "event-counters"
    """Counts what the core's event counters tell of each layer: see docs/timing.md."""


BENCH_ALONE = (Application.BENCH,)
"""What an image has if nothing else is said: a benchmark holds only what is measured."""


ADDED = tuple(application for application in Application if application not in BENCH_ALONE)
"""Those that are compiled into libraries of their own."""


def library_of(application: Application) -> str:
    """The file of such a library."""
    return f"lib{application}.a"


def in_order(applications: Iterable[Application]) -> tuple[Application, ...]:
    """The same ones, each once, the benchmark first: their order changes nothing."""
    wanted = set(applications)
    return tuple(application for application in Application if application in wanted)


def in_words(applications: Iterable[Application]) -> str:
    """As reports and records have them, such as `bench, inference-server`."""
    return ", ".join(applications)


@dataclass(frozen=True, slots=True)
class AddedApplication:
    """An application that is compiled into a library of its own.

    `sources` is code from elsewhere that it is compiled with, each with the parts of its archive that are
    used.
    """

    name: Application
    sources: tuple[tuple[Source, tuple[str, ...]], ...]
