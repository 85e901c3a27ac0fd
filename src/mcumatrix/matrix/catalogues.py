"""The catalogues: what a matrix may name, one small YAML file for each entry."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.document import Document, Problems
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.reader import read_document
from mcumatrix.matrix.schema import BoardFile, ModelFile, RuntimeFile, ToolchainFile, check_name
from mcumatrix.matrix.suggest import shown
from mcumatrix.matrix.validate import File, validated
from mcumatrix.model.catalogue import Archive, Board, BoardKind, Catalogues, Model, Runtime, Toolchain

Entry = TypeVar("Entry")


def load_catalogues(folder: Path) -> Catalogues:
    """Reads `boards/`, `runtimes/`, `toolchains/` and `models/` under `folder`.

    An entry's name is its file's name without `.yaml`. Paths in entries begin at the parent of `folder`, and
    come out joined with it; whether the files are there is for the stage that reads them.

    Raises:
        MatrixError: a folder has no entry, or a file is wrong.
    """
    root = folder.parent
    return Catalogues(
        boards=_entries(folder / "boards", BoardFile, _board),
        runtimes=_entries(folder / "runtimes", RuntimeFile, _runtime),
        toolchains=_entries(
            folder / "toolchains",
            ToolchainFile,
            lambda name, file, document: _toolchain(name, file, document, root),
        ),
        models=_entries(folder / "models", ModelFile, lambda name, file, _: _model(name, file, root)),
    )


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
    if file.kind is BoardKind.VIRTUAL and file.serial_port:
        problems = Problems(document)
        problems.add(
            ("serial_port",),
            "a virtual board brings its own serial port",
            "Remove the key serial_port.",
            of_key=True,
        )
        problems.check()
    return Board(name, file.kind, file.firmware_board, file.serial_port, file.baud)


def _runtime(name: str, file: RuntimeFile, document: Document) -> Runtime:
    problems = Problems(document)
    for key, values in (("kernels", file.kernels), ("elements", file.elements)):
        for index, value in enumerate(values):
            if value in values[:index]:
                problems.add((key, index), f"{key} has {shown(str(value))} twice", "Keep one of them.")
    problems.check()
    return Runtime(name, file.adapter, tuple(file.kernels), tuple(file.elements))


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
    )


def _model(name: str, file: ModelFile, root: Path) -> Model:
    return Model(
        name=name,
        element=file.element,
        file=root / file.file,
        golden=root / file.golden,
        digits=root / file.digits,
        digit_label=file.digit_label,
    )
