"""`python -m mcumatrix.vboard firmware.elf`: runs a firmware and says where its serial port is."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from mcumatrix.errors import ExitCode, McuMatrixError


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mcumatrix.vboard",
        description="Run a firmware on a virtual STM32F746NG (32F746GDISCOVERY). The serial port of the "
        "board is a pseudo terminal that any terminal program can open. Times are a model's estimate.",
        epilog="Ends with Ctrl-C or SIGTERM. What the firmware does wrong is printed on stderr.",
    )
    parser.add_argument("firmware", type=Path, help="the firmware's ELF file")
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help="keep a symbolic link to the serial port at PATH"
    )
    parser.add_argument(
        "--serial",
        default="USART6",
        choices=("USART1", "USART6"),
        help="which USART is led out: USART6 on PC6 and PC7 (default), USART1 on PA9 and PB7",
    )
    parser.add_argument(
        "--baud",
        type=int,
        default=115_200,
        metavar="N",
        help="rate at which the host listens, in bits per second (default 115200)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs until interrupted or locked up; returns the exit code."""
    arguments = _arguments(argv)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        from mcumatrix.vboard.board import Board
        from mcumatrix.vboard.firmware import load_elf

        firmware = load_elf(arguments.firmware)
        with Board(
            firmware,
            serial=arguments.serial,
            host_baud=arguments.baud,
            link=arguments.link,
            on_finding=lambda finding: print(finding.sentence, file=sys.stderr, flush=True),
        ) as board:
            where = f" (link: {arguments.link})" if arguments.link else ""
            print(f"Serial port: {board.serial_port}{where}", flush=True)
            board.start()
            while board.running and not ended.wait(0.2):
                pass
            if not ended.is_set():
                board.stop()
            # A locked-up board stays reachable: what it has said can still be read.
            ended.wait()
    except McuMatrixError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return int(ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main())
