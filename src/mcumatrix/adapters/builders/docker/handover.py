"""Lets a build write to a folder as somebody who has no rights elsewhere, and takes the folder back."""

import os
import stat
from contextlib import suppress
from pathlib import Path

BUILD_ID = 65532
"""User and group of builds that root starts; no distribution gives this number to anybody."""


def build_user() -> tuple[int, int]:
    """As whom builds run: never as root, and else as the person who starts them."""
    return (os.geteuid(), os.getegid()) if os.geteuid() != 0 else (BUILD_ID, BUILD_ID)


def hand_over(folder: Path, user: tuple[int, int]) -> None:
    """Makes a folder that was just made writable for `user`."""
    if os.geteuid() == 0:
        os.chown(folder, *user)


def take_back(folder: Path) -> None:
    """Makes everything in a folder ours again; nothing in it acts in our name, or hides from us.

    Whatever is in there was made by somebody we do not trust, so that no link is followed.
    """
    _take(folder)
    left = [folder]
    while left:
        # Nested deeper than a path can be long: the watch over the folder has said so.
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                _take(path)
                if entry.is_dir(follow_symlinks=False):
                    left.append(path)


def _take(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        path.chmod(mode & 0o777 | 0o700)
    elif stat.S_ISREG(mode):
        path.chmod(mode & 0o777)
