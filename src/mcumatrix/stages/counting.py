"""Counting: a board counts the events of its layers, in inferences of their own behind the timed ones."""

import secrets

from mcumatrix import wire
from mcumatrix.errors import McuMatrixError
from mcumatrix.model.event_counts import PERIODS_CYCLES
from mcumatrix.ports import Console
from mcumatrix.stages.event_counts import event_counts_in
from mcumatrix.stages.listen import SerialLog

_MAX_NONCE = 2**32 - 1


def ask_event_counts(console: Console, log: SerialLog, timeout_s: float) -> None:
    """Lets the board count with each of the periods, and reads the answers into the log; `timeout_s` is for
    each of them. A core without event counters is asked once.

    Raises:
        ConsoleTimeoutError, FirmwareError, StoppedError: as `SerialLog.read_answer` does, and the sentence
            says at which period.
        ConsoleError: the line is gone.
        ParseError: an answer is not whole.
    """
    first_nonce = 1 + secrets.randbelow(_MAX_NONCE - len(PERIODS_CYCLES))
    for index, period_cycles in enumerate(PERIODS_CYCLES):
        try:
            console.write(wire.CountEvents(first_nonce + index, period_cycles).encode())
            said = log.read_answer(console, timeout_s, "its event counts")
            exchanges = tuple(wire.read_exchanges(said))
        except McuMatrixError as error:
            error.message += f"; that was while events were counted with period_cycles={period_cycles}"
            raise
        counted = event_counts_in(exchanges)
        if counted is None or not counted.has_counters:
            return
