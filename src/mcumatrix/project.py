"""Where things are in a project's folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with matrices and firmware. What is made goes to `build` and `results` and nowhere else."""

    root: Path

    @property
    def matrices(self) -> Path:
        """Matrix files and catalogues: what people edit."""
        return self.root / "matrix"

    @property
    def firmware(self) -> Path:
        """C sources and models."""
        return self.root / "firmware"

    @property
    def templates(self) -> Path:
        """Jinja2 templates of sources and reports."""
        return self.root / "templates"

    @property
    def build(self) -> Path:
        """Everything that can be made again; may be removed at any time."""
        return self.root / "build"

    @property
    def boards(self) -> Path:
        """What virtual boards keep: flash contents, and who they are."""
        return self.build / "boards"

    @property
    def published(self) -> Path:
        """Numbers that others published."""
        return self.root / "results" / "published"

    def results(self, matrix: str) -> Path:
        """Records and reports of a matrix."""
        return self.root / "results" / matrix
