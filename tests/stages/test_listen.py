"""Listening to boards that say what they like."""

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix import wire
from mcumatrix.errors import ConsoleTimeoutError, FirmwareError, McuMatrixError, ParseError, StoppedError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.stages import listen
from mcumatrix.stages.listen import MAX_LOG_BYTES, SerialLog
from mcumatrix.stages.parse import parse_bench, parse_boot
from support.logs import NONCE, bench_log, boot_log
from support.variants import hello

MIB = 2**20


class Pieces:
    """A line on which some bytes arrive piece by piece, and then nothing more."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def write(self, data: bytes) -> None:
        raise AssertionError("nothing is said to it")

    def read(self, timeout_s: float) -> bytes:
        return next(self._pieces, b"")


def _listen(*pieces: bytes, timeout_s: float = 1.0) -> bytes:
    return SerialLog().read_answer(Pieces(iter(pieces)), timeout_s, "its answer")


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(bench_log())), max_size=20))
def test_an_answer_is_read_to_its_end_however_it_is_cut(cuts: list[int]) -> None:
    answer = bench_log()
    edges = [0, *sorted(cuts), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(edges)]
    assert _listen(*pieces) == answer


def test_each_answer_of_a_log_is_read_by_itself() -> None:
    log = SerialLog()
    assert log.read_answer(Pieces(iter([boot_log()])), 1.0, "its first words") == boot_log()
    assert log.read_answer(Pieces(iter([bench_log()])), 1.0, "its measurement") == bench_log()
    assert log.data == boot_log() + bench_log()


def test_what_ends_an_answer_begins_its_line() -> None:
    with pytest.raises(ConsoleTimeoutError):
        _listen(b"a word @end 1\n @end 2\n@end 3", timeout_s=0.01)


def test_an_error_line_is_noticed_whole_or_not() -> None:
    for last_words in (b"ERROR: no clock\r\n", b"ERROR: no clock"):
        with pytest.raises(FirmwareError) as error:
            _listen(b"words\r\nERR", last_words[3:], timeout_s=10.0)
        assert error.value.message == "the firmware says: no clock"


def test_a_long_error_is_cut_to_the_length_of_a_line() -> None:
    with pytest.raises(FirmwareError) as error:
        _listen(b"ERROR: " + b"x" * MIB, timeout_s=10.0)
    assert len(error.value.message) < wire.MAX_LINE_BYTES + 40


def test_listening_ends_when_it_is_told_to() -> None:
    with pytest.raises(StoppedError):
        SerialLog(stopped=lambda: True).read_answer(Pieces(iter([])), 10.0, "its answer")


@pytest.mark.parametrize("piece", [b"U" * 4096, b"\xff" * 4096, b"a\n" * 2048, b"\n" * 4096])
def test_a_board_that_talks_without_end_is_stopped_at_the_cap(piece: bytes) -> None:
    with pytest.raises(ConsoleTimeoutError) as error:
        _listen(*[piece] * (MAX_LOG_BYTES // 4096 + 1), timeout_s=600.0)
    assert str(error.value) == (
        f"the board sent {MAX_LOG_BYTES + 4096} bytes as its answer without an end\n"
        "  Another firmware may be running, or the baud rate is wrong; see the raw log."
    )


def test_each_byte_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pieces there are, and whether or not lines end."""
    looked = 0

    class Counted(bytearray):
        def find(self, sub: bytes, start: int) -> int:  # type: ignore[override]
            nonlocal looked
            found = super().find(sub, start)
            looked += (len(self) if found < 0 else found + 1) - start
            return found

    for piece in (b"U" * 100, b"a\n" * 50):
        looked, log = 0, SerialLog(data=Counted())
        with pytest.raises(ConsoleTimeoutError), monkeypatch.context() as patch:
            patch.setattr(listen, "MAX_LOG_BYTES", 100_000)
            log.read_answer(Pieces(iter([piece] * 2000)), 600.0, "its answer")
        assert looked == len(log.data) == 100_100


def _peak_mib(work: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def _lines(message: wire.Message) -> bytes:
    """An answer that goes on with the same message until the log is full."""
    lines, size_bytes = [wire.Begin(3, NONCE).encode(0)], 0
    while size_bytes < MAX_LOG_BYTES:
        lines.append(message.encode(len(lines), NONCE))
        size_bytes += len(lines[-1]) + 2
    return b"\r\n".join(lines)


def _small_exchanges() -> bytes:
    one = wire.Begin(3, 1).encode(0) + b"\n" + wire.End(2, 1).encode(1, 1) + b"\n"
    return one * (MAX_LOG_BYTES // len(one))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "an announced repeat": lambda: bench_log().replace(
        wire.Bench(1, 2, 1).encode(12, NONCE), wire.Bench(1, 60_000_000, 1).encode(12, NONCE)
    ),
    "times without end": lambda: _lines(wire.Time(0, 0, 1)),
    "used functions without end": lambda: _lines(wire.Used(0, "f")),
    "data without end": lambda: _lines(wire.DataLine(0, b"\0")),
    "exchanges without end": _small_exchanges,
    "words within an answer": lambda: wire.Begin(3, NONCE).encode(0) + b"\na" * (MAX_LOG_BYTES // 2),
    "one long line": lambda: b"@" + b"U" * MAX_LOG_BYTES,
    "one long error": lambda: bench_log() + b"ERROR: " + b"\xff" * MAX_LOG_BYTES,
    "empty lines": lambda: b"\n" * MAX_LOG_BYTES,
    "no text": lambda: b"\xff" * MAX_LOG_BYTES,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_what_a_board_sends_is_refused_within_bounded_memory(make: Callable[[], bytes]) -> None:
    log = make()

    def parse() -> None:
        for read in (
            lambda: parse_bench(log, NONCE, hello()),
            lambda: parse_boot(log, hello(), BoardKind.VIRTUAL),
        ):
            try:
                read()
            except McuMatrixError as error:
                assert len(str(error)) < 5 * wire.MAX_LINE_BYTES
            else:
                raise AssertionError("it was accepted")

    assert _peak_mib(parse) < 16


def test_a_byte_that_is_no_text_is_refused_as_such() -> None:
    log = bench_log().replace(b"@memory", b"@m\xffmory")
    with pytest.raises(ParseError, match=r"the line '@m\\\\xffmory 7 "):
        parse_bench(log, NONCE, hello())
