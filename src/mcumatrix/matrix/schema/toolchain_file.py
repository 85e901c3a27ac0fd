"""What may stand in matrix/toolchains."""

from pydantic import Field

from mcumatrix.matrix.schema.scalars import GccVersion, HttpsUrl, Name, RelativePath, Sha256, Strict, Suite
from mcumatrix.model.catalogue import DEFAULT_SUITE


class ArchiveFile(Strict):
    """An archive somewhere else, and the only contents that it may have."""

    url: HttpsUrl = Field(description="Where it is; the name of a file comes last.")
    sha256: Sha256 = Field(description="SHA-256 of the archive.")


class ToolchainFile(Strict):
    """A cross compiler: on PATH, in a Docker image, or in both."""

    description: str = ""
    prefix: Name = Field(description="What stands before gcc, such as arm-none-eabi-.")
    version: GccVersion = Field(
        default="",
        description="What gcc answers to -dumpfullversion, or clang to -dumpversion; without it, any version "
        "on PATH will do.",
    )
    clang: Name | None = Field(
        default=None, description="A clang that compiles; libraries and linker stay those of gcc."
    )
    dockerfile: RelativePath = Field(
        default="", description="What makes an image with the compiler, cmake, ninja and ccache."
    )
    archive: ArchiveFile | None = Field(
        default=None, description="What the Dockerfile copies as toolchain/, unpacked."
    )
    suite: Suite = Field(
        default=DEFAULT_SUITE, description="The code name of the Debian that the Dockerfile begins with."
    )
