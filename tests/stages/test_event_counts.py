"""Event counts of a log are whole and true to themselves, or there are none."""

import dataclasses
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mcumatrix import wire
from mcumatrix.errors import McuMatrixError
from mcumatrix.model.event_counts import EventCounts, events_of_layers
from mcumatrix.model.record import Measurement
from mcumatrix.stages.evidence import differences_from_log
from mcumatrix.stages.parse import parse_bench
from support.event_counts import HAS_COUNTERS, HAS_NONE, counting_log, counts_of, events
from support.logs import NONCE, OUTPUT, bench_log, boot_log, exchange
from support.variants import a_record, hello

LAYERS = (events(700, 90, 210), events(600, 80, 321))
COUNTS = counts_of(*LAYERS, output_crc32=zlib.crc32(OUTPUT))
NONCE_OF_COUNTS = 0x700


def _parse(counting: bytes) -> Measurement:
    return parse_bench(boot_log() + bench_log() + counting, NONCE, hello())


def _changed(edit: Callable[[EventCounts], EventCounts]) -> bytes:
    return counting_log(edit(COUNTS))


def _with_layer(counts: EventCounts, which: int, **changes: int) -> EventCounts:
    inferences = list(counts.inferences)
    first, *others = inferences[which].layers
    inferences[which] = replace(inferences[which], layers=(replace(first, **changes), *others))
    return replace(counts, inferences=tuple(inferences))


def _answer(*messages: wire.Message, nonce: int = NONCE_OF_COUNTS, ok: bool = True) -> bytes:
    return exchange(wire.CountEvents.number, nonce, messages, ok=ok)


def test_counts_are_read_as_the_board_says_them() -> None:
    events = _parse(counting_log(COUNTS)).events
    assert events == COUNTS
    assert events_of_layers(events) == LAYERS


def test_a_log_without_them_has_none_and_a_core_without_counters_says_so() -> None:
    assert _parse(b"").events is None
    assert _parse(counting_log(EventCounts(HAS_NONE))).events == EventCounts(HAS_NONE)


_COUNTED = wire.Counted(0, 0, 100, 100, 1, 0, 0, 2, 0)
_COUNTING = wire.Counting(0, HAS_COUNTERS)
_INFERRED = wire.Inferred(1, zlib.crc32(OUTPUT))
_WHOLE = "the answer contradicts itself: "
_CONTRADICTION = "an answer with event counts contradicts itself: "


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (_answer(_COUNTING, ok=False), "the firmware could not count events, and did not say why"),
        (_answer(_COUNTED, _INFERRED), f"{_CONTRADICTION}it does not say how"),
        (_answer(_COUNTING, _COUNTED), f"{_CONTRADICTION}it is not whole"),
        (_answer(_COUNTING, _INFERRED), f"{_CONTRADICTION}it is not whole"),
        (
            _answer(_COUNTING, replace(_COUNTED, layer=1), replace(_COUNTED, layer=0), _INFERRED),
            f"{_CONTRADICTION}it is not whole",
        ),
        (
            _answer(wire.Counting(0, HAS_NONE), _COUNTED, _INFERRED),
            f"{_CONTRADICTION}the core has no event counters, and there are counts",
        ),
        (
            _answer(wire.Counting(0, HAS_NONE)) + _answer(_COUNTING, _COUNTED, _INFERRED, nonce=0x701),
            "the answers with event counts contradict each other: DWT_CTRL changed",
        ),
        (
            _answer(wire.Counting(0, HAS_NONE)) + _answer(wire.Counting(0, HAS_NONE), nonce=0x703),
            "answer 2 with event counts is missing or not in its place",
        ),
        (
            b"".join(_answer(wire.Counting(0, HAS_NONE), nonce=nonce) for nonce in range(1, 18)),
            "events were counted in 17 inferences, and 16 are the most",
        ),
        (
            _changed(lambda counts: replace(counts, inferences=tuple(
                replace(one, layers=one.layers[:1]) for one in counts.inferences
            ))),
            f"{_WHOLE}the inference with period_cycles=0 has 1 layers, and the model 2",
        ),
        (
            _changed(lambda counts: replace(counts, inferences=tuple(
                replace(one, output_crc32=3) for one in counts.inferences
            ))),
            f"{_WHOLE}the inference with period_cycles=0, in which events were counted, "
            "has another answer than those that were timed",
        ),
        (
            _changed(lambda counts: _with_layer(counts, 1, cycles=99_999_999)),
            f"{_WHOLE}layer 0 of the inference with period_cycles=64 has 99999999 cycles, "
            "and 255 in the longest of 16 windows",
        ),
        (
            _changed(lambda counts: _with_layer(counts, 0, load_store=256)),
            f"{_WHOLE}layer 0 of the inference with period_cycles=0 has 256 events of a "
            "kind, and 255 are the most that can be counted",
        ),
        (
            _changed(lambda counts: _with_layer(counts, 0, interrupts=7)),
            f"{_WHOLE}layer 0 of the inference with period_cycles=0 was interrupted 7 "
            "times",
        ),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused(log: bytes, sentence: str) -> None:
    with pytest.raises(McuMatrixError) as error:
        _parse(log)
    assert error.value.message == sentence


def _changes_of(log: bytes) -> Iterator[bytes]:
    for line in log.splitlines(keepends=True):
        yield log.replace(line, b"", 1)
        yield log.replace(line, line * 2, 1)
        yield log.replace(line, line[:-4] + b"!" + line[-3:], 1)


def test_a_line_that_is_lost_twice_there_or_changed_is_no_other_count() -> None:
    for log in _changes_of(counting_log(COUNTS)):
        with pytest.raises(McuMatrixError):
            _parse(log)


def test_a_count_that_was_changed_in_a_record_is_named_with_what_its_log_says() -> None:
    log = boot_log() + bench_log() + counting_log(COUNTS)
    record = a_record()
    assert record.correctness is not None
    record = replace(record, measurement=parse_bench(log, NONCE, hello()))
    assert not [one for one in differences_from_log(record, log) if one.field.startswith("measurement")]
    assert record.measurement is not None
    better = _with_layer(COUNTS, 1, load_store=1)
    changed = replace(record, measurement=dataclasses.replace(record.measurement, events=better))
    said = COUNTS.inferences[1].layers[0].load_store
    (difference,) = (one for one in differences_from_log(changed, log) if one.field.startswith("measurement"))
    assert str(difference) == (
        f"measurement.events.inferences.1.layers.0.load_store: the record says 1, its log says {said}"
    )
