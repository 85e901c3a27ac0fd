"""Where things are: in a project's folder, and in what comes with mcumatrix."""

from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Self

from mcumatrix.overlay import Folders, whole

_MATRIX, _FIRMWARE, _TEMPLATES, _PUBLISHED = "matrix", "firmware", "templates", "results/published"

_OF_MODELS = frozenset({"models"})
"""Under `firmware/`: no C sources. Models are found one by one."""


def shipped_folder() -> Path:
    """The folder with firmware, templates and catalogues that comes with mcumatrix, laid out as a project.

    In a checkout it has links to the folders at the top, and in a wheel what these have.
    """
    # The package is never in an archive: compilers read these files too.
    return Path(str(files("mcumatrix"))) / "shipped"


@dataclass(frozen=True)
class Project:
    """A folder with matrices, and with firmware and templates where it has any of its own.

    What it has not comes from `shipped`, file by file: a file of the project's own stands for the shipped one
    of the same name. What is made goes to `build` and `results` and nowhere else.
    """

    root: Path
    shipped: Path = field(default_factory=shipped_folder, compare=False, repr=False)

    @classmethod
    def here(cls) -> Self:
        """The project of the folder that a person is in."""
        return cls(Path.cwd())

    @property
    def matrices(self) -> Path:
        """The project's own matrix files and catalogues: what people edit, and what commands write."""
        return self.root / _MATRIX

    @property
    def matrix_folders(self) -> Folders:
        """Where matrix files and catalogues are read."""
        return self._layers(_MATRIX)

    @property
    def models(self) -> Path:
        """The project's own model files, with their inputs and golden outputs."""
        return self.root / _FIRMWARE / "models"

    @cached_property
    def firmware(self) -> Path:
        """C sources, in one folder. Raises OSError: they lie in two, and cannot be brought together."""
        return self._whole(_FIRMWARE, _OF_MODELS)

    @cached_property
    def templates(self) -> Path:
        """Jinja2 templates of sources and reports, in one folder. Raises OSError as `firmware` does."""
        return self._whole(_TEMPLATES)

    @cached_property
    def build(self) -> Path:
        """Everything that can be made again; may be removed at any time."""
        return self.root / "build"

    @property
    def boards(self) -> Path:
        """What virtual boards keep: flash contents, and who they are."""
        return self.build / "boards"

    @property
    def published(self) -> Path:
        """The project's own files of numbers that others published."""
        return self.root / _PUBLISHED

    @property
    def published_folders(self) -> Folders:
        """Where numbers that others published are read."""
        return self._layers(_PUBLISHED)

    def results(self, matrix: str) -> Path:
        """Records and reports of a matrix."""
        return self.root / "results" / matrix

    def name_of(self, path: Path) -> str | None:
        """What a file or folder is called in any project, wherever it lies; None for what is in none."""
        for place in (self.build / _FIRMWARE, self.build / _TEMPLATES):
            if path.is_relative_to(place):
                return path.relative_to(self.build).as_posix()
        for place in (self.root, self.shipped):
            if path.is_relative_to(place):
                return path.relative_to(place).as_posix()
        return None

    def with_names(self, text: str) -> str:
        """A text that can be published: files are called as in any project, wherever they lie."""
        for place in (self.root, self.shipped):
            text = text.replace(f"{place}/", "")
        return text

    def _layers(self, name: str) -> Folders:
        own, shipped = self.root / name, self.shipped / name
        if not shipped.is_dir() or (own.is_dir() and own.samefile(shipped)):
            return own
        return own, shipped

    def _whole(self, name: str, apart: frozenset[str] = frozenset()) -> Path:
        return whole(self.root / name, self.shipped / name, self.build / name, apart=apart)
