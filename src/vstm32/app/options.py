"""The command line of `python -m vstm32`: read once, into frozen options that are handed on."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vstm32.board.injection import Injection
from vstm32.board.options import CHIPS, SERIAL_PORTS, BoardOptions, default_of, meaning_of
from vstm32.board.pins import read_driven_pin
from vstm32.timing import TIMING_MODELS

STANDARD_ERROR = "-"
"""What `--trace` without a file has for its name."""

_DEFAULT = {"--trace": STANDARD_ERROR, "--profile": ""}
"""Options whose value may be left out. They take one after `=` only: what follows may be the firmware."""

_DESCRIPTION = """\
A virtual STM32 on its board. It runs a firmware (.elf, .hex or .bin) as the real board would.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonOptions:
    """A board with its ports open.

    `folder` keeps flash contents and unique id; without it the board is a new one each time. `debug_port` is
    0 for any free one. The faults of `injection` end when the board is switched off for the first time. With
    `in_process` the serial port has no pseudo terminal: it is `board.line()`.
    """

    board: BoardOptions = field(default_factory=BoardOptions)
    folder: Path | None = None
    debug_port: int = 0
    injection: Injection = field(default_factory=Injection)
    in_process: bool = False
    holds_time_for_input: bool = False
    """See `Board.hold_time_for_input`."""

    pins: tuple[tuple[str, int], ...] = ()
    """Wires on pins, by the pin's name, and their levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """The serial port in this terminal."""

    echo: bool = False
    silence_seconds: float = 1.0
    """After the end of a pipe or file: how long the firmware must wait without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookOptions:
    """A look inside: None where nobody wants one."""

    trace: str | None = None
    """Name of a file, or `STANDARD_ERROR`."""

    trace_only: tuple[str, ...] = ()
    """Names or patterns of blocks; all if empty."""

    profile: Path | None = None
    """Where the call paths go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOptions:
    """All that the command line says."""

    firmware: Path | None
    at: int | None = None
    """Where the bytes of a binary file belong; None for the start of flash."""

    daemon: DaemonOptions
    console: ConsoleOptions | None
    look: LookOptions
    says_json: bool = False
    ends_with_stdin: bool = False


def parse(argv: Sequence[str] | None = None) -> ProgramOptions:
    """What the command line says; ends the process with a sentence on stderr where it cannot be read.

    Raises:
        VirtualBoardError: a board cannot be so.
    """
    parser = argparse.ArgumentParser(
        prog="python -m vstm32",
        usage="%(prog)s [firmware] [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "firmware",
        type=Path,
        nargs="?",
        metavar="firmware",
        help="an ELF, .hex or .bin file to put into flash; without it flash is as it was",
    )
    parser.add_argument(
        "--at",
        type=_address,
        metavar="ADDRESS",
        help="where the bytes of a binary file belong; at the start of flash if not given",
    )
    _add_board(parser.add_argument_group("the board"))
    _add_console(parser.add_argument_group("a terminal for it"))
    _add_looks(parser.add_argument_group("a look inside"))
    _add_programs(parser.add_argument_group("for programs"))
    given = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args([f"{one}={_DEFAULT[one]}" if one in _DEFAULT else one for one in given])
    _check(parser, arguments)
    return _options(arguments)


def _options(arguments: argparse.Namespace) -> ProgramOptions:
    console = None
    if arguments.serial_console:
        silence = ConsoleOptions().silence_seconds if arguments.silence is None else arguments.silence
        console = ConsoleOptions(echo=arguments.echo, silence_seconds=silence)
    board = BoardOptions(
        chip=arguments.chip,
        serial=arguments.serial,
        flash_banks=arguments.flash_banks,
        host_baud=arguments.baud,
        timing=arguments.timing,
        random_seed=arguments.random_seed,
        powered=not arguments.off,
        external_flash=arguments.external_flash,
        survey=arguments.survey,
        link=arguments.link,
    )
    profile = None
    if arguments.profile is not None:
        profile = Path(arguments.profile or f"{arguments.firmware.stem}.speedscope.json")
    return ProgramOptions(
        firmware=arguments.firmware,
        at=arguments.at,
        daemon=DaemonOptions(
            board=board,
            folder=arguments.folder,
            debug_port=arguments.debug_port,
            in_process=console is not None,
            pins=tuple(read_driven_pin(text) for text in arguments.pin),
        ),
        console=console,
        look=LookOptions(trace=arguments.trace, trace_only=tuple(arguments.trace_only), profile=profile),
        says_json=arguments.json,
        ends_with_stdin=arguments.end_with_stdin,
    )


def _address(text: str) -> int:
    return int(text, 0)


_address.__name__ = "address"  # argparse says "invalid address value"


def _board_option(group: argparse._ArgumentGroup, flag: str, option: str, **how: object) -> None:
    """An option of a board, with the default and the meaning that it has there."""
    meaning = meaning_of(option).replace("%", "%%")
    group.add_argument(flag, default=default_of(option), help=meaning, **how)  # type: ignore[arg-type]


def _add_board(group: argparse._ArgumentGroup) -> None:
    _board_option(group, "--chip", "chip", choices=CHIPS)
    group.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="keeps flash contents and unique id; without it they are new each time",
    )
    _board_option(group, "--link", "link", type=Path, metavar="PATH")
    _board_option(group, "--serial", "serial", choices=SERIAL_PORTS)
    _board_option(group, "--baud", "host_baud", type=int, metavar="N")
    group.add_argument(
        "--debug-port", type=int, default=0, metavar="PORT", help="for pyocd; any free port if not given"
    )
    _board_option(group, "--timing", "timing", choices=TIMING_MODELS)
    _board_option(group, "--flash-banks", "flash_banks", type=int, metavar="N")
    _board_option(group, "--external-flash", "external_flash", type=Path, metavar="FILE")
    _board_option(group, "--random-seed", "random_seed", type=int, metavar="N")
    group.add_argument(
        "--pin",
        action="append",
        default=[],
        metavar="PIN=LEVEL",
        help="a wire on a pin, such as PI11=1; of the user button: that it is pressed. May be given again",
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
    group.add_argument("--survey", action="store_true", help=meaning_of("survey"))
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
    if arguments.survey and (arguments.json or arguments.end_with_stdin or arguments.profile is not None):
        parser.error(
            "--survey makes no measurement: it does not go with --json, --end-with-stdin or --profile"
        )
    if arguments.at is not None and arguments.firmware is None:
        parser.error("--at says where the firmware belongs; give that too")
    if arguments.silence is not None and not 0 <= arguments.silence < 1e6:
        parser.error("--silence is a number of seconds, 0 or more")
    if arguments.trace_only and arguments.trace is None:
        parser.error("--trace-only chooses from what --trace writes; give that too")
    if arguments.profile is not None and arguments.firmware is None:
        parser.error("--profile needs the firmware's ELF file, for the names of its functions")
    if arguments.trace == "":
        parser.error("--trace= needs the name of a file; --trace alone writes to stderr")
