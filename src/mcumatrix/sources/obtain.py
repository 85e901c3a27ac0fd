"""From a pin to a folder of sources, with as little work as possible."""

from collections.abc import Sequence
from pathlib import Path

from mcumatrix.sources.cache import Cache
from mcumatrix.sources.extract import extract, find_tree
from mcumatrix.sources.fetch import fetch
from mcumatrix.sources.pin import Pin
from mcumatrix.sources.progress import QUIET, Progress
from mcumatrix.sources.safety import ExtractLimits
from mcumatrix.sources.selection import WHOLE, Selection
from mcumatrix.sources.transport import TransferLimits


def obtain(
    pin: Pin,
    cache: Cache,
    *,
    selection: Selection = WHOLE,
    progress: Progress = QUIET,
    mirrors: Sequence[str] = (),
    transfer_limits: TransferLimits | None = None,
    extract_limits: ExtractLimits | None = None,
) -> Path:
    """The folder with the selected members of a pinned archive.

    It is hashed on each call. Where it is whole, neither the network nor the archive is needed; where it is
    not, it is made again.

    Raises:
        SourceError: the archive cannot be fetched, is not what is pinned, or is not safe to unpack.
    """
    found = find_tree(pin, cache.trees, selection)
    if found:
        return found
    archive = fetch(pin, cache, progress=progress, mirrors=mirrors, limits=transfer_limits)
    return extract(archive, pin, cache.trees, selection=selection, limits=extract_limits, progress=progress)
