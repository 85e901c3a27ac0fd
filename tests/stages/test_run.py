"""Runs against a board of which the serial line is a real pseudo-terminal and the firmware a script."""

from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from mcumatrix import wire
from mcumatrix.adapters.consoles.serial_port import SerialPort
from mcumatrix.errors import (
    BoardError,
    ConsoleError,
    EnergyError,
    FirmwareError,
    FlashError,
    LockedError,
    McuMatrixError,
    ParseError,
    ToolError,
)
from mcumatrix.model.catalogue import Timeouts
from mcumatrix.model.variant import Variant
from mcumatrix.ports import TakenBoard
from mcumatrix.stages.energy import to_file
from mcumatrix.stages.run import OpenConsole, Ran, ToRun, run_image
from support.logs import CLOCKS, bench_log, bench_messages, boot_log, exchange
from support.scripted import FLASHED, GOOD, Flasher, RealScripted, Script, ScriptedBoard, answer_with
from support.traces import SETUP, Drawn
from support.variants import a_variant, an_image, hello


def _run_image(
    board: ScriptedBoard, flasher: Flasher, open_console: OpenConsole, variant: Variant | None = None
) -> Ran:
    what = ToRun(variant or a_variant(), an_image())
    return run_image(lambda _unit: what, board, flasher, open_console)


def _run(board: ScriptedBoard, error: McuMatrixError | None = None, timeouts: Timeouts | None = None) -> Ran:
    variant = a_variant()
    if timeouts:
        variant = replace(variant, board=replace(variant.board, timeouts=timeouts))
    return _run_image(board, Flasher(board, error), SerialPort, variant)


def test_a_good_board_is_measured_and_every_byte_it_said_is_kept() -> None:
    board = ScriptedBoard(boot_log(), GOOD)
    ran = _run(board)
    assert ran.error is None
    assert ran.measurement is not None
    assert ran.measurement.total_cycles == (5000, 5000)
    assert ran.log.startswith(boot_log())
    assert b"@total 22 repeat=1 cycles=5000 " in ran.log
    assert (ran.timing_model, ran.expected_error) == ("script", "made up")
    assert board.given_back


def test_each_run_has_a_nonce_of_its_own() -> None:
    nonces = set()

    def note(nonce: int) -> bytes:
        nonces.add(nonce)
        return bench_log(nonce=nonce)

    for _ in range(3):
        _run(ScriptedBoard(boot_log(), answer_with(note)))
    assert len(nonces) == 3


def test_an_answer_recorded_earlier_is_refused() -> None:
    ran = _run(ScriptedBoard(boot_log(), lambda _: bench_log(nonce=1)))
    assert isinstance(ran.error, ParseError)
    assert ran.error.message.startswith("0 answers carry the nonce ")


def test_a_silent_board_times_out_and_is_given_back() -> None:
    board = ScriptedBoard(b"", GOOD)
    ran = _run(board, timeouts=Timeouts(boot_s=0.6))
    assert str(ran.error) == (
        "the board sent 0 bytes in 0.6 s and not the end of its first words\n"
        "  See the raw log for its last words; a silent board may need a power cycle."
    )
    assert board.given_back


def test_a_board_that_stops_in_mid_answer_times_out_and_its_words_are_kept() -> None:
    board = ScriptedBoard(boot_log(), answer_with(lambda nonce: bench_log(nonce=nonce)[:100]))
    ran = _run(board, timeouts=Timeouts(measure_s=0.8))
    assert ran.error is not None
    assert ran.error.message == "the board sent 100 bytes in 0.8 s and not the end of its measurement"
    assert len(ran.log) == len(boot_log()) + 100


def test_a_line_that_is_unplugged_is_said_so() -> None:
    ran = _run(ScriptedBoard(boot_log(), lambda _: b"", hang_up=True))
    assert isinstance(ran.error, ConsoleError)
    assert ran.error.message.startswith("the serial port /dev/pts/")


def test_an_error_line_with_nothing_after_it_ends_the_wait() -> None:
    ran = _run(
        ScriptedBoard(boot_log(), lambda _: b"ERROR: BusFault at 0x08000100\r\n", fault="it locked up")
    )
    assert isinstance(ran.error, FirmwareError)
    assert ran.error.message == "the firmware says: BusFault at 0x08000100; the board says: it locked up"


def test_a_flash_error_is_the_result_of_the_run() -> None:
    error = FlashError("verify failed at 0x08000400", hint="Try again.")
    board = ScriptedBoard(boot_log(), GOOD)
    ran = _run(board, error)
    assert ran.error is error
    assert (ran.log, ran.flashed) == (b"", None)
    assert board.recovered


def test_the_probe_of_the_board_is_connected_to_and_let_go() -> None:
    board = ScriptedBoard(boot_log(), GOOD)
    flasher = Flasher(board)
    ran = _run_image(board, flasher, SerialPort)
    assert flasher.connected == [("virtual-f746", "the probe")]
    assert flasher.let_go
    assert ran.flashed == FLASHED
    assert not board.recovered


@pytest.mark.parametrize("error", [LockedError("in use"), ToolError("not there")])
def test_a_board_that_cannot_be_had_is_no_result(error: McuMatrixError) -> None:
    class Away(ScriptedBoard):
        def take(self) -> AbstractContextManager[TakenBoard]:
            raise error

    with pytest.raises(type(error)) as raised:
        _run(Away(b"", GOOD))
    assert raised.value is error


def test_a_port_that_cannot_be_opened_is_said_so() -> None:
    board = ScriptedBoard(boot_log(), GOOD)

    def open_console(port: str, baud: int) -> SerialPort:
        return SerialPort("/dev/there-is-no-such-port", baud)

    ran = _run_image(board, Flasher(board), open_console)
    assert isinstance(ran.error, ConsoleError)
    assert ran.error.message.startswith("the serial port /dev/there-is-no-such-port cannot be opened: ")


def test_a_board_that_runs_at_another_clock_than_asked_for_is_refused() -> None:
    slow = wire.Clocks(215_000_000)
    messages = [slow if isinstance(m, wire.Clocks) else m for m in bench_messages()]
    ran = _run(ScriptedBoard(boot_log(), answer_with(lambda nonce: bench_log(messages, nonce=nonce))))
    assert str(ran.error) == (
        "the board did not do what it was asked for: clock, warm-up and repeats are "
        "215000000 Hz, 1 and 2 where 216000000 Hz, 1 and 2 were due\n"
        "  The registers in the raw log show the clock tree; a wrong clock makes every time wrong."
    )


def _of_an_hour(nonce: int) -> bytes:
    cycles = 3600 * 216_000_000
    content = [replace(m, cycles=cycles) if isinstance(m, wire.Total) else m for m in bench_messages()]
    return bench_log(content, nonce=nonce)


def test_a_real_board_cannot_have_computed_for_longer_than_it_took() -> None:
    ran = _run(RealScripted(boot_log(), answer_with(_of_an_hour)))
    assert isinstance(ran.error, ParseError)
    assert ran.error.message.startswith(
        "the answer cannot have taken 10800.000 s, as its cycles and clock say"
    )


def test_a_serial_port_of_a_virtual_board_is_none_of_a_real_one() -> None:
    """Whatever was flashed through its probe: what answers is the same image on a virtual chip."""

    virtual_chip = wire.Register("DBGMCU_IDCODE", 0x1001_F449)
    ran = _run(RealScripted(exchange(0, 0, [hello(), *CLOCKS, virtual_chip]), GOOD))
    assert isinstance(ran.error, ParseError)
    assert ran.error.message == "the board is to be real, and its chip is virtual (DBGMCU_IDCODE 0x1001f449)"


def test_a_virtual_board_has_a_time_of_its_own() -> None:
    assert _run(ScriptedBoard(boot_log(), answer_with(_of_an_hour))).error is None


def test_the_first_words_of_another_firmware_end_the_run_before_it_is_measured() -> None:
    def never(received: bytes) -> bytes:
        raise AssertionError("the board was sent a command")

    ran = _run(ScriptedBoard(boot_log(hello(build="0" * 16)), never))
    assert ran.error is not None
    assert ran.error.message == "the board says build=0000000000000000 where the image has 0123456789abcdef"


def test_a_firmware_that_answers_wrongly_is_no_reason_to_switch_the_board_off() -> None:
    board = ScriptedBoard(boot_log(), lambda _: bench_log(nonce=1))
    assert isinstance(_run(board).error, ParseError)
    assert not board.recovered


class Probe:
    """A current probe that has recorded what it was going to, or fails when it is stopped."""

    def __init__(self, trace: bytes, error: EnergyError | None = None) -> None:
        self._trace, self._error = trace, error
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> bytes:
        self.calls.append("stop")
        if self._error:
            raise self._error
        return self._trace

    def close(self) -> None:
        self.calls.append("close")


def _run_with(probe: Probe, answer: Script = GOOD) -> Ran:
    variant = a_variant()
    what = ToRun(replace(variant, board=replace(variant.board, energy=SETUP)), an_image())
    board = ScriptedBoard(boot_log(), answer)
    return run_image(lambda _unit: what, board, Flasher(board), SerialPort, open_probe=lambda _setup: probe)


def test_a_probe_traces_the_run_and_its_trace_becomes_the_energy() -> None:
    # 5000 cycles are less than a probe of 100,000 samples a second tells much of: a faster one.
    trace = to_file(Drawn((5000 / 216e6,) * 3, rate_hz=5e6, apart_s=1e-5).trace())
    probe = Probe(trace)
    ran = _run_with(probe)
    assert ran.error is None
    assert ran.trace == trace
    assert ran.energy and ran.energy.problem == ""
    assert ran.energy.inferences_j == pytest.approx((3.3 * 0.15 * 5000 / 216e6,) * 2, rel=0.04)
    assert probe.calls == ["start", "stop", "close"]


def test_a_probe_that_fails_spoils_the_energy_alone() -> None:
    ran = _run_with(Probe(b"", EnergyError("the probe was unplugged")))
    assert ran.measurement is not None
    assert ran.energy and ran.energy.problem == "the probe was unplugged."


def test_a_probe_is_let_go_when_the_run_fails() -> None:
    probe = Probe(b"")
    ran = _run_with(probe, lambda _: b"ERROR: BusFault at 0x08000100\r\n")
    assert isinstance(ran.error, FirmwareError)
    assert probe.calls == ["start", "close"]
    assert ran.energy is None


def test_a_probe_that_cannot_be_opened_is_the_result_of_the_run() -> None:
    def refuse(_setup: object) -> Probe:
        raise BoardError("the probe does not answer")

    variant = a_variant()
    what = ToRun(replace(variant, board=replace(variant.board, energy=SETUP)), an_image())
    board = ScriptedBoard(boot_log(), GOOD)
    ran = run_image(lambda _unit: what, board, Flasher(board), SerialPort, open_probe=refuse)
    assert isinstance(ran.error, BoardError)
