"""The command line, read once into frozen options."""

from pathlib import Path

import pytest

from vstm32 import BoardOptions
from vstm32.app.command_line import main
from vstm32.app.options import ConsoleOptions, DaemonOptions, LookOptions, ProgramOptions, parse


def test_without_options_everything_is_as_a_board_is_by_itself() -> None:
    assert parse([]) == ProgramOptions(
        firmware=None,
        daemon=DaemonOptions(board=BoardOptions()),
        console=None,
        look=LookOptions(),
    )


def test_each_option_arrives_where_it_belongs() -> None:
    line = (
        "fw.bin --at 0x8000000 --folder dir --serial USART1 --baud 9600 --timing instructions "
        "--random-seed 7 --off --debug-port 4000 --serial-console --echo --silence 3 "
        "--trace=log --trace-only RCC,PWR --profile"
    )
    assert parse(line.split()) == ProgramOptions(
        firmware=Path("fw.bin"),
        at=0x0800_0000,
        daemon=DaemonOptions(
            board=BoardOptions(
                serial="USART1", host_baud=9600, timing="instructions", random_seed=7, powered=False
            ),
            folder=Path("dir"),
            debug_port=4000,
            in_process=True,
        ),
        console=ConsoleOptions(echo=True, silence_seconds=3.0),
        look=LookOptions(trace="log", trace_only=("RCC", "PWR"), profile=Path("fw.speedscope.json")),
    )
    line = "--link port --json --end-with-stdin"
    options = parse(line.split())
    assert options.daemon.board.link == Path("port")
    assert options.says_json
    assert options.ends_with_stdin


def test_what_a_board_cannot_be_is_a_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--baud", "0"]) == 1
    assert capsys.readouterr().err == "The host cannot listen at 0 baud.\n  115200 is the usual rate.\n"
