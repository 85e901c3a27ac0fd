"""Run: an image on a board, from reset to the last line of its answer."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mcumatrix import wire
from mcumatrix.errors import (
    ConsoleError,
    ConsoleTimeoutError,
    FirmwareError,
    FlashError,
    LockedError,
    McuMatrixError,
    ParseError,
    StoppedError,
    ToolError,
)
from mcumatrix.model.image import Image
from mcumatrix.model.record import Flashed, Measurement
from mcumatrix.model.variant import Variant
from mcumatrix.ports import Board, Console, Flasher
from mcumatrix.stages.parse import firmware_errors, parse_bench, parse_boot
from mcumatrix.stages.render import hello_of

LAST_WORDS_S = 0.5
"""How long an error line is given to be followed by more before the board is given up."""

MAX_LOG_BYTES = 8 * 1024 * 1024
"""A board that talks without end is stopped here."""

_READ_S = 0.25


@dataclass(slots=True)
class SerialLog:
    """Everything a board has said, and what the host sent is not in it. `stopped` ends the listening."""

    stopped: Callable[[], bool] = lambda: False
    data: bytearray = field(default_factory=bytearray)

    def end_of_exchange_after(self, start: int) -> bool:
        """Whether a whole line that ends an exchange has come since byte `start`."""
        *whole, _ = bytes(self.data[start:]).split(b"\n")
        return any(wire.is_end_of_exchange(line) for line in whole)

    def read_answer(self, console: Console, timeout_s: float, what: str) -> bytes:
        """Reads until an exchange ends, and returns what came.

        Raises:
            ConsoleTimeoutError: it did not end in time, or came to `MAX_LOG_BYTES` before.
            FirmwareError: an error line came and nothing after it.
            StoppedError: it was ended from outside.
        """
        start = len(self.data)
        now = time.monotonic()
        deadline = now + timeout_s
        last_byte_at = now
        while not self.end_of_exchange_after(start):
            if self.stopped():
                raise StoppedError("The run was stopped.")
            came = console.read(min(_READ_S, max(0.0, deadline - now)))
            now = time.monotonic()
            if came:
                last_byte_at = now
                self.data += came
            answer = bytes(self.data[start:])
            if len(self.data) > MAX_LOG_BYTES:
                raise ConsoleTimeoutError(
                    f"the board sent {len(answer)} bytes as {what} without an end",
                    hint="Another firmware may be running, or the baud rate is wrong; see the raw log.",
                )
            if firmware_errors(answer) and now - last_byte_at > LAST_WORDS_S:
                raise FirmwareError(f"the firmware says: {firmware_errors(answer)[0]}")
            if now > deadline:
                raise ConsoleTimeoutError(
                    f"the board sent {len(answer)} bytes in {timeout_s:g} s and not the end of {what}",
                    hint="See the raw log for its last words; a silent board may need a power cycle.",
                )
        return bytes(self.data[start:])


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
) -> Ran:
    """Flashes an image, proves that the board runs it, and measures.

    Never raises what a board, a probe or a line can cause: that is the result of the run. `stopped` tells
    that it is to end before it is done.

    Raises:
        StoppedError: it was ended from outside.
        LockedError: others have the board, and nobody wants to wait.
        ToolError: a virtual board does not start.
    """
    log = SerialLog(stopped)
    timing_model = expected_error = fault = ""
    flashed: Flashed | None = None
    timeouts = variant.board.timeouts
    hello = hello_of(variant, image.build_id)
    nonce = secrets.randbits(32)
    try:
        with board.take() as taken:
            timing_model, expected_error = taken.timing_model, taken.expected_error
            try:
                with flasher.connect(variant.board, taken.probe) as debugger:
                    flashed = debugger.program(image)
                    # The line before the start: opening a port throws away what came earlier.
                    with open_console(taken.serial_port, variant.board.baud) as console:
                        debugger.start()
                        parse_boot(log.read_answer(console, timeouts.boot_s, "its first words"), hello)
                        console.write(wire.RunBench(nonce, variant.warmup, variant.repeat).encode())
                        answer = log.read_answer(console, timeouts.measure_s, "its measurement")
                        measurement = parse_bench(answer, nonce, hello)
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
