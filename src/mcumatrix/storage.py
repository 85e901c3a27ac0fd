"""What a system says of a disk that is full, read-only or broken, in sentences for a person."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcumatrix.errors import StorageError

_ROOM = "Make room there, and run again."
_REASONS = {
    errno.ENOSPC: ("its disk is full", _ROOM),
    errno.EDQUOT: ("the quota of its disk is used up", _ROOM),
    errno.EFBIG: ("a file would be larger than is allowed", "Raise the limit (ulimit -f), and run again."),
    errno.EROFS: ("its disk is read-only", "Make it writable (mount -o remount,rw), and run again."),
    errno.EIO: ("its disk reports an input/output error", "Check that disk, and run again."),
    errno.EACCES: ("the rights there do not allow it", "Give rights there, and run again."),
    errno.EPIPE: ("nobody reads it any more", ""),
    errno.EPERM: ("the rights there do not allow it", "Give rights there, and run again."),
}


def reason_of(error: OSError) -> str:
    """Why a folder cannot be used, as in "its disk is full"."""
    return _REASONS.get(error.errno or 0, (f"the system says: {error.strerror or error}", ""))[0]


def remedy_of(error: OSError) -> str:
    """What a person can do about it, as a sentence."""
    return _REASONS.get(error.errno or 0, ("", "Mend that, and run again."))[1]


def place_of(error: OSError, folder: Path) -> Path:
    """What it is about: `folder`, or what the error names.

    Where a disk is to blame, that is the folder of the file: names of files that were written aside help
    nobody.
    """
    named = error.filename2 or error.filename
    if not isinstance(named, str | os.PathLike) or not Path(named).is_absolute():
        return folder
    place = Path(named)
    return place.parent if error.errno in _REASONS and not place.is_dir() else place


@contextmanager
def in_sentences(what: str, folder: Path, kept: str) -> Iterator[None]:
    """Turns errors of the system into one of ours.

    `what` could not be done, as in "The library x could not be compiled"; `folder` is where it works; `kept`
    says what is lost by that and what is not.

    Raises:
        StorageError: instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        place = place_of(error, folder)
        raise StorageError(
            f"{what}: {place} cannot be used, because {reason_of(error)}. {kept}", hint=remedy_of(error)
        ) from error
