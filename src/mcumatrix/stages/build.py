"""Build: from a variant to the plans of its library and its image, and from a plan to files."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from mcumatrix import artifact
from mcumatrix.hashing import Part, hash_file
from mcumatrix.model.application import ADDED, Application, library_of
from mcumatrix.model.chip import Chip
from mcumatrix.model.common_inputs import CommonInputs
from mcumatrix.model.image import BuildFolders, BuildPlan, Image, ToolchainIdentity
from mcumatrix.model.inputs import Inputs
from mcumatrix.model.layout import Choice
from mcumatrix.model.variant import Variant
from mcumatrix.ports import Builder
from mcumatrix.stages.sizes import measure_sizes
from mcumatrix.storage import in_sentences

DEFAULT_FLAGS = ("-O2",)
"""Flags that come before those of the maintainer's axes, so that an axis can override them."""

BUILD_ID_DIGITS = 16

TOOLCHAIN_FILE = "toolchain.json"
"""Beside outputs: which compiler made them, and in which image it was. That is not always the present one."""

Sources = Mapping[str, str]
"""Hashes of files, by name."""

_CCACHE_ON, _CCACHE_OFF = "-DMCUMATRIX_CCACHE=ON", "-DMCUMATRIX_CCACHE=OFF"


def flags_of(variant: Variant) -> list[str]:
    """The compiler's flags for all that is compiled for a variant, but for those of its chip."""
    return [*DEFAULT_FLAGS, *(flag for setting in variant.settings for flag in setting.flags)]


def _cmake(variant: Variant) -> list[str]:
    return [f"-D{name}={value}" for setting in variant.settings for name, value in setting.cmake]


def _configure(sources: str, variant: Variant, chip: Chip, definitions: Mapping[str, str]) -> tuple[str, ...]:
    return (
        "cmake",
        "-G",
        "Ninja",
        "-S",
        sources,
        "-B",
        "{output}",
        "-DCMAKE_TOOLCHAIN_FILE={sources}/cmake/arm-none-eabi.cmake",
        _CCACHE_ON,
        f"-DMCUMATRIX_TOOLCHAIN_PREFIX={variant.toolchain.prefix}",
        *((f"-DMCUMATRIX_CLANG={variant.toolchain.clang}",) if variant.toolchain.clang else ()),
        f"-DMCUMATRIX_CPU_FLAGS={' '.join(chip.cpu_flags)}",
        f"-DMCUMATRIX_FLAGS={' '.join(flags_of(variant))}",
        *(f"-D{name}={value}" for name, value in definitions.items()),
        *_cmake(variant),
    )


def plan_library(
    variant: Variant,
    chip: Chip,
    toolchain: ToolchainIdentity,
    sources: Sources,
    definitions: Mapping[str, str],
    *,
    trees: Mapping[str, str],
    generators: Sources | None = None,
) -> BuildPlan:
    """The plan of a runtime's library.

    Neither clock nor model enter it, only what the runtime's own `definitions` say, which may be the model's
    element type, and of the chip no more than core and FPU: variants that differ in nothing else share one
    library. `sources` are the hashes of our files that it is compiled from, `trees` those of code from
    elsewhere, by name, and `generators` those of what decides which of that code is compiled.
    """
    definitions = {"MCUMATRIX_RUNTIME": variant.runtime.adapter, **definitions}
    element = (variant.model.element,) if "MCUMATRIX_ELEMENT" in definitions else ()
    name = "-".join((variant.runtime.name, variant.kernels, *element))
    return _plan(
        "runtime",
        variant,
        chip,
        toolchain,
        name=name,
        outputs=("libruntime.a", "libkernels.a", "liboptimised.a", "libadapter.a"),
        definitions=definitions,
        parts={"sources": sources, "trees": trees, "generators": generators or {}},
        folder="{sources}/runtime",
    )


def plan_platform(
    variant: Variant, chip: Chip, toolchain: ToolchainIdentity, sources: Sources, inputs: Mapping[str, Part]
) -> BuildPlan:
    """The plan of app, family, chip and board: all images of a board share it, but for flags and compiler.

    `inputs` stand for the files that are rendered for it.
    """
    definitions = {
        "MCUMATRIX_PART": "platform",
        "MCUMATRIX_BOARD": variant.board.firmware_board,
        "MCUMATRIX_GENERATED": "{inputs}",
    }
    if variant.board.energy:
        definitions["MCUMATRIX_ENERGY"] = "ON"
    name = variant.board.firmware_board
    parts: dict[str, Part] = {"sources": sources, "inputs": inputs}
    return _plan(
        "platform",
        variant,
        chip,
        toolchain,
        name=name,
        outputs=("libplatform.a",),
        definitions=definitions,
        parts=parts,
    )


def plan_model(
    variant: Variant, chip: Chip, toolchain: ToolchainIdentity, sources: Sources, model_fingerprint: str
) -> BuildPlan:
    """The plan of a rendered model: the same for all clocks and kernels."""
    definitions = {
        "MCUMATRIX_PART": "model",
        "MCUMATRIX_RUNTIME": variant.runtime.adapter,
        "MCUMATRIX_GENERATED": "{inputs}",
    }
    name = f"{variant.runtime.name}-{variant.model.name}"
    parts: dict[str, Part] = {"sources": sources, "model": model_fingerprint}
    return _plan(
        "model",
        variant,
        chip,
        toolchain,
        name=name,
        outputs=("libmodel.a",),
        definitions=definitions,
        parts=parts,
    )


def plan_application(
    application: Application,
    variant: Variant,
    chip: Chip,
    toolchain: ToolchainIdentity,
    *,
    sources: Sources,
    inputs: Mapping[str, Part],
    trees: Mapping[str, str],
) -> BuildPlan:
    """The plan of an application besides the benchmark: all images of a board that have it share it.

    `inputs` stand for the files that are rendered for it, `trees` are the checksums of code from elsewhere,
    by name.
    """
    definitions = {
        "MCUMATRIX_BOARD": variant.board.firmware_board,
        "MCUMATRIX_GENERATED": "{inputs}",
        **{f"MCUMATRIX_TREE_{name.upper()}": f"{{tree_{name}}}" for name in trees},
    }
    return _plan(
        _APPLICATION,
        variant,
        chip,
        toolchain,
        name=f"{application}-{variant.board.firmware_board}",
        outputs=(library_of(application),),
        definitions=definitions,
        parts={"sources": sources, "inputs": inputs, "trees": trees},
        folder=f"{{sources}}/application/{application}",
    )


_APPLICATION = "application"


def _added(applications: Iterable[Application]) -> dict[str, str]:
    """What links applications into an image: nothing for the benchmark, which every image has."""
    added = [application for application in applications if application in ADDED]
    if not added:
        return {}
    return {
        "CMAKE_PROJECT_mcumatrix_image_INCLUDE": "{sources}/application/images.cmake",
        "MCUMATRIX_APPLICATIONS": ";".join(added),
        **{
            f"MCUMATRIX_{application.upper().replace('-', '_')}": f"{{inputs}}/{library_of(application)}"
            for application in added
        },
    }


def plan_image(
    variant: Variant,
    chip: Chip,
    toolchain: ToolchainIdentity,
    libraries: Iterable[BuildPlan],
    sources: Sources,
    *,
    choices: Iterable[Choice] = (),
) -> BuildPlan:
    """The plan of a variant's image: its libraries and `config.h` are its inputs, and `choices` are what it
    has elsewhere than by default.

    `config.h` holds the build id, which is made from this plan's fingerprint; all else that it says is in
    the fingerprint.
    """
    return image_planner(variant, chip, toolchain, libraries, sources, choices=choices)(variant)


def image_planner(
    variant: Variant,
    chip: Chip,
    toolchain: ToolchainIdentity,
    libraries: Iterable[BuildPlan],
    sources: Sources,
    *,
    choices: Iterable[Choice] = (),
) -> Callable[[Variant], BuildPlan]:
    """What plans the images of a variant and of all that differ from it in slug and clock alone, and in what
    is no input of an image.

    There may be thousands of them: what they have in common is worked out once, and kept once.
    """
    definitions = {
        "MCUMATRIX_BOARD": variant.board.firmware_board,
        "MCUMATRIX_RUNTIME": variant.runtime.adapter,
        "MCUMATRIX_GENERATED": "{inputs}",
        "MCUMATRIX_LIBRARY": "{inputs}/libruntime.a",
        "MCUMATRIX_PLATFORM": "{inputs}/libplatform.a",
        "MCUMATRIX_MODEL": "{inputs}/libmodel.a",
        **{f"MCUMATRIX_{part.upper()}": value for part, value in choices},
        **_added(variant.applications),
    }
    parts: dict[str, Part] = {
        "libraries": [library.fingerprint for library in libraries],
        "sources": sources,
        "runtime": variant.runtime.name,
        "kernels": variant.kernels,
        "model": variant.model.name,
        **_compiled_by(variant, chip, toolchain, definitions),
    }
    common = CommonInputs("image", parts, "clock_hz")
    steps = _steps("{sources}", variant, chip, definitions)
    outputs = ("image.elf", "image.bin", "image.map")

    def plan(one: Variant) -> BuildPlan:
        inputs = common.with_one(one.clock_hz)
        return BuildPlan(
            one.slug,
            variant.toolchain,
            inputs.fingerprint,
            steps,
            outputs,
            chip.cpu_flags,
            variant.limit_s,
            variant.limit_s,
            inputs,
        )

    return plan


def _plan(
    kind: str,
    variant: Variant,
    chip: Chip,
    toolchain: ToolchainIdentity,
    *,
    name: str,
    outputs: tuple[str, ...],
    definitions: Mapping[str, str],
    parts: Mapping[str, Part],
    folder: str = "{sources}",
) -> BuildPlan:
    inputs = Inputs(kind, {**parts, **_compiled_by(variant, chip, toolchain, definitions)})
    return BuildPlan(
        name=name,
        toolchain=variant.toolchain,
        fingerprint=inputs.fingerprint,
        steps=_steps(folder, variant, chip, definitions),
        outputs=outputs,
        cpu_flags=chip.cpu_flags,
        limit_s=variant.limit_s,
        left_s=variant.limit_s,
        inputs=inputs,
    )


def _compiled_by(
    variant: Variant, chip: Chip, toolchain: ToolchainIdentity, definitions: Mapping[str, str]
) -> dict[str, Part]:
    """What of the inputs of every plan says how it is compiled."""
    return {
        "definitions": definitions,
        "cpu_flags": chip.cpu_flags,
        "flags": flags_of(variant),
        "cmake": _cmake(variant),
        "toolchain": toolchain.sha256,
    }


def _steps(
    folder: str, variant: Variant, chip: Chip, definitions: Mapping[str, str]
) -> tuple[tuple[str, ...], ...]:
    return (_configure(folder, variant, chip, definitions), ("cmake", "--build", "{output}"))


def without_ccache(plan: BuildPlan) -> BuildPlan:
    """The same plan, in which every file is compiled anew. What comes out must be the same."""
    off = {_CCACHE_ON: _CCACHE_OFF}
    return replace(plan, steps=tuple(tuple(off.get(part, part) for part in step) for step in plan.steps))


def build_id(plan: BuildPlan) -> str:
    """What an image says of itself over the wire: the start of its fingerprint."""
    return plan.fingerprint[:BUILD_ID_DIGITS]


def execute(plan: BuildPlan, builder: Builder, folders: BuildFolders, inputs: Mapping[str, bytes]) -> None:
    """Makes the output folder anew: from nothing, so that nothing old can get into it.

    Raises:
        BuildError: a step failed; the last lines of its log are in the message.
        ToolError: a tool that a step needs is not there.
        StorageError: the folders cannot be written.
    """
    with in_sentences(f"{plan.name} could not be built", folders.output, "Nothing else is lost."):
        for folder in (folders.inputs, folders.output):
            artifact.make_anew(folder)
        for name, data in inputs.items():
            (folders.inputs / name).write_bytes(data)
        builder.execute(plan, folders, folders.output / "build.log")
        identity = asdict(builder.identity(plan.toolchain, plan.cpu_flags))
        (folders.output / TOOLCHAIN_FILE).write_text(json.dumps(identity, indent=1) + "\n")
        artifact.write_manifest(folders.output, plan.fingerprint, (*plan.outputs, TOOLCHAIN_FILE))


def read_image(plan: BuildPlan, folder: Path) -> Image:
    """The image that was made in `folder`, with its sizes and the compiler that made it."""
    elf, binary = folder / "image.elf", folder / "image.bin"
    return Image(
        build_id=build_id(plan),
        elf=elf,
        binary=binary,
        elf_sha256=hash_file(elf),
        binary_sha256=hash_file(binary),
        sizes=measure_sizes(elf, folder / "image.map"),
        toolchain=ToolchainIdentity(**json.loads((folder / TOOLCHAIN_FILE).read_text())),
    )
