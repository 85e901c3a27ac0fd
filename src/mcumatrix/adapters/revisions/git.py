"""The commit of a project in git: what a run was made from, for people who look at its history.

Fingerprints are over contents and know better; a commit has a date, an author and a reason.
"""

import subprocess
from pathlib import Path

from mcumatrix.errors import MatrixError
from mcumatrix.model.exported import Revision

_TIME_LIMIT_S = 10.0

CHANGED = "-dirty"
"""Follows the commit where files that git knows have other contents, as in `git describe --dirty`."""


def revision_of(folder: Path) -> str:
    """The commit of the project that a folder is in, as in `89e14c0d3f12` or `89e14c0d3f12-dirty`.

    Results do not count: they change with every run. Empty where there is no git, no commit, or no answer.
    """
    commit = _said(folder, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return ""
    changed = _said(
        folder, "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results"
    )
    return commit if changed == "" else f"{commit}{CHANGED}"


def find_revision(root: Path, wanted: str = "") -> Revision | None:
    """A commit of the repository that `root` is in: the one that is `wanted`, or the present one.

    None where there is no repository, no commit, or no git, unless one is wanted.

    Raises:
        MatrixError: the one that is wanted is not there.
    """
    # A wanted one that begins with - would be an option of git.
    found = _said(root, "log", "-1", "--format=%H %ct", "--end-of-options", wanted or "HEAD")
    top = _said(root, "rev-parse", "--show-toplevel")
    if not found or not top:
        if wanted:
            raise MatrixError(
                f"git knows no commit {wanted!r} in {root}",
                hint="`git log` in its folder has them.",
            )
        return None
    commit, seconds = found.split()
    return Revision(commit, int(seconds), top)


def _said(folder: Path, *arguments: str) -> str | None:
    """What git prints, without the last line feed; None where it does not go well."""
    try:
        done = subprocess.run(
            # Without locks: another git may be at work in the project.
            ["git", "--no-optional-locks", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIME_LIMIT_S,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
