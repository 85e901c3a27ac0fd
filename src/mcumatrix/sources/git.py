"""What git is asked for: to bring one commit into a repository of ours, and to read it object by object.

Nothing of a repository is ever executed: no hooks, filters, submodules or credentials of the machine's own
configuration. What a person has set up for themselves holds, such as url.insteadOf and proxies.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from mcumatrix.errors import SourceError
from mcumatrix.sources.address import is_local_http
from mcumatrix.sources.members import Member, MemberKind
from mcumatrix.sources.safety import UnsafeError, shown

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "transfer.bundleURI=false",
    # A silent server is given up after a minute.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
)
_KEPT_VARIABLES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_SSH")
"""What these begin is a person's own way to servers; all other variables of git would change what is done."""

_PROTOCOLS = "https:ssh:file"
"""ssh is for who has set url.insteadOf to it: no address of ours begins so."""

_CHUNK_BYTES = 256 * 1024
_LARGEST_LIST_BYTES = 64 * 1024**2
"""Of a commit or a tree, which are read at once."""

_FOLDER_MODE, _LINK_MODE, _SUBMODULE_MODE, _PROGRAM_MODE = b"40000", b"120000", b"160000", b"100755"


class DamagedError(UnsafeError):
    """A repository does not have what it must have, or not as its id says."""


class GitError(Exception):
    """A command of git has failed; `said` is what it said about it."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said

    @property
    def sentence(self) -> str:
        """The line that says most: the first that begins with fatal or error."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        marked = [line for line in lines if line.partition(":")[0] in ("fatal", "error")]
        return (marked or lines or ["it says nothing"])[0]

    def says(self, *parts: str) -> bool:
        """Whether one of these is a part of it, whatever the case."""
        return any(part.lower() in self.said.lower() for part in parts)


def git(*arguments: str | Path, url: str = "", folder: Path | None = None) -> str:
    """Runs a command of git and gives what it prints; `url` is what it is to fetch from, if it does.

    In a `folder` it works on what is there, whatever repository that may lie in.

    Raises:
        GitError: it failed.
        SourceError: there is no git.
    """
    with _started(arguments, url, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, folder=folder) as process:
        try:
            printed, said = process.communicate()
        except BaseException:
            process.kill()  # what it has started ends with its pipes
            raise
    if process.returncode != 0:
        raise GitError(said.decode(errors="replace"))
    return printed.decode(errors="replace")


def _started(
    arguments: tuple[str | Path, ...], url: str, *, stdin: int, stderr: int, folder: Path | None = None
) -> "subprocess.Popen[bytes]":
    program = shutil.which("git")
    if program is None:
        raise SourceError(
            "There is no git here, and a source of a runtime is a commit of a git repository, or has"
            " patches.",
            hint="Install git (on Debian: apt install git), or give a folder with the variable"
            " MCUMATRIX_SOURCE_<RUNTIME>.",
        )
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return subprocess.Popen(
        [program, *settings, *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment_of(os.environ, url)
        | ({"GIT_CEILING_DIRECTORIES": str(folder.parent)} if folder else {}),
        cwd=folder,
    )


def environment_of(environment: Mapping[str, str], url: str = "") -> dict[str, str]:
    """The environment in which git runs; `url` is what it is to fetch from, if it does."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT_VARIABLES)
    }
    return kept | {
        "GIT_ALLOW_PROTOCOL": f"{_PROTOCOLS}:http" if is_local_http(url) else _PROTOCOLS,
        "GIT_CONFIG_NOSYSTEM": "1",
        # Nobody is there to answer a question.
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "LC_ALL": "C",
    }


class Objects:
    """Reads objects of a repository, and holds each to its id: the SHA-1 of its kind, length and contents.

    Used as a context manager. One object is read at a time, to its end.
    """

    def __init__(self, repository: Path) -> None:
        self._process = _started(
            ("--git-dir", repository, "cat-file", "--batch"),
            "",
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()
        self._process.kill()
        self._pipe(self._process.stdout).close()
        self._process.wait()

    def find(self, name: str, kind: str) -> int:
        """The size in bytes of an object, which is then to be read with `chunks` and the same arguments.

        Raises:
            DamagedError: it is not there, or of another kind.
        """
        try:
            asked = self._pipe(self._process.stdin)
            asked.write(f"{name}\n".encode())
            asked.flush()
        except BrokenPipeError:
            raise DamagedError(f"it is damaged: git cannot read the {kind} {name}") from None
        answer = self._pipe(self._process.stdout).readline().decode(errors="replace").split()
        if len(answer) != 3 or answer[1] != kind:
            raise DamagedError(f"it is damaged: the {kind} {name} is not in it")
        return int(answer[2])

    def chunks(self, name: str, kind: str, size_bytes: int) -> Iterator[bytes]:
        """The contents of the object that was found last.

        Raises:
            DamagedError: they are not what the id stands for.
        """
        answer = self._pipe(self._process.stdout)
        # Git's own name for what it keeps; collisions are another matter than damage.
        digest = hashlib.sha1(f"{kind} {size_bytes}\0".encode(), usedforsecurity=False)
        left_bytes = size_bytes
        while left_bytes and (chunk := answer.read(min(_CHUNK_BYTES, left_bytes))):
            left_bytes -= len(chunk)
            digest.update(chunk)
            yield chunk
        if left_bytes or answer.read(1) != b"\n" or digest.hexdigest() != name:
            raise DamagedError(f"it is damaged: the {kind} {name} is not what its id stands for")

    def read(self, name: str, kind: str) -> bytes:
        """The contents of a commit or a tree.

        Raises:
            DamagedError: it is not there, or not what its id stands for.
        UnsafeError: it is too large.
        """
        size_bytes = self.find(name, kind)
        if size_bytes > _LARGEST_LIST_BYTES:
            raise UnsafeError(f"the {kind} {name} has more than {_LARGEST_LIST_BYTES} bytes")
        return b"".join(self.chunks(name, kind, size_bytes))

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


def commit_members(objects: Objects, commit: str) -> Iterator[Member]:
    """What a commit has in it, as members of an archive: submodules are empty folders, as in a clone.

    Raises:
        DamagedError: the repository does not have all of it, or not as its ids say.
        UnsafeError: it has what no tree can have.
    """
    first = objects.read(commit, "commit").partition(b"\n")[0].decode(errors="replace")
    yield from _tree_members(objects, first.removeprefix("tree "), "")


def _tree_members(objects: Objects, tree: str, above: str) -> Iterator[Member]:
    for mode, name, identity in _entries(objects.read(tree, "tree")):
        path = f"{above}{name.decode('utf-8', 'surrogateescape')}"
        if b"/" in name:
            raise UnsafeError(f"the name {shown(path)} has a / in it")
        if mode == _FOLDER_MODE:
            yield Member(path, MemberKind.FOLDER)
            yield from _tree_members(objects, identity, f"{path}/")
        elif mode == _SUBMODULE_MODE:
            yield Member(path, MemberKind.FOLDER)
        elif mode == _LINK_MODE:
            target = objects.read(identity, "blob").decode("utf-8", "surrogateescape")
            yield Member(path, MemberKind.SYMLINK, target=target)
        else:
            size_bytes = objects.find(identity, "blob")
            contents = objects.chunks(identity, "blob", size_bytes)
            yield Member(
                path,
                MemberKind.FILE,
                size_bytes=size_bytes,
                executable=mode == _PROGRAM_MODE,
                chunks=lambda contents=contents: contents,  # type: ignore[misc] # one for each member
            )
            for _ in contents:  # what was not taken
                pass


def _entries(tree: bytes) -> Iterator[tuple[bytes, bytes, str]]:
    """Mode, name and id of each entry; gitformat-object(5) does not say it: `mode name NUL id`."""
    at = 0
    while at < len(tree):
        space, end = tree.find(b" ", at), tree.find(b"\0", at)
        if not at < space < end or end + 21 > len(tree):
            raise DamagedError("it is damaged: a tree is cut short")
        yield tree[at:space].lstrip(b"0"), tree[space + 1 : end], tree[end + 1 : end + 21].hex()
        at = end + 21
