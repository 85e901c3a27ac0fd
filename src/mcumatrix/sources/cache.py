"""Where archives and unpacked trees are kept: by their contents, shared by all projects of a person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.artifact import make_folder
from mcumatrix.errors import SourceError
from mcumatrix.sources.address import check_address
from mcumatrix.sources.pin import Pin
from mcumatrix.sources.progress import Progress
from mcumatrix.storage import place_of, reason_of, remedy_of

CACHE_VARIABLE = "MCUMATRIX_CACHE"
"""Names the folder for pinned archives and commits, an absolute path; `~/.cache/mcumatrix` if not set."""
MIRRORS_VARIABLE = "MCUMATRIX_MIRRORS"
"""Names servers with copies of such a folder's archives, as URLs between blanks; they are asked first."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of archives and trees. It may be removed at any time, and copied to another machine."""

    root: Path

    @property
    def archives(self) -> Path:
        """Archives as they came: `<algorithm>/<digest>/<name>`. Served as it is, it is a mirror."""
        return self.root / "archives"

    @property
    def trees(self) -> Path:
        """Unpacked archives."""
        return self.root / "trees"

    def commit(self, commit: str) -> Path:
        """The bare repository that has a commit; named by its id, whatever it was fetched from."""
        return self.root / "commits" / f"{commit}.git"

    def archive(self, pin: Pin) -> Path:
        """Where the archive of a pin is, or where a person without a network puts it."""
        return self.archives / pin.algorithm / pin.digest / pin.name


def cache_from(environment: Mapping[str, str], home: Path) -> Cache:
    """The cache that the environment names: MCUMATRIX_CACHE, or `mcumatrix` where XDG keeps caches.

    Raises:
        SourceError: MCUMATRIX_CACHE is not an absolute path.
    """
    named = environment.get(CACHE_VARIABLE)
    if named:
        if not Path(named).is_absolute():
            raise SourceError(
                f"{CACHE_VARIABLE} is {named!r}, which is not an absolute path.",
                hint="Give it a path that begins with /.",
            )
        return Cache(Path(named))
    # XDG Base Directory Specification: a relative path there is to be ignored.
    xdg = Path(environment.get("XDG_CACHE_HOME", ""))
    return Cache((xdg if xdg.is_absolute() else home / ".cache") / "mcumatrix")


def mirrors_from(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The mirrors that MCUMATRIX_MIRRORS names, separated by spaces: copies of a cache's `archives` folder.

    Raises:
        SourceError: one of them is not an address to fetch from.
    """
    mirrors = tuple(environment.get(MIRRORS_VARIABLE, "").split())
    for mirror in mirrors:
        check_address(mirror)
    return mirrors


def mirror_url(mirror: str, pin: Pin) -> str:
    """Where a mirror has the archive of a pin."""
    return f"{mirror.rstrip('/')}/{pin.algorithm}/{pin.digest}/{pin.name}"


@contextmanager
def kept(name: str, folder: Path) -> Iterator[None]:
    """Raises:
    SourceError: what is called `name` cannot be kept in a folder of the cache.
    """
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{name} cannot be kept in the cache: {place_of(error, folder)} cannot be used, because "
            f"{reason_of(error)}.",
            hint=f"{remedy_of(error)} {CACHE_VARIABLE} can name another folder.",
        ) from error


@contextmanager
def locked(path: Path, what: str, progress: Progress) -> Iterator[None]:
    """Holds a lock that dies with its process; says so where another holds it and we wait.

    Raises:
        SourceError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        make_folder(path.parent)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress.note(f"Waiting for another process that works on {what}.")
            lock.acquire()
    except OSError as error:
        raise SourceError(
            f"{place_of(error, path.parent)} cannot be used as a cache, because {reason_of(error)}.",
            hint=f"{remedy_of(error)} {CACHE_VARIABLE} can name another folder.",
        ) from error
    try:
        yield
    finally:
        lock.release()
