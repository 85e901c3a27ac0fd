"""Which files the library is made from, and where it is found."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent
BUILT = FOLDER / "built"
LIBRARY_VARIABLE = "VSTM32_NATIVE"
"""Names a library to load in place of the one that belongs to the sources: one with sanitizers."""


def c_sources(folder: Path = FOLDER) -> tuple[Path, ...]:
    """What is compiled."""
    return tuple(sorted(folder.glob("*.c")))


def library_name(folder: Path = FOLDER) -> str:
    """The file name of the library for the sources as they are, on this kind of machine."""
    digest = sha256()
    for path in sorted(folder.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"hooks-{digest.hexdigest()[:16]}-{os.uname().machine}.so"


def library_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the library is to be; it may not be there."""
    named = environment.get(LIBRARY_VARIABLE)
    return Path(named) if named else BUILT / library_name()


def layout_path(library: Path) -> Path:
    """What cffi has read from the header, as the source of a Python module, beside a library."""
    return library.with_suffix(".layout")
