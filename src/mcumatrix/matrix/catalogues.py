"""The catalogues: what a matrix may name, one small YAML file for each entry."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.document import Document, Problems
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.reader import read_document
from mcumatrix.matrix.schema import (
    BoardFile,
    ModelFile,
    OnOff,
    RuntimeFile,
    TimeoutsFile,
    ToolchainFile,
    UnitFile,
    check_name,
)
from mcumatrix.matrix.suggest import shown
from mcumatrix.matrix.validate import File, validated
from mcumatrix.model.catalogue import (
    Archive,
    Board,
    BoardKind,
    Catalogues,
    Element,
    Model,
    Runtime,
    Source,
    Timeouts,
    Toolchain,
    Unit,
)
from mcumatrix.units import parse_duration_s, parse_frequency_hz

Entry = TypeVar("Entry")

_NOT_VIRTUAL = {
    "probe": "a virtual board brings its own debug probe",
    "serial_port": "a virtual board brings its own serial port",
    "power_cycle": "a virtual board needs nobody to switch it off",
    "units": "a virtual board has no specimens of its own; count says how many may run",
}


def load_catalogues(folder: Path) -> Catalogues:
    """Reads `boards/`, `runtimes/`, `toolchains/` and `models/` under `folder`.

    An entry's name is its file's name without `.yaml`. Paths in entries begin at the parent of `folder`, and
    come out joined with it; whether the files are there is for the stage that reads them.

    Raises:
        MatrixError: a folder has no entry, or a file is wrong.
    """
    root = folder.parent
    return Catalogues(
        boards=load_boards(folder),
        runtimes=_entries(
            folder / "runtimes",
            RuntimeFile,
            lambda name, file, document: _runtime(name, file, document, root),
        ),
        toolchains=_entries(
            folder / "toolchains",
            ToolchainFile,
            lambda name, file, document: _toolchain(name, file, document, root),
        ),
        models=_entries(
            folder / "models",
            ModelFile,
            lambda name, file, document: _model(name, file, document, root),
        ),
    )


def load_boards(folder: Path) -> dict[str, Board]:
    """Reads `boards/` under `folder` only.

    Raises:
        MatrixError: there is no entry, or a file is wrong.
    """
    return _entries(folder / "boards", BoardFile, _board)


def _entries(
    folder: Path, model: type[File], make: Callable[[str, File, Document], Entry]
) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            name = check_name(path.stem)
        except RefusedError as error:
            message = f"{path}: an entry cannot be called {shown(path.stem)}: {error}"
            raise MatrixError(message, hint=error.hint) from error
        document = read_document(path)
        entries[name] = make(name, validated(model, document), document)
    if not entries:
        raise MatrixError(f"{folder} has no .yaml file", hint="A matrix needs at least one entry there.")
    return entries


def _board(name: str, file: BoardFile, document: Document) -> Board:
    problems = Problems(document)
    if file.kind is BoardKind.VIRTUAL:
        _check_virtual(file, problems)
    else:
        _check_real(file, problems)
    problems.check()
    return Board(
        name=name,
        kind=file.kind,
        firmware_board=file.firmware_board,
        target=file.target,
        units=_units(file),
        baud=file.baud,
        connect=file.connect,
        swd_hz=parse_frequency_hz(file.swd_frequency),
        timeouts=_timeouts(file.timeouts),
        timing_model=file.timing_model,
        flasher=file.flasher,
        adapter=file.adapter,
        health=file.health is OnOff.ON,
    )


def _check_virtual(file: BoardFile, problems: Problems) -> None:
    for key, message in _NOT_VIRTUAL.items():
        if key in file.model_fields_set:
            problems.add((key,), message, f"Remove the key {key}.", of_key=True)


def _check_real(file: BoardFile, problems: Problems) -> None:
    if "timing_model" in file.model_fields_set:
        message = "timing_model is for virtual boards"
        problems.add(("timing_model",), message, "A real board counts its cycles itself.", of_key=True)
    if "count" in file.model_fields_set:
        message = "count is for virtual boards"
        problems.add(("count",), message, "Name the specimens of a real board under units.", of_key=True)
    if not file.units:
        if not file.serial_port:
            hint = BoardFile.model_fields["serial_port"].description or ""
            problems.add((), "the key 'serial_port' is missing in the file", hint, of_key=True)
        return
    for key in UnitFile.model_fields:
        if key in file.model_fields_set:
            problems.add(
                (key,), f"{key} stands beside units", "Move it to the unit that has it.", of_key=True
            )
    probes: dict[str, int] = {}
    ports: dict[str, int] = {}
    for index, unit in enumerate(file.units):
        if not unit.probe and len(file.units) > 1:
            hint = "Where there are several units, each names its probe; `doit boards` lists them."
            problems.add(("units", index), f"the key 'probe' is missing in units[{index}]", hint, of_key=True)
        # pyOCD does not tell upper from lower case in unique ids.
        for key, text, seen in (
            ("probe", unit.probe.lower(), probes),
            ("serial_port", unit.serial_port, ports),
        ):
            if text and (first := seen.setdefault(text, index)) != index:
                message = f"{key} {shown(getattr(unit, key))} is here twice, first in units[{first}]"
                problems.add(("units", index, key), message, "Each unit has its own.")


def _units(file: BoardFile) -> tuple[Unit, ...]:
    if file.kind is BoardKind.VIRTUAL:
        return (Unit(),) * file.count
    specimens: Sequence[UnitFile | BoardFile] = file.units or [file]
    return tuple(Unit(one.probe, one.serial_port, tuple(shlex.split(one.power_cycle))) for one in specimens)


def _timeouts(file: TimeoutsFile) -> Timeouts:
    return Timeouts(
        connect_s=parse_duration_s(file.connect),
        program_s=parse_duration_s(file.program),
        boot_s=parse_duration_s(file.boot),
        measure_s=parse_duration_s(file.measure),
    )


def _runtime(name: str, file: RuntimeFile, document: Document, root: Path) -> Runtime:
    problems = Problems(document)
    for key, values in (("kernels", file.kernels), ("elements", file.elements)):
        for index, value in enumerate(values):
            if value in values[:index]:
                problems.add((key, index), f"{key} has {shown(str(value))} twice", "Keep one of them.")
    for source, given in file.sources.items():
        pins = [pin for pin in (given.sha256, given.md5) if pin]
        if given.path and (given.url or pins):
            message = f"{source} has a folder and an archive"
            problems.add(("sources", source, "path"), message, "Keep path, or url with its checksum.")
        elif not given.path and not given.url:
            message = f"{source} has neither an archive nor a folder"
            problems.add(("sources", source), message, "Add url and sha256, or path.")
        elif given.url and len(pins) != 1:
            message = f"{source} needs one checksum, and has {len(pins)}"
            problems.add(("sources", source, "url"), message, "Nothing is fetched without sha256 or md5.")
    problems.check()
    sources = tuple(
        Source(
            name=source,
            url=given.url,
            checksum=f"sha256:{given.sha256}" if given.sha256 else f"md5:{given.md5}" if given.md5 else "",
            path=root / given.path if given.path else None,
        )
        for source, given in file.sources.items()
    )
    return Runtime(
        name,
        file.adapter,
        tuple(file.kernels),
        tuple(file.elements),
        sources,
        takes_hybrid=file.hybrid == "tried",
    )


def _toolchain(name: str, file: ToolchainFile, document: Document, root: Path) -> Toolchain:
    problems = Problems(document)
    if file.dockerfile and not file.version:
        message = "a toolchain with a Dockerfile has one version, and the key version is missing"
        problems.add(("dockerfile",), message, "Add what its gcc answers to -dumpfullversion.", of_key=True)
    if file.archive and not file.dockerfile:
        message = "an archive is for a Dockerfile to copy from, and the key dockerfile is missing"
        problems.add(("archive",), message, "Add the key dockerfile, or remove archive.", of_key=True)
    problems.check()
    return Toolchain(
        name=name,
        prefix=file.prefix,
        version=file.version,
        dockerfile=root / file.dockerfile if file.dockerfile else None,
        archive=Archive(file.archive.url, file.archive.sha256) if file.archive else None,
        suite=file.suite,
    )


def _model(name: str, file: ModelFile, document: Document, root: Path) -> Model:
    problems = Problems(document)
    if file.weights not in (None, file.element) and file.element is not Element.FLOAT32:
        message = f"weights of {file.weights} do not go with activations of {file.element}"
        problems.add(("weights",), message, "Only a model of float32 can have other weights; remove the key.")
    problems.check()
    return Model(
        name=name,
        element=file.element,
        file=root / file.file,
        golden=root / file.golden,
        digits=root / file.digits,
        digit_label=file.digit_label,
        weights=file.weights,
    )
