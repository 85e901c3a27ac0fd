"""Brings a commit of a git repository into the cache: its id is all that vouches for it, and is enough."""

import re
import shutil
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path

from mcumatrix.artifact import make_folder, sync_folder
from mcumatrix.errors import SourceError
from mcumatrix.sources.address import check_address
from mcumatrix.sources.cache import Cache, kept, locked
from mcumatrix.sources.extract import Unpacking, find_tree, make_tree
from mcumatrix.sources.git import DamagedError, GitError, Objects, commit_members, git
from mcumatrix.sources.progress import QUIET, Progress
from mcumatrix.sources.safety import ExtractLimits
from mcumatrix.sources.selection import AS_IT_IS, Selection

ALGORITHM = "git"
"""What stands before a commit's id where a checksum is expected."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SCHEMES = {"git+file:": "file:", "git+https:": "https:", "git+http:": "http:"}
_REFUSALS = (
    "not our ref",
    "unadvertised object",
    "couldn't find remote ref",
    "does not support shallow",
    "dumb http",
    "no such remote ref",
)
"""What servers and git say where a commit cannot be asked for by its id alone."""
_BRANCHES = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True)
class CommitPin:
    """One commit of a repository. `commit` is its whole id; `name` is what people call the source.

    `url` may begin with git+, as package managers write it.

    Raises:
        SourceError: a part is malformed, or nothing may be fetched from there.
    """

    name: str
    url: str
    commit: str

    def __post_init__(self) -> None:
        if not _COMMIT.fullmatch(self.commit):
            raise SourceError(
                f"The pin of {self.name} is malformed: {self.commit[:80]!r} is not 40 hexadecimal digits in"
                " lower case.",
                hint="Branches and tags move; `git rev-parse REVISION^{commit}` says the id of a commit.",
            )
        check_address(self.address)

    @property
    def address(self) -> str:
        """The URL as git is told it."""
        return _address(self.url)

    @property
    def checksum(self) -> str:
        """As it stands where archives have `sha256:...`."""
        return f"{ALGORITHM}:{self.commit}"

    @property
    def stem(self) -> str:
        """How its folders begin."""
        return self.name

    @property
    def kind(self) -> str:
        """How it is packed."""
        return ALGORITHM


def _address(url: str) -> str:
    for scheme, gits in _SCHEMES.items():
        if url.startswith(scheme):
            return gits + url.removeprefix(scheme)
    return url


def obtain_commit(
    pin: CommitPin,
    cache: Cache,
    *,
    selection: Selection = AS_IT_IS,
    progress: Progress = QUIET,
    limits: ExtractLimits | None = None,
) -> Path:
    """The folder with the files of a commit, as `obtain` gives that of an archive.

    Raises:
        SourceError: there is no git, the commit cannot be fetched, or is not safe to unpack.
    """
    found = find_tree(pin, cache.trees, selection)
    if found:
        return found
    repository = fetch_commit(pin, cache, progress=progress)

    def read(unpacking: Unpacking) -> None:
        progress.begin("unpack", pin.name, None)
        with Objects(repository) as objects:
            unpacking.run(commit_members(objects, pin.commit))

    def unpacked() -> Path:
        return make_tree(pin, cache.trees, selection, read, limits=limits, progress=progress)

    try:
        return unpacked()
    except SourceError as error:
        if not isinstance(error.__cause__, DamagedError):
            raise
    progress.note(f"The repository of {pin.name} in the cache is damaged and is fetched again.")
    shutil.rmtree(repository, ignore_errors=True)
    fetch_commit(pin, cache, progress=progress)
    return unpacked()


def fetch_commit(pin: CommitPin, cache: Cache, *, progress: Progress = QUIET) -> Path:
    """A bare repository that has the commit of a pin: from the cache, else fetched.

    Only the commit itself is asked for, without what was before it; where a server does not give single
    commits, all branches and tags are. Nothing is kept of what was begun and not ended.

    Raises:
        SourceError: there is no git, or the commit is not to be had; says what git says.
    """
    path = cache.commit(pin.commit)
    with kept(pin.name, path.parent), locked(path.with_suffix(".lock"), pin.name, progress):
        if path.is_dir():
            return path
        aside = path.with_suffix(".aside")
        shutil.rmtree(aside, ignore_errors=True)  # left by a killed process
        make_folder(path.parent)
        progress.begin("fetch", pin.name, None)
        try:
            git("init", "--quiet", "--bare", "--template=", aside)
            _fetch(pin, aside, progress)
            aside.rename(path)
            sync_folder(path.parent)
        except GitError as error:
            if error.says("No space left on device"):
                raise OSError(ENOSPC, "No space left on device", str(path.parent)) from error
            raise SourceError(
                f"{pin.name} could not be fetched from {pin.address}: git says: {error.sentence}",
                hint="Run again when it can be. A copy of the repository will do as well:"
                f" git config --global url.file:///path/to/copy.insteadOf {pin.address}",
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return path


def _fetch(pin: CommitPin, repository: Path, progress: Progress) -> None:
    at = ("--git-dir", repository, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
    try:
        git(*at, "--depth=1", pin.address, pin.commit, url=pin.address)
    except GitError as error:
        if not error.says(*_REFUSALS):
            raise
        progress.note(f"{pin.address} does not give the commit alone: all of its branches are fetched.")
        git(*at, pin.address, *_BRANCHES, url=pin.address)
    try:
        git("--git-dir", repository, "cat-file", "-e", f"{pin.commit}^{{commit}}")
    except GitError as error:
        raise SourceError(
            f"{pin.address} has no commit {pin.commit} for {pin.name}: it is in none of its branches and"
            " tags.",
            hint="Compare its digits with where they come from. Commits of branches that were rewritten, or"
            " of forks, are gone or elsewhere.",
        ) from error


def resolve_commit(name: str, url: str, revision: str) -> str:
    """The id of the commit that a branch or a tag of a repository has now; of a commit it is that one.

    `name` is what people call the source. Without a revision it is the repository's own default.

    Raises:
        SourceError: there is no git, the repository cannot be asked, or has no such branch or tag.
    """
    if _COMMIT.fullmatch(revision):
        return revision
    address = _address(url)
    check_address(address)
    asked = ["HEAD"]
    if revision:
        asked = [f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}"]
    try:
        answer = git("ls-remote", "--quiet", address, *asked, url=address)
    except GitError as error:
        raise SourceError(
            f"{name} could not be looked up in {address}: git says: {error.sentence}",
            hint="Run again when it can be, or with a copy of the repository:"
            f" git config --global url.file:///path/to/copy.insteadOf {address}",
        ) from error
    found = {ref: commit for commit, ref in (line.split("\t") for line in answer.splitlines())}
    for ref in asked:
        if ref in found:
            return found[ref]
    raise SourceError(
        f"{address} has no branch and no tag {revision or 'HEAD'} for {name}.",
        hint="A commit is named by all of its 40 digits.",
    )
