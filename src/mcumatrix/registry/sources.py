"""Sources, patches and files of models, fetched where they are not in the cache."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.model.catalogue import Archive, ModelPin, Source
from mcumatrix.progress.display import Display, Lines

if TYPE_CHECKING:
    from mcumatrix.sources.progress import Progress


def quiet(_line: str) -> None:
    """For who has nobody to say a line to."""


@contextmanager
def shown_progress(say: Callable[[str], None]) -> "Iterator[Progress]":
    """What shows how far a transfer is, to whoever hears lines: a display shows more than lines."""
    display = say if isinstance(say, Display) else Lines(say, say)
    with display.transfer() as shown:
        yield shown


def unpacked(archive: Archive, say: Callable[[str], None]) -> Path:
    """The contents of a pinned archive, downloaded if they are not in the cache. Raises SourceError."""
    return _obtained(archive.file_name, archive.url, f"sha256:{archive.sha256}", (), say)


def _obtained(
    name: str, url: str, checksum: str, include: tuple[str, ...], say: Callable[[str], None]
) -> Path:
    from mcumatrix.sources.cache import cache_from, mirrors_from
    from mcumatrix.sources.obtain import obtain
    from mcumatrix.sources.pin import read_pin
    from mcumatrix.sources.selection import Selection

    pin = read_pin(name, [url], checksum)
    with shown_progress(say) as progress:
        return obtain(
            pin,
            cache_from(os.environ, Path.home()),
            selection=Selection(include),
            progress=progress,
            mirrors=mirrors_from(os.environ),
        )


def patched(
    name: str, folder: Path, contents: str, patches: Sequence[Path], say: Callable[[str], None]
) -> Path:
    """A copy of a source's folder with patches. Raises SourceError."""
    from mcumatrix.sources.cache import cache_from
    from mcumatrix.sources.patch import patched

    cache = cache_from(os.environ, Path.home())
    with shown_progress(say) as progress:
        return patched(name, folder, contents, patches, cache, progress=progress)


def commit_of(name: str, url: str, revision: str) -> str:
    """The id of the commit that a branch or a tag of a repository has now. Raises SourceError."""
    from mcumatrix.sources.commit import resolve_commit

    return resolve_commit(name, url, revision)


def source_folder(source: Source, include: tuple[str, ...], say: Callable[[str], None]) -> Path:
    """A part of what a pinned archive holds, or a commit whole, fetched if it is not in the cache.

    Raises:
        SourceError: it cannot be had.
    """
    if source.commit:
        from mcumatrix.sources.cache import cache_from
        from mcumatrix.sources.commit import CommitPin, obtain_commit

        pin = CommitPin(source.name, source.url, source.commit)
        with shown_progress(say) as progress:
            return obtain_commit(pin, cache_from(os.environ, Path.home()), progress=progress)
    return _obtained(source.file_name, source.url, source.checksum, include, say)


def fetched(name: str, pin: ModelPin, say: Callable[[str], None]) -> Path:
    """A pinned file of a model in the cache, where it has this name. Raises SourceError."""
    from mcumatrix.sources.cache import cache_from, mirrors_from
    from mcumatrix.sources.fetch import fetch
    from mcumatrix.sources.pin import read_pin

    with shown_progress(say) as progress:
        return fetch(
            read_pin(name, [pin.url], f"sha256:{pin.sha256}"),
            cache_from(os.environ, Path.home()),
            progress=progress,
            mirrors=mirrors_from(os.environ),
        )
