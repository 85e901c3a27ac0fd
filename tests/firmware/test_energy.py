"""The pin that tells a current probe when an inference runs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix import wire
from support.compiling import run
from support.firmware_images import Build, Terminal
from vstm32 import Board, BoardOptions, Trace, load_elf

PIN = 6
"""PG6, D2 of the Arduino connector."""
RUN = wire.RunBench(0x1234, 1, 2)


@pytest.fixture(scope="module")
def with_pin(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = replace(build, folder=tmp_path_factory.mktemp("with-pin"))
    made.render()
    made.configure()
    run("cmake", "-DMCUMATRIX_ENERGY=ON", made.folder / "image")
    made.compile()
    return made.elf


def _times(answer: str) -> list[str]:
    return re.findall(r"repeat=[0-9]+ cycles=[0-9]+|cycles=[0-9,]+", answer)


def test_layers_take_the_same_cycles_with_and_without_the_pin(build: Build, with_pin: Path) -> None:
    # Other tests may have left it with another digit or runtime.
    build.render()
    build.make_library()
    build.compile()
    with Terminal(build.elf) as without, Terminal(with_pin) as board:
        plain, marked = without.ask(RUN), board.ask(RUN)
    assert len(_times(plain)) > 2
    assert _times(marked) == _times(plain)


def test_the_pin_is_high_once_for_each_inference(with_pin: Path) -> None:
    written: list[str] = []
    trace = Trace(written.append, lambda _address: "", only=("GPIOG",))
    with Board(load_elf(with_pin), BoardOptions(timing="instructions"), trace=trace) as board:
        board.run_until_it_waits(timeout_seconds=60)
        written.clear()
        board.line().write(RUN.encode())
        board.run_until_it_waits(timeout_seconds=60)
    values = [int(line.split("BSRR <- ")[1].split()[0], 16) for line in written if "BSRR <- " in line]
    assert values == [1 << PIN, 1 << (PIN + 16)] * 3


def test_images_without_a_probe_have_no_code_for_the_pin(build: Build) -> None:
    assert "port_mark_window" not in run("arm-none-eabi-nm", build.elf)
