"""The commit that a project's folder is at, as git says."""

from pathlib import Path

from mcumatrix.errors import MatrixError, SourceError
from mcumatrix.model.exported import Revision
from mcumatrix.sources.git import GitError, git


def find_revision(root: Path, wanted: str = "") -> Revision | None:
    """A commit of the repository that `root` is in: the one that is `wanted`, or the present one.

    None where there is no repository, no commit, or no git, unless one is wanted.

    Raises:
        MatrixError: the one that is wanted is not there.
    """
    try:
        # A wanted one that begins with - would be an option of git.
        found = git("-C", root, "log", "-1", "--format=%H %ct", "--end-of-options", wanted or "HEAD")
        top = git("-C", root, "rev-parse", "--show-toplevel").strip()
        commit, seconds = found.split()
    except (GitError, SourceError, ValueError) as error:
        if wanted:
            raise MatrixError(
                f"git knows no commit {wanted!r} in {root}", hint="`git log` in its folder has them."
            ) from error
        return None
    return Revision(commit, int(seconds), top)
