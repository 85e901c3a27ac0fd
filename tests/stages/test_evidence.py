"""What a record says is told again by its log, its image and the golden answers."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix import wire
from mcumatrix.errors import BuildError, McuMatrixError, ResultError
from mcumatrix.model.golden import GoldenCase, GoldenOutput
from mcumatrix.model.labelled import AskedSet, LabelledSet
from mcumatrix.model.memory import ArenaKind
from mcumatrix.model.record import Record, SetAnswers, Status
from mcumatrix.results.store import from_json, record_in, to_json
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.evidence import (
    accuracy_in,
    differences_from_golden,
    differences_from_image,
    differences_from_log,
)
from mcumatrix.stages.parse import parse_bench
from support.logs import NONCE, bench_log, bench_messages, boot_log, exchange
from support.variants import BUILD_ID, a_record, hello

INPUT = b"the input"
LOG = boot_log() + b"a word\r\n"
LOG += bench_log(
    [
        wire.Bench(one.warmup, one.repeat, zlib.crc32(INPUT)) if isinstance(one, wire.Bench) else one
        for one in bench_messages()
    ]
)
GOLDEN = GoldenCase(INPUT, (GoldenOutput((-128.0, 127.0), 0.0),), "d" * 64)
OLD = Path(__file__).parents[1] / "results" / "data"


def _record(log: bytes = LOG) -> Record:
    measurement = parse_bench(log, NONCE, hello())
    # As name_sources would have it: no log has that.
    named = replace(measurement, layers=tuple(replace(one, source="a.c") for one in measurement.layers))
    return a_record((named, check_answer(named, GOLDEN)))


def _said(record: Record, log: bytes = LOG) -> list[str]:
    return [str(difference) for difference in differences_from_log(record, log, hello())]


def test_a_record_is_what_its_log_says() -> None:
    assert not _said(_record())


def test_a_log_of_a_failed_run_proves_nothing() -> None:
    assert not _said(a_record(BuildError("the linker refused"), image=None), b"")


def _measured(**changes: object) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        assert record.measurement is not None
        return replace(record, measurement=replace(record.measurement, **changes))

    return change


def _kernels(record: Record) -> Record:
    return replace(record, axes=record.axes | {"kernels": "reference"})


def _build(record: Record) -> Record:
    assert record.image is not None
    return replace(record, image=replace(record.image, build_id="feedfeedfeedfeed"))


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            _measured(total_cycles=(2500, 5000)),
            ["measurement.total_cycles.0: the record says 2500, its log says 5000"],
        ),
        (
            _measured(layers=()),
            [
                "measurement.layers.0.op: the record says nothing, its log says 'CONV_2D'",
                "measurement.layers.0.cycles.0: the record says nothing, its log says 1000",
            ],
        ),
        (_measured(warmup=2), ["measurement.warmup: the record says 2, its log says 1"]),
        (_measured(arena_bytes=1), ["measurement.arena_bytes: the record says 1, its log says 4096"]),
        (
            _measured(stack=None),
            [
                "measurement.stack: the record says None, its log says nothing",
                "measurement.stack.inference_bytes: the record says nothing, its log says 800",
                "measurement.stack.deepest_bytes: the record says nothing, its log says 1200",
                "measurement.stack.size_bytes: the record says nothing, its log says 16384",
            ],
        ),
        (
            _measured(arena_kinds={ArenaKind.PERSISTENT: 1000, ArenaKind.NODES: 400}),
            ["measurement.arena_kinds.non_persistent: the record says nothing, its log says 3000"],
        ),
        (_kernels, ["axes.kernels: the record says 'reference', its log says 'simd'"]),
        (
            _build,
            [f"image.build_id: the record says 'feedfeedfeedfeed', its log says {BUILD_ID!r}"],
        ),
        (
            lambda record: replace(record, clock_hz=1),
            ["clock_hz: the record says 1, its log says 216000000"],
        ),
    ],
)
def test_a_field_that_was_changed_is_named_with_what_the_log_says(
    change: Callable[[Record], Record], sentences: list[str]
) -> None:
    assert _said(change(_record()))[: len(sentences)] == sentences


def _numbers(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [path]
    return [found for key, inner in items for found in _numbers(inner, (*path, key))]


@settings(max_examples=200)
@given(st.data())
def test_no_number_of_a_measurement_can_be_changed_unnoticed(data: st.DataObject) -> None:
    kept = json.loads(to_json(_record()))
    path = data.draw(st.sampled_from(_numbers(kept["measurement"])))
    place = kept["measurement"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(st.integers(0, 2**32).filter(lambda number: number != place[path[-1]]))
    try:
        record = from_json(json.dumps(kept).encode())
    except ResultError:
        return
    assert _said(record)


def test_the_log_of_another_variant_is_no_evidence() -> None:
    other = hello(model="mnist-float32")
    assert [str(one) for one in differences_from_log(_record(), LOG, other)] == [
        "model: the record says 'mnist-float32', its log says 'mnist-int8'"
    ]


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (b"", "it is of protocol version 0, and 3, 4, 5, 6 are read"),
        (boot_log(hello(protocol=2)), "it is of protocol version 2, and 3, 4, 5, 6 are read"),
        (boot_log(), "it has 1 first words of a board and 0 measurements"),
        (LOG + bench_log(nonce=5), "it has 1 first words of a board and 2 measurements"),
        (LOG[:-9], "the line '@end "),
        (LOG + b"ERROR: no\n", "the firmware says: no"),
    ],
)
def test_a_log_without_a_measurement_is_no_evidence(log: bytes, reason: str) -> None:
    (sentence,) = _said(_record(), log)
    assert sentence.startswith(
        f"measurement: the record says there is one, its log says there is none: {reason}"
    )


def test_a_log_of_protocol_3_is_evidence_too() -> None:
    """One of the quickstart, as it was written with that protocol."""
    file = OLD / "protocol-3" / "20261126T184506.067212Z-a9eca7b94523.json"
    record = record_in(file, file.read_bytes())
    assert not list(differences_from_log(record, file.with_suffix(".log").read_bytes()))


def test_hashes_of_an_image_are_those_of_the_image_that_is_there() -> None:
    record = _record()
    right = {"image.elf": "e" * 64, "image.bin": "b" * 64, "image.map": "0" * 64}
    assert not list(differences_from_image(record, BUILD_ID, right))
    assert not list(differences_from_image(record, BUILD_ID, {}))
    assert not list(differences_from_image(a_record(BuildError("no"), image=None), BUILD_ID, right))
    wrong = right | {"image.elf": "1" * 64}
    assert [str(one) for one in differences_from_image(record, "0" * 16, wrong)] == [
        f"image.build_id: the record says '{BUILD_ID}', the image of its inputs says '{'0' * 16}'",
        f"image.elf_sha256: the record says '{'e' * 64}', the image of its inputs says '{'1' * 64}'",
    ]


def test_a_verdict_is_that_of_the_output_and_the_golden_answers() -> None:
    record = _record()
    assert not list(differences_from_golden(record, LOG, GOLDEN))
    assert not list(differences_from_golden(a_record(BuildError("no"), image=None), b"", GOLDEN))
    other = replace(GOLDEN, outputs=(GoldenOutput((-128.0, 0.0), 0.0),))
    assert [str(one) for one in differences_from_golden(record, LOG, other)] == [
        "correctness.correct: the record says True, comparing its output again says False",
        "correctness.max_error: the record says 0.0, comparing its output again says 127.0",
    ]


SAMPLES = (b"one", b"two", b"six")


def _answer(index: int, sample: bytes, output: bytes) -> bytes:
    said = wire.Inferred(zlib.crc32(sample), zlib.crc32(output))
    return exchange(wire.Infer.number, 100 + index, [said, wire.DataLine(0, output)])


SET = LabelledSet(SAMPLES, (1, 0, 1), (0, 5, 9), 10, ((1.0, 2.0), (3.0, 2.0), (1.0, 7.0)), 0.0, "c" * 64)
ASKED = replace(GOLDEN, labelled=SET)
ASKED_LOG = LOG + b"".join(
    _answer(index, sample, output)
    for index, (sample, output) in enumerate(
        zip(SAMPLES, (b"\x01\x02", b"\x03\x02", b"\x09\x07"), strict=True)
    )
)


def _asked_record() -> Record:
    measurement = parse_bench(ASKED_LOG, NONCE, hello())
    correctness = check_answer(measurement, ASKED)
    return a_record((measurement, correctness), accuracy=accuracy_in(ASKED_LOG, SET))


def _from_set(record: Record, log: bytes = ASKED_LOG, golden: GoldenCase = ASKED) -> list[str]:
    found = (*differences_from_log(record, log, hello()), *differences_from_golden(record, log, golden))
    return [str(difference) for difference in found]


def test_an_accuracy_is_that_of_the_answers_in_the_log_and_of_the_set() -> None:
    record = _asked_record()
    assert record.accuracy is not None
    assert (record.accuracy.correct, record.accuracy.deviating) == (2, (9,))
    assert (record.status, record.reason) == (
        Status.WRONG_OUTPUT,
        "1 answer to the labelled set not as on the host, off by up to 8 where 0 is allowed: sample 9",
    )
    assert record.asked == AskedSet(3)
    assert not _from_set(record)
    assert from_json(to_json(record)) == record


def test_an_accuracy_that_was_made_better_is_named() -> None:
    record = _asked_record()
    assert record.accuracy is not None
    assert record.measurement is not None
    better = replace(record.accuracy, correct=3, deviating=(), max_error=0.0, other_class=0)
    assert _from_set(replace(record, accuracy=better, status=Status.OK)) == [
        "accuracy.correct: the record says 3, comparing its answers again says 2",
        "accuracy.other_class: the record says 0, comparing its answers again says 1",
        "accuracy.max_error: the record says 0.0, comparing its answers again says 8.0",
        "accuracy.deviating.0: the record says nothing, comparing its answers again says 9",
    ]
    answers = SetAnswers((1, 0, 1), 0)
    changed = replace(record, measurement=replace(record.measurement, set_answers=answers))
    assert _from_set(changed)[0] == "measurement.set_answers.classes.2: the record says 1, its log says 0"


NO_ACCURACY = "accuracy: the record says there is one, its log says there is none"


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (
            LOG + _answer(0, SAMPLES[0], b"\x01\x02"),
            f"{NO_ACCURACY}: it has answers to 1 samples, and 3 were asked",
        ),
        (
            ASKED_LOG.replace(_answer(1, SAMPLES[1], b"\x03\x02"), b""),
            f"{NO_ACCURACY}: the answer to sample 2 is missing or not in its place",
        ),
        (
            ASKED_LOG.replace(_answer(1, SAMPLES[1], b"\x03\x02"), _answer(1, b"another", b"\x03\x02")),
            f"{NO_ACCURACY}: the answer to sample 2 is one to another input",
        ),
    ],
)
def test_a_log_with_other_answers_is_no_evidence(log: bytes, sentence: str) -> None:
    assert _from_set(_asked_record(), log)[-1] == sentence


def test_other_labels_and_other_answers_of_the_host_are_named() -> None:
    other = replace(SET, labels=(0, 0, 1), answers_sha256="d" * 64)
    assert [
        one.split(":")[0] for one in _from_set(_asked_record(), golden=replace(ASKED, labelled=other))
    ] == [
        "accuracy.set_sha256",
        "accuracy.correct",
        "accuracy.answers_sha256",
        "accuracy.host_correct",
    ]


@given(place=st.integers(len(LOG), len(ASKED_LOG) - 1), byte=st.integers(0, 255))
@settings(max_examples=300)
def test_an_answer_that_was_changed_in_any_byte_is_no_other_answer(place: int, byte: int) -> None:
    changed = ASKED_LOG[:place] + bytes([byte]) + ASKED_LOG[place + 1 :]
    try:
        found = accuracy_in(changed, SET)
    except McuMatrixError:
        return
    assert found == _asked_record().accuracy


@given(st.permutations(range(3)), st.integers(0, 3))
def test_answers_in_another_order_or_fewer_of_them_are_no_accuracy(order: list[int], count: int) -> None:
    outputs = (b"\x01\x02", b"\x03\x02", b"\x09\x07")
    answers = [_answer(index, SAMPLES[index], outputs[index]) for index in order[:count]]
    if order[:count] == [0, 1, 2]:
        assert accuracy_in(LOG + b"".join(answers), SET) == _asked_record().accuracy
    elif count == 0:
        assert accuracy_in(LOG, SET) is None
    else:
        with pytest.raises(McuMatrixError):
            accuracy_in(LOG + b"".join(answers), SET)
