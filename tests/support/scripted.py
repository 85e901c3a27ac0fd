"""A board of which the serial line is a real pseudo-terminal and the firmware a script."""

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from mcumatrix.errors import McuMatrixError
from mcumatrix.model.catalogue import Board, BoardKind
from mcumatrix.model.image import Image
from mcumatrix.model.record import Flashed
from mcumatrix.ports import TakenBoard
from support.logs import bench_log

Script = Callable[[bytes], bytes]
"""What a board sends for the bytes it has received so far; it is asked after every arrival."""


class ScriptedBoard:
    """A board behind a pseudo-terminal that answers as a function says."""

    unit = "the unit"
    kind = BoardKind.VIRTUAL
    timing_model = "script"
    expected_error = "made up"
    probe = "the probe"

    def __init__(self, first_words: bytes, answer: Script, *, hang_up: bool = False, fault: str = "") -> None:
        self._first_words = first_words
        self._answer = answer
        self._hang_up = hang_up
        self._fault = fault
        self.given_back = False
        self.recovered = False

    @contextmanager
    def take(self) -> Iterator[TakenBoard]:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.serial_port = os.ttyname(slave)
        try:
            yield self
        finally:
            os.close(slave)
            self.given_back = True

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        os.write(self._master, self._first_words)
        received = b""
        while not received.endswith(b"\r"):
            try:
                received += os.read(self._master, 4096)
            except OSError:  # given back
                return
        os.write(self._master, self._answer(received))
        if self._hang_up:
            os.close(self._master)

    def fault(self) -> str:
        return self._fault

    def recover(self) -> None:
        self.recovered = True

    def set_aside(self, unit: str, reason: str) -> None:
        raise AssertionError("nobody sets a unit aside here")

    def identity(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        pass


class RealScripted(ScriptedBoard):
    """The same, as if it were hardware."""

    kind = BoardKind.REAL
    timing_model = expected_error = ""


FLASHED = Flashed("the probe", "f" * 64, 100_000)


class Flasher:
    """A debug probe that starts the board's script; notes who connected to what."""

    def __init__(self, board: ScriptedBoard, error: McuMatrixError | None = None) -> None:
        self._board = board
        self._error = error
        self.connected: list[tuple[str, str]] = []
        self.let_go = False

    def connect(self, board: Board, probe: str) -> Self:
        self.connected.append((board.name, probe))
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.let_go = True

    def find_probe(self, wanted: str) -> str:
        return wanted

    def program(self, image: Image) -> Flashed:
        if self._error:
            raise self._error
        return FLASHED

    def start(self) -> None:
        self._board.start()


def answer_with(log: Callable[[int], bytes]) -> Script:
    """A script that answers RunBench with a log made for the nonce it came with."""

    def answer(received: bytes) -> bytes:
        nonce = int(received.split(b"nonce=")[1][:8], 16)
        return log(nonce)

    return answer


GOOD = answer_with(lambda nonce: bench_log(nonce=nonce))
