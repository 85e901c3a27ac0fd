"""What an archive must be: its digest is known before any byte of it is fetched."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedReader

from mcumatrix.errors import SourceError
from mcumatrix.sources.address import check_address

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,149}")
_DIGEST = re.compile(r"[0-9a-f]*")
_NOT_PACKED = (".tflite", ".npz")
"""The ends of the names of what is used as it is fetched."""

_PIN_HINT = "Write it as sha256:DIGEST, or md5:DIGEST where a project publishes nothing better."


class Algorithm(StrEnum):
    """How a digest is made. md5 is for archives whose own project pins them so; sha256 for all else."""

    SHA256 = "sha256"
    MD5 = "md5"

    @property
    def digits(self) -> int:
        """Length of its digest in hexadecimal digits."""
        return 64 if self is Algorithm.SHA256 else 32

    def start(self) -> "hashlib._Hash":
        """A digest of nothing yet."""
        # md5 is used as the pin of others has it; a Python built for FIPS would refuse it otherwise.
        return hashlib.new(self.value, usedforsecurity=False)


class ArchiveKind(StrEnum):
    """How an archive is packed; the value is the end of its name."""

    TAR_GZ = "tar.gz"
    TAR_BZ2 = "tar.bz2"
    TAR_XZ = "tar.xz"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Pin:
    """One archive and the only contents that it may have.

    `name` is its file name in the cache; `urls` are tried in order; `digest` is in lower-case hexadecimal
    digits; `size_bytes` is exact where it is known.

    Raises:
        SourceError: a part is missing or malformed.
    """

    name: str
    urls: tuple[str, ...]
    algorithm: Algorithm
    digest: str
    size_bytes: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SourceError(
                f"{self.name!r} is not a name for an archive.",
                hint="Use up to 150 letters, digits and . _ + - and begin with a letter or a digit.",
            )
        if not self.name.endswith(_NOT_PACKED):
            _ = self.kind
        if len(self.digest) != self.algorithm.digits or not _DIGEST.fullmatch(self.digest):
            raise SourceError(
                f"The pin of {self.name} is malformed: {self.digest[:80]!r} is not {self.algorithm.digits} "
                f"hexadecimal digits in lower case, as {self.algorithm} has them.",
                hint=_PIN_HINT,
            )
        if self.size_bytes is not None and self.size_bytes <= 0:
            raise SourceError(
                f"The pin of {self.name} is malformed: {self.size_bytes} is not a size in bytes.",
                hint="Leave the size out where it is not known.",
            )
        for url in self.urls:
            check_address(url)

    @property
    def kind(self) -> ArchiveKind:
        """How it is packed, by its name."""
        for kind in ArchiveKind:
            if self.name.endswith(f".{kind}"):
                return kind
        raise SourceError(
            f"{self.name!r} is not a name for an archive that can be unpacked.",
            hint=f"It must end with one of: {', '.join(f'.{kind}' for kind in ArchiveKind)}.",
        )

    @property
    def stem(self) -> str:
        """Its name without what says how it is packed."""
        return self.name.removesuffix(f".{self.kind}")

    @property
    def checksum(self) -> str:
        """Algorithm and digest as one writes them: `sha256:...`."""
        return f"{self.algorithm}:{self.digest}"

    def digest_of(self, file: BufferedReader) -> str:
        """The digest of what a file has from here on, by the algorithm of this pin."""
        return hashlib.file_digest(file, self.algorithm.start).hexdigest()


def read_pin(name: str, urls: Iterable[str], checksum: str | None, size_bytes: int | None = None) -> Pin:
    """A pin from what a catalogue says; `checksum` is `sha256:DIGEST` or `md5:DIGEST`.

    Raises:
        SourceError: there is no checksum, or a part is malformed. Nothing is ever fetched without a pin.
    """
    if not checksum:
        raise SourceError(f"{name} has no pin, and nothing is fetched without one.", hint=_PIN_HINT)
    algorithm, separator, digest = checksum.partition(":")
    if not separator or algorithm not in list(Algorithm):
        raise SourceError(
            f"The pin of {name} is malformed: {checksum[:80]!r} does not begin with sha256: or md5:.",
            hint=_PIN_HINT,
        )
    return Pin(name, tuple(urls), Algorithm(algorithm), digest.lower(), size_bytes)
