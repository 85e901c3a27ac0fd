"""Assembles Thumb code for the timing model."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = ".syntax unified\n.cpu cortex-m7\n.fpu fpv5-sp-d16\n.thumb\n"


@pytest.fixture(scope="session")
def assemble(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """assemble("adds r0, #1; bx lr") gives the bytes."""
    folder = tmp_path_factory.mktemp("assembled")

    def assembled(source: str) -> bytes:
        name = hashlib.sha256(source.encode()).hexdigest()[:16]
        text, elf, code = (folder / f"{name}.{suffix}" for suffix in ("s", "o", "bin"))
        text.write_text(HEADER + source.replace(";", "\n") + "\n")
        _run("as", "-o", elf, text)
        _run("objcopy", "-O", "binary", "-j", ".text", elf, code)
        return code.read_bytes()

    return assembled


def _run(tool: str, *arguments: str | Path) -> None:
    subprocess.run([f"arm-none-eabi-{tool}", *map(str, arguments)], check=True)
