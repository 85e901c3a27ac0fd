"""Files as they were in earlier commits, read from git's own storage.

git only ever reads here, by commands that run nothing which a repository could bring along: no hooks,
filters, pagers or programs for differences.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mcumatrix.errors import MatrixError

MAXIMUM_COMMITS = 1_000
"""So many that changed something are looked at, the last ones."""

MAXIMUM_BYTES = 64 * 1024**2
"""A larger file is none of ours, and is passed over."""

_TIME_LIMIT_S = 60.0
_CHUNK_BYTES = 256 * 1024

_FILE = "100"
"""Begins the mode of a file; links and submodules have others."""

_COMMIT_THEM = "Results that are to have a history there are committed: git add results."


class CommittedFiles:
    """Every version of the files below a folder in the commits that lead to the present one.

    `is_whole` is False where there are commits that were not looked at: the clone is shallow, or they are too
    many.
    """

    def __init__(
        self, blobs: dict[str, list[str]], pipes: tuple[IO[bytes], IO[bytes]], *, is_whole: bool
    ) -> None:
        self._blobs = blobs
        self._asked, self._answers = pipes
        self.is_whole = is_whole

    def versions(self, name: str) -> Iterator[bytes]:
        """Contents that a file below the folder had, oldest first; none if it was never committed."""
        for blob in reversed(self._blobs.get(name, [])):
            data = self._read(blob)
            if data is not None:
                yield data

    def _read(self, blob: str) -> bytes | None:
        """An object, if it is there, is a file, and no larger than any of ours."""
        with suppress(BrokenPipeError):
            self._asked.write(f"{blob}\n".encode())
            self._asked.flush()
        answer = self._answers.readline().split()
        if len(answer) != 3:
            return None
        left_bytes = int(answer[2])
        is_ours = answer[1] == b"blob" and left_bytes <= MAXIMUM_BYTES
        kept: list[bytes] = []
        while left_bytes and (chunk := self._answers.read(min(_CHUNK_BYTES, left_bytes))):
            left_bytes -= len(chunk)
            if is_ours:
                kept.append(chunk)
        self._answers.readline()
        return b"".join(kept) if is_ours and not left_bytes else None


@contextmanager
def committed_files(folder: Path) -> Iterator[CommittedFiles]:
    """The files that were committed below a folder, which need not be there any more.

    Raises:
        MatrixError: there is no git, no repository or no commit, or git cannot tell.
    """
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    prefix = f"{_said(there, 'rev-parse', '--show-prefix')}{folder.relative_to(there).as_posix()}/"
    prefix = prefix.removesuffix("./")
    below = f":(top,literal){prefix}"
    is_shallow = _said(there, "rev-parse", "--is-shallow-repository") == "true"
    commits = _said(there, "rev-list", f"--max-count={MAXIMUM_COMMITS + 1}", "HEAD", "--", below)
    # Not by rev-list --objects, which names two files with the same contents once.
    changes = ("diff-tree", "--stdin", "--root", "-r", "-m", "-z", "--no-renames", "--no-commit-id")
    blobs = _blobs(_said(there, *changes, "--", below, asked=f"{commits}\n"), prefix)
    is_whole = not is_shallow and len(commits.splitlines()) <= MAXIMUM_COMMITS
    with _started(there, "cat-file", "--batch", stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield CommittedFiles(blobs, (process.stdin, process.stdout), is_whole=is_whole)
        finally:
            process.kill()


def _blobs(changes: str, prefix: str) -> dict[str, list[str]]:
    """The objects that files below `prefix` were, newest first, by their names there.

    `changes` are raw ones (git-diff-tree(1), Raw output format): what a file was and is, NUL, its path, NUL.
    """
    found: dict[str, dict[str, None]] = {}
    fields = iter(changes.split("\0"))
    for change, path in zip(fields, fields, strict=False):
        _, mode, _, blob, _ = change.split(" ")
        if mode.startswith(_FILE):
            found.setdefault(path.removeprefix(prefix), {})[blob] = None
    return {name: list(ids) for name, ids in found.items()}


def _said(folder: Path, *arguments: str, asked: str = "") -> str:
    """What a command of git answers to what it is asked on its standard input."""
    with _started(folder, *arguments, stderr=subprocess.PIPE) as process:
        try:
            printed, said = process.communicate(asked.encode(), timeout=_TIME_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise _failed(f"it had not answered after {_TIME_LIMIT_S:.0f} s") from error
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        raise _failed(lines[0] if lines else "it says nothing")
    return printed.decode(errors="surrogateescape").removesuffix("\n")


def _started(folder: Path, *arguments: str, stderr: int) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            # Without locks: another git may be at work in the project.
            ["git", "--no-optional-locks", *arguments],
            cwd=folder,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    except OSError as error:
        raise MatrixError(
            "earlier commits are asked for, and git, which has them, cannot be started",
            hint="Install git (on Debian: apt install git), or leave --git out.",
        ) from error


def _failed(why: str) -> MatrixError:
    return MatrixError(f"git cannot tell the results of earlier commits: {why}", hint=_COMMIT_THEM)
