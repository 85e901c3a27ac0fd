"""The result of one run of one image, as it is kept."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Len

from mcumatrix.model.axes import Setting
from mcumatrix.model.bounds import (
    MAX_LAYERS,
    CyclesOfRepeats,
    Hertz,
    Sha256,
    Unsigned32,
    UtcTime,
    Word,
)
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.energy import Energy
from mcumatrix.model.event_counts import EventCounts
from mcumatrix.model.image import KEPT, Sizes, ToolchainIdentity
from mcumatrix.model.kernels import Compiled
from mcumatrix.model.labelled import MAX_SAMPLES, AskedSet
from mcumatrix.model.memory import ArenaKind, Stack
from mcumatrix.model.network import TensorType
from mcumatrix.model.schedule import FIRST, Slot
from mcumatrix.model.variant import Outcome

PROJECT = "project"
"""What `Provenance.tools` calls the commit of the project that a run was made from."""

RECORD_SCHEMA = 3
"""Raised when a field changes its meaning. Readers turn what they know into this, and refuse the rest."""


class Status(StrEnum):
    """How a run ended. All but `ok` and `wrong-output` have no times that could be believed."""

    OK = "ok"
    WRONG_OUTPUT = "wrong-output"
    BUILD = "build"
    TOO_LARGE = "too-large"
    FLASH = "flash"
    NO_BOARD = "no-board"
    BLOCKED = "blocked"
    NO_PROBE = "no-probe"
    WRONG_PROBE = "wrong-probe"
    PROBE_BUSY = "probe-busy"
    HELD_IN_RESET = "held-in-reset"
    NO_CORE = "no-core"
    WRONG_DEVICE = "wrong-device"
    UNLOCK_REFUSED = "unlock-refused"
    ERASE = "erase-error"
    PROGRAM = "program-error"
    VERIFY = "verify-mismatch"
    DISCONNECTED = "disconnected"
    FLASH_TIMEOUT = "flash-timeout"
    SERIAL = "serial"
    TIMEOUT = "timeout"
    PARSE = "parse"
    FIRMWARE = "firmware"


FINAL = (Status.OK, Status.WRONG_OUTPUT)
"""A run that ended so would end so again. Whatever else happened is worth another try."""


class Cause(StrEnum):
    """What is to blame for a run without times that count."""

    BUILD = "build"
    """There is no image: it did not compile, or does not fit."""
    INFRASTRUCTURE = "infrastructure"
    """Probe, serial line or time limits of the host. It says nothing about the variant."""
    TARGET = "target"
    """What runs on the board: a wrong answer, a fault, words that are none of the protocol."""


_CAUSES = {
    Cause.BUILD: (Status.BUILD, Status.TOO_LARGE),
    Cause.TARGET: (Status.WRONG_OUTPUT, Status.PARSE, Status.FIRMWARE),
}


def cause_of(status: Status) -> Cause | None:
    """What is to blame for a status, where nothing more is known; None for `ok`."""
    if status is Status.OK:
        return None
    found = (cause for cause, statuses in _CAUSES.items() if status in statuses)
    return next(found, Cause.INFRASTRUCTURE)


@dataclass(frozen=True, slots=True)
class Clock:
    """The core clock as asked for, and as the firmware worked it out from the registers on the board.

    `rates_hz` are the other clocks of the chip and `registers` what all of them come from, by the names that
    the chip's manual has.
    """

    __pydantic_config__ = KEPT

    declared_hz: Hertz
    measured_hz: Hertz
    rates_hz: dict[Word, Unsigned32]
    registers: dict[Word, Unsigned32]


@dataclass(frozen=True, slots=True)
class LayerTimes:
    """Core clock cycles of one layer, one number per repeat, and what computed it.

    `code` is the address of its function, `source` the file which that is from, as the image's debug
    information has it; empty if unknown. `functions` are those of an optimised library that ran within it.
    """

    __pydantic_config__ = KEPT

    op: Word
    cycles: CyclesOfRepeats
    code: Unsigned32 = 0
    source: str = ""
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """An output tensor of the last repeat.

    `values` are the elements as the tensor holds them, row-major, whole numbers for integer types. `crc32`
    has one checksum per repeat, of the bytes of all output tensors, one behind the other; it is empty for all
    but the first of them.
    """

    __pydantic_config__ = KEPT

    element: TensorType
    shape: tuple[Unsigned32, ...]
    values: tuple[float, ...]
    crc32: tuple[Unsigned32, ...]


@dataclass(frozen=True, slots=True)
class Correctness:
    """The comparison of an output with the golden one; the error is in units of the tensor's elements."""

    __pydantic_config__ = KEPT

    correct: bool
    max_error: Annotated[float, Ge(0)]
    tolerance: Annotated[float, Ge(0)]
    golden_sha256: Sha256


@dataclass(frozen=True, slots=True)
class SetAnswers:
    """What a board answered to a labelled set: for each sample, in the order in which they were asked.

    `classes` are the indices of the largest elements, of several the first; None where an element is no
    number. `crc32` is over the bytes of all answers, one behind the other.
    """

    __pydantic_config__ = KEPT

    classes: Annotated[tuple[Unsigned32 | None, ...], Len(1, MAX_SAMPLES)]
    crc32: Unsigned32


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The comparison of the answers to a labelled set with its labels, and with those of the host.

    `set_sha256` is that of what was asked (`LabelledSet.sha256`) out of `set_samples` samples, and `correct`
    how many of the classes are the labels'. Where there are answers of the host, `answers_sha256` is that of
    their file, `host_correct` how many of these are right, and `deviating` has the places in the set, from 0,
    of the samples whose answers are off by more than `tolerance`; `max_error` is the largest difference of
    all, in units of the elements. Of the deviating ones `other_class` have another class than the host says.
    """

    __pydantic_config__ = KEPT

    set_sha256: Sha256
    set_samples: Unsigned32
    correct: Unsigned32
    answers_sha256: str = ""
    host_correct: Unsigned32 = 0
    deviating: Annotated[tuple[Unsigned32, ...], Len(0, MAX_SAMPLES)] = ()
    other_class: Unsigned32 = 0
    max_error: Annotated[float, Ge(0)] = 0.0
    tolerance: Annotated[float, Ge(0)] = 0.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a board answered: times in core clock cycles, and the output they belong to.

    `total_cycles` has one number per repeat and is at least the sum of the layers; the rest is spent between
    them. `further_outputs` are those behind the first, for a model that has several. `set_answers` are those
    to the labelled set, None where it was not asked. `arena_bytes` is what the arena must have; `arena_kinds`
    are as many of its kinds as the runtime tells. `stack` is None in records from before it was measured.
    `events` are those of inferences that were not timed, None where they were not counted.
    """

    __pydantic_config__ = KEPT

    clock: Clock
    warmup: Unsigned32
    layers: Annotated[tuple[LayerTimes, ...], Len(1, MAX_LAYERS)]
    total_cycles: CyclesOfRepeats
    arena_bytes: Unsigned32
    input_crc32: Unsigned32
    output: Output
    further_outputs: tuple[Output, ...] = ()
    set_answers: SetAnswers | None = None
    arena_kinds: dict[ArenaKind, Unsigned32] = field(default_factory=dict)
    stack: Stack | None = None
    events: EventCounts | None = None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image without its paths, as a record keeps it."""

    __pydantic_config__ = KEPT

    build_id: Word
    elf_sha256: Sha256
    binary_sha256: Sha256
    sizes: Sizes
    toolchain: ToolchainIdentity


@dataclass(frozen=True, slots=True)
class Flashed:
    """How an image got onto a board, and the proof that it did.

    `probe` is the unique id of the debug probe. `read_back_sha256` is over the bytes that were read back from
    flash, as many as the image has. `written_bytes` is 0 where all of it was there already.
    """

    __pydantic_config__ = KEPT

    probe: str
    read_back_sha256: Sha256
    written_bytes: Unsigned32


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from.

    `unit` is the specimen of the board, empty in records from before there was the field and where none could
    be had. `timing_model` is empty where hardware counted the cycles, and so is `expected_error`: how far a
    model's time may be from that of a real board, as a phrase.
    """

    __pydantic_config__ = KEPT

    board: str
    kind: BoardKind
    timing_model: str
    tools: dict[str, str]
    expected_error: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One run of one variant. `fingerprint` covers everything that the result depends on.

    A run that failed has its `status` and `reason`, and what had been found out until then; `cause` is what
    is to blame, None in records from before there was the field. `warning` is what a look at the model on the
    host said before anything was built.

    A run that infrastructure has spoiled is tried again: `attempt` counts from 1, and `earlier` has the names
    of the records of those before, which stand beside it with their logs. One that passed only then is
    `flaky`.

    `slot` says which of the runs of its variant it is, and `order` in which order they were begun, empty for
    that of the plan. `drift` is for images that tell whether a unit is fit: how its cycles differ from those
    that the unit had before, empty where they do not.

    `settings` is what stood behind the labels of the axes that are the maintainer's own; None in records from
    before it was kept. `compiled` says how the runtime's library was compiled; None likewise.
    `float_functions` says whether kernels of an optimised library call functions of it for floats, None where
    nobody asked. `accuracy` is that of the answers to the labelled set, None where it was not asked. `energy`
    is that of the timed inferences, None where no probe was at the board.
    """

    __pydantic_config__ = KEPT

    schema: int
    fingerprint: Sha256
    matrix: Word
    variant: Word
    axes: dict[str, str]
    clock_hz: Hertz
    expected: Outcome
    expected_reason: str
    status: Status
    reason: str
    finished_at: UtcTime
    provenance: Provenance
    image: ImageFacts | None = None
    flashed: Flashed | None = None
    measurement: Measurement | None = None
    correctness: Correctness | None = None
    log: str = ""
    log_sha256: str = ""
    warning: str = ""
    cause: Cause | None = None
    attempt: int = 1
    earlier: tuple[str, ...] = ()
    flaky: bool = False
    slot: Slot = FIRST
    order: str = ""
    drift: str = ""
    settings: tuple[Setting, ...] | None = None
    compiled: Compiled | None = None
    float_functions: bool | None = None
    accuracy: Accuracy | None = None
    energy: Energy | None = None

    @property
    def name(self) -> str:
        """The name of its file, without ending; empty before it is kept."""
        return self.log.removesuffix(".log")

    @property
    def is_right(self) -> bool | None:
        """Whether no answer is another one than it must be; None where there is no answer."""
        if self.correctness is None:
            return None
        return self.correctness.correct and not (self.accuracy and self.accuracy.deviating)

    @property
    def asked(self) -> AskedSet | None:
        """How much of a labelled set it was asked, None for nothing."""
        answers = self.measurement.set_answers if self.measurement else None
        return AskedSet(len(answers.classes)) if answers else None

    @property
    def blame(self) -> Cause | None:
        """What is to blame for its failure, as far as is known; None where it did not fail."""
        return self.cause or cause_of(self.status)
