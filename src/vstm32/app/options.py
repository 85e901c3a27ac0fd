"""The command line of `python -m vstm32`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vstm32.timing import DEFAULT_TIMING_MODEL, TIMING_MODELS

STANDARD_ERROR = "-"
"""What `--trace` without a file has for its name."""

_DEFAULT = {"--trace": STANDARD_ERROR, "--profile": ""}
"""Options whose value may be left out. They take one after `=` only: what follows may be the firmware."""

_DESCRIPTION = """\
A virtual STM32F746NG on a 32F746GDISCOVERY. It runs a firmware's ELF file as the real board would.
Its serial ports are pseudo terminals that any terminal program can open, or this terminal; pyocd and
gdb can flash and debug it. Times are a model's estimate."""

_EPILOG = """\
examples:
  python -m vstm32 fw.elf                          then: picocom -b 115200 /dev/pts/3
  python -m vstm32 fw.elf --serial-console         type to the firmware; Ctrl-] ends
  echo CMD=2 | python -m vstm32 fw.elf --serial-console --profile
  python -m vstm32 fw.elf --trace=access.log --trace-only 'RCC,GPIO*'

It ends with Ctrl-C (with --serial-console: Ctrl-]) or SIGTERM. What the firmware does wrong is
printed on stderr. docs/virtual-board.md tells more."""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options as attributes; ends the process with a sentence on stderr when they cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m vstm32",
        usage="%(prog)s [firmware.elf] [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "firmware",
        type=Path,
        nargs="?",
        metavar="firmware.elf",
        help="an ELF file to put into flash; without it flash is as it was",
    )
    _add_board(parser.add_argument_group("the board"))
    _add_console(parser.add_argument_group("a terminal for it"))
    _add_looks(parser.add_argument_group("a look inside"))
    _add_programs(parser.add_argument_group("for programs"))
    given = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args([f"{one}={_DEFAULT[one]}" if one in _DEFAULT else one for one in given])
    _check(parser, arguments)
    return arguments


def _add_board(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="keeps flash contents and unique id; without it they are new each time",
    )
    group.add_argument(
        "--link", type=Path, metavar="PATH", help="keep a symbolic link to the serial port at PATH"
    )
    group.add_argument(
        "--serial",
        default="USART6",
        choices=("USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8"),
        help="which UART is the serial port: USART6 on PC6 and PC7 (default), USART1 on PA9 and PB7, others "
        "on any of their pins",
    )
    group.add_argument(
        "--baud",
        type=int,
        default=115_200,
        metavar="N",
        help="rate at which the host listens, in bits per second (default 115200)",
    )
    group.add_argument(
        "--debug-port", type=int, default=0, metavar="PORT", help="for pyocd; any free port if not given"
    )
    group.add_argument(
        "--timing",
        default=DEFAULT_TIMING_MODEL,
        choices=TIMING_MODELS,
        help="how cycles are made: "
        + "; ".join(f"{model.name}, {model.summary}".replace("%", "%%") for model in TIMING_MODELS.values())
        + f" (default {DEFAULT_TIMING_MODEL})",
    )
    group.add_argument(
        "--random-seed", type=int, default=0, metavar="N", help="what RNG's numbers follow from (default 0)"
    )
    group.add_argument("--off", action="store_true", help="begin switched off")


def _add_console(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--serial-console",
        action="store_true",
        help="the serial port is this terminal: Ctrl-] ends, Ctrl-T Ctrl-H shows more keys. With a pipe or a "
        "file as standard input, it ends when that has ended and the firmware waits for more",
    )
    group.add_argument(
        "--echo", action="store_true", help="show what is typed, for a firmware that does not do so"
    )
    group.add_argument(
        "--silence",
        type=float,
        metavar="SECONDS",
        help="after the end of a pipe or file: how long the firmware must wait without a word (default 1)",
    )


def _add_looks(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--trace",
        metavar="[=FILE]",
        help="write every access to a peripheral by the name of its register, to FILE or stderr",
    )
    group.add_argument(
        "--trace-only",
        type=lambda text: text.split(","),
        default=[],
        metavar="BLOCKS",
        help="trace these blocks only, such as USART6,RCC or 'GPIO*'",
    )
    group.add_argument(
        "--profile",
        metavar="[=FILE]",
        help="count cycles by function: a table on stderr in the end, and FILE for speedscope (default: "
        "<firmware>.speedscope.json in this folder)",
    )


def _add_programs(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="say in a line of JSON where the ports are")
    group.add_argument("--end-with-stdin", action="store_true", help="end when standard input does")


def _check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.serial_console:
        for option, is_given in (
            ("--json", arguments.json),
            ("--end-with-stdin", arguments.end_with_stdin),
            ("--link", arguments.link),
        ):
            if is_given:
                parser.error(
                    f"{option} does not go with --serial-console, which has the serial port for itself"
                )
    elif arguments.echo or arguments.silence is not None:
        parser.error("--echo and --silence are for --serial-console")
    if arguments.silence is not None and not 0 <= arguments.silence < 1e6:
        parser.error("--silence is a number of seconds, 0 or more")
    if arguments.trace_only and arguments.trace is None:
        parser.error("--trace-only chooses from what --trace writes; give that too")
    if arguments.profile is not None and arguments.firmware is None:
        parser.error("--profile needs the firmware's ELF file, for the names of its functions")
    if arguments.trace == "":
        parser.error("--trace= needs the name of a file; --trace alone writes to stderr")
