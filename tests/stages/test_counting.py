"""A board is asked for event counts with each period, and once where it has none."""

import re

import pytest

from mcumatrix import wire
from mcumatrix.errors import FirmwareError
from mcumatrix.model.event_counts import PERIODS_CYCLES, EventCounts
from mcumatrix.stages.counting import ask_event_counts
from mcumatrix.stages.event_counts import event_counts_in
from mcumatrix.stages.listen import SerialLog
from support.event_counts import HAS_NONE, counting_log, counts_of, events


class Counting:
    """A board that answers with what it was given, one after the other."""

    def __init__(self, answers: list[EventCounts | bytes]) -> None:
        self._answers = answers
        self._said = b""
        self.periods: list[int] = []

    def write(self, data: bytes) -> None:
        asked = re.fullmatch(rb"CMD=9 nonce=([0-9a-f]{8}) period_cycles=([0-9]+)\r", data)
        assert asked
        self.periods.append(int(asked[2]))
        answer = self._answers.pop(0)
        self._said += (
            answer if isinstance(answer, bytes) else counting_log(answer, first_nonce=int(asked[1], 16))
        )

    def read(self, timeout_s: float) -> bytes:
        said, self._said = self._said, b""
        return said


def _log() -> SerialLog:
    return SerialLog(lambda: False)


def test_each_period_is_asked_and_all_answers_are_in_the_log() -> None:
    counts = counts_of(events(700, 90, 210))
    board = Counting([EventCounts(counts.dwt_ctrl, (one,)) for one in counts.inferences])
    log = _log()
    ask_event_counts(board, log, 1.0)  # type: ignore[arg-type]
    assert tuple(board.periods) == PERIODS_CYCLES
    assert event_counts_in(tuple(wire.read_exchanges(bytes(log.data)))) == counts


def test_a_core_without_counters_is_asked_once() -> None:
    board = Counting([EventCounts(HAS_NONE)])
    ask_event_counts(board, _log(), 1.0)  # type: ignore[arg-type]
    assert board.periods == [0]


def test_an_error_says_with_which_period_it_came() -> None:
    counts = counts_of(events(700, 90, 210))
    refused = b"ERROR: the runtime failed: no\r\n"
    board = Counting([EventCounts(counts.dwt_ctrl, counts.inferences[:1]), refused])
    with pytest.raises(FirmwareError) as error:
        ask_event_counts(board, _log(), 1.0)  # type: ignore[arg-type]
    assert error.value.message == (
        "the firmware says: the runtime failed: no; that was while events were counted with period_cycles=64"
    )
