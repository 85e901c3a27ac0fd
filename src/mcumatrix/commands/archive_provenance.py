"""Where the images of an archive come from, found in what is kept beside results."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mcumatrix.hashing import Part
from mcumatrix.model.axes import AXES, AxisKind
from mcumatrix.model.catalogue import Source, Toolchain
from mcumatrix.model.inputs import Inputs
from mcumatrix.model.origin import FILES_SHA256, ImageOrigin, Material, MaterialKind
from mcumatrix.model.record import Record
from mcumatrix.model.variant import Variant
from mcumatrix.own_code import module_file
from mcumatrix.project import Project
from mcumatrix.results import provenance, sbom
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.inputs import InputsStore
from mcumatrix.stages.inputs import with_all

_PINNED = re.compile(r"^\s+([a-z0-9][a-z0-9+.-]+)=(\S+)", re.MULTILINE)
"""A package of Debian in a Dockerfile of a toolchain, as in `gcc-arm-none-eabi=15:12.2.rel1-1`."""

_GENERATORS = ("generators", "renderers")


def provenance_of(
    project: Project, variant: Variant, record: Record, files: Mapping[str, str]
) -> dict[str, bytes]:
    """The statement and the bill of materials of an image, by their names in an archive.

    `files` has its files by their names in the archive, with their SHA-256, the ELF file first. Nothing where
    what it was made from was not kept.
    """
    assert record.image is not None
    store = InputsStore(project.results(record.matrix) / INPUTS)
    image = store.find(record.image.build_id)
    if image is None:
        return {}
    origin = _origin(project, variant, record, with_all(image, store.find), files)
    return {
        f"provenance/{record.variant}{provenance.ENDING}": provenance.statement(origin),
        f"provenance/{record.variant}{sbom.ENDING}": sbom.bill_of_materials(origin),
    }


def _origin(
    project: Project,
    variant: Variant,
    record: Record,
    stages: tuple[Inputs, ...],
    files: Mapping[str, str],
) -> ImageOrigin:
    assert record.image is not None
    image = record.image
    run_axes = {axis.name for axis in AXES if axis.kind is AxisKind.RUN}
    flags = stages[0].parts.get("flags")
    return ImageOrigin(
        variant=record.variant,
        matrix=record.matrix,
        build_id=image.build_id,
        fingerprint=stages[0].fingerprint,
        files=files,
        settings={name: value for name, value in record.axes.items() if name not in run_axes},
        flags=tuple(map(str, flags)) if isinstance(flags, list) else (),
        compiler=image.toolchain,
        materials=tuple(
            dict.fromkeys(
                (
                    *(one for stage in stages for one in _of_stage(project, variant, stage)),
                    *map(_of_source, variant.runtime.sources),
                    *_of_toolchain(variant.toolchain),
                )
            )
        ),
        made_by=record.provenance.tools.get("mcumatrix", ""),
    )


def _of_stage(project: Project, variant: Variant, stage: Inputs) -> Iterator[Material]:
    parts = stage.parts
    for name, sha256 in _hashes(parts.get("sources")):
        yield Material(MaterialKind.SOURCE, f"firmware/{name}", "sha256", sha256)
    for name, digest in _hashes(parts.get("trees")):
        yield Material(MaterialKind.TREE, name, FILES_SHA256, digest)
    rendered = parts.get("inputs")
    places = (parts, rendered if isinstance(rendered, Mapping) else {})
    for name, sha256 in (one for place in places for key in _GENERATORS for one in _hashes(place.get(key))):
        yield Material(MaterialKind.GENERATOR, _file_of(name), "sha256", sha256)
    if isinstance(given := parts.get("input"), Mapping):
        model = variant.model
        name = _below(project, model.file) if model.file else model.name
        uri = model.pin.url if model.pin else ""
        yield Material(MaterialKind.MODEL, name, "sha256", str(parts["model"]), uri=uri)
        hashes = given.get("files")
        for file, sha256 in zip(model.input_files, hashes if isinstance(hashes, list) else (), strict=False):
            yield Material(MaterialKind.DATA, _below(project, file), "sha256", str(sha256))


def _hashes(part: Part) -> Iterator[tuple[str, str]]:
    if isinstance(part, Mapping):
        yield from ((name, digest) for name, digest in part.items() if isinstance(digest, str))


def _file_of(name: str) -> str:
    """The file of a module or a template, as archives have it."""
    if name.endswith(".j2"):
        return f"templates/{name}"
    file = module_file(name)
    package = module_file(name.partition(".")[0])
    if file is None or package is None:  # it has moved since
        return name
    return f"src/{file.relative_to(package.parents[1]).as_posix()}"


def _below(project: Project, file: Path) -> str:
    return project.name_of(file) or file.name


def _of_source(source: Source) -> Material:
    algorithm, _, digest = source.checksum.partition(":")
    return Material(
        MaterialKind.LIBRARY,
        source.name,
        "gitCommit" if algorithm == "git" else algorithm,
        digest,
        uri=source.url,
        version=source.revision,
    )


def _of_toolchain(toolchain: Toolchain) -> Iterator[Material]:
    """What its entry pins: the compiler's identity says whether it was used, wherever it was."""
    if toolchain.archive:
        archive = toolchain.archive
        yield Material(
            MaterialKind.LIBRARY,
            archive.file_name,
            "sha256",
            archive.sha256,
            uri=archive.url,
            version=toolchain.version,
        )
    if toolchain.dockerfile and toolchain.dockerfile.is_file():
        for name, version in _PINNED.findall(toolchain.dockerfile.read_text()):
            yield Material(MaterialKind.PACKAGE, name, version=version)
