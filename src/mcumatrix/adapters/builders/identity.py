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


CLANG_SCRIPT = """\
set -e
clang=$(command -v {clang})
program=$(readlink -f "$clang")
echo "number $("$clang" -dumpversion)"
"$clang" --version | {{ read -r line; echo "version $line"; }}
libraries=$(ldd "$program" | sed -n 's/.*=> \\(.*\\(clang\\|LLVM\\).*\\) (.*/\\1/p')
for file in "$program" $libraries; do
  echo "file $(sha256sum <"$file" | cut -c -64) $file"
done
cd "$("$clang" -print-resource-dir)/include"
echo "headers $(find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c -64)"
"""
"""How a shell finds out what a clang is made of: its program and libraries, and its own headers."""


def clang_of(printed: str) -> tuple["Compiler", tuple[str, ...]]:
    """What `CLANG_SCRIPT` has printed: the clang, and the paths of its program and libraries.

    Raises:
        ValueError: it did not come to its end.
    """
    lines = [line.partition(" ")[::2] for line in printed.splitlines()]
    said = {key: value for key, value in lines if key != "file"}
    if not {"number", "version", "headers"} <= said.keys():
        raise ValueError(printed.strip())
    files = [value.partition(" ")[::2] for key, value in lines if key == "file"]
    parts = {f"library {number}": sha256 for number, (sha256, _) in enumerate(files[1:])}
    sha256 = combined(files[0][0], parts | {"headers": said["headers"]})
    return Compiler(said["version"], said["number"], sha256), tuple(path for _, path in files)


def together(clang: "Compiler", gcc: "Compiler") -> "Compiler":
    """A clang that compiles, with the libraries and the linker of a gcc."""
    return Compiler(
        f"{clang.version}, with the libraries and the linker of {gcc.version}",
        clang.number,
        combined(clang.sha256, {"gcc": gcc.sha256}),
    )


@dataclass(frozen=True, slots=True)
class Compiler:
    """What a compiler said and what its files hold.

    `version` is the first line of `--version`, `number` the answer to `-dumpfullversion` (of a clang, to
    `-dumpversion`), `sha256` is over the contents of the driver and of its files.
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
    kind = "clang" if toolchain.clang else "gcc"
    if toolchain.version and found.number != toolchain.version:
        raise ToolError(
            f"Toolchain {toolchain.name} is {kind} {toolchain.version}, and {where} is {found.number}.",
            hint=hint,
        )
