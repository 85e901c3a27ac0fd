"""What a build makes, and what it is made from."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mcumatrix.model.bounds import Unsigned32
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.inputs import NOTHING, Inputs

KEPT = {"extra": "forbid", "ser_json_inf_nan": "strings"}
"""How pydantic writes what is kept as JSON and reads it back: strictly, and without losing a NaN."""

FLASH = "FLASH"
"""What linker scripts call the memory region that images are put into."""

OTHER_FLASH_ADDRESSES = "FLASH_ITCM"
"""What they call the same memory at the addresses that it has on another bus."""

EXTERNAL_FLASH = "QSPI"
"""What they call flash of the board beside the chip, which is read where it is."""


@dataclass(frozen=True, slots=True)
class ToolchainIdentity:
    """A compiler as it was found: what it says of itself, and a SHA-256 over the files that make code.

    `image_id` is the Docker image that it is in, empty where it is on PATH. It is evidence, and no part of
    any fingerprint: the same compiler makes the same code in and out of a container.
    """

    __pydantic_config__ = KEPT

    version: str
    sha256: str
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What to execute to make one folder of files; the same plan for every builder.

    `steps` are command lines in which `{sources}`, `{inputs}` and `{output}` stand for the folders of
    `BuildFolders`, so that a plan does not depend on where it is executed.
    `fingerprint` covers everything that can change what comes out, which `inputs` has by name. `{tree_NAME}`
    in a step stands for code from elsewhere. `cpu_flags` are those of the chip that it compiles for. A
    builder ends what takes longer than `left_s`, which is what is left of `limit_s`.
    """

    name: str
    toolchain: Toolchain
    fingerprint: str
    steps: tuple[tuple[str, ...], ...]
    outputs: tuple[str, ...]
    cpu_flags: tuple[str, ...] = ()
    limit_s: float = 3_600.0
    left_s: float = 3_600.0
    inputs: Inputs = field(default=NOTHING, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BuildFolders:
    """Where a plan finds and leaves its files. Only `output` is written to.

    `sources` is the project's firmware, `inputs` holds what was made for this plan before: rendered files,
    and libraries. `trees` is code from elsewhere, by name.
    """

    sources: Path
    inputs: Path
    output: Path
    trees: tuple[tuple[str, Path], ...] = ()


class FlashPart(StrEnum):
    """What a part of an image in flash belongs to."""

    KERNELS = "kernels"
    OPTIMISED = "optimised"
    """A library that kernels call, such as CMSIS-NN."""
    RUNTIME = "runtime"
    """The library without its kernels."""
    MODEL = "model"
    APPLICATION = "application"
    """Our own: what starts the board, measures and answers, and the adapter between that and the runtime."""
    C_LIBRARY = "c_library"
    """With the compiler's own."""
    OTHER = "other"
    """What the linker puts between parts so that they are aligned, and tables that it makes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of an image in bytes, by section kind as `size` counts them and by memory region.

    `flash_bytes` says of all that is in flash what it belongs to; empty in records from before that was
    looked at.
    """

    __pydantic_config__ = KEPT

    text_bytes: Unsigned32
    data_bytes: Unsigned32
    bss_bytes: Unsigned32
    region_bytes: dict[str, Unsigned32]
    flash_bytes: dict[FlashPart, Unsigned32] = field(default_factory=dict)

    @property
    def rom_bytes(self) -> int:
        """What is kept of it where power is off: code, constants, and the first values of variables."""
        return self.text_bytes + self.data_bytes

    @property
    def rom_described(self) -> str:
        """The same for people, by the flash that it is kept in."""
        outside_bytes = self.region_bytes.get(EXTERNAL_FLASH, 0)
        on_chip = f"{self.rom_bytes - outside_bytes} bytes of flash"
        return f"{on_chip}, {outside_bytes} outside of the chip" if outside_bytes else on_chip

    @property
    def ram_bytes(self) -> int:
        """All variables, those that begin as 0 among them."""
        return self.data_bytes + self.bss_bytes


@dataclass(frozen=True, slots=True)
class Image:
    """The linked firmware of a variant. `build_id` is what it says of itself over the wire."""

    build_id: str
    elf: Path
    binary: Path
    elf_sha256: str
    binary_sha256: str
    sizes: Sizes
    toolchain: ToolchainIdentity
