"""Reproductions of a matrix: one JSON file for each time that a variant was built again, only ever added to.

results/<matrix>/reproductions/<variant>/<time>-<fingerprint>.json
results/<matrix>/reproductions/runs/: records of runs that were held against published ones, as in store.py
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.artifact import write_atomically
from mcumatrix.errors import ResultError
from mcumatrix.model.reproduction import REPRODUCTION_SCHEMA, Reproduction
from mcumatrix.results.store import file_stem
from mcumatrix.storage import place_of, reason_of, remedy_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FOLDER = "reproductions"
"""Where they are, below the results of a matrix."""

RUNS = f"{FOLDER}/runs"
"""Where records of reproductions are, below the results of a matrix: apart, so that they take no place of the
published ones."""


@cache
def _adapter() -> "TypeAdapter[Reproduction]":
    from pydantic import TypeAdapter

    return TypeAdapter(Reproduction)


def is_reproduction(data: bytes) -> bool:
    """Whether a file has one that this version reads."""
    from pydantic import ValidationError

    try:
        return _adapter().validate_json(data).schema <= REPRODUCTION_SCHEMA
    except ValidationError:
        return False


class ReproductionStore:
    """The reproductions of one matrix, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, reproduction: Reproduction) -> None:
        """Keeps a reproduction. Raises ResultError if it cannot be written."""
        stem = file_stem(reproduction.finished_at, reproduction.fingerprint)
        path = self._folder / reproduction.variant / f"{stem}.json"
        try:
            write_atomically(path, _adapter().dump_json(reproduction, indent=1) + b"\n", replace=False)
        except OSError as error:
            raise ResultError(
                f"the reproduction of {reproduction.variant} is lost: {place_of(error, self._folder)} "
                f"cannot be used, because {reason_of(error)}. All records are kept.",
                hint=remedy_of(error),
            ) from error

    def files(self) -> Iterator[Path]:
        """Those of all reproductions, below the folder."""
        for path in sorted(self._folder.glob("*/*.json")):
            if path.parent != self._folder / Path(RUNS).name:
                yield path

    def newest(self, variant: str, fingerprint: str) -> Reproduction | None:
        """The last reproduction of an image; None if there is none, or none that can be read."""
        ending = f"-{file_stem('', fingerprint).removeprefix('-')}.json"
        return next((found for found in self._all(variant, ending) if found.fingerprint == fingerprint), None)

    def newest_of_image(self, variant: str, elf_sha256: str) -> Reproduction | None:
        """The same for who knows the image and not what it was made from."""
        return next(
            (
                found
                for found in self._all(variant, ".json")
                if elf_sha256 == (found.published.elf_sha256 if found.published else found.elf_sha256)
            ),
            None,
        )

    def _all(self, variant: str, ending: str) -> Iterator[Reproduction]:
        """Those that can be read, the last first, of the files whose names end so."""
        # Asked for each variant, and there for few: not by a pattern, which would be compiled for each.
        folder = f"{self._folder}/{variant}"
        try:
            entries = os.listdir(folder)  # noqa: PTH208 - their names alone
        except (FileNotFoundError, NotADirectoryError):
            return
        from pydantic import ValidationError

        for name in sorted(filter(lambda name: name.endswith(ending), entries), reverse=True):
            path = Path(folder, name)
            try:
                found = _adapter().validate_json(path.read_bytes())
            except (OSError, ValidationError):
                continue
            if found.schema <= REPRODUCTION_SCHEMA:
                yield found
