"""Commits of a project, and the files in them."""

from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from mcumatrix.model.exported import Revision
from mcumatrix.model.record import PROJECT
from mcumatrix.ports import EarlierFiles


@cache
def project_revision(folder: Path) -> dict[str, str]:
    """The commit of the project that a folder is in, by the name that records have for it, if it is known."""
    from mcumatrix.adapters.revisions.git import revision_of

    revision = revision_of(folder)
    return {PROJECT: revision} if revision else {}


def find_revision(root: Path, wanted: str = "") -> Revision | None:
    """The commit that a project is at, or one that is wanted. Raises MatrixError if that is not there."""
    from mcumatrix.adapters.revisions.git import find_revision

    return find_revision(root, wanted)


def committed_files(folder: Path) -> AbstractContextManager[EarlierFiles]:
    """The files below a folder in earlier commits. Raises MatrixError if git cannot tell."""
    from mcumatrix.adapters.revisions.committed import committed_files

    return committed_files(folder)
