"""What a stage made something from, by name: all of it, so that a hash over it identifies what is made."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcumatrix.hashing import Part, canonical, hash_bytes


@dataclass(frozen=True, slots=True)
class Inputs:
    """Hashes of files, flags, and fingerprints of what was made before; `kind` is that of what is made."""

    kind: str
    parts: Mapping[str, Part]

    @property
    def data(self) -> bytes:
        """As it is kept: JSON whose SHA-256 is the fingerprint, so that a file of it proves itself."""
        return canonical(self.kind, self.parts)

    @property
    def fingerprint(self) -> str:
        """One hash over all of it; the order of names does not matter, that of lists does."""
        return hash_bytes(self.data)


NOTHING = Inputs("", {})
