"""Fingerprints: a versioned SHA-256 over every input of a stage, by contents and never by place or time."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import groupby
from pathlib import Path

FINGERPRINT_VERSION = 1
"""Raised when the way a fingerprint is made changes, so that nothing old passes for current."""

Part = str | int | None | Iterable["Part"] | Mapping[str, "Part"]


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=list)


class Shared(dict[str, str]):
    """Named parts that many fingerprints cover, and that nobody changes: they are written as JSON once."""

    @cached_property
    def encoded(self) -> str:
        """As JSON."""
        return _ENCODER.encode(self)


def hash_bytes(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's contents in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_tree(root: Path, members: Iterable[Path]) -> Shared:
    """SHA-256 of each file in `members`, folders taken whole, by its name below `root`."""
    files: set[Path] = set()
    for member in members:
        files.update(p for p in member.rglob("*") if p.is_file()) if member.is_dir() else files.add(member)
    return Shared({file.relative_to(root).as_posix(): hash_file(file) for file in sorted(files)})


def fingerprint(kind: str, parts: Mapping[str, Part]) -> str:
    """One hash over named parts; the order of names does not matter, that of lists does."""
    return hash_bytes(canonical(kind, parts))


def canonical(kind: str, parts: Mapping[str, Part]) -> bytes:
    """What a fingerprint is the SHA-256 of: named parts as JSON, each in one way only."""
    pieces: list[str] = []
    # What stands between shared parts is encoded at once.
    for is_shared, names in groupby(sorted(parts), lambda name: isinstance(parts[name], Shared)):
        if is_shared:
            pieces += (f"{_ENCODER.encode(name)}:{_encoded(parts[name])}" for name in names)
        else:
            pieces.append(_ENCODER.encode({name: parts[name] for name in names})[1:-1])
    return (
        f'{{"kind":{_ENCODER.encode(kind)},"parts":{{{",".join(pieces)}}},"version":{FINGERPRINT_VERSION}}}'
    ).encode()


def _encoded(part: Part) -> str:
    return part.encoded if isinstance(part, Shared) else _ENCODER.encode(part)
