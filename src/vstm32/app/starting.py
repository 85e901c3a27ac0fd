"""What a program that starts a board reads on its pipe (`--json`): signs of life, then where the ports are.

    {"starting": 3}                      for 3 seconds, and it is at work
    {"uid": "VB...", "debug_port": ...}  it is ready

A board that is ready within a second has no sign of life to give.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

INTERVAL_S = 1.0
_LEAST_WORK_S = 0.01
"""Processor time from one sign of life to the next. A machine that is very busy gives a process more than
that, and one that hangs takes less."""


class SignsOfLife:
    """Says from time to time that a board is starting, from entering until `stop` or leaving.

    It does so only while this process uses its processor: one that hangs falls silent, and who waits for it
    can give up.
    """

    def __init__(
        self,
        say: Callable[[str], object],
        *,
        interval_s: float = INTERVAL_S,
        work_s: Callable[[], float] = time.process_time,
    ) -> None:
        """`say` gets a line; `work_s` tells how much processor time was used so far."""
        self._say = say
        self._interval_s = interval_s
        self._work_s = work_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="signs of life", daemon=True)

    def _watch(self) -> None:
        begun, before = time.monotonic(), self._work_s()
        while not self._ended.wait(self._interval_s):
            now = self._work_s()
            if now - before >= _LEAST_WORK_S:
                before = now
                try:
                    self._say(json.dumps({"starting": round(time.monotonic() - begun)}))
                except OSError:
                    # Whoever waited has gone.
                    return

    def stop(self) -> None:
        """Says nothing more, from the return of this on."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def read_ready(lines: Iterable[bytes | str]) -> dict[str, Any]:
    """What a board says of itself when it is ready; signs of life before that are read over.

    Raises:
        ValueError: it ended, or said something else, before it was ready.
    """
    for line in lines:
        said = json.loads(line)
        if not isinstance(said, dict):
            break
        if "starting" not in said:
            return said
    raise ValueError("no board is ready")
