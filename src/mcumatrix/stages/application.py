"""Application: what of the firmware is compiled for it, and on which boards it can be.

What it needs stands in `firmware/application/<name>/application.json`. Where it has a folder `board`, it is
for those boards of which that has a file, and for all boards where it has none.
"""

import json
from pathlib import Path

from mcumatrix.errors import BuildError
from mcumatrix.model.application import AddedApplication, Application
from mcumatrix.model.catalogue import Source

_FOLDER = "application"

_SHARED = ("images.cmake", "library.cmake", "linking.cmake", "read-already")
"""In that folder: what all applications are made and linked with."""


def application_members(firmware: Path, application: Application) -> tuple[Path, ...]:
    """Files and folders of the firmware that the library of an application is compiled from, and which are
    of no other part of an image."""
    return tuple(firmware / _FOLDER / part for part in (*_SHARED, application))


def application_of(firmware: Path, application: Application, board: str) -> AddedApplication:
    """An application, for a folder under `firmware/board/`.

    Raises:
        BuildError: the board has no second port, or the firmware has no such application.
    """
    folder = firmware / _FOLDER / application
    place = f"firmware/{_FOLDER}/{application}/application.json"
    try:
        described = json.loads((folder / "application.json").read_bytes())
        sources = tuple(
            (Source(name, said["url"], f"sha256:{said['sha256']}"), tuple(said["parts"]))
            for name, said in described["sources"].items()
        )
    except FileNotFoundError as error:
        raise BuildError(
            f"The firmware has no application {application}: there is no {place}.",
            hint="Leave it out of `applications` in the matrix.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(
            f"{place} cannot be read: {error!r}",
            hint='It must be one object of JSON, with "sources" by name: each has url, sha256 and parts.',
        ) from error
    ports = folder / "board"
    if ports.is_dir() and not (ports / f"{board}.c").is_file():
        ported = ", ".join(sorted(path.stem for path in ports.glob("*.c")))
        raise BuildError(
            f'The board "{board}" has no second serial port for {application}: there is no '
            f"firmware/{_FOLDER}/{application}/board/{board}.c.",
            hint=f"Leave it out of `applications` in the matrix, or choose a board that has one: {ported}.",
        )
    return AddedApplication(application, sources)
