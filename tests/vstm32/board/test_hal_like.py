"""Firmware with the register accesses of a vendor's library, on newlib, in C and C++: it answers."""

import subprocess
from pathlib import Path

import pytest

from vstm32 import Board, BoardOptions, load_elf

FOLDER = Path(__file__).parents[1] / "firmware" / "hal_like"
CORE = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"]
COMMON = ["-Os", "-Wall", "-Werror", "-ffunction-sections", "-fdata-sections"]
LIBRARIES = {"nano": ["--specs=nano.specs", "-u", "_printf_float"], "full": []}


@pytest.fixture(scope="module", params=LIBRARIES)
def elf(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"hal-{request.param}")
    libraries = LIBRARIES[request.param]
    objects = []
    for source in sorted(FOLDER.glob("*.c*")):
        language = ["arm-none-eabi-gcc", "-std=c11"]
        if source.suffix == ".cpp":
            language = ["arm-none-eabi-g++", "-std=c++17", "-fno-exceptions", "-fno-rtti"]
        objects.append(folder / f"{source.stem}.o")
        command = [*language, *CORE, *COMMON, *libraries, "-c", str(source), "-o", str(objects[-1])]
        subprocess.run(command, check=True)
    linked = folder / "hal_like.elf"
    options = [f"-T{FOLDER}/link.ld", "-Wl,--gc-sections"]
    subprocess.run(
        ["arm-none-eabi-g++", *CORE, *libraries, *options, *objects, "-o", linked],
        check=True,
    )
    return linked


def test_it_boots_at_216_mhz_and_answers_on_its_serial_line(elf):
    with Board(load_elf(elf), BoardOptions(serial="USART1")) as board:
        line = board.line()
        board.start()

        def ask(command):
            line.write(command.encode() + b"\n")
            assert line.read_until(b"\n") == f"> {command}\n".encode()
            return line.read_until(b"\n").decode().rstrip("\n")

        assert line.read_until(b"\n") == b"ready, step 0, 216000000 Hz, 3 commands\n"
        assert ask("ticks") == "ticks 21"
        assert ask("malloc 1000") == f"malloc 1000: sum {sum(index % 256 for index in range(1000))}"
        assert ask("malloc 1000000") == "malloc 1000000: no memory"
        assert ask("words one two three") == "three;two;one;4.500"
        assert ask("malloc 100000") == f"malloc 100000: sum {sum(index % 256 for index in range(100_000))}"
        assert ask("what") == "unknown"
        board.stop()
        assert [str(finding) for finding in board.findings] == []
        assert board.clocks.hclk_hz == 216_000_000


def test_its_tick_is_a_millisecond_of_virtual_time(elf):
    with Board(load_elf(elf), BoardOptions(serial="USART1")) as board:
        board.run(until=lambda: b"ready" in board.line().read(), timeout_seconds=60)
        tick = board.symbol("_ZL4tick") if "_ZL4tick" in board.firmware.symbols else board.symbol("tick")

        def count():
            return int.from_bytes(board.read_memory(tick, 4), "little")

        before, cycles = count(), board.cycles
        board.run(max_cycles=216_000 * 500)
        assert count() - before == pytest.approx((board.cycles - cycles) / 216_000, abs=1)
