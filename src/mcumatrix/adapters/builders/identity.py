"""What a compiler is known by: the contents of all files that take part in making code.

Neither paths nor times enter, so that a compiler is the same in a container and out of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import Toolchain

QUESTIONS = (
    *(f"-print-prog-name={name}" for name in ("cc1", "cc1plus", "as", "ld", "collect2")),
    *(
        f"-print-file-name={name}"
        for name in ("libc.a", "libm.a", "libgcc.a", "libstdc++.a", "crti.o", "crtn.o")
    ),
)
"""What gcc is asked, with the flags of a chip, for its files: it has libraries for each kind of core and FPU.

It answers with a bare name where it has none.
"""


@dataclass(frozen=True, slots=True)
class Compiler:
    """What a compiler said and what its files hold.

    `version` is the first line of `--version`, `number` the answer to `-dumpfullversion`, `sha256` is over
    the contents of the driver and of its files.
    """

    version: str
    number: str
    sha256: str


def combined(driver_sha256: str, files_sha256: Mapping[str, str]) -> str:
    """One SHA-256 over those of the driver and of the files, by the question that they answer."""
    lines = [f"driver {driver_sha256}", *(f"{name} {files_sha256[name]}" for name in sorted(files_sha256))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check_version(toolchain: Toolchain, found: Compiler, where: str, hint: str) -> None:
    """Raises:
    ToolError: the compiler at `where` is not of the version that the toolchain's entry names.
    """
    if toolchain.version and found.number != toolchain.version:
        raise ToolError(
            f"Toolchain {toolchain.name} is gcc {toolchain.version}, and {where} is {found.number}.",
            hint=hint,
        )
