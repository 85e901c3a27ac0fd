"""`doit import`: results of other tools as published numbers."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import write_atomically
from mcumatrix.errors import ExitCode, PublishedError
from mcumatrix.matrix.schema.names import check_name
from mcumatrix.model.publication import Imported, Origin, Publication
from mcumatrix.project import Project
from mcumatrix.results.published import publication_csv, read_publication
from mcumatrix.units import parse_frequency_hz

_MOST_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """What a person says of a file, all of it as typed: empty is what the file says itself.

    `axes` are as in `model=mnist-int8;clock=216 MHz`, and come before what the file says.
    """

    name: str = ""
    source: str = ""
    day: str = ""
    clock: str = ""
    axes: str = ""


def import_results(
    project: Project, format_name: str, file: Path, given: Given, say: Callable[[str], None]
) -> ExitCode:
    """Writes results/published/NAME.csv; `say` gets its path, and what was left out.

    A file that is there is written anew only if the same file of the same tool made it.

    Raises:
        McuMatrixError: there is no such format, or the file is not in it, or does not say enough.
    """
    importer = registry.importers.importer(format_name)
    name = _name(given.name or file.stem)
    clock_hz = _clock_hz(given.clock)
    imported = importer.read(str(file), _text(file), clock_hz)
    publication = _publication(name, format_name, file, imported, given)
    path = project.published / f"{name}.csv"
    if path.exists() and read_publication(path).format != format_name:
        raise PublishedError(
            f"{os.path.relpath(path)} is there already, and was not imported from {format_name}",
            hint="Give the new one another name: --as NAME",
        )
    write_atomically(path, publication_csv(publication))
    for note in imported.notes:
        say(f"{file}: {note}")
    numbers = sum(len(column.numbers) for column in publication.columns)
    say(f"{os.path.relpath(path)}: {numbers} numbers in {len(publication.columns)} columns")
    say(f"`doit report {name}` shows them; `published: [{name}]` in a matrix puts them beside ours.")
    return ExitCode.OK


def _publication(name: str, format_name: str, file: Path, imported: Imported, given: Given) -> Publication:
    said = _axes(given.axes)
    clock = {"clock": given.clock} if given.clock else {}
    columns = tuple(replace(column, axes={**clock, **column.axes, **said}) for column in imported.columns)
    return Publication(
        name=name,
        source=given.source or f"{imported.tool}, {file.name}",
        published_on=_day(given.day, imported, file),
        columns=columns,
        origin=Origin.IMPORTED,
        format=format_name,
    )


def _name(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise PublishedError(
            f"{name!r} cannot be the name of a file: {error.args[0]}", hint="Give it another one: --as NAME"
        ) from error


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise PublishedError(f"{file} has more than {_MOST_BYTES} bytes", hint="Cut out what is needed.")
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise PublishedError(f"{file} cannot be read: {error.strerror}", hint="Name a file.") from error


def _clock_hz(text: str) -> int | None:
    if not text:
        return None
    try:
        return parse_frequency_hz(text)
    except ValueError as error:
        raise PublishedError(f"--clock: {error}", hint="As in: --clock '216 MHz'") from error


def _day(text: str, imported: Imported, file: Path) -> date:
    if not text and imported.made_on is None:
        raise PublishedError(
            f"{file} does not say when it was made", hint="Say it: --date 2026-11-27, or any other day"
        )
    try:
        return date.fromisoformat(text) if text else imported.made_on or date.min
    except ValueError as error:
        raise PublishedError(f"--date: {text!r} is no date", hint="Write it as in 2020-04-16.") from error


def _axes(text: str) -> Mapping[str, str]:
    found = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise PublishedError(
                f"--axes: {part!r} is no value of an axis",
                hint="As in: --axes 'model=mnist-int8;clock=216 MHz'",
            )
        found[name] = value
    return found
