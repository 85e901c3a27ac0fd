"""Compiles for the Cortex-M7 during the tests."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

BASE = ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-nostdlib")
_COMPILED = {".c", ".cc", ".cpp", ".S"}


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Runs a tool and returns what it printed; its output is the message where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compile_arm(
    folder: Path, files: Mapping[str, str], *options: str | Path, output: str = "image.elf"
) -> Path:
    """Writes files into a folder and makes one output of those that are sources; returns its path.

    The compiler runs in the folder, so options can name the other files, such as a linker script.
    """
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    sources = [f"./{name}" for name in files if Path(name).suffix in _COMPILED]
    run(*BASE, *options, *sources, "-o", output, cwd=folder)
    return folder / output
