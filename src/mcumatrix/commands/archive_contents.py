"""What belongs to the results of a matrix: all that whoever wants to verify, replay or rerun them needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import MANIFEST
from mcumatrix.commands.archive_provenance import provenance_of
from mcumatrix.commands.report import load_kept
from mcumatrix.hashing import hash_file
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.catalogue import Model
from mcumatrix.model.record import Record
from mcumatrix.model.variant import Matrix
from mcumatrix.overlay import find
from mcumatrix.own_code import code_behind, module_file
from mcumatrix.project import Project
from mcumatrix.results.published import find_publication
from mcumatrix.results.verification import Checked, image_folders
from mcumatrix.stages.chip import chip_of
from mcumatrix.workflow import (
    RENDERERS,
    REPORTERS,
    catalogues_of,
    own_members,
    platform_members,
    runtime_members,
)

_OF_A_CHECKOUT = ("dodo.py", "pyproject.toml", "hatch_build.py", "dev", "README.md", "LICENSE", "*.lock")
"""What makes a folder one in which doit runs, with the versions of all packages. Other files at the top of a
project are nobody's business: a key may be among them."""

_OUR_PACKAGES = frozenset({"mcumatrix", "vstm32"})
"""What comes with mcumatrix: results are of the virtual board too, which is a package of its own."""

_CATALOGUES = {"board": "boards", "runtime": "runtimes", "toolchain": "toolchains", "model": "models"}
"""The folder of a catalogue, by the axis whose values are its entries."""


@dataclass(slots=True)
class Contents:
    """Files by their names in the archive, or the contents of those that are made for it, and sentences about
    what is not among them."""

    project: Project
    files: dict[str, Path | bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, path: Path, name: str = "") -> None:
        """Adds a file, or all files of a folder; what is in no project needs a name."""
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                called = name or self.project.name_of(file)
                assert called, f"{file} belongs to a project"
                self.files[called] = file


def contents_of(project: Project, name: str, checked: Iterable[Checked], records: list[Record]) -> Contents:
    """All files that belong to the results of a matrix.

    `checked` are those that have been found to be as they were made, records, logs, reports and images among
    them; `records` are the last ones of the variants. What else is needed is found as fingerprints find it,
    so that nothing that a result depends on can be forgotten here.

    Raises:
        McuMatrixError: the matrix, or what it names, cannot be read.
        OSError: a file cannot be read.
    """
    path = find_matrix(name, project.matrix_folders)
    matrix, _ = load_kept(project, name, prove=False)
    # Where every substitute is taken, all that are possible are named.
    substituted = load_matrix(path, catalogues_of(project), lambda _toolchain: False)
    contents = Contents(project)
    for pattern in _OF_A_CHECKOUT:
        for file in project.root.glob(pattern):
            contents.add(file)
    contents.add(path, f"matrix/{path.name}")
    for folder, entry in sorted({*_entries(matrix), *_entries(substituted)}):
        contents.add(find(project.matrix_folders, f"{folder}/{entry}.yaml"))
    for publication in matrix.published:
        file = find_publication(publication, project.published_folders)
        contents.add(file, f"results/published/{file.name}")
    _add_sources(project, matrix, contents)
    _add_results(project, matrix, checked, records, contents)
    return contents


def _entries(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """The catalogue entries that a matrix names; it cannot be read without those that it leaves out."""
    for axis in matrix.axes:
        if axis.name in _CATALOGUES:
            yield from ((_CATALOGUES[axis.name], value) for value in axis.values)
    for variant in matrix.variants:
        for axis_name, folder in _CATALOGUES.items():
            yield folder, getattr(variant, axis_name).name
    for substitution in matrix.substitutions:
        yield from (("toolchains", name) for name in (substitution.wanted, substitution.used))


def _add_model(model: Model, contents: Contents) -> None:
    labelled = model.dataset.files if model.dataset else ()
    for file in (model.file, model.golden, *model.input_files, *labelled):
        if file is not None:
            contents.add(file)
    pins = {"model": model.pin, "labelled set of": model.dataset.pin if model.dataset else None}
    for what, pin in pins.items():
        if pin:
            how = f"it is fetched from {pin.url} by its pin"
            contents.left_out.append(f"The {what} {model.name} is left out: {how}.")


def _members_of_images(project: Project, matrix: Matrix) -> Iterator[Path]:
    """What of the firmware is in images besides runtimes."""
    for board in sorted({variant.board.firmware_board for variant in matrix.variants}):
        yield from platform_members(project, chip_of(project.firmware, board), board)
    for variant in matrix.variants:
        yield from own_members(project, variant)


def _add_sources(project: Project, matrix: Matrix, contents: Contents) -> None:
    """What images, runs and reports are made from, as their fingerprints have it."""
    modules = {*RENDERERS, *REPORTERS}
    for entry in {variant.runtime.name: variant.runtime for variant in matrix.variants}.values():
        runtime = registry.runtimes.runtime(entry, project.firmware, project.templates)
        modules.add(type(runtime).__module__)
        for member in runtime_members(project, runtime):
            contents.add(member)
        for source in entry.sources:
            how = (
                f"a folder of one's own, {source.path}"
                if source.path
                else f"fetched from {source.url} by its pin"
            )
            contents.left_out.append(f"The source {source.name} of {entry.name} is left out: it is {how}.")
    for member in _members_of_images(project, matrix):
        contents.add(member)
    for model in {variant.model.name: variant.model for variant in matrix.variants}.values():
        _add_model(model, contents)
    for toolchain in {variant.toolchain.name: variant.toolchain for variant in matrix.variants}.values():
        if toolchain.dockerfile:
            contents.add(toolchain.dockerfile)
    behind = code_behind(sorted(modules), project.templates)
    for template in behind:
        if template.endswith(".j2"):
            contents.add(project.templates / template)
    packages = {module.partition(".")[0] for module in behind if not module.endswith(".j2")}
    for package in sorted(packages | _OUR_PACKAGES):
        _add_package(package, contents)


def _add_package(package: str, contents: Contents) -> None:
    """A package whole, so that it runs; what is made of it stands in folders that are no packages."""
    init = module_file(package)
    assert init is not None, f"{package} has been imported from"
    for file in sorted(init.parent.rglob("*")):
        if file.is_file() and (file.parent / "__init__.py").exists() and not file.name.startswith("."):
            contents.add(file, f"src/{package}/{file.relative_to(init.parent).as_posix()}")


def _add_results(
    project: Project, matrix: Matrix, checked: Iterable[Checked], records: list[Record], contents: Contents
) -> None:
    for one in checked:
        contents.add(one.path)
    contents.add(project.results(matrix.name) / "reproductions")
    variants = {variant.slug: variant for variant in matrix.variants}
    for record in sorted(records, key=lambda record: record.variant):
        if record.image is None:
            continue
        folders = image_folders(project.build / "images", record.image.build_id)
        made = [folder for folder in folders if (folder / "output" / MANIFEST).is_file()]
        for folder in made:
            contents.add(folder / "inputs")
            variant = variants.get(record.variant)
            files = {
                path.relative_to(project.root).as_posix(): hash_file(path)
                for path in (folder / "output" / name for name in ("image.elf", "image.bin"))
                if path.is_file()
            }
            provenance = provenance_of(project, variant, record, files) if variant and files else {}
            contents.files.update(provenance)
            if not provenance:
                contents.left_out.append(
                    f"The provenance of {record.variant} is left out: what it was made from was not kept. "
                    f"`doit matrix {matrix.name} --always-execute` keeps it."
                )
        if not made:
            contents.left_out.append(
                f"The image of {record.variant} is left out: it is not in build/images any more. "
                f"`doit matrix {matrix.name}` builds it again."
            )
