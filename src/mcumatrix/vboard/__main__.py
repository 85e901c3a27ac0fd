"""`python -m mcumatrix.vboard [firmware.elf]`: a virtual board as a program, until Ctrl-C."""

import argparse
import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.errors import ExitCode, McuMatrixError
from mcumatrix.vboard.timing import DEFAULT_TIMING_MODEL, TIMING_MODELS

if TYPE_CHECKING:
    from mcumatrix.vboard.daemon import Daemon


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mcumatrix.vboard",
        description="A virtual STM32F746NG (32F746GDISCOVERY). Its serial ports are pseudo terminals that "
        "any terminal program can open; pyocd can flash and debug it. Times are a model's estimate.",
        epilog="Ends with Ctrl-C or SIGTERM. What the firmware does wrong is printed on stderr.",
    )
    parser.add_argument(
        "firmware", type=Path, nargs="?", help="an ELF file to put into flash; without it flash is as it was"
    )
    parser.add_argument(
        "--folder", type=Path, help="keeps flash contents and unique id; without it they are new each time"
    )
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help="keep a symbolic link to the serial port at PATH"
    )
    parser.add_argument(
        "--serial",
        default="USART6",
        choices=("USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8"),
        help="which UART is the serial port: USART6 on PC6 and PC7 (default), USART1 on PA9 and PB7, others "
        "on any of their pins",
    )
    parser.add_argument(
        "--baud",
        type=int,
        default=115_200,
        metavar="N",
        help="rate at which the host listens, in bits per second (default 115200)",
    )
    parser.add_argument(
        "--debug-port", type=int, default=0, metavar="PORT", help="for pyocd; any free port if not given"
    )
    parser.add_argument(
        "--timing",
        default=DEFAULT_TIMING_MODEL,
        choices=TIMING_MODELS,
        help="how cycles are made: "
        + "; ".join(f"{model.name}, {model.summary}".replace("%", "%%") for model in TIMING_MODELS.values())
        + f" (default {DEFAULT_TIMING_MODEL})",
    )
    parser.add_argument(
        "--random-seed", type=int, default=0, metavar="N", help="what RNG's numbers follow from (default 0)"
    )
    parser.add_argument("--off", action="store_true", help="begin switched off")
    parser.add_argument("--json", action="store_true", help="say in a line of JSON where the ports are")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input does")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs until it is told to end; returns the exit code."""
    arguments = _arguments(argv)
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: interrupted.set())
    try:
        from mcumatrix.vboard.daemon import Daemon
        from mcumatrix.vboard.firmware import load_elf
        from mcumatrix.vboard.injection import FAULTS_VARIABLE, parse_injection

        faults = os.environ.get(FAULTS_VARIABLE, "")
        daemon = Daemon(
            folder=arguments.folder,
            firmware=load_elf(arguments.firmware) if arguments.firmware else None,
            serial=arguments.serial,
            host_baud=arguments.baud,
            link=arguments.link,
            random_seed=arguments.random_seed,
            debug_port=arguments.debug_port,
            powered=not arguments.off,
            timing=arguments.timing,
            injection=parse_injection(faults) if faults else None,
            on_finding=lambda finding: print(finding.sentence, file=sys.stderr, flush=True),
        )
        try:
            print(_where(daemon, arguments), flush=True)
            if arguments.end_with_stdin:
                threading.Thread(target=_wait_for_stdin, args=(interrupted,), daemon=True).start()
            # A locked-up board stays reachable: what it has said can still be read.
            while not interrupted.wait(0.1) and not daemon.ended.is_set():
                daemon.board.check()
        finally:
            daemon.close()
    except McuMatrixError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return int(ExitCode.OK)


def _where(daemon: "Daemon", arguments: argparse.Namespace) -> str:
    found = daemon.description
    if arguments.json:
        return json.dumps(asdict(found))
    lines = [f"Serial port: {found.serial_port}" + (f" (link: {arguments.link})" if arguments.link else "")]
    lines += [f"{usart}: {path}" for usart, path in daemon.serial_ports.items() if usart != arguments.serial]
    lines += [
        f"Debug probe: {found.uid} (pyocd -u {found.uid}, or -u remote:localhost:{found.debug_port} "
        "-t stm32f746xg)",
        f"Control port: {found.control_port}",
        f"Time: virtual, {arguments.timing}, {TIMING_MODELS[arguments.timing].expected_error}",
    ]
    return "\n".join(lines)


def _wait_for_stdin(ended: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
