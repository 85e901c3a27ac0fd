"""A tree is what its files say: layouts and generations of TensorFlow's releases, and what fits none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.adapters.runtimes.tflm.tree import (
    Generation,
    TflmTree,
    TreePin,
    pins_differ,
    read_tree,
    without_comments,
)
from mcumatrix.errors import SourceError
from mcumatrix.model.catalogue import Element, Source

WriteTree = Callable[..., Path]

NEW = "tensorflow/lite/micro"
OLD = "tensorflow/lite/experimental/micro"
INTERPRETER = f"{NEW}/micro_interpreter.h"


def refusal(folder: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_tree(folder)
    return caught.value


@pytest.mark.parametrize("generation", list(Generation))
@pytest.mark.parametrize("micro", [OLD, NEW])
def test_a_generation_is_known_by_its_headers_in_either_layout(
    write_tree: WriteTree, generation: Generation, micro: str
) -> None:
    folder = write_tree(generation, micro)
    tree = read_tree(folder)
    assert tree == TflmTree(
        folder=folder,
        root=folder,
        micro=micro,
        c_api="tensorflow/lite/c/common.c",
        generation=generation,
        registration="TFLMRegistration" if generation is Generation.LOG else "TfLiteRegistration",
        log_takes_arguments=generation is Generation.LOG,
        has_arena_used_bytes=False,
        has_recorder=False,
        schema_version=3,
        cmsis_nn_folder="",
        cmsis_nn_kernels=(),
        elements=(Element.FLOAT32, Element.UINT8),
        pins={},
    )
    assert tree.micro_folder == folder / micro


@pytest.mark.parametrize(
    ("files", "tells_used", "expected"),
    [
        (("recording_micro_interpreter.h", "recording_micro_allocator.cc"), True, True),
        (("recording_micro_interpreter.h", "recording_micro_allocator.cpp"), True, True),
        (("recording_micro_interpreter.h",), True, False),
        (("recording_micro_allocator.cc",), True, False),
        (("recording_micro_interpreter.h", "recording_micro_allocator.cc"), False, False),
    ],
)
def test_a_tree_has_a_recorder_where_its_source_is_there_too(
    write_tree: WriteTree, files: tuple[str, ...], tells_used: bool, expected: bool
) -> None:
    micro = write_tree("log") / NEW
    for name in files:
        (micro / name).write_text("")
    if tells_used:
        header = micro / "micro_interpreter.h"
        header.write_text(header.read_text() + "size_t arena_used_bytes() const;\n")
    assert read_tree(micro.parents[len(Path(NEW).parts) - 1]).has_recorder is expected


def test_the_include_root_may_be_one_folder_below(write_tree: WriteTree, tmp_path: Path) -> None:
    write_tree("arena", folder=tmp_path / "libs" / "tensorflow")
    tree = read_tree(tmp_path / "libs")
    assert (tree.folder, tree.root) == (tmp_path / "libs", tmp_path / "libs" / "tensorflow")


def test_a_relative_folder_is_the_same_as_an_absolute_one(
    write_tree: WriteTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tree("arena")
    monkeypatch.chdir(folder / "tensorflow")
    assert read_tree(Path("..")) == read_tree(folder)


def test_an_include_root_deeper_down_is_not_found(write_tree: WriteTree, tmp_path: Path) -> None:
    write_tree("arena", folder=tmp_path / "a" / "b")
    error = refusal(tmp_path)
    assert error.message == (
        f"There is no TensorFlow tree in {tmp_path}: looked for"
        f" {tmp_path}/tensorflow/lite/schema/schema_generated.h or"
        f" {tmp_path}/tensorflow/tensorflow/lite/schema/schema_generated.h."
    )
    assert (
        error.hint
        == "Give the folder of a TensorFlow tree, or of another one that has tensorflow/lite in it."
    )


def test_who_gives_a_folder_within_a_tree_is_told_which_one_to_give(write_tree: WriteTree) -> None:
    folder = write_tree("arena")
    assert refusal(folder / "tensorflow").hint == f"Give the folder above it: {folder}."


def test_the_new_micro_folder_wins_if_it_has_an_interpreter(write_tree: WriteTree) -> None:
    folder = write_tree("allocator", OLD)
    (folder / NEW).mkdir()
    assert read_tree(folder).micro == OLD
    write_tree("arena", NEW)
    assert read_tree(folder).micro == NEW


def test_a_tree_without_an_interpreter_for_microcontrollers_is_refused(write_tree: WriteTree) -> None:
    folder = write_tree("arena", extra={INTERPRETER: None})
    error = refusal(folder)
    assert error.message == (
        f"The TensorFlow tree in {folder} has no interpreter for microcontrollers: looked for"
        " tensorflow/lite/micro/micro_interpreter.h and"
        " tensorflow/lite/experimental/micro/micro_interpreter.h."
    )
    assert error.hint == (
        "TensorFlow has one from 1.14 to 2.5, and then tflite-micro; what was unpacked may leave it out."
    )


@pytest.mark.parametrize(
    "name", ["c/c_api_internal.c", "c/common.cpp", "core/c/common.cc", "core/c/common.cpp"]
)
def test_the_c_api_has_several_names(write_tree: WriteTree, name: str) -> None:
    files = {"tensorflow/lite/c/common.c": None, f"tensorflow/lite/{name}": ""}
    assert read_tree(write_tree("arena", extra=files)).c_api == f"tensorflow/lite/{name}"


def test_the_c_api_of_today_wins_over_what_is_left_of_older_ones(write_tree: WriteTree) -> None:
    folder = write_tree("log", extra={"tensorflow/lite/core/c/common.cc": ""})
    assert read_tree(folder).c_api == "tensorflow/lite/core/c/common.cc"


def test_a_header_of_the_c_api_alone_is_not_enough(write_tree: WriteTree) -> None:
    folder = write_tree("arena", extra={"tensorflow/lite/c/common.c": None})
    error = refusal(folder)
    assert error.message == (
        f"The TensorFlow tree in {folder} has no source of the C API: looked for"
        " tensorflow/lite/core/c/common, tensorflow/lite/core/api/common, tensorflow/lite/c/common,"
        " tensorflow/lite/c/c_api_internal, each with .cc, .cpp, .c."
    )
    assert error.hint == "A header alone is not enough; what was unpacked may leave the source out."


def test_what_stands_in_comments_does_not_count(write_tree: WriteTree) -> None:
    header = (
        "// MicroInterpreter(const Model* m, const OpResolver& r, SimpleTensorAllocator*, ErrorReporter*);\n"
        "/* size_t arena_used_bytes() const; */\n"
        "MicroInterpreter(const Model* m, const OpResolver& r, /* the arena: */ uint8_t* a,\n"
        "                 size_t size,  // in bytes\n"
        "                 ErrorReporter* e);\n"
    )
    tree = read_tree(write_tree("arena", extra={INTERPRETER: header}))
    assert (tree.generation, tree.has_arena_used_bytes) == (Generation.ARENA, False)


def test_what_looks_like_a_comment_in_a_literal_stays() -> None:
    code = 'a = "/* \\" // */"; b = \'"\'; // c\nd /* e\n */ f'
    assert without_comments(code) == 'a = "/* \\" // */"; b = \'"\';  \nd   f'


def test_a_constructor_among_others_is_enough(write_tree: WriteTree) -> None:
    header = (
        "MicroInterpreter(const Model* m, const MicroOpResolver& r, MicroAllocator* a, ErrorReporter* e);\n"
        "MicroInterpreter(const tflite::Model* m, const tflite::MicroOpResolver& r, uint8_t* a,\n"
        "                 std::size_t s, tflite::ErrorReporter* e);\n"
    )
    assert read_tree(write_tree("profiler", extra={INTERPRETER: header})).generation is Generation.PROFILER


def test_namespaces_may_be_written_in_one(write_tree: WriteTree) -> None:
    header = "namespace tflite::ops::micro {\nclass AllOpsResolver final : public R {};\n}\n"
    folder = write_tree("arena", extra={f"{NEW}/kernels/all_ops_resolver.h": header})
    assert read_tree(folder).generation is Generation.ARENA


def test_a_class_that_is_only_declared_is_not_there(write_tree: WriteTree) -> None:
    header = "namespace tflite { namespace ops { namespace micro { class AllOpsResolver; } } }\n"
    folder = write_tree("arena", extra={f"{NEW}/kernels/all_ops_resolver.h": header})
    assert "no AllOpsResolver in" in refusal(folder).message


def test_a_tree_between_two_generations_is_refused_with_what_it_has(write_tree: WriteTree) -> None:
    # As it was for some weeks of 2020: the new way of finding kernels, behind the old list of them.
    header = (
        "MicroInterpreter(const Model* m, const MicroOpResolver& r, uint8_t* a, size_t s, ErrorReporter*);\n"
    )
    folder = write_tree("arena", extra={INTERPRETER: header})
    error = refusal(folder)
    assert error.message == (
        f"The interpreter in {folder}/tensorflow/lite/micro is none that is known. Its headers have"
        " MicroInterpreter(const Model* m, const MicroOpResolver& r, uint8_t* a, size_t s, ErrorReporter*),"
        " tflite::ops::micro::AllOpsResolver in tensorflow/lite/micro/kernels/all_ops_resolver.h,"
        " FindOp with a version in OpResolver, no GetOpDataParser in MicroOpResolver, and no"
        " MicroMutableOpResolver."
    )
    assert error.hint == (
        "Known are those of TensorFlow 1.14 to 2.5 and of tflite-micro until August 2026; another one"
        " needs an"
        " adapter of its own under firmware/runtime/tflm."
    )


def test_a_tree_after_all_generations_is_refused_with_what_it_has(write_tree: WriteTree) -> None:
    folder = write_tree(
        "profiler",
        extra={
            INTERPRETER: "class MicroInterpreter { ~MicroInterpreter(); };\n",
            "tensorflow/lite/core/api/op_resolver.h": None,
        },
    )
    assert refusal(folder).message == (
        f"The interpreter in {folder}/tensorflow/lite/micro is none that is known. Its headers have no"
        " constructor, no AllOpsResolver in tensorflow/lite/micro/all_ops_resolver.h or"
        " tensorflow/lite/micro/kernels/all_ops_resolver.h, FindOp without a version in OpResolver,"
        " GetOpDataParser in MicroOpResolver, and MicroMutableOpResolver."
    )


def test_an_interpreter_that_reports_to_nobody_says_what_it_says_to_the_log(write_tree: WriteTree) -> None:
    header = "MicroInterpreter(const Model* m, const MicroOpResolver& r, uint8_t* a, size_t s);\n"
    tree = read_tree(write_tree("profiler", extra={INTERPRETER: header}))
    # As between 2022 and 2023: the old registration, and a log without arguments.
    assert (tree.generation, tree.registration, tree.log_takes_arguments) == (
        Generation.LOG,
        "TfLiteRegistration",
        False,
    )


def test_a_measure_of_the_arena_is_found(write_tree: WriteTree) -> None:
    folder = write_tree("profiler")
    with (folder / INTERPRETER).open("a") as header:
        header.write("size_t arena_used_bytes() const { return 0; }\n")
    assert read_tree(folder).has_arena_used_bytes


def test_the_schema_version_may_stand_in_the_interpreter_or_nowhere(write_tree: WriteTree) -> None:
    folder = write_tree(
        "arena", extra={"tensorflow/lite/version.h": "// #define TFLITE_SCHEMA_VERSION (9)\n"}
    )
    assert read_tree(folder).schema_version is None
    with (folder / INTERPRETER).open("a") as header:
        header.write("#define TFLITE_SCHEMA_VERSION (3)\n")
    assert read_tree(folder).schema_version == 3


@pytest.mark.parametrize("name", ["cmsis-nn", "cmsis_nn"])
def test_kernels_that_call_cmsis_nn_are_found_in_either_folder(write_tree: WriteTree, name: str) -> None:
    files = {f"{NEW}/kernels/{name}/{file}": "" for file in ("conv.cc", "add.cc", "README.md")}
    tree = read_tree(write_tree("arena", extra=files))
    assert (tree.cmsis_nn_folder, tree.cmsis_nn_kernels) == (f"kernels/{name}", ("add.cc", "conv.cc"))


def test_elements_are_the_cases_of_the_convolution(write_tree: WriteTree) -> None:
    code = "switch (t) { case kTfLiteInt8: case kTfLiteFloat32: /* case kTfLiteUInt8: */ break; }"
    folder = write_tree("arena", extra={f"{NEW}/kernels/conv.cc": code})
    assert read_tree(folder).elements == (Element.FLOAT32, Element.INT8)
    (folder / NEW / "kernels/conv.cc").unlink()
    assert read_tree(folder).elements == ()


PINS = """# URLs
FLATBUFFERS_URL := "https://mirror.example.org/flatbuffers/archive/v1.11.0.tar.gz"
FLATBUFFERS_MD5 := "02C64880acb89dbd57eebacfd67200d8"
ifeq ($(HOST_OS),osx)
  CMSIS_URL := "https://example.org/mac.zip"
  CMSIS_MD5 := "11111111111111111111111111111111"
else
  CMSIS_URL := "https://example.org/5.4.0.zip"
  CMSIS_MD5 := "f451f1dccc844e894939055db278a40e"
endif
RUY_URL="https://example.org/ruy.zip"
RUY_MD5="e9c9870741554afcc7a20c360254b31c"
AM_SDK_URL := "https://example.org/sdk.zip"
AM_SDK_MD5 := "70332bc6968602bd85bee600ca81d06f"
AM_SDK_DEST := sdk
LONELY_URL := "https://example.org/x.zip"
"""
DOWNLOADS = f"{NEW}/tools/make/third_party_downloads.inc"


def test_a_trees_own_pins_are_read_as_linux_has_them(write_tree: WriteTree) -> None:
    assert read_tree(write_tree("arena", extra={DOWNLOADS: PINS})).pins == {
        "am_sdk": TreePin("https://example.org/sdk.zip", "70332bc6968602bd85bee600ca81d06f"),
        "cmsis": TreePin("https://example.org/5.4.0.zip", "f451f1dccc844e894939055db278a40e"),
        "flatbuffers": TreePin(
            "https://mirror.example.org/flatbuffers/archive/v1.11.0.tar.gz",
            "02c64880acb89dbd57eebacfd67200d8",
        ),
        "ruy": TreePin("https://example.org/ruy.zip", "e9c9870741554afcc7a20c360254b31c"),
    }


SCRIPT = """#!/bin/bash
if [ -d ${DOWNLOADED} ]; then
  echo done
else
  ZIP_PREFIX_NN="4ab83cc"
  CMSIS_NN_URL="http://example.org/CMSIS-NN/archive/${ZIP_PREFIX_NN}.zip"
  CMSIS_NN_MD5="c960031e7d10cf31c477fb34ef460106"
  ZIP_PREFIX="5782d6f"
  CMSIS_URL="http://example.org/CMSIS_6/archive/${ZIP_PREFIX}.zip"
  CMSIS_MD5="563e7c6465f63bdc034359e9b536b366"
  ZIP_PREFIX="c2c70a9"
  CMSIS_DFP_URL="http://example.org/DFP/archive/${ZIP_PREFIX}.zip"
  CMSIS_DFP_MD5="3cbb6955b6d093a2fe078ef2341f6b89"
fi
"""


def test_pins_in_scripts_are_read_as_bash_would(write_tree: WriteTree) -> None:
    script = f"{NEW}/tools/make/ext_libs/cmsis_download.sh"
    pins = read_tree(write_tree("log", extra={script: SCRIPT, DOWNLOADS: PINS})).pins
    assert {name: pins[name].url for name in ("cmsis", "cmsis-nn", "cmsis_dfp", "ruy")} == {
        "cmsis": "http://example.org/CMSIS_6/archive/5782d6f.zip",
        "cmsis-nn": "http://example.org/CMSIS-NN/archive/4ab83cc.zip",
        "cmsis_dfp": "http://example.org/DFP/archive/c2c70a9.zip",
        "ruy": "https://example.org/ruy.zip",
    }


def test_a_commit_is_the_one_of_an_archive_by_its_id_or_its_tag(write_tree: WriteTree) -> None:
    commit, other = "719139ce755a0f31cbf1c37f7f98adcc7fc9f425", "0" * 40
    asked = (
        f'GEMMLOWP_URL := "https://example.org/{commit}.zip"\nGEMMLOWP_MD5 := "{"1" * 32}"\n'
        f'FLATBUFFERS_URL := "https://example.org/v25.9.23.zip"\nFLATBUFFERS_MD5 := "{"2" * 32}"\n'
    )
    tree = read_tree(write_tree("log", extra={DOWNLOADS: asked}))
    same = [
        Source("gemmlowp", "https://example.org/gemmlowp", f"git:{commit}"),
        Source("flatbuffers", "https://example.org/flatbuffers", f"git:{other}", revision="v25.9.23"),
    ]
    assert pins_differ(tree, same) == []
    assert pins_differ(tree, [Source("gemmlowp", "https://example.org/gemmlowp", f"git:{other}")]) == [
        f"The tree asks for gemmlowp from https://example.org/{commit}.zip (md5:{'1' * 32}); the"
        " catalogue has"
        f" https://example.org/gemmlowp (git:{other})."
    ]


def test_pins_that_differ_are_said_and_no_others(write_tree: WriteTree) -> None:
    tree = read_tree(write_tree("arena", extra={DOWNLOADS: PINS}))
    same = [
        # By md5, wherever it is fetched from; by version, where checksums are of different kinds.
        Source("flatbuffers", "https://example.org/v1.11.0.tar.gz", "md5:02c64880acb89dbd57eebacfd67200d8"),
        Source("cmsis", "https://example.net/5.4.0.tar.gz", f"sha256:{'0' * 64}"),
        Source("gemmlowp", "https://example.org/gemmlowp.zip", f"md5:{'0' * 32}"),
        Source("ruy", path=Path("/somewhere")),
    ]
    assert pins_differ(tree, same) == []
    other = [
        Source("flatbuffers", "https://example.org/v1.11.0.tar.gz", f"md5:{'0' * 32}"),
        Source("cmsis", "https://example.net/5.7.0.tar.gz", f"sha256:{'0' * 64}"),
    ]
    assert pins_differ(tree, other) == [
        "The tree asks for flatbuffers from https://mirror.example.org/flatbuffers/archive/v1.11.0.tar.gz"
        " (md5:02c64880acb89dbd57eebacfd67200d8); the catalogue has https://example.org/v1.11.0.tar.gz"
        f" (md5:{'0' * 32}).",
        "The tree asks for cmsis from https://example.org/5.4.0.zip (md5:f451f1dccc844e894939055db278a40e);"
        f" the catalogue has https://example.net/5.7.0.tar.gz (sha256:{'0' * 64}).",
    ]


def test_text_that_is_not_utf_8_can_be_read(write_tree: WriteTree) -> None:
    folder = write_tree("arena")
    (folder / NEW / "kernels/conv.cc").write_bytes(b"case kTfLiteInt8: // \xe9\n")
    assert read_tree(folder).elements == (Element.INT8,)
