"""Who vouches for a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vouched:
    """A signature that is right, by a key that is known.

    `principals` are the names that the key has in the file of allowed signers, as in `ada@example.org`; `key`
    is its kind and fingerprint, as in `ED25519 key SHA256:...`.
    """

    principals: tuple[str, ...]
    key: str

    def __str__(self) -> str:
        return f"{' and '.join(self.principals)} with {self.key}"
