"""What a runtime of TensorFlow Lite Micro takes from where, and what it renders."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.runtimes.tflm.conftest import WriteFiles, WriteTree
from mcumatrix.adapters.runtimes.tflm.runtime import Needs, TflmRuntime, render_tflm, source_variable
from mcumatrix.errors import RenderError, SourceError
from mcumatrix.model.catalogue import Element, Runtime, Source
from mcumatrix.model.kernels import KERNELS_FILE, KernelFacts

REPOSITORY = Path(__file__).parents[4]
TEMPLATES = REPOSITORY / "templates"
MODEL = (REPOSITORY / "firmware" / "models" / "mnist-float32.tflite").read_bytes()
PINNED = tuple(
    Source(name, f"https://example.org/{name}-1.zip", f"md5:{digit * 32}")
    for name, digit in (("tensorflow", "1"), ("flatbuffers", "2"), ("gemmlowp", "3"), ("cmsis", "4"))
)


def unpatched(name: str, folder: Path, contents: str, patches: Sequence[Path]) -> Path:
    raise AssertionError((name, folder, contents, patches))


def a_runtime(
    *sources: Source,
    environment: dict[str, str] | None = None,
    name: str = "tflm-2.1.0",
    say: Callable[[str], None] = print,
    operators: Sequence[str] = ("SOFTMAX", "CONV_2D", "CONV_2D"),
    variables: int = 0,
    keeps_state: bool = False,
) -> TflmRuntime:
    entry = Runtime(name, "tflm", ("reference", "cmsis-nn"), (Element.FLOAT32,), sources)
    return TflmRuntime(
        entry,
        REPOSITORY / "firmware",
        TEMPLATES,
        lambda source, _parts: Path("/fetched") / source.name,
        environment or {},
        needs_of=lambda _model: Needs(operators, variables, keeps_state),
        patched=unpatched,
        say=say,
    )


def test_a_pinned_runtime_is_identified_by_its_checksums_and_fetched_part_by_part() -> None:
    runtime = a_runtime(*PINNED)
    assert runtime.trees("cmsis-nn") == {source.name: source.checksum for source in PINNED}
    assert runtime.folders("cmsis-nn")["cmsis"] == Path("/fetched/cmsis")
    assert runtime.definitions("cmsis-nn", Element.FLOAT32)["MCUMATRIX_TREE_CMSIS"] == "{tree_cmsis}"


def test_reference_kernels_need_no_cmsis() -> None:
    runtime = a_runtime(*PINNED)
    assert set(runtime.trees("reference")) == {"tensorflow", "flatbuffers", "gemmlowp"}
    assert "MCUMATRIX_TREE_CMSIS" not in runtime.definitions("reference", Element.FLOAT32)


def test_one_library_serves_every_element() -> None:
    runtime = a_runtime(*PINNED)
    assert runtime.definitions("reference", Element.FLOAT32) == runtime.definitions("reference", Element.INT8)


def test_a_folder_of_ones_own_is_identified_by_its_contents(write_tree: WriteTree) -> None:
    root = write_tree("arena")
    environment = {"MCUMATRIX_SOURCE_TFLM_2_1_0": str(root)}
    before = a_runtime(*PINNED, environment=environment)
    hashes = before.trees("reference")
    assert before.folders("reference")["tensorflow"] == root
    assert hashes["flatbuffers"] == PINNED[1].checksum, "what is not beside it is fetched"
    (root / "tensorflow/lite/c/common.c").write_text("int changed;")
    (root / "README.md").write_text("not code")
    after = a_runtime(*PINNED, environment=environment).trees("reference")
    assert after["tensorflow"] != hashes["tensorflow"]


def test_a_library_beside_a_folder_of_ones_own_is_used_in_place_of_the_pinned_one(
    write_tree: WriteTree, tmp_path: Path
) -> None:
    root = write_tree("arena")
    beside = tmp_path / "flatbuffers"
    (beside / "include" / "flatbuffers").mkdir(parents=True)
    (beside / "include" / "flatbuffers" / "flatbuffers.h").touch()
    runtime = a_runtime(*PINNED, environment={"MCUMATRIX_SOURCE_TFLM_2_1_0": str(root)})
    assert runtime.folders("reference")["flatbuffers"] == beside
    assert runtime.trees("reference")["flatbuffers"] != PINNED[1].checksum


def test_a_library_that_is_pinned_otherwise_than_the_tree_asks_is_said(
    write_tree: WriteTree, write_files: WriteFiles, tmp_path: Path
) -> None:
    asked = (
        'FLATBUFFERS_URL := "https://example.org/flatbuffers-9.zip"\nFLATBUFFERS_MD5 := "' + "9" * 32 + '"\n'
    )
    pins = "tensorflow/lite/micro/tools/make/third_party_downloads.inc"
    root = write_tree("arena", extra={pins: asked})
    others = write_files(
        tmp_path / "fetched",
        {
            "flatbuffers/include/flatbuffers/flatbuffers.h": "",
            "gemmlowp/fixedpoint/fixedpoint.h": "",
            "gemmlowp/internal/x.h": "",
        },
    )
    said: list[str] = []
    runtime = a_runtime(*PINNED, environment={"MCUMATRIX_SOURCE_TFLM_2_1_0": str(root)}, say=said.append)
    folders = {"tensorflow": root, "flatbuffers": others / "flatbuffers", "gemmlowp": others / "gemmlowp"}
    inputs = runtime.library_inputs("reference", folders)
    assert "tflm_sources" in inputs["tflm.cmake"].decode()
    assert inputs[KERNELS_FILE] == KernelFacts(frozenset(), frozenset(), ("NDEBUG",)).to_json(), (
        "its kernels were asked"
    )
    assert said == [
        f"The tree asks for flatbuffers from https://example.org/flatbuffers-9.zip (md5:{'9' * 32});"
        f" the catalogue has https://example.org/flatbuffers-1.zip (md5:{'2' * 32})."
    ]


def test_a_folder_that_is_not_there_is_said_with_the_way_to_name_another(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        a_runtime(Source("tensorflow", path=tmp_path / "gone"), name="tflm-local")
    assert str(error.value) == (
        f"{tmp_path}/gone, the folder of tensorflow for the runtime tflm-local, is not there.\n"
        "  Put it there, or say where it is: MCUMATRIX_SOURCE_TFLM_LOCAL=/path/to/tensorflow doit matrix"
    )


def test_a_source_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SourceError) as error:
        a_runtime(PINNED[0], Source("eigen", "https://example.org/eigen.zip", "md5:" + "5" * 32))
    assert str(error.value) == (
        "The runtime tflm-2.1.0 has the sources tensorflow, eigen.\n"
        "  It needs tensorflow, and may have flatbuffers, gemmlowp, cmsis, cmsis-nn, ruy."
    )


def test_the_variable_for_a_folder_has_the_runtimes_name() -> None:
    assert source_variable("tflm-1.14.0") == "MCUMATRIX_SOURCE_TFLM_1_14_0"


def test_a_model_is_rendered_byte_for_byte() -> None:
    text = render_tflm(MODEL, Needs(["CONV_2D"]), TEMPLATES)["model.c"].decode()
    body = re.search(rf"tflm_model\[{len(MODEL)}\] [^=]*= {{(.*?)}};", text, re.DOTALL)
    assert body is not None
    assert bytes(map(int, body[1].replace("\n", "").replace(" ", "").rstrip(",").split(","))) == MODEL


def test_what_is_no_model_that_we_read_is_rendered_all_the_same() -> None:
    def nobody() -> None:
        raise AssertionError("the library has a parser of its own")

    assert a_runtime(*PINNED).render(b"\1\2", nobody)["model.c"].count(b"1,2,") == 1  # type: ignore[arg-type]


def test_a_model_names_the_operators_that_its_image_is_to_have_once_each() -> None:
    text = a_runtime(*PINNED).render(MODEL, lambda: None)["model.c"].decode()  # type: ignore[arg-type, return-value]
    assert re.findall(r"^extern tflm_operator (\w+) __attribute__\(\(weak\)\);$", text, re.MULTILINE) == [
        "tflm_operator_CONV_2D",
        "tflm_operator_SOFTMAX",
    ]
    table = text.partition("tflm_operators[] = {")[2].partition("}")[0]
    assert table.replace(" ", "").split() == ["tflm_operator_CONV_2D,", "tflm_operator_SOFTMAX,", "0,"]
    assert "const unsigned int tflm_operator_count = 2;" in text


def test_a_model_with_variables_gets_room_for_their_list_and_starts_before_each_inference() -> None:
    def rendered(**needs: int) -> str:
        return a_runtime(*PINNED, **needs).render(MODEL, lambda: None)["model.c"].decode()  # type: ignore[arg-type, return-value]

    text = rendered(variables=3, keeps_state=True)
    assert "const unsigned int tflm_keeps_state = 1;" in text
    assert "const unsigned int tflm_variable_count = 3;" in text
    assert "unsigned char tflm_variables[1120] __attribute__((aligned(16)));" in text
    text = rendered()
    assert "const unsigned int tflm_keeps_state = 0;" in text
    assert "const unsigned int tflm_variables_size_bytes = 0;" in text


def own_tree(folder: Path) -> Source:
    return Source("tensorflow", path=folder)


def test_a_custom_operator_of_the_tree_is_rendered_like_any_other(
    write_tree: WriteTree,
) -> None:
    runtime = a_runtime(own_tree(write_tree("log")), operators=("CUSTOM 'TFLM_DECODE'",))
    text = runtime.render(MODEL, lambda: None)["model.c"].decode()  # type: ignore[arg-type, return-value]
    assert "extern tflm_operator tflm_operator_CUSTOM_TFLM_DECODE __attribute__((weak));" in text


@pytest.mark.parametrize(("generation", "there"), [("log", "CUSTOM 'TFLM_DECODE'"), ("arena", "none")])
def test_a_custom_operator_that_the_tree_lacks_is_an_error_before_anything_is_built(
    write_tree: WriteTree, generation: str, there: str
) -> None:
    runtime = a_runtime(
        own_tree(write_tree(generation)), operators=("CONV_2D", "CUSTOM 'b'", "CUSTOM 'a'", "CUSTOM 'b'")
    )
    with pytest.raises(RenderError) as caught:
        runtime.render(MODEL, lambda: None)  # type: ignore[arg-type, return-value]
    assert str(caught.value) == (
        "The model needs CUSTOM 'a' and CUSTOM 'b'; tflm-2.1.0 has no kernel of that.\n"
        f"  Its tree's MicroMutableOpResolver adds {there}. A patch of the tree can add others."
    )


def test_where_the_tree_cannot_be_had_the_library_says_so_and_not_the_model() -> None:
    runtime = a_runtime(*PINNED, operators=("CUSTOM 'a'",))
    assert "tflm_operator_CUSTOM_a" in runtime.render(MODEL, lambda: None)["model.c"].decode()  # type: ignore[arg-type, return-value]


def test_the_operators_that_are_needed_are_a_part_of_the_library() -> None:
    entry = Runtime("tflm-9", "tflm", ("reference",), (Element.INT8,), PINNED)

    def definitions(operators: tuple[str, ...] | None) -> str:
        runtime = TflmRuntime(
            replace(entry, operators=operators),
            REPOSITORY / "firmware",
            TEMPLATES,
            lambda source, _parts: Path("/fetched") / source.name,
            {},
            needs_of=lambda _model: Needs(()),
            patched=unpatched,
            say=print,
        )
        return runtime.definitions("reference", Element.INT8)["MCUMATRIX_OPERATORS"]

    assert definitions(("ADD", "CONV_2D", "CUSTOM 'a'")) == "ADD CONV_2D CUSTOM_a"
    assert definitions(None) == "all"


def test_of_a_cmsis_without_cmsis_nn_only_the_core_is_unpacked() -> None:
    asked: dict[str, tuple[str, ...]] = {}

    def obtain(source: Source, parts: tuple[str, ...]) -> Path:
        asked[source.name] = parts
        return Path("/fetched") / source.name

    network = Source("cmsis-nn", "https://example.org/nn-1.zip", "md5:" + "5" * 32)
    entry = Runtime("tflm-9", "tflm", ("cmsis-nn",), (Element.INT8,), (*PINNED, network))
    runtime = TflmRuntime(
        entry,
        REPOSITORY / "firmware",
        TEMPLATES,
        obtain,
        {},
        needs_of=lambda _model: Needs(()),
        patched=unpatched,
        say=print,
    )
    runtime.folders("cmsis-nn")
    assert asked["cmsis"] == ("CMSIS/Core",)
    assert asked["cmsis-nn"] == ("Include", "Source")
    definitions = runtime.definitions("cmsis-nn", Element.INT8)
    assert definitions["MCUMATRIX_TREE_CMSIS_NN"] == "{tree_cmsis-nn}"


def test_patches_are_applied_to_a_copy_and_are_a_part_of_the_identity(
    write_tree: WriteTree, tmp_path: Path
) -> None:
    root = write_tree("arena")
    patch = tmp_path / "mine.diff"
    patch.write_text("one")
    calls: list[tuple[str, Path, tuple[Path, ...]]] = []

    def apply(name: str, folder: Path, contents: str, patches: Sequence[Path]) -> Path:
        assert contents
        calls.append((name, folder, tuple(patches)))
        return tmp_path / "copy"

    def runtime(*patches: Path) -> TflmRuntime:
        entry = Runtime("tflm-9", "tflm", ("reference",), (Element.INT8,), PINNED, patches=patches)
        return TflmRuntime(
            entry,
            REPOSITORY / "firmware",
            TEMPLATES,
            lambda source, _parts: Path("/fetched") / source.name,
            {"MCUMATRIX_SOURCE_TFLM_9": str(root)},
            needs_of=lambda _model: Needs(()),
            patched=apply,
            say=print,
        )

    plain = runtime().trees("reference")["tensorflow"]
    first = runtime(patch).trees("reference")["tensorflow"]
    assert runtime(patch).folders("reference")["tensorflow"] == tmp_path / "copy"
    assert calls == [("tensorflow", root, (patch,))]
    patch.write_text("two")
    assert len({plain, first, runtime(patch).trees("reference")["tensorflow"]}) == 3


def test_a_patch_that_is_not_there_is_said(tmp_path: Path) -> None:
    entry = Runtime("tflm-9", "tflm", ("reference",), (Element.INT8,), PINNED, patches=(tmp_path / "gone",))
    runtime = TflmRuntime(
        entry,
        REPOSITORY / "firmware",
        TEMPLATES,
        lambda source, _parts: Path("/fetched") / source.name,
        {},
        needs_of=lambda _model: Needs(()),
        patched=unpatched,
        say=print,
    )
    with pytest.raises(SourceError) as error:
        runtime.trees("reference")
    assert str(error.value) == (
        f"The patch {tmp_path}/gone cannot be read: No such file or directory.\n"
        "  Paths of patches begin at the project's folder."
    )
