"""The commit that a project's folder is at, as git says."""

import subprocess
from pathlib import Path

from mcumatrix.errors import MatrixError
from mcumatrix.model.exported import Revision

_LIMIT_S = 30.0


def find_revision(root: Path, wanted: str = "") -> Revision | None:
    """A commit of the repository that `root` is in: the one that is `wanted`, or the present one.

    None where there is no repository, no commit, or no git, unless one is wanted.

    Raises:
        MatrixError: the one that is wanted is not there.
    """
    # A wanted one that begins with - would be an option of git.
    found = _git(root, "log", "-1", "--format=%H %ct", "--end-of-options", wanted or "HEAD")
    top = _git(root, "rev-parse", "--show-toplevel")
    if not found or not top:
        if wanted:
            raise MatrixError(
                f"git knows no commit {wanted!r} in {root}",
                hint="`git log` in its folder has them.",
            )
        return None
    commit, seconds = found.split()
    return Revision(commit, int(seconds), top)


def _git(root: Path, *arguments: str) -> str:
    """What git prints; empty where it refuses, or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
