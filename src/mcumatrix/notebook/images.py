"""The images of a matrix that answer over a second port: what a notebook can ask."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import hexdigits
from typing import Self

from mcumatrix.artifact import MANIFEST
from mcumatrix.client import Board, virtual_board
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.application import Application
from mcumatrix.model.catalogue import Model
from mcumatrix.model.variant import Variant
from mcumatrix.notebook.errors import NotebookError
from mcumatrix.project import Project


def project_around(folder: Path) -> Project:
    """The project that a folder is in: the nearest one upwards that has a folder `matrix`.

    Raises:
        NotebookError: it is in none.
    """
    for place in (folder, *folder.parents):
        if (place / "matrix").is_dir():
            return Project(place)
    raise NotebookError(
        f"{folder} is in no project: there is no folder matrix in it, nor above it.",
        hint="Put the notebook into a project, or begin one: mcumatrix init",
    )


@dataclass(frozen=True)
class ServedImages:
    """The variants of a matrix, and the image of each that was built, the last one of several."""

    matrix: str
    variants: tuple[Variant, ...]
    images: Mapping[str, Path]
    """The ELF file, by the variant's slug."""

    @classmethod
    def of(cls, project: Project, matrix: str) -> Self:
        """Those of a matrix that were built in a project.

        Raises:
            MatrixError: there is no such matrix, or it is wrong.
            NotebookError: its images do not answer.
        """
        path = find_matrix(matrix, project.matrix_folders)
        variants = load_matrix(path, load_catalogues(project.matrix_folders)).variants
        silent = [one.slug for one in variants if Application.INFERENCE_SERVER not in one.applications]
        if silent:
            raise NotebookError(
                f"Images of {path} do not answer: they have no inference server ({silent[0]}).",
                hint="Write into it: applications: [bench, inference-server]",
            )
        found = {one.slug: _newest(project, one.slug) for one in variants}
        return cls(matrix, variants, {slug: image for slug, image in found.items() if image})

    def of_model(self, name: str) -> Self:
        """Only those of a model."""
        kept = tuple(one for one in self.variants if one.model.name == name)
        return type(self)(self.matrix, kept, self.images)

    def required(self) -> Self:
        """The same ones. Raises NotebookError: not one of them was built."""
        if self.built:
            return self
        raise NotebookError(
            f"No image of the matrix {self.matrix} was built.",
            hint=f"Build them: mcumatrix matrix {self.matrix}",
        )

    @property
    def built(self) -> tuple[Variant, ...]:
        """The variants that have an image."""
        return tuple(one for one in self.variants if one.slug in self.images)

    @property
    def note(self) -> str:
        """A sentence on those that have none and on what to do; empty where all have one."""
        missing = [name_of(one) for one in self.variants if one.slug not in self.images]
        if not missing:
            return ""
        return f"Not built: {'; '.join(missing)}. To have them: mcumatrix matrix {self.matrix}"

    def model(self, name: str) -> Model:
        """The entry of a model in the catalogue. Raises NotebookError: the matrix has it not."""
        for variant in self.variants:
            if variant.model.name == name:
                return variant.model
        raise NotebookError(
            f"The matrix {self.matrix} has no model {name}.",
            hint=f"It has: {', '.join(sorted({one.model.name for one in self.variants}))}.",
        )

    @contextmanager
    def board(self, variant: Variant) -> Iterator[Board]:
        """A virtual board with the image of a variant, which answers within the block.

        Raises:
            NotebookError: it was not built.
            BoardError, ClientError: the board does not start, or does not answer.
        """
        if variant.slug not in self.images:
            raise NotebookError(
                f"There is no image of {variant.slug}.", hint=f"Build it: mcumatrix matrix {self.matrix}"
            )
        with virtual_board(self.images[variant.slug]) as port, Board(port) as board:
            yield board

    def boards(self, running: ExitStack) -> dict[str, Board]:
        """A virtual board for each image, by its name; they end with `running`. Raises as `board` does."""
        return {name_of(one): running.enter_context(self.board(one)) for one in self.built}


def name_of(variant: Variant) -> str:
    """What a person calls it beside the others: what computes, and what."""
    return f"{variant.runtime.name}, {variant.kernels}, {variant.model.name}"


def _newest(project: Project, slug: str) -> Path | None:
    """The image that was built last; folders are called by slug and start of the fingerprint, in hexadecimal
    digits, and have a manifest when they are whole."""
    whole = [
        manifest
        for manifest in (project.build / "images").glob(f"{slug}-*/output/{MANIFEST}")
        if not set(manifest.parents[1].name.removeprefix(f"{slug}-")) - set(hexdigits)
    ]
    newest = max(whole, key=lambda manifest: manifest.stat().st_mtime_ns, default=None)
    return newest and newest.with_name("image.elf")
