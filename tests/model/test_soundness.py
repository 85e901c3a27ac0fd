"""A result that cannot be is told from one that can."""

from dataclasses import replace
from math import inf, nan

import pytest

from mcumatrix.errors import BuildError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.image import FlashPart
from mcumatrix.model.record import (
    Accuracy,
    Correctness,
    Flashed,
    LayerTimes,
    Measurement,
    Record,
    SetAnswers,
    Status,
)
from mcumatrix.model.soundness import contradictions_of_measurement, contradictions_of_record
from support.variants import a_measurement, a_record


def test_what_a_board_answers_and_how_a_run_fails_are_no_contradictions() -> None:
    assert not list(contradictions_of_record(a_record()))
    assert not list(contradictions_of_record(a_record(BuildError("the linker refused"), image=None)))
    wrong = a_record((a_measurement(), Correctness(False, inf, 0.0, "d" * 64)))
    assert not list(contradictions_of_record(wrong))


def test_a_record_has_the_kind_of_the_chip_that_answered() -> None:
    assert not list(contradictions_of_record(_with_chip(0x1001_F449, BoardKind.VIRTUAL)))
    assert not list(contradictions_of_record(_with_chip(0x1001_6449, BoardKind.REAL)))


def test_a_layer_that_computes_nothing_may_take_no_time() -> None:
    assert not list(contradictions_of_measurement(_with_layers(("RESHAPE", (0, 0)))))


def _with_layers(*layers: tuple[str, tuple[int, ...]]) -> Measurement:
    others = (("CONV_2D", (1000, 1010)),)
    return replace(a_measurement(), layers=tuple(LayerTimes(*layer) for layer in others + layers))


@pytest.mark.parametrize(
    ("measurement", "contradiction"),
    [
        (
            replace(a_measurement(), total_cycles=(0, 1035)),
            "repeat 0 took 0 cycles, so that its cycle counter did not run",
        ),
        (
            replace(a_measurement(), total_cycles=(1025, -1)),
            "repeat 1 took -1 cycles, so that its cycle counter did not run",
        ),
        (
            _with_layers(("SOFTMAX", (0, 20))),
            "layer 1 SOFTMAX took 0 cycles in repeat 0, so that its cycle counter did not run",
        ),
        (
            _with_layers(("RESHAPE", (5, -1))),
            "layer 1 RESHAPE took -1 cycles in repeat 1, so that its cycle counter did not run",
        ),
        (
            replace(a_measurement(), total_cycles=(2**64 - 1, 1035)),
            "repeat 0 took 18446744073709551615 cycles, which is more than an hour",
        ),
        (
            replace(a_measurement(), total_cycles=(1019, 1035)),
            "the layers of repeat 0 took longer than the whole inference",
        ),
        (_with_layers(("SOFTMAX", (5,))), "layer 1 has 1 times for 2 repeats"),
        (replace(a_measurement(), layers=()), "it has no layers or no repeats"),
        (a_measurement((("CONV_2D", ()),)), "it has no layers or no repeats"),
        (a_measurement(clock_hz=0), "its clock has 0 Hz"),
        (
            replace(a_measurement(), output=replace(a_measurement().output, crc32=(7,))),
            "it has 1 checksums of outputs for 2 repeats",
        ),
        (
            replace(a_measurement(), output=replace(a_measurement().output, shape=(1, 3))),
            "its output of shape 1x3 has 2 elements",
        ),
        (
            replace(a_measurement(), output=replace(a_measurement().output, shape=())),
            "its output of shape nothing has 2 elements",
        ),
    ],
)
def test_a_measurement_that_cannot_be_is_named(measurement: Measurement, contradiction: str) -> None:
    assert contradiction in list(contradictions_of_measurement(measurement))


def _with(**changes: object) -> Record:
    return replace(a_record(), **changes)  # type: ignore[arg-type]


def _with_chip(chip_id: int, kind: BoardKind) -> Record:
    clock = replace(a_measurement().clock, registers={"DBGMCU_IDCODE": chip_id})
    provenance = replace(a_record().provenance, kind=kind)
    if kind is BoardKind.REAL:
        provenance = replace(provenance, timing_model="", expected_error="")
    return _with(measurement=replace(a_measurement(), clock=clock), provenance=provenance)


def _with_flash(flash_bytes: dict[FlashPart, int]) -> Record:
    image = a_record().image
    assert image is not None
    return _with(image=replace(image, sizes=replace(image.sizes, flash_bytes=flash_bytes)))


def _judged(correctness: Correctness) -> Record:
    return _with(correctness=correctness)


@pytest.mark.parametrize(
    ("record", "contradiction"),
    [
        (_with(measurement=None), "its status is ok, without a measurement and its comparison"),
        (_with(correctness=None), "its status is ok, without a measurement and its comparison"),
        (_with(status=Status.TIMEOUT), "its status is timeout, with a measurement and its comparison"),
        (_judged(Correctness(False, 0.0, 0.0, "d" * 64)), "its status is ok, and its answer not correct"),
        (_with(status=Status.WRONG_OUTPUT), "its status is wrong-output, and its answer correct"),
        (_judged(Correctness(True, 0.5, 0.25, "d" * 64)), "its answer counts as correct, and is not"),
        (_judged(Correctness(True, nan, 0.25, "d" * 64)), "its answer counts as correct, and is not"),
        (_judged(Correctness(True, inf, inf, "d" * 64)), "its answer counts as correct, and is not"),
        (
            _with(measurement=replace(a_measurement(), output=replace(a_measurement().output, crc32=(7, 8)))),
            "its answer counts as correct, and is not",
        ),
        (
            _with(axes=a_record().axes | {"clock": "216 M Hz"}),
            "its axis clock has no such value: '216 M Hz' is not a frequency; write a number and a unit, "
            "such as '216 MHz'",
        ),
        (_with(clock_hz=288_000_000), "its clock has 216000000 and 288000000 Hz"),
        (
            _with(provenance=replace(a_record().provenance, kind=BoardKind.REAL)),
            "a real board counts cycles, and it names the timing model 'm7-block-1'",
        ),
        (
            _with(provenance=replace(a_record().provenance, timing_model="")),
            "a virtual board has a timing model, and it names none",
        ),
        (
            _with_chip(0x1001_F449, BoardKind.REAL),
            "the board is to be real, and its chip is virtual (DBGMCU_IDCODE 0x1001f449)",
        ),
        (
            _with_chip(0x1001_6449, BoardKind.VIRTUAL),
            "the board is to be virtual, and its chip is real (DBGMCU_IDCODE 0x10016449)",
        ),
        (
            _with_flash({FlashPart.KERNELS: 60_000, FlashPart.OTHER: 1}),
            "the parts of its image have 60001 bytes of flash, and the image 100200",
        ),
        (
            _with(measurement=replace(a_measurement(), arena_bytes=30_201)),
            "its arena has 30201 bytes, and its image 30200 bytes of RAM",
        ),
        (_with(flashed=Flashed("probe", "0" * 64, 0)), "what was read back from flash is not its image"),
        (
            _with(measurement=replace(a_measurement(), total_cycles=(0, 1035))),
            "repeat 0 took 0 cycles, so that its cycle counter did not run",
        ),
    ],
)
def test_a_record_that_cannot_be_is_named(record: Record, contradiction: str) -> None:
    assert contradiction in list(contradictions_of_record(record))


def _asked(accuracy: Accuracy | None, classes: tuple[int | None, ...] | None = (0, 1, None, 1)) -> Record:
    answers = SetAnswers(classes, 7) if classes else None
    return _with(measurement=replace(a_measurement(), set_answers=answers), accuracy=accuracy)


ACCURACY = Accuracy("a" * 64, 1000, 3, "b" * 64, 4)


def test_the_accuracy_of_a_board_is_no_contradiction() -> None:
    assert not list(contradictions_of_record(_asked(ACCURACY)))
    wrong = replace(ACCURACY, deviating=(3, 700), other_class=1, max_error=2.0, tolerance=1.0)
    assert not list(contradictions_of_record(replace(_asked(wrong), status=Status.WRONG_OUTPUT)))


@pytest.mark.parametrize(
    ("record", "contradiction"),
    [
        (_asked(None), "it has answers to a labelled set, and not their accuracy"),
        (_asked(ACCURACY, None), "it has no answers to a labelled set, and their accuracy"),
        (_asked(ACCURACY, (0, 2, 1, 1)), "it answered the class 2, and its output has 2 elements"),
        (_asked(replace(ACCURACY, correct=5)), "5 of 4 samples are right"),
        (_asked(replace(ACCURACY, host_correct=5)), "5 of 4 samples are right on the host"),
        (
            _asked(replace(ACCURACY, deviating=(2, 2), max_error=1.0)),
            "the samples whose answers differ from the host's are not in order",
        ),
        (
            _asked(replace(ACCURACY, deviating=(1, 2, 3, 4, 5), max_error=1.0)),
            "the samples whose answers differ from the host's are not in order",
        ),
        (_asked(replace(ACCURACY, set_samples=3)), "samples were asked that a set of 3 does not have"),
        (
            _asked(replace(ACCURACY, deviating=(1000,), max_error=1.0)),
            "samples were asked that a set of 1000 does not have",
        ),
        (
            _asked(replace(ACCURACY, other_class=1)),
            "1 of 0 answers that differ have another class",
        ),
        (
            _asked(replace(ACCURACY, answers_sha256="")),
            "answers were compared with those of the host, and there are none",
        ),
        (
            _asked(replace(ACCURACY, max_error=1.0)),
            "0 answers differ from the host's by more than 0, and the largest difference is 1",
        ),
        (
            _asked(replace(ACCURACY, deviating=(3,), max_error=1.0)),
            "its status is ok, and its answer not correct",
        ),
    ],
)
def test_an_accuracy_that_cannot_be_is_named(record: Record, contradiction: str) -> None:
    assert contradiction in list(contradictions_of_record(record))


def test_looking_never_raises() -> None:
    """Whatever is missing: what is said of it comes from here, and not from Python."""
    for layers in ((), (LayerTimes("CONV_2D", ()),), (LayerTimes("CONV_2D", (1, 2, 3)),)):
        for total_cycles in ((), (1,), (1, 2)):
            measurement = replace(a_measurement(), layers=layers, total_cycles=total_cycles)
            assert list(contradictions_of_measurement(measurement))
