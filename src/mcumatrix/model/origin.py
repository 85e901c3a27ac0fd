"""Where an image comes from: what went into it, from whom, and with which contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.model.image import ToolchainIdentity


class MaterialKind(StrEnum):
    """What something is that went into an image."""

    SOURCE = "source"
    """A file of the project that is compiled."""
    GENERATOR = "generator"
    """Code or a template that made sources."""
    MODEL = "model"
    DATA = "data"
    """Other files that are rendered into sources, such as the built-in digit."""
    LIBRARY = "library"
    """Code from elsewhere, as an archive or a commit."""
    TREE = "tree"
    """The files of such code that a library is compiled from, or a folder of a person's own."""
    PACKAGE = "package"
    """A package of a distribution that the compiler and its libraries are in."""


@dataclass(frozen=True, slots=True)
class Material:
    """One thing that went into an image.

    `digest` is in hexadecimal, of `algorithm`: `sha256` or `md5` of a file, `gitCommit`, or `FILES_SHA256`;
    both are empty where nothing but the version is known. `uri` says where it can be had.
    """

    kind: MaterialKind
    name: str
    algorithm: str = ""
    digest: str = ""
    uri: str = ""
    version: str = ""


FILES_SHA256 = "mcumatrixFilesSha256"
"""A SHA-256 over those of several files: of a compiler, or of a source tree."""


@dataclass(frozen=True, slots=True)
class ImageOrigin:
    """An image with all that is known of where it comes from.

    `files` has by their names in the archive the SHA-256 of its files, the ELF file first. `fingerprint` is
    over all inputs; `settings` are the values of the axes that it was built for.
    """

    variant: str
    matrix: str
    build_id: str
    fingerprint: str
    files: Mapping[str, str]
    settings: Mapping[str, str]
    flags: tuple[str, ...]
    compiler: ToolchainIdentity
    materials: tuple[Material, ...]
    made_by: str
    """The version of mcumatrix that measured it."""
