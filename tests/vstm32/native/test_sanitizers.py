"""The same sources with sanitizers: they find nothing, and firmware takes the same cycles."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vstm32.native.build import build
from vstm32.native.sources import LIBRARY_VARIABLE

STOP_AT_ONCE = "-fno-sanitize-recover=all"

# Registers, polls, stores into flash that are right and wrong, code in RAM, calls, loops, watched divisions;
# loads and stores that wander through the data cache, and its maintenance.
FIRMWARE = """
static uint32_t wander(uint32_t turns)
{
    uint32_t sum = 0;
    for (uint32_t turn = 0; turn < turns; turn++) {
        const uint32_t place = turn * 2654435761u;
        REG(0x20020000u + (place >> 16 & 0xFFFCu)) = sum;
        sum += REG8(0x08000000u + (place >> 14)) + *(volatile uint16_t *)(0x20010001u + (place >> 20));
        if (turn % 64 == 0) { REG(0xE000EF60u) = place; REG(0xE000EF70u) = 0x20020000u + (place >> 16); }
    }
    return sum;
}
__attribute__((section(".ramcode"), noinline)) static uint32_t in_ram(uint32_t count)
{
    uint32_t sum = 0;
    while (count--) { sum += count / 3; }
    return sum;
}
static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
void hardfault_handler(void) { seen[62] = 1; while (1) { } }
int main(void)
{
    cycles_on();
    REG(SCB_CCR) |= 3u << 16 | 1u << 4;
    seen[0] = in_ram(1000);
    seen[6] = wander(2000);
    seen[1] = fibonacci(14);
    REG(0x40023C04u) = 0x45670123u; REG(0x40023C04u) = 0xCDEF89ABu;
    REG(0x40023C10u) = 1u | 2u << 8;
    for (uint32_t i = 0; i < 8; i++) {
        *(volatile uint32_t *)(0x080C0000u + 4 * i) = i;
        while (REG(0x40023C0Cu) & 1u << 16) { }
    }
    *(volatile uint16_t *)0x080C0101u = 1;
    seen[2] = REG(0x40023C0Cu);
    seen[3] = 7u / (seen[4] | 1u);
    seen[5] = REG(DWT_CYCCNT);
    seen[63] = 1;
    return 0;
}
"""

RUN = """
import os
import sys
from pathlib import Path

# The disassembler is loaded in this way, with which the address sanitizer does not work.
os.RTLD_DEEPBIND = 0

from vstm32 import Board, BoardOptions, load_elf
from vstm32.base.symbols import read_functions

elf = Path(sys.argv[1])
for timing, profile in (("m7-block-1", None), ("m7-cache-2", None), ("m7-block-1", read_functions(elf))):
    with Board(load_elf(elf), BoardOptions(timing=timing), profile=profile) as board:
        last = board.symbol("seen") + 4 * 63
        board.run(until=lambda: any(board.read_memory(last, 4)), timeout_seconds=60)
        print(board.cycles, bytes(board.read_memory(board.symbol("seen"), 256)).hex())
"""


def _runtime(name: str) -> str | None:
    """Where the compiler has the run-time library of a sanitizer."""
    asked = subprocess.run(
        [os.environ.get("CC") or "cc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return asked if Path(asked).is_absolute() else None


def _run(elf: Path, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(elf)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize("kind", ["undefined", "address"])
def test_a_sanitizer_finds_nothing_and_cycles_are_the_same(
    compile_firmware: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    runtime = _runtime({"undefined": "libubsan.so", "address": "libasan.so"}[kind])
    if runtime is None:
        pytest.skip(f"the C compiler has no run-time library for -fsanitize={kind}")
    library = build(tmp_path, flags=("-O1", "-g", f"-fsanitize={kind}", STOP_AT_ONCE))
    elf = compile_firmware(FIRMWARE)
    sanitized = _run(
        elf,
        LD_PRELOAD=runtime,
        # Python does not free everything; and Unicorn handles signals of its own.
        ASAN_OPTIONS="detect_leaks=0:handle_segv=0",
        **{LIBRARY_VARIABLE: str(library)},
    )
    assert sanitized == _run(elf)


def test_a_sanitizer_that_finds_something_ends_the_board(
    compile_firmware: Callable[..., Path], tmp_path: Path
) -> None:
    """What the tests above would look like if there were something to find."""
    runtime = _runtime("libubsan.so")
    if runtime is None:
        pytest.skip("the C compiler has no run-time library for -fsanitize=undefined")
    wrong = tmp_path / "wrong.c"
    wrong.write_text(
        "__attribute__((constructor)) static void overflow(void)\n"
        "{ volatile int most = 0x7FFFFFFF; most = most + 1; }\n"
    )
    library = build(tmp_path, flags=("-fsanitize=undefined", STOP_AT_ONCE, str(wrong)))
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(compile_firmware(FIRMWARE))],
        env=os.environ | {"LD_PRELOAD": runtime, LIBRARY_VARIABLE: str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "signed integer overflow" in ran.stderr
