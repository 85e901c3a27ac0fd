"""Build: from a variant to the plans of its library and its image, and from a plan to files."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mcumatrix import artifact
from mcumatrix.hashing import Part, fingerprint, hash_file
from mcumatrix.model.image import BuildFolders, BuildPlan, Image, ToolchainIdentity
from mcumatrix.model.variant import Variant
from mcumatrix.ports import Builder
from mcumatrix.stages.sizes import measure_sizes

DEFAULT_FLAGS = ("-O2",)
"""Flags that come before those of the maintainer's axes, so that an axis can override them."""

BUILD_ID_DIGITS = 16


def _flags(variant: Variant) -> list[str]:
    return [*DEFAULT_FLAGS, *(flag for setting in variant.settings for flag in setting.flags)]


def _cmake(variant: Variant) -> list[str]:
    return [f"-D{name}={value}" for setting in variant.settings for name, value in setting.cmake]


def _configure(sources: str, variant: Variant, definitions: Mapping[str, str]) -> tuple[str, ...]:
    return (
        "cmake",
        "-G",
        "Ninja",
        "-S",
        sources,
        "-B",
        "{output}",
        "-DCMAKE_TOOLCHAIN_FILE={sources}/cmake/arm-none-eabi.cmake",
        "-DMCUMATRIX_CCACHE=ON",
        f"-DMCUMATRIX_TOOLCHAIN_PREFIX={variant.toolchain.prefix}",
        f"-DMCUMATRIX_FLAGS={' '.join(_flags(variant))}",
        *(f"-D{name}={value}" for name, value in definitions.items()),
        *_cmake(variant),
    )


def plan_library(variant: Variant, toolchain: ToolchainIdentity, sources: Mapping[str, str]) -> BuildPlan:
    """The plan of a runtime's library.

    Neither clock nor model enter it, only the model's element type: variants that differ in nothing else
    share one library. `sources` are the hashes of the files it is compiled from, by name.
    """
    settings: dict[str, Part] = {
        "runtime": variant.runtime.name,
        "kernels": variant.kernels,
        "element": variant.model.element,
        "flags": _flags(variant),
        "cmake": _cmake(variant),
    }
    return BuildPlan(
        name=f"{variant.runtime.name}-{variant.kernels}-{variant.model.element}",
        toolchain=variant.toolchain,
        fingerprint=fingerprint("library", settings | {"toolchain": toolchain.sha256, "sources": sources}),
        steps=(
            _configure(
                "{sources}/runtime",
                variant,
                {
                    "MCUMATRIX_RUNTIME": variant.runtime.adapter,
                    "MCUMATRIX_KERNELS": variant.kernels,
                    "MCUMATRIX_ELEMENT": variant.model.element,
                },
            ),
            ("cmake", "--build", "{output}"),
        ),
        outputs=("libruntime.a",),
    )


def plan_image(
    variant: Variant,
    toolchain: ToolchainIdentity,
    library: BuildPlan,
    sources: Mapping[str, str],
    inputs: Mapping[str, Part],
) -> BuildPlan:
    """The plan of a variant's image.

    `inputs` stand for the files that are rendered for it, but for `config.h`: that holds the build id, which
    is made from this plan's fingerprint; all else that it says is in the fingerprint.
    """
    parts: dict[str, Part] = {
        "library": library.fingerprint,
        "toolchain": toolchain.sha256,
        "sources": sources,
        "inputs": inputs,
        "board": variant.board.firmware_board,
        "model": variant.model.name,
        "clock_hz": variant.clock_hz,
        "flags": _flags(variant),
        "cmake": _cmake(variant),
    }
    return BuildPlan(
        name=variant.slug,
        toolchain=variant.toolchain,
        fingerprint=fingerprint("image", parts),
        steps=(
            _configure(
                "{sources}",
                variant,
                {
                    "MCUMATRIX_BOARD": variant.board.firmware_board,
                    "MCUMATRIX_RUNTIME": variant.runtime.adapter,
                    "MCUMATRIX_GENERATED": "{inputs}",
                    "MCUMATRIX_LIBRARY": "{library}/libruntime.a",
                },
            ),
            ("cmake", "--build", "{output}"),
        ),
        outputs=("image.elf", "image.bin", "image.map"),
    )


def build_id(plan: BuildPlan) -> str:
    """What an image says of itself over the wire: the start of its fingerprint."""
    return plan.fingerprint[:BUILD_ID_DIGITS]


def execute(plan: BuildPlan, builder: Builder, folders: BuildFolders, inputs: Mapping[str, bytes]) -> None:
    """Makes the output folder anew: from nothing, so that nothing old can get into it.

    Raises:
        BuildError: a step failed; the last lines of its log are in the message.
        ToolError: a tool that a step needs is not there.
    """
    for folder in (folders.inputs, folders.output):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name, data in inputs.items():
        (folders.inputs / name).write_bytes(data)
    builder.execute(plan, folders, folders.output / "build.log")
    artifact.write_manifest(folders.output, plan.fingerprint, plan.outputs)


def read_image(plan: BuildPlan, folder: Path, toolchain: ToolchainIdentity) -> Image:
    """The image that was made in `folder`, with its sizes."""
    elf, binary = folder / "image.elf", folder / "image.bin"
    return Image(
        build_id=build_id(plan),
        elf=elf,
        binary=binary,
        elf_sha256=hash_file(elf),
        binary_sha256=hash_file(binary),
        sizes=measure_sizes(elf, folder / "image.map"),
        toolchain=toolchain,
    )
