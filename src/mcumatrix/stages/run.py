"""Run: an image on a board, from reset to the last line of its answer."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from mcumatrix import wire
from mcumatrix.errors import (
    BlockedError,
    ConsoleError,
    EnergyError,
    FlashError,
    LockedError,
    McuMatrixError,
    ParseError,
    ResultError,
    StoppedError,
    ToolError,
)
from mcumatrix.model.application import Application
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.current import EnergySetup
from mcumatrix.model.energy import Energy
from mcumatrix.model.image import Image
from mcumatrix.model.labelled import LabelledSet
from mcumatrix.model.record import Accuracy, Flashed, Measurement
from mcumatrix.model.variant import Variant
from mcumatrix.ports import Board, Console, CurrentProbe, Flasher, TakenBoard
from mcumatrix.stages.counting import ask_event_counts
from mcumatrix.stages.energy import energy_of, without_trace
from mcumatrix.stages.evidence import accuracy_in
from mcumatrix.stages.labelled import ask_set
from mcumatrix.stages.listen import SerialLog
from mcumatrix.stages.parse import check_duration, parse_bench, parse_boot
from mcumatrix.stages.render import hello_of
from mcumatrix.stages.time_limit import UNLIMITED, TimeLimit

_BITS_PER_BYTE = 10
"""On the serial line, with start and stop."""


@dataclass(frozen=True, slots=True)
class ToRun:
    """An image, the variant that it is of, and how long it may take in all once there is a board for it.

    `labelled` is what it is asked after it was measured, None for nothing.
    """

    variant: Variant
    image: Image
    limit: TimeLimit = UNLIMITED
    labelled: LabelledSet | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: its raw log whatever happened, and a measurement or the error that prevented one.

    `trace` is the file of what a current probe told, empty where there was none or it told nothing.
    `unit` is the unit of the board that it was on, empty where none could be had.
    """

    what: ToRun
    log: bytes = b""
    trace: bytes = b""
    unit: str = ""
    timing_model: str = ""
    expected_error: str = ""
    flashed: Flashed | None = None
    measurement: Measurement | None = None
    accuracy: Accuracy | None = None
    energy: Energy | None = None
    error: McuMatrixError | None = None
    fault: str = ""
    """What the board itself noticed of a failure."""


OpenConsole = Callable[[str, int], Console]
"""Opens a serial port at a baud rate."""

OpenProbe = Callable[[EnergySetup], CurrentProbe]
"""Opens what tells a board's current. Raises BoardError or ToolError."""

Choose = Callable[[str], ToRun]
"""What is run on a unit of a board, by the unit's name."""

Ended = Callable[[Ran], None]
"""Is told how a run went."""


def _nobody(_ran: Ran) -> None:
    pass


def run_image(
    choose: Choose,
    board: Board,
    flasher: Flasher,
    open_console: OpenConsole,
    *,
    open_probe: OpenProbe | None = None,
    stopped: Callable[[], bool] = lambda: False,
    ended: Ended = _nobody,
) -> Ran:
    """Flashes an image, proves that the board runs it, and measures.

    Never raises what a board, a probe or a line can cause: that is the result of the run. What is run is
    chosen once it is known on which unit, since another image may have to show first that it is fit; `ended`
    is told how it went before anybody else gets the unit. `open_probe` is for boards whose energy is
    measured; a trace that does not tell it spoils nothing else. `stopped` tells that it is to end early.

    Raises:
        StoppedError: it was ended from outside.
        LockedError: others have the board, and nobody wants to wait.
        BlockedError: no unit of the board is fit.
        ToolError: another package's board is not as it must be.
    """
    try:
        with board.take() as taken:
            ran = _Run(
                choose(taken.unit), taken, flasher, open_console, open_probe=open_probe, stopped=stopped
            ).go()
            ended(ran)
            return ran
    except _NO_RESULT:
        raise
    except McuMatrixError as error:
        # The unit could not be taken.
        _require_not_stopped(stopped, error)
        ran = Ran(choose(error.unit), unit=error.unit, error=error)
        ended(ran)
        return ran


_NO_RESULT = (StoppedError, LockedError, BlockedError, ToolError, ResultError)


def _require_not_stopped(stopped: Callable[[], bool], error: McuMatrixError) -> None:
    """What fails after everything was to end fails for that, and says nothing about the variant."""
    if stopped():
        raise StoppedError("The run was stopped.") from error


class _Run:
    """A run on a unit that is ours, and how far it has come."""

    def __init__(
        self,
        what: ToRun,
        taken: TakenBoard,
        flasher: Flasher,
        open_console: OpenConsole,
        *,
        open_probe: OpenProbe | None,
        stopped: Callable[[], bool],
    ) -> None:
        self.what = what
        self._taken = taken
        self._flasher = flasher
        self._open_console = open_console
        self._open_probe = open_probe
        self._stopped = stopped
        self._log = SerialLog(stopped, limit=what.limit)
        self._so_far = Ran(
            what, unit=taken.unit, timing_model=taken.timing_model, expected_error=taken.expected_error
        )

    def go(self) -> Ran:
        """Raises StoppedError, or what is no result."""
        try:
            with self.what.limit.counted():
                self._measure()
        except _NO_RESULT:
            raise
        except McuMatrixError as error:
            _require_not_stopped(self._stopped, error)
            self._so_far = replace(self._so_far, error=error)
        return replace(self._so_far, log=bytes(self._log.data))

    def _measure(self) -> None:
        try:
            measurement = self._measured()
        except McuMatrixError as error:
            fault = self._taken.fault()
            if fault:
                self._so_far = replace(self._so_far, fault=fault)
                error.message += f"; the board says: {fault}"
            if isinstance(error, FlashError | ConsoleError):
                self._taken.recover()
            raise
        _require_as_asked(measurement, self.what.variant)
        self._so_far = replace(self._so_far, measurement=measurement)

    def _measured(self) -> Measurement:
        variant, image, taken, log = self.what.variant, self.what.image, self._taken, self._log
        timeouts = variant.board.timeouts
        hello = hello_of(variant, image.build_id)
        nonce = 1 + secrets.randbelow(2**32 - 1)  # 0 is that of first words
        # The probe first: it may be what the board has its power from.
        with (
            _Tracing(variant.board.energy, self._open_probe) as tracing,
            self._flasher.connect(variant.board, taken.probe) as debugger,
        ):
            flashed = debugger.program(image)
            self._so_far = replace(self._so_far, flashed=flashed)
            self.what.limit.check()
            # The line before the start: opening a port throws away what came earlier.
            with self._open_console(taken.serial_port, variant.board.baud) as console:
                debugger.start()
                first_words = log.read_answer(console, timeouts.boot_s, "its first words")
                parse_boot(first_words, hello, taken.kind)
                tracing.start()
                asked_at = time.monotonic()
                console.write(wire.RunBench(nonce, variant.warmup, variant.repeat).encode())
                answer = log.read_answer(console, timeouts.measure_s, "its measurement")
                elapsed_s = time.monotonic() - asked_at
                trace = tracing.stop()
                # All of it, as it will be read from the raw log again.
                measurement = parse_bench(bytes(log.data), nonce, hello)
                self._so_far = replace(self._so_far, trace=trace, energy=tracing.energy(measurement))
                if Application.EVENT_COUNTERS in variant.applications:
                    ask_event_counts(console, log, timeouts.measure_s)
                    measurement = parse_bench(bytes(log.data), nonce, hello)
                if self.what.labelled:
                    ask_set(console, log, self.what.labelled, timeouts.measure_s)
                    measurement = parse_bench(bytes(log.data), nonce, hello)
                    accuracy = accuracy_in(bytes(log.data), self.what.labelled)
                    self._so_far = replace(self._so_far, accuracy=accuracy)
        if taken.kind is BoardKind.REAL:
            line_s = len(answer) * _BITS_PER_BYTE / variant.board.baud
            check_duration(measurement, elapsed_s, line_s)
        return measurement


class _Tracing:
    """The current probe of a board during a run; does nothing where there is none."""

    def __init__(self, setup: EnergySetup | None, open_probe: OpenProbe | None) -> None:
        self._setup = setup if open_probe else None
        self._open = open_probe
        self._probe: CurrentProbe | None = None
        self._trace = b""
        self._error: EnergyError | None = None

    def __enter__(self) -> Self:
        if self._setup and self._open:
            self._probe = self._open(self._setup)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._probe:
            self._probe.close()

    def start(self) -> None:
        """Begins the trace."""
        try:
            if self._probe:
                self._probe.start()
        except EnergyError as error:
            self._error = error

    def stop(self) -> bytes:
        """The trace, empty where there is none."""
        try:
            if self._probe and not self._error:
                self._trace = self._probe.stop()
        except EnergyError as error:
            self._error = error
        return self._trace

    def energy(self, measurement: Measurement) -> Energy | None:
        """What the trace says of the run, or why there is none."""
        if self._setup is None:
            return None
        if self._error:
            return without_trace(self._setup, self._error)
        return energy_of(self._setup, self._trace, measurement)


def _require_as_asked(measurement: Measurement, variant: Variant) -> None:
    asked = (variant.clock_hz, variant.warmup, variant.repeat)
    done = (measurement.clock.measured_hz, measurement.warmup, len(measurement.total_cycles))
    if asked != done:
        raise ParseError(
            "the board did not do what it was asked for: clock, warm-up and repeats are "
            f"{done[0]} Hz, {done[1]} and {done[2]} where {asked[0]} Hz, {asked[1]} and {asked[2]} were due",
            hint="The registers in the raw log show the clock tree; a wrong clock makes every time wrong.",
        )
