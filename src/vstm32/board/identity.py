"""What the cycles and answers of a virtual board depend on: our own code, its chip, and two libraries."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from vstm32.chips import module_of
from vstm32.timing import INSTRUCTIONS

LOOKING_ON = frozenset({"look", "debug", "app"})
"""Rooms that only look at a board, or bring it to people: nothing that its firmware computes or counts comes
from them. A room that is not named here counts."""

_PACKAGE = Path(__file__).parents[1]
_CHIPS = "chips"
_SOURCES = {".py", ".c", ".h"}
_HASH_DIGITS = 16


def identity(timing: str, chip: str, package: Path = _PACKAGE) -> Mapping[str, str]:
    """What makes the cycles of a timing model and the answers of a chip, by one of its names: names of parts,
    and their versions or hashes.

    "vstm32" is over the contents of our sources, without the files of other chips. Unicorn executes the
    firmware. capstone says what stands in a block, from which every model but the one that counts
    instructions works out its price.
    """
    parts = {"unicorn": version("unicorn"), "vstm32": _hash(package, module_of(chip))}
    return parts if timing == INSTRUCTIONS.name else parts | {"capstone": version("capstone")}


def _hash(package: Path, chip_module: str) -> str:
    digest = hashlib.sha256()
    of_chips = (package / _CHIPS / "__init__.py", package / _CHIPS / f"{chip_module}.py")
    for room in sorted(path for path in package.iterdir() if path.is_dir() and path.name not in LOOKING_ON):
        for file in sorted(filter(_is_source, room.rglob("*"))):
            if room.name == _CHIPS and file not in of_chips:
                continue
            contents = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{file.relative_to(package).as_posix()} {contents}\n".encode())
    return digest.hexdigest()[:_HASH_DIGITS]


def _is_source(file: Path) -> bool:
    """Not what is made of sources: that stands in folders which are no packages."""
    return file.suffix in _SOURCES and (file.parent / "__init__.py").exists()
