"""Compiles the hooks with the machine's C compiler; nothing of Python's or Unicorn's headers is needed."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from vstm32.base.errors import VirtualBoardError
from vstm32.native.sources import BUILT, FOLDER, c_sources, layout_path, library_name

FLAGS = ("-std=c11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra")


def build(
    folder: Path = BUILT, *, flags: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Path:
    """The library for the sources as they are, in a folder; compiled if it is not there yet.

    `CC` of the environment names the compiler. Others may do the same at the same time: what is new comes
    into its place as a whole.

    Raises:
        VirtualBoardError: there is no compiler, or it fails, or the folder cannot be written.
    """
    library = folder / library_name()
    if library.exists() and layout_path(library).exists():
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            new = Path(aside) / library.name
            _compile(new, flags, environment)
            _write_layout(layout_path(new))
            # The library comes last: where it is, all is.
            layout_path(new).replace(layout_path(library))
            new.replace(library)
    except OSError as error:
        raise VirtualBoardError(
            f"The hooks of the virtual board cannot be put into {folder}: {error.strerror or error}.",
            hint="Make room or mend the rights, then run this again.",
        ) from error
    return library


def _compile(library: Path, flags: Sequence[str], environment: Mapping[str, str]) -> None:
    compiler = environment.get("CC") or "cc"
    command = [*compiler.split(), *FLAGS, *flags, *map(str, c_sources()), "-o", str(library)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise VirtualBoardError(
            f"There is no C compiler {compiler!r}, which the hooks of the virtual board need.",
            hint="Install one (on Debian: apt-get install gcc libc6-dev), or name one in CC.",
        ) from error
    if done.returncode:
        raise VirtualBoardError(
            f"{compiler} could not compile the hooks of the virtual board:\n{done.stderr.strip()}",
            hint="libc6-dev has the headers of the C library; CC names another compiler.",
        )


def _write_layout(path: Path) -> None:
    from cffi import FFI
    from cffi.recompiler import make_py_source

    ffi = FFI()
    ffi.set_source("vstm32_hooks_layout", None)
    ffi.cdef((FOLDER / "layout.h").read_text())
    make_py_source(ffi, "vstm32_hooks_layout", str(path), verbose=False)
