"""What builders remember between runs, so that nothing slow is found out twice. May be lost at any time."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcumatrix.artifact import write_atomically
from mcumatrix.hashing import hash_bytes


class Memory:
    """Values that JSON can hold, by keys of words; a file each, so that no process disturbs another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, *key: str) -> Any:
        """What was kept under a key; None if nothing was, or if its file is damaged or somebody else's."""
        try:
            kept = json.loads(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(kept, dict) or kept.get("key") != list(key):
            return None
        return kept.get("value")

    def keep(self, value: Any, *key: str) -> None:
        """Keeps a value under a key, instead of what was there; where the disk does not take it, it is found
        out again."""
        text = json.dumps({"key": key, "value": value}, indent=1) + "\n"
        with suppress(OSError):
            write_atomically(self._path(key), text.encode())

    def _path(self, key: tuple[str, ...]) -> Path:
        return self._folder / f"{key[0]}-{hash_bytes(json.dumps(key).encode())[:32]}.json"
