"""`python -m vstm32 [firmware]`: a virtual board as a program, until it is told to end."""

import json
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from enum import IntEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vstm32.app import options
from vstm32.app.options import ConsoleOptions, ProgramOptions
from vstm32.app.starting import SignsOfLife
from vstm32.base.errors import VirtualBoardError

if TYPE_CHECKING:
    from vstm32.app.console import Console
    from vstm32.app.daemon import Daemon
    from vstm32.base.symbols import Functions
    from vstm32.board.firmware import Firmware

_STANDARD_INPUT = 0


class ExitCode(IntEnum):
    """What the process returns to its caller."""

    OK = 0
    FAILED = 1


def main(argv: list[str] | None = None) -> int:
    """Runs until it is told to end; returns the exit code."""
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: interrupted.set())
    try:
        wanted = options.parse(argv)
        _refuse_other_systems()
        with ExitStack() as files:
            return int(_run(wanted, interrupted, files))
    except VirtualBoardError as error:
        print(error, file=sys.stderr)
        return int(ExitCode.FAILED)


def _refuse_other_systems() -> None:
    """Its ports, its control and its flash are made of what Linux alone has, and were tried there alone."""
    if (system := platform.system()) != "Linux":
        raise VirtualBoardError(
            f"Virtual boards run on Linux alone, and this is {system}.",
            hint="A container or a virtual machine with Linux runs them.",
        )


def _run(wanted: ProgramOptions, interrupted: threading.Event, files: ExitStack) -> ExitCode:
    signs = SignsOfLife(lambda line: print(line, flush=True))
    if wanted.says_json:
        files.enter_context(signs)
    from vstm32.app.console import Console
    from vstm32.app.daemon import Daemon
    from vstm32.board.firmware import load_firmware
    from vstm32.board.injection import FAULTS_VARIABLE, parse_injection
    from vstm32.look.trace import Trace

    look = wanted.look
    firmware = load_firmware(wanted.firmware, wanted.at) if wanted.firmware else None
    functions = _functions(wanted, firmware)
    console = Console(echo=wanted.console.echo) if wanted.console else None
    say = console.say if console else _to_stderr(interrupted)
    trace = None
    if look.trace is not None:
        write = say
        if look.trace != options.STANDARD_ERROR:
            write = _line_writer(_open(Path(look.trace), files), Path(look.trace))
        trace = Trace(write, functions.place, look.trace_only)
    profile_file = _open(look.profile, files) if look.profile else None
    of_daemon = wanted.daemon
    if faults := os.environ.get(FAULTS_VARIABLE, ""):
        of_daemon = replace(of_daemon, injection=parse_injection(faults))
    if console is not None and not console.is_interactive:
        of_daemon = replace(of_daemon, holds_time_for_input=True)
    daemon = Daemon(
        firmware,
        of_daemon,
        on_finding=lambda finding: say(finding.message),
        trace=trace,
        profile=functions if profile_file else None,
    )
    signs.stop()
    if console is not None:
        code = _talk(daemon, console, wanted, interrupted)
    else:
        code = _wait(daemon, wanted, interrupted)
    if trace is not None:
        trace.flush()
    if of_daemon.board.survey:
        from vstm32.look.survey_report import print_survey

        print_survey(daemon.board.surveyed, daemon.board.place, sys.stderr)
    if profile_file is not None and wanted.firmware is not None:
        _write_profile(daemon, wanted.firmware.name, profile_file, Path(profile_file.name))
    return code


def _wait(daemon: "Daemon", wanted: ProgramOptions, interrupted: threading.Event) -> ExitCode:
    try:
        print(_where(daemon, wanted), flush=True)
        if wanted.ends_with_stdin:
            threading.Thread(target=_wait_for_stdin, args=(interrupted,), daemon=True).start()
        # A locked-up board stays reachable: what it has said can still be read.
        while not interrupted.wait(0.1) and not daemon.ended.is_set():
            daemon.board.check()
    finally:
        daemon.close()
    return ExitCode.OK


def _talk(
    daemon: "Daemon", console: "Console", wanted: ProgramOptions, interrupted: threading.Event
) -> ExitCode:
    from vstm32.app.console import BUSY_SILENCE_SECONDS, Ending
    from vstm32.board.last_word import Prospect

    board = daemon.board
    line = board.line()
    silence = (wanted.console or ConsoleOptions()).silence_seconds

    def is_over() -> bool:
        board.check()
        goes_round = board.loop is not None and not console.is_interactive
        return interrupted.is_set() or daemon.ended.is_set() or goes_round

    def is_idle() -> bool:
        waits = board.has_waited_for_host() and not line.has_input
        stands = not board.running or not board.powered or board.in_reset or board.system.debug.halted
        return stands or waits or board.prospect() is not Prospect.GOES_ON

    console.input_has_ended = lambda: board.hold_time_for_input(False)
    console.press_reset, console.press_button = board.press_reset, board.press_button
    with console:
        try:
            if console.is_interactive:
                console.say(_where(daemon, wanted))
            ending = console.serve(line, is_over=is_over, is_idle=is_idle, silence_seconds=silence)
            prospect = board.prospect()
        finally:
            daemon.close()
    if console.is_interactive:
        return ExitCode.OK
    if board.loop is not None or prospect is Prospect.STUCK:
        return ExitCode.FAILED
    if ending is Ending.ASKED:
        return ExitCode.OK
    if ending is Ending.SILENT:
        console.say(
            f"The firmware has run for {max(silence, BUSY_SILENCE_SECONDS):.0f} s without a word after the "
            "end of its input.\n  It does not wait for more, so it is not known whether it is done; "
            "--silence gives it more time."
        )
    return ExitCode.OK if ending is Ending.DONE and board.running else ExitCode.FAILED


def _where(daemon: "Daemon", wanted: ProgramOptions) -> str:
    found, board = daemon.description, wanted.daemon.board
    if wanted.says_json:
        return json.dumps(asdict(found))
    if wanted.console:
        lines = [
            f"Serial port: {board.serial_port} at {board.host_baud} baud is this terminal. Ctrl-] ends, "
            "Ctrl-T Ctrl-H shows more keys."
        ]
    else:
        link = f" (link: {board.link})" if board.link else ""
        lines = [f"Serial port: {found.serial_port}{link}"]
    lines += [f"{usart}: {path}" for usart, path in daemon.serial_ports.items() if usart != board.serial_port]
    lines += [
        f"Debug probe: {found.uid} (pyocd -u {found.uid}, or -u remote:localhost:{found.debug_port} "
        f"-t {found.target})",
        f"Control port: {found.control_port}",
        f"Time: virtual, {board.timing_model}, {board.expected_error}",
    ]
    return "\n".join(lines)


def _wait_for_stdin(ended: threading.Event) -> None:
    # Not through sys.stdin: a thread that waits inside of it has its lock, and the interpreter, which takes
    # that lock at its end, would abort.
    with suppress(OSError):
        while os.read(_STANDARD_INPUT, 4096):
            pass
    ended.set()


# --- looks inside


def _functions(wanted: ProgramOptions, firmware: "Firmware | None") -> "Functions":
    from vstm32.base.symbols import Functions
    from vstm32.board.firmware import functions_of

    if firmware is None or (wanted.look.trace is None and wanted.look.profile is None):
        return Functions(())
    functions = functions_of(firmware)
    if wanted.look.profile is not None and not len(functions):
        raise VirtualBoardError(
            f"{firmware.path} has no symbols, so no profile can name its functions.",
            hint="Give the ELF file as the linker wrote it, before strip; --trace works without symbols.",
        )
    return functions


def _open(path: Path, files: ExitStack) -> IO[str]:
    """A file to write to, opened before the board runs: a run shall not be lost for it."""
    try:
        # By lines, so that a trace can be followed while it grows.
        file = path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise _cannot_write(path, error) from error
    files.callback(_guarded, path, file.close)
    return file


def _guarded(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> VirtualBoardError:
    return VirtualBoardError(
        f"{path} cannot be written: {error.strerror}.",
        hint="Name a file in a folder that is there, that you may write to, and that has room.",
    )


def _line_writer(file: IO[str], path: Path) -> Callable[[str], None]:
    return lambda text: _guarded(path, lambda: file.write(f"{text}\n"))


def _to_stderr(interrupted: threading.Event) -> Callable[[str], None]:
    def say(text: str) -> None:
        try:
            print(text, file=sys.stderr, flush=True)
        except BrokenPipeError:
            # Whoever read it has gone, as `head` does.
            interrupted.set()

    return say


def _write_profile(daemon: "Daemon", name: str, file: IO[str], path: Path) -> None:
    from vstm32.look.profile_report import print_table, speedscope_text

    if daemon.board.profiler is None:
        return
    profile, timing = daemon.board.profiler.profile(), daemon.board.timing_model
    print_table(profile, timing, sys.stderr)
    _guarded(path, lambda: (file.write(speedscope_text(profile, name, timing)), file.flush()))
    print(f"\nCall paths: {path}, to be opened at https://www.speedscope.app", file=sys.stderr)
