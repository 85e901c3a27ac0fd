"""Run: an image on a board, from reset to the last line of its answer."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from mcumatrix import wire
from mcumatrix.errors import (
    ConsoleError,
    FlashError,
    LockedError,
    McuMatrixError,
    ParseError,
    StoppedError,
    ToolError,
)
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.image import Image
from mcumatrix.model.record import Flashed, Measurement
from mcumatrix.model.variant import Variant
from mcumatrix.ports import Board, Console, Flasher
from mcumatrix.stages.listen import SerialLog
from mcumatrix.stages.parse import check_duration, parse_bench, parse_boot
from mcumatrix.stages.render import hello_of
from mcumatrix.stages.time_limit import UNLIMITED, TimeLimit

_BITS_PER_BYTE = 10
"""On the serial line, with start and stop."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: its raw log whatever happened, and a measurement or the error that prevented one."""

    log: bytes
    timing_model: str
    expected_error: str
    flashed: Flashed | None = None
    measurement: Measurement | None = None
    error: McuMatrixError | None = None
    fault: str = ""
    """What the board itself noticed of a failure."""


OpenConsole = Callable[[str, int], Console]
"""Opens a serial port at a baud rate."""


def run_image(
    variant: Variant,
    image: Image,
    board: Board,
    flasher: Flasher,
    open_console: OpenConsole,
    *,
    stopped: Callable[[], bool] = lambda: False,
    limit: TimeLimit = UNLIMITED,
) -> Ran:
    """Flashes an image, proves that the board runs it, and measures.

    Never raises what a board, a probe or a line can cause: that is the result of the run. `stopped` tells
    that it is to end before it is done; `limit` counts from when it has its board.

    Raises:
        StoppedError: it was ended from outside.
        LockedError: others have the board, and nobody wants to wait.
        ToolError: a virtual board does not start.
    """
    log = SerialLog(stopped, limit=limit)
    timing_model = expected_error = fault = ""
    flashed: Flashed | None = None
    timeouts = variant.board.timeouts
    hello = hello_of(variant, image.build_id)
    nonce = 1 + secrets.randbelow(2**32 - 1)  # 0 is that of first words
    try:
        with board.take() as taken, limit.counted():
            timing_model, expected_error = taken.timing_model, taken.expected_error
            try:
                with flasher.connect(variant.board, taken.probe) as debugger:
                    flashed = debugger.program(image)
                    limit.check()
                    # The line before the start: opening a port throws away what came earlier.
                    with open_console(taken.serial_port, variant.board.baud) as console:
                        debugger.start()
                        first_words = log.read_answer(console, timeouts.boot_s, "its first words")
                        parse_boot(first_words, hello, taken.kind)
                        asked_at = time.monotonic()
                        console.write(wire.RunBench(nonce, variant.warmup, variant.repeat).encode())
                        answer = log.read_answer(console, timeouts.measure_s, "its measurement")
                        elapsed_s = time.monotonic() - asked_at
                        # All of it, as it will be read from the raw log again.
                        measurement = parse_bench(bytes(log.data), nonce, hello)
                if taken.kind is BoardKind.REAL:
                    line_s = len(answer) * _BITS_PER_BYTE / variant.board.baud
                    check_duration(measurement, elapsed_s, line_s)
            except McuMatrixError as error:
                fault = taken.fault()
                if fault:
                    error.message += f"; the board says: {fault}"
                if isinstance(error, FlashError | ConsoleError):
                    taken.recover()
                raise
        _require_as_asked(measurement, variant)
    except (StoppedError, LockedError, ToolError):
        raise
    except McuMatrixError as error:
        if stopped():
            # What failed then failed for that, and says nothing about the variant.
            raise StoppedError(f"The run of {variant.slug} was stopped.") from error
        return Ran(bytes(log.data), timing_model, expected_error, flashed, error=error, fault=fault)
    return Ran(bytes(log.data), timing_model, expected_error, flashed, measurement)


def _require_as_asked(measurement: Measurement, variant: Variant) -> None:
    asked = (variant.clock_hz, variant.warmup, variant.repeat)
    done = (measurement.clock.measured_hz, measurement.warmup, len(measurement.total_cycles))
    if asked != done:
        raise ParseError(
            "the board did not do what it was asked for: clock, warm-up and repeats are "
            f"{done[0]} Hz, {done[1]} and {done[2]} where {asked[0]} Hz, {asked[1]} and {asked[2]} were due",
            hint="The registers in the raw log show the clock tree; a wrong clock makes every time wrong.",
        )
