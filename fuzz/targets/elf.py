"""A firmware's ELF file given to the virtual board: what it holds, or a refusal."""

import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fuzz.target import Target
from vstm32 import load_elf
from vstm32.base.errors import VirtualBoardError

_SOURCE = "int here = 1; int there; int main(void) { for (;;) { there += here; } }"
_FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-nostdlib", "-Wl,-Ttext=0x08000000,-Tdata=0x20000000,--entry=main")


@cache
def _corpus() -> Sequence[bytes]:
    """One that is as small as it can be, so that a change meets something."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "firmware.elf"
        command = ("arm-none-eabi-gcc", *_FLAGS, "-xc", "-", "-o", str(file), "-Wl,-z,max-page-size=4")
        subprocess.run(command, input=_SOURCE, text=True, check=True)
        return [file.read_bytes()]


def _read(data: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "firmware.elf"
        file.write_bytes(data)
        try:
            firmware = load_elf(file)
        except VirtualBoardError:
            return False
    assert sum(len(segment.data) for segment in firmware.segments) <= 100 * len(data)
    return True


TARGET = Target("elf", _corpus, _read)
