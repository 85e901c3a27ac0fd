"""What runs on this machine, for tests that want nothing to be left behind."""

import os
from contextlib import suppress
from pathlib import Path


def programs_below(folder: Path) -> list[str]:
    """The command lines of all other programs that name a folder or something in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            # It may end meanwhile.
            with suppress(OSError):
                found.append((entry / "cmdline").read_bytes().decode(errors="replace"))
    return [command for command in found if str(folder) in command]
