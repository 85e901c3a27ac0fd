"""The catalogues: what a matrix may name, one small YAML file for each entry."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from mcumatrix.by_contents import Known
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.document import Document, Problems, in_words
from mcumatrix.matrix.document import Place as PlaceInFile
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.reader import parsed_before, read_document
from mcumatrix.matrix.schema.board_file import (
    BoardFile,
    EnergyFile,
    EnergyMode,
    UnitFile,
    WrittenKind,
)
from mcumatrix.matrix.schema.model_file import DatasetFile, ModelFile
from mcumatrix.matrix.schema.names import check_name
from mcumatrix.matrix.schema.runtime_file import RuntimeFile, SourceFile
from mcumatrix.matrix.schema.scalars import OnOff
from mcumatrix.matrix.schema.toolchain_file import ToolchainFile
from mcumatrix.matrix.suggest import shown
from mcumatrix.matrix.validate import File, validated
from mcumatrix.model.catalogue import (
    LABGRID,
    VIRTUAL_CONNECT_S,
    Archive,
    Board,
    BoardKind,
    Catalogues,
    Dataset,
    DigitInput,
    Element,
    FileInput,
    Model,
    ModelInput,
    ModelPin,
    RandomInput,
    Runtime,
    Source,
    Timeouts,
    Toolchain,
    Unit,
)
from mcumatrix.model.current import EnergySetup
from mcumatrix.overlay import Folders, entries, find, layers
from mcumatrix.units import parse_duration_s, parse_frequency_hz

Entry = TypeVar("Entry")

Place = Callable[[str], Path]
"""From a path in an entry to where the file is, or would be."""

_NOT_VIRTUAL = {
    "probe": "a virtual board brings its own debug probe",
    "serial_port": "a virtual board brings its own serial port",
    "power_cycle": "a virtual board needs nobody to switch it off",
    "energy": "a virtual board draws no current, and none is invented for it",
    "units": "a virtual board has no specimens of its own; count says how many may run",
    "coordinator": "a virtual board of kind labgrid is one of another machine",
    "place": "a virtual board of kind labgrid is one of another machine",
}


_KINDS_OF_SOURCES = {"url": "an archive", "git": "a commit", "path": "a folder"}
"""What a source is, by the key that says it."""


def load_catalogues(folders: Folders, kept: Path | None = None) -> Catalogues:
    """Reads `boards/`, `runtimes/`, `toolchains/` and `models/` under `folders`.

    An entry's name is its file's name without `.yaml`. Paths in entries begin at the parents of `folders`,
    and come out joined with that which has the file, or with the first; whether the files are there is for
    the stage that reads them. `kept` is a file that may keep between runs what their YAML holds.

    Raises:
        MatrixError: a folder has no entry, or a file is wrong.
    """
    place = partial(find, tuple(folder.parent for folder in layers(folders)))
    with parsed_before(kept) as known:
        return Catalogues(
            boards=_entries(folders, "boards", BoardFile, _board, known),
            runtimes=_entries(folders, "runtimes", RuntimeFile, partial(_runtime, place=place), known),
            toolchains=_entries(
                folders, "toolchains", ToolchainFile, partial(_toolchain, place=place), known
            ),
            models=_entries(folders, "models", ModelFile, partial(_model, place=place), known),
        )


def load_boards(folders: Folders) -> dict[str, Board]:
    """Reads `boards/` under `folders` only.

    Raises:
        MatrixError: there is no entry, or a file is wrong.
    """
    return _entries(folders, "boards", BoardFile, _board)


def _entries(
    folders: Folders,
    kind: str,
    model: type[File],
    make: Callable[[str, File, Document], Entry],
    known: Known | None = None,
) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    places = tuple(folder / kind for folder in layers(folders))
    for path in entries(places, "*.yaml"):
        try:
            name = check_name(path.stem)
        except RefusedError as error:
            message = f"{path}: an entry cannot be called {shown(path.stem)}: {error}"
            raise MatrixError(message, hint=error.hint) from error
        document = read_document(path, known=known)
        found[name] = make(name, validated(model, document), document)
    if not found:
        raise MatrixError(f"{places[0]} has no .yaml file", hint="A matrix needs at least one entry there.")
    return found


def _board(name: str, file: BoardFile, document: Document) -> Board:
    problems = Problems(document)
    {
        WrittenKind.VIRTUAL: _check_virtual,
        WrittenKind.REAL: _check_real,
        WrittenKind.LABGRID: _check_labgrid,
    }[file.kind](file, problems)
    problems.check()
    return Board(
        name=name,
        kind=_kind(file),
        firmware_board=file.firmware_board,
        target=file.target,
        units=_units(file),
        baud=file.baud,
        connect=file.connect,
        swd_hz=parse_frequency_hz(file.swd_frequency),
        timeouts=_timeouts(file),
        timing_model=file.timing_model,
        flasher=file.flasher,
        adapter=file.adapter or (LABGRID if file.kind is WrittenKind.LABGRID else ""),
        coordinator=file.coordinator,
        health=file.health is OnOff.ON,
        energy=_energy(file.energy) if file.energy else None,
    )


def _kind(file: BoardFile) -> BoardKind:
    """What gives the times: behind a place of labgrid hardware, unless the file names a timing model."""
    if file.kind is WrittenKind.LABGRID:
        return BoardKind.VIRTUAL if "timing_model" in file.model_fields_set else BoardKind.REAL
    return BoardKind(file.kind)


def _energy(file: EnergyFile) -> EnergySetup:
    return EnergySetup(
        probe=file.probe,
        port=file.port,
        voltage_v=file.voltage_v,
        source=file.mode is EnergyMode.SOURCE,
        channel=file.channel,
        limit_a=file.limit_a,
        accuracy_percent=file.accuracy_percent,
        accuracy_source=file.accuracy_source,
    )


def _check_virtual(file: BoardFile, problems: Problems) -> None:
    for key, message in _NOT_VIRTUAL.items():
        if key in file.model_fields_set:
            problems.add((key,), message, f"Remove the key {key}.", of_key=True)


def _check_real(file: BoardFile, problems: Problems) -> None:
    if "timing_model" in file.model_fields_set:
        message = "timing_model is for virtual boards"
        problems.add(("timing_model",), message, "A real board counts its cycles itself.", of_key=True)
    if "coordinator" in file.model_fields_set:
        _add_only_labgrid("coordinator", (), problems)
    for place, one in _specimens_by_place(file):
        if "place" in one.model_fields_set:
            _add_only_labgrid("place", place, problems)
    _check_specimens(file, "serial_port", problems)
    for index, unit in enumerate(file.units):
        if not unit.probe and len(file.units) > 1:
            hint = "Where there are several units, each names its probe; `doit boards` lists them."
            problems.add(("units", index), f"the key 'probe' is missing in units[{index}]", hint, of_key=True)


def _check_labgrid(file: BoardFile, problems: Problems) -> None:
    if not file.coordinator:
        hint = "labgrid's coordinator, which hands out its places, as in 'lab1' or 'lab1:20408'."
        problems.add((), "the key 'coordinator' is missing in the file", hint, of_key=True)
    if file.adapter:
        message = "a place of labgrid has its own adapter"
        problems.add(("adapter",), message, "Remove the key adapter.", of_key=True)
    if file.energy is not None and "timing_model" in file.model_fields_set:
        problems.add(("energy",), _NOT_VIRTUAL["energy"], "Remove the key energy.", of_key=True)
    _check_specimens(file, "place", problems)


def _add_only_labgrid(key: str, place: PlaceInFile, problems: Problems) -> None:
    problems.add((*place, key), f"{key} is for kind labgrid", f"Remove the key {key}.", of_key=True)


def _specimens_by_place(file: BoardFile) -> Iterator[tuple[PlaceInFile, BoardFile | UnitFile]]:
    """Whatever has the keys of a specimen, and where it stands."""
    yield (), file
    for index, unit in enumerate(file.units):
        yield ("units", index), unit


def _check_specimens(file: BoardFile, needed: str, problems: Problems) -> None:
    """What has to hold of the specimens of a board that is no program: each has the key `needed`."""
    if "count" in file.model_fields_set:
        message = "count is for virtual boards"
        problems.add(("count",), message, "Name the specimens of a real board under units.", of_key=True)
    if file.energy is not None:
        _check_energy(file.energy, len(file.units), problems)
    hint = BoardFile.model_fields[needed].description or ""
    for place, one in list(_specimens_by_place(file))[1:] or [((), file)]:
        if not getattr(one, needed):
            where = in_words(place) if place else "the file"
            problems.add(place, f"the key {needed!r} is missing in {where}", hint, of_key=True)
    if not file.units:
        return
    for key in UnitFile.model_fields:
        if key in file.model_fields_set:
            problems.add(
                (key,), f"{key} stands beside units", "Move it to the unit that has it.", of_key=True
            )
    places: dict[str, int] = {}
    probes: dict[str, int] = {}
    ports: dict[str, int] = {}
    for index, unit in enumerate(file.units):
        # pyOCD does not tell upper from lower case in unique ids.
        for key, text, seen in (
            ("probe", unit.probe.lower(), probes),
            ("serial_port", unit.serial_port, ports),
            ("place", unit.place, places),
        ):
            if text and (first := seen.setdefault(text, index)) != index:
                message = f"{key} {shown(getattr(unit, key))} is here twice, first in units[{first}]"
                problems.add(("units", index, key), message, "Each unit has its own.")


def _check_energy(file: EnergyFile, units: int, problems: Problems) -> None:
    if units > 1:
        message = "energy is for a board with one unit, and there are several"
        problems.add(("energy",), message, "Give the unit at the probe a board file of its own.", of_key=True)
    if bool(file.accuracy_source) != (file.accuracy_percent is not None):
        message = "accuracy_percent and accuracy_source go together"
        problems.add(("energy",), message, "An accuracy that nobody vouches for is none.", of_key=True)


def _units(file: BoardFile) -> tuple[Unit, ...]:
    if file.kind is WrittenKind.VIRTUAL:
        return (Unit(),) * file.count
    specimens: Sequence[UnitFile | BoardFile] = file.units or [file]
    return tuple(
        Unit(one.probe, one.serial_port, tuple(shlex.split(one.power_cycle)), one.place) for one in specimens
    )


def _timeouts(file: BoardFile) -> Timeouts:
    given = file.timeouts
    is_usual = file.kind is WrittenKind.VIRTUAL and "connect" not in given.model_fields_set
    return Timeouts(
        connect_s=VIRTUAL_CONNECT_S if is_usual else parse_duration_s(given.connect),
        program_s=parse_duration_s(given.program),
        boot_s=parse_duration_s(given.boot),
        measure_s=parse_duration_s(given.measure),
    )


def _runtime(name: str, file: RuntimeFile, document: Document, place: Place) -> Runtime:
    problems = Problems(document)
    for key, values in (("kernels", file.kernels), ("elements", file.elements)):
        for index, value in enumerate(values):
            if value in values[:index]:
                problems.add((key, index), f"{key} has {shown(str(value))} twice", "Keep one of them.")
    for source, given in file.sources.items():
        _check_source(source, given, problems)
    problems.check()
    sources = tuple(_source(source, given, place) for source, given in file.sources.items())
    return Runtime(
        name,
        file.adapter,
        tuple(file.kernels),
        tuple(file.elements),
        sources,
        takes_hybrid=file.hybrid == "tried",
        operators=None if file.operators == "all" else (),
        assertions=file.assertions == "kept",
        patches=tuple(place(patch) for patch in file.patches),
    )


def _check_source(source: str, given: SourceFile, problems: Problems) -> None:
    pins = [pin for pin in (given.sha256, given.md5) if pin]
    place = ("sources", source)
    kinds = [key for key in ("url", "git", "path") if getattr(given, key)]
    if len(kinds) > 1:
        message = f"{source} has {' and '.join(_KINDS_OF_SOURCES[kind] for kind in kinds)}"
        hint = "Keep one: url with its checksum, git with commit, or path."
        problems.add((*place, kinds[-1]), message, hint)
    elif not kinds:
        message = f"{source} has neither an archive, nor a commit, nor a folder"
        problems.add(place, message, "Add url and sha256, git and commit, or path.")
    elif pins and not given.url:
        key = "sha256" if given.sha256 else "md5"
        message = f"{source} has the checksum of an archive, and none is given"
        problems.add((*place, key), message, "Remove it, or add url.", of_key=True)
    elif given.url and len(pins) != 1:
        message = f"{source} needs one checksum, and has {len(pins)}"
        problems.add((*place, "url"), message, "Nothing is fetched without sha256 or md5.")
    elif given.git and not given.commit and not given.revisions:
        message = f"{source} needs a commit"
        hint = "Nothing is fetched without one: `doit pin` says the present one of a branch or a tag."
        problems.add((*place, "git"), message, hint)
    for key in ("commit", "revision", "revisions"):
        if getattr(given, key) and not given.git:
            message = f"{key} is for a git repository, and {source} has none"
            problems.add((*place, key), message, "Remove it, or add git.", of_key=True)


def _source(name: str, file: SourceFile, place: Place) -> Source:
    pins = {"sha256": file.sha256, "md5": file.md5, "git": file.commit}
    return Source(
        name=name,
        url=file.url or file.git,
        checksum=next((f"{algorithm}:{pin}" for algorithm, pin in pins.items() if pin), ""),
        path=place(file.path) if file.path else None,
        revision=file.revision,
        revisions=tuple(file.revisions.items()),
    )


def _toolchain(name: str, file: ToolchainFile, document: Document, place: Place) -> Toolchain:
    problems = Problems(document)
    if file.dockerfile and not file.version:
        message = "a toolchain with a Dockerfile has one version, and the key version is missing"
        problems.add(
            ("dockerfile",),
            message,
            "Add what its gcc answers to -dumpfullversion, or its clang to -dumpversion.",
            of_key=True,
        )
    if file.archive and not file.dockerfile:
        message = "an archive is for a Dockerfile to copy from, and the key dockerfile is missing"
        problems.add(("archive",), message, "Add the key dockerfile, or remove archive.", of_key=True)
    problems.check()
    return Toolchain(
        name=name,
        prefix=file.prefix,
        version=file.version,
        dockerfile=place(file.dockerfile) if file.dockerfile else None,
        archive=Archive(file.archive.url, file.archive.sha256) if file.archive else None,
        suite=file.suite,
        clang=file.clang or "",
    )


def _model(name: str, file: ModelFile, document: Document, place: Place) -> Model:
    problems = Problems(document)
    if file.weights not in (None, file.element) and file.element is not Element.FLOAT32:
        message = f"weights of {file.weights} do not go with activations of {file.element}"
        problems.add(("weights",), message, "Only a model of float32 can have other weights; remove the key.")
    source = file.file
    if bool(source.path) == bool(source.url):
        problems.add(("file",), "a model has one file", "Write file: PATH, or file: {url: ..., sha256: ...}.")
    elif bool(source.url) != bool(source.sha256):
        problems.add(("file",), "url and sha256 go together", "Nothing is fetched without its checksum.")
    if file.dataset is not None:
        _check_dataset(file.dataset, problems)
    given = _model_input(file, place)
    if given is None:
        message = "a model has one input: the key input, or digits and digit_label"
        problems.add(("input",), message, "Write input: FILE, input: [FILE, FILE], or input: {random: 1}.")
    problems.check()
    assert given is not None
    return Model(
        name=name,
        element=file.element,
        file=place(source.path) if source.path else None,
        golden=place(file.golden),
        input=given,
        weights=file.weights,
        pin=ModelPin(source.url, source.sha256) if source.url else None,
        dataset=_dataset(file.dataset, place) if file.dataset is not None else None,
    )


_LABELS_OF_THEIR_OWN = (".npy", ".csv", ".txt")
"""Endings of samples whose labels are in another file."""


def _check_dataset(file: DatasetFile, problems: Problems) -> None:
    suffix = Path(file.samples).suffix.lower()
    if bool(file.samples) == bool(file.url):
        message = "a labelled set has samples, or the url of an .npz"
        problems.add(("dataset",), message, "Write dataset: PATH, or dataset: {url: ..., sha256: ...}.")
    elif bool(file.url) != bool(file.sha256):
        problems.add(("dataset",), "url and sha256 go together", "Nothing is fetched without its checksum.")
    elif file.url and not file.url.lower().endswith(".npz"):
        problems.add(("dataset", "url"), "only an .npz can be fetched as a labelled set", "Pack it as one.")
    elif suffix in _LABELS_OF_THEIR_OWN and not file.labels:
        message = f"samples of {suffix} have no labels, and the key labels is missing"
        problems.add(("dataset",), message, "Add labels: an .npy or .csv with the number of each class.")
    elif file.labels and suffix not in _LABELS_OF_THEIR_OWN:
        message = "labels are for samples of .npy or .csv; an .npz or a folder has its own"
        problems.add(("dataset", "labels"), message, "Remove it.", of_key=True)


def _dataset(file: DatasetFile, place: Place) -> Dataset:
    samples, labels, answers = (
        place(path) if path else None for path in (file.samples, file.labels, file.answers)
    )
    return Dataset(samples, labels, answers, ModelPin(file.url, file.sha256) if file.url else None)


def _model_input(file: ModelFile, place: Place) -> ModelInput | None:
    """What a model is asked; None where its file does not say it, or says it twice."""
    given: list[ModelInput] = []
    if file.digits and file.digit_label is not None:
        given.append(DigitInput(place(file.digits), file.digit_label))
    if file.input is not None and file.input.files:
        given.append(FileInput(tuple(place(path) for path in file.input.files)))
    if file.input is not None and file.input.random is not None:
        given.append(RandomInput(file.input.random))
    is_half = bool(file.digits) != (file.digit_label is not None)
    return given[0] if len(given) == 1 and not is_half else None
