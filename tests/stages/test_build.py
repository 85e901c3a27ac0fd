"""Plans: what changes an image, what does not, and what is shared."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.artifact import is_current
from mcumatrix.model.axes import Setting
from mcumatrix.model.catalogue import Board, BoardKind, Element, Toolchain
from mcumatrix.model.chip import Chip
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.model.layout import Part
from mcumatrix.model.variant import Expectation, Outcome, Variant
from mcumatrix.stages import build
from support.variants import a_variant

GCC = ToolchainIdentity("gcc 12.2", "a" * 64)
F7 = Chip("stm32f746ng", "stm32f7", ("-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16"))
DOUBLE = Chip("stm32f767zi", "stm32f7", ("-mcpu=cortex-m7", "-mfpu=fpv5-d16"))
SOURCES = {"runtime/builtin/runtime.c": "1" * 64}
O3 = Setting("optimize", "O3", ("-O3",))
FAST = Setting("math", "fast", cmake=(("FAST_MATH", "ON"),))


def _plan_library(
    variant: Variant,
    toolchain: ToolchainIdentity = GCC,
    sources: dict[str, str] = SOURCES,
    chip: Chip = F7,
) -> BuildPlan:
    definitions = {"MCUMATRIX_KERNELS": variant.kernels, "MCUMATRIX_ELEMENT": variant.model.element}
    return build.plan_library(variant, chip, toolchain, sources, definitions, trees={})


def _library(variant: Variant, toolchain: ToolchainIdentity = GCC, sources: dict[str, str] = SOURCES) -> str:
    return _plan_library(variant, toolchain, sources).fingerprint


def _image(
    variant: Variant,
    toolchain: ToolchainIdentity = GCC,
    sources: dict[str, str] = SOURCES,
    model: str = "m",
    chip: Chip = F7,
) -> BuildPlan:
    libraries = (
        _plan_library(variant, toolchain, SOURCES, chip),
        build.plan_platform(variant, chip, toolchain, sources, {"wire.h": "w"}),
        build.plan_model(variant, chip, toolchain, SOURCES, model),
    )
    return build.plan_image(variant, chip, toolchain, libraries, sources)


def _with_model(**changes: object) -> Variant:
    variant = a_variant()
    return replace(variant, model=replace(variant.model, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "variant",
    [
        a_variant(clock_hz=288_000_000),
        a_variant(repeat=99, warmup=0),
        a_variant("another-name"),
        a_variant(expect=Expectation(Outcome.FAIL, "why")),
        a_variant(board=Board("real", BoardKind.REAL, "stm32f746g_disco")),
        _with_model(name="mnist-other", file=Path("other.tflite")),
    ],
)
def test_variants_that_differ_in_clock_model_or_run_share_their_library(variant: Variant) -> None:
    assert _library(variant) == _library(a_variant())


@pytest.mark.parametrize(
    "variant",
    [
        a_variant(kernels="reference"),
        a_variant(settings=(O3,)),
        a_variant(settings=(FAST,)),
        _with_model(element=Element.FLOAT32),
    ],
)
def test_kernels_element_type_and_settings_make_a_library_of_their_own(variant: Variant) -> None:
    assert _library(variant) != _library(a_variant())
    assert _image(variant).fingerprint != _image(a_variant()).fingerprint


def test_a_library_that_is_the_same_for_all_element_types_is_shared_by_them() -> None:
    def library(variant: Variant) -> BuildPlan:
        return build.plan_library(
            variant, F7, GCC, SOURCES, {"MCUMATRIX_KERNELS": "simd"}, trees={"tensorflow": "1"}
        )

    assert library(_with_model(element=Element.FLOAT32)) == library(a_variant())
    assert library(a_variant()).name == "builtin-simd"


def test_other_code_from_elsewhere_makes_another_library() -> None:
    def library(tree: str) -> str:
        return build.plan_library(a_variant(), F7, GCC, SOURCES, {}, trees={"tensorflow": tree}).fingerprint

    assert library("1") != library("2")


def test_the_platform_is_shared_by_all_variants_of_a_board_with_the_same_flags() -> None:
    def platform(variant: Variant) -> str:
        return build.plan_platform(variant, F7, GCC, SOURCES, {"wire.h": "w"}).fingerprint

    shared = a_variant(kernels="reference", clock_hz=288_000_000)
    assert platform(shared) == platform(a_variant()) == platform(_with_model(element=Element.FLOAT32))
    assert platform(a_variant(settings=(O3,))) != platform(a_variant())
    other = a_variant(board=Board("other", BoardKind.VIRTUAL, "another_board"))
    assert platform(other) != platform(a_variant())


def test_a_compiled_model_is_shared_by_all_clocks_and_kernels() -> None:
    def model(variant: Variant, rendered: str = "m") -> str:
        return build.plan_model(variant, F7, GCC, SOURCES, rendered).fingerprint

    assert model(a_variant(kernels="reference", clock_hz=288_000_000)) == model(a_variant())
    assert model(a_variant(), "another") != model(a_variant())


def test_chips_with_the_same_core_and_fpu_share_the_library_and_others_do_not() -> None:
    def library(chip: Chip) -> BuildPlan:
        return _plan_library(a_variant(), chip=chip)

    assert library(replace(F7, name="stm32f745ve")) == library(F7)
    assert library(DOUBLE).fingerprint != library(F7).fingerprint
    assert _image(a_variant(), chip=DOUBLE).fingerprint != _image(a_variant()).fingerprint


def test_everything_is_compiled_for_the_core_and_the_fpu_of_the_chip(tmp_path: Path) -> None:
    folders = BuildFolders(tmp_path / "sources", tmp_path / "inputs", tmp_path / "output")
    for plan in (_plan_library(a_variant(), chip=DOUBLE), _image(a_variant(), chip=DOUBLE)):
        assert "-DMCUMATRIX_CPU_FLAGS=-mcpu=cortex-m7 -mfpu=fpv5-d16" in plan.steps[0]
        builder = RecordingBuilder()
        build.execute(plan, builder, folders, {})
        assert builder.seen_cpu_flags == DOUBLE.cpu_flags


def test_a_rebuild_without_ccache_is_the_same_plan() -> None:
    plan = _image(a_variant())
    rebuilt = build.without_ccache(plan)
    assert "-DMCUMATRIX_CCACHE=ON" in plan.steps[0]
    assert "-DMCUMATRIX_CCACHE=OFF" in rebuilt.steps[0]
    assert rebuilt.fingerprint == plan.fingerprint


def test_another_compiler_or_source_makes_another_library() -> None:
    assert _library(a_variant(), replace(GCC, sha256="b" * 64)) != _library(a_variant())
    assert _library(a_variant(), sources={"runtime/builtin/runtime.c": "2" * 64}) != _library(a_variant())


def test_what_a_compiler_says_of_itself_is_no_input_but_what_it_is_made_of() -> None:
    assert _library(a_variant(), replace(GCC, version="another name")) == _library(a_variant())


def test_a_board_that_shares_the_firmware_shares_the_image() -> None:
    real = a_variant(board=Board("real", BoardKind.REAL, "stm32f746g_disco"))
    assert _image(real).fingerprint == _image(a_variant()).fingerprint
    other = a_variant(board=Board("other", BoardKind.VIRTUAL, "another_board"))
    assert _image(other).fingerprint != _image(a_variant()).fingerprint


def test_repeats_warm_up_name_and_expectation_do_not_change_the_image() -> None:
    variant = a_variant("another", repeat=7, warmup=3, expect=Expectation(Outcome.FAIL, "why"))
    assert _image(variant).fingerprint == _image(a_variant()).fingerprint


@pytest.mark.parametrize(
    "image",
    [
        _image(a_variant(clock_hz=288_000_000)),
        _image(a_variant(), model="another"),
        _image(a_variant(), sources={"app/main.c": "3" * 64}),
        _image(a_variant(), replace(GCC, sha256="b" * 64)),
        _image(_with_model(name="renamed")),
    ],
)
def test_whatever_the_image_contains_or_says_of_itself_changes_it(image: BuildPlan) -> None:
    assert image.fingerprint != _image(a_variant()).fingerprint
    assert build.build_id(image) != build.build_id(_image(a_variant()))


def test_an_axis_overrides_the_default_flags_because_it_comes_later() -> None:
    configure = _image(a_variant(settings=(O3, FAST))).steps[0]
    assert "-DMCUMATRIX_FLAGS=-O2 -O3" in configure
    assert "-DFAST_MATH=ON" in configure


def test_a_plan_names_no_place_of_this_machine() -> None:
    for step in _image(a_variant()).steps:
        assert not any("/home" in argument or str(Path.cwd()) in argument for argument in step)


class RecordingBuilder:
    """Makes the outputs of a plan without a compiler."""

    def __init__(self) -> None:
        self.seen_inputs: dict[str, bytes] = {}
        self.seen_cpu_flags: tuple[str, ...] = ()

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...]) -> ToolchainIdentity:
        self.seen_cpu_flags = cpu_flags
        return GCC

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        self.seen_inputs = {path.name: path.read_bytes() for path in folders.inputs.iterdir()}
        assert not any(folders.output.iterdir())
        for name in plan.outputs:
            (folders.output / name).write_bytes(b"made")

    def stop(self) -> None:
        pass

    def reap(self) -> None:
        pass


def test_a_build_begins_with_empty_folders_and_ends_with_a_manifest(tmp_path: Path) -> None:
    folders = BuildFolders(tmp_path / "sources", tmp_path / "inputs", tmp_path / "output")
    for folder in (folders.inputs, folders.output):
        folder.mkdir()
        (folder / "left-over").touch()
    plan, builder = _image(a_variant()), RecordingBuilder()
    build.execute(plan, builder, folders, {"config.h": b"#define X"})
    assert builder.seen_inputs == {"config.h": b"#define X"}
    assert is_current(folders.output, plan.fingerprint)


def test_a_build_that_was_cut_short_leaves_nothing_that_counts(tmp_path: Path) -> None:
    class Killed(RecordingBuilder):
        def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
            super().execute(plan, folders, log)
            raise KeyboardInterrupt

    folders = BuildFolders(tmp_path / "sources", tmp_path / "inputs", tmp_path / "output")
    plan = _image(a_variant())
    build.execute(plan, RecordingBuilder(), folders, {})
    with pytest.raises(KeyboardInterrupt):
        build.execute(plan, Killed(), folders, {})
    assert not is_current(folders.output, plan.fingerprint)


def test_an_output_says_which_compiler_made_it_in_which_image(tmp_path: Path) -> None:
    """That is not always the present one: what a container made may be used where there is none."""

    class Contained(RecordingBuilder):
        def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...]) -> ToolchainIdentity:
            return replace(GCC, image_id="sha256:1")

    folders = BuildFolders(tmp_path / "sources", tmp_path / "inputs", tmp_path / "output")
    build.execute(_image(a_variant()), Contained(), folders, {})
    kept = json.loads((folders.output / build.TOOLCHAIN_FILE).read_text())
    assert kept == {"version": "gcc 12.2", "sha256": "a" * 64, "image_id": "sha256:1"}


def test_a_layout_changes_an_image_and_no_library() -> None:
    placed = Setting("placement", "fast", layout=((Part.ARENA, "dtcm"),))
    variant = replace(a_variant(), settings=(placed,))
    assert _library(variant) == _library(a_variant())
    libraries = [_plan_library(variant)]
    default = build.plan_image(variant, F7, GCC, libraries, SOURCES)
    elsewhere = build.plan_image(variant, F7, GCC, libraries, SOURCES, choices=((Part.ARENA, "dtcm"),))
    assert default.fingerprint != elsewhere.fingerprint
    assert default.fingerprint == build.plan_image(a_variant(), F7, GCC, libraries, SOURCES).fingerprint
    assert "-DMCUMATRIX_ARENA=dtcm" in elsewhere.steps[0]
    assert not any("MCUMATRIX_ARENA" in part for part in default.steps[0])
