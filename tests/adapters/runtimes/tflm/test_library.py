"""What is compiled of a tree: which files, where includes are, which switches; and as CMake reads it."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from adapters.runtimes.tflm.conftest import MUTABLE_RESOLVER, files_of, kernel
from mcumatrix.adapters.runtimes.tflm.cmake_list import to_cmake, to_operators
from mcumatrix.adapters.runtimes.tflm.library import Library, list_library, missing_parties
from mcumatrix.adapters.runtimes.tflm.operators import symbol_of
from mcumatrix.adapters.runtimes.tflm.switches import Definition
from mcumatrix.adapters.runtimes.tflm.third_party import Place, find_parties
from mcumatrix.adapters.runtimes.tflm.tree import read_tree
from mcumatrix.errors import SourceError
from mcumatrix.model.network import custom_operator

WriteFiles = Callable[[Path, Mapping[str, str]], Path]
WriteTree = Callable[..., Path]

LITE = "tensorflow/lite"
NEW = "tensorflow/lite/micro"
OLD = "tensorflow/lite/experimental/micro"
LIBRARIES = {
    "flatbuffers/include/flatbuffers/flatbuffers.h": "",
    "gemmlowp/fixedpoint/fixedpoint.h": '#include "../internal/common.h"\n',
    "gemmlowp/internal/common.h": "",
}
KERNEL = kernel("CONV_2D", '#include "arm_nnfunctions.h"\nint a = arm_conv_s8(arm_add_s8(1));\n')
CMSIS = {
    "CMSIS/Core/Include/cmsis_compiler.h": "",
    "CMSIS/DSP/Include/arm_math.h": '#include "cmsis_compiler.h"\n',
    "CMSIS/NN/Include/arm_nnfunctions.h": '#include "arm_math.h"\n',
    "CMSIS/NN/Source/Conv/arm_conv_s8.c": "arm_status\n arm_conv_s8(const int *a)\n{\n}\n",
    "CMSIS/NN/Source/Add/arm_add_s8.c": "int arm_add_s8(int a) { return a; }\n",
}


@pytest.fixture
def listed(write_files: WriteFiles, write_tree: WriteTree, tmp_path: Path) -> Callable[..., Library]:
    """Lists a tree that is written with `extra` files, beside the libraries and what else is in `beside`."""

    def listing(
        generation: str = "arena",
        micro: str = NEW,
        *,
        kernels: str = "reference",
        extra: Mapping[str, str | None] | None = None,
        beside: Mapping[str, str] | None = None,
        operators: Sequence[str] | None = None,
    ) -> Library:
        folder = write_tree(generation, micro, extra)
        write_files(tmp_path, {**LIBRARIES, **(beside or {})})
        return list_library(read_tree(folder), kernels, find_parties(folder, {}), operators)

    return listing


Listed = Callable[..., Library]


def names(places: tuple[Place, ...]) -> list[str]:
    return [f"{place.tree}:{place.path}" for place in places]


def sources(library: Library) -> list[str]:
    assert {place.tree for place in library.sources} == {"tensorflow"}
    return [place.path for place in library.sources]


def definitions(library: Library) -> list[str]:
    return [definition.text for definition in switches(library)]


def switches(library: Library) -> tuple[Definition, ...]:
    """All but the one that every library has."""
    first, *others = library.definitions
    assert first.text == "NDEBUG"
    return tuple(others)


def refusal(listed: Listed, **how: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        listed(**how)
    return caught.value


# ---- Which files ----


@pytest.mark.parametrize(
    ("generation", "micro"),
    [("allocator", OLD), ("arena", OLD), ("arena", NEW), ("profiler", NEW), ("log", NEW)],
)
def test_every_generation_has_its_list(listed: Listed, generation: str, micro: str) -> None:
    library = listed(generation, micro)
    assert (library.generation, library.micro) == (generation, micro)
    assert sources(library) == [
        f"{LITE}/c/common.c",
        f"{LITE}/core/api/op_resolver.cc",
        f"{LITE}/kernels/internal/quantization_util.cc",
        f"{LITE}/kernels/kernel_util.cc",
        f"{micro}/micro_interpreter.cc",
        f"{micro}/kernels/conv.cc",
        f"{micro}/kernels/softmax.cc",
    ]
    assert names(library.include_directories) == ["tensorflow:.", "flatbuffers:include", "gemmlowp:."]
    assert (library.kernel_sources, library.cmsis_sources, library.traced_functions) == ((), (), ())
    assert (switches(library), library.forwards, library.foreign_includes) == ((), (), ())


def test_tests_and_what_only_tests_need_are_left_out(listed: Listed) -> None:
    extra = {
        f"{NEW}/{name}": ""
        for name in (
            "micro_interpreter_test.cc",
            "test_helpers.cc",
            "testing/test_utils.cc",
            "examples/hello/main.cc",
            "benchmarks/keyword_benchmark.cc",
            "person_benchmark.cc",
            "tools/make/a.cc",
            "kernels/conv_test.cc",
            "kernels/conv_test_common.cc",
            "kernels/portable_optimized/conv.cc",
            "memory_planner/linear_memory_planner_test.cc",
        )
    }
    extra |= {f"{LITE}/core/api/op_resolver_test.cc": "", f"{LITE}/c/c_test.c": ""}
    without = sources(listed())
    assert sources(listed(extra=extra)) == without


def test_shared_code_is_compiled_where_it_exists(listed: Listed) -> None:
    extra = {f"{LITE}/schema/schema_utils.cc": "", f"{LITE}/core/api/tensor_utils.cc": ""}
    assert extra.keys().isdisjoint(sources(listed()))
    assert extra.keys() <= set(sources(listed(extra=extra)))


def test_shared_code_under_the_name_that_a_port_gave_it_is_compiled_too(listed: Listed) -> None:
    name = f"{LITE}/kernels/kernel_util_lite.cc"
    extra = {name: "", f"{LITE}/kernels/kernel_util.cc": None}
    assert name in sources(listed("log", extra=extra))


def test_code_beside_the_interpreter_is_compiled_if_its_header_is_included(listed: Listed) -> None:
    extra = {
        f"{NEW}/micro_interpreter.cc": f'#include "{NEW}/allocator.h"\n',
        f"{NEW}/allocator.h": "",
        f"{NEW}/allocator.cc": f'#include "{NEW}/allocator.h"\n#include "{NEW}/memory_planner/greedy.h"\n',
        f"{NEW}/memory_planner/greedy.h": "",
        f"{NEW}/memory_planner/greedy.cc": "",
        # Included by itself alone, and by nothing that is compiled.
        f"{NEW}/leftover.h": "",
        f"{NEW}/leftover.cc": f'#include "{NEW}/leftover.h"\n#include "{NEW}/other.h"\n',
        f"{NEW}/other.h": "",
        f"{NEW}/other.cc": "",
        # Without a header it may be anything.
        f"{NEW}/strings.cc": "",
    }
    assert [name for name in sources(listed(extra=extra)) if name in extra] == [
        f"{NEW}/allocator.cc",
        f"{NEW}/micro_interpreter.cc",
        f"{NEW}/strings.cc",
        f"{NEW}/memory_planner/greedy.cc",
    ]


def test_the_trees_own_debug_log_is_left_out_and_what_uses_it_is_not(listed: Listed) -> None:
    extra = {
        f"{NEW}/debug_log.cc": 'extern "C" void DebugLog(const char* s) { fprintf(stderr, "%s", s); }\n',
        f"{NEW}/_debug_log.cc": 'extern "C" void DebugLog(const char* s)\n{ asm("bkpt 0xAB"); }\n',
        f"{NEW}/debug_log_numbers.cc": "void DebugLogInt32(int i) { DebugLog(text(i)); }\n",
    }
    assert [name for name in sources(listed(extra=extra)) if "debug" in name] == [
        f"{NEW}/debug_log_numbers.cc"
    ]


def test_the_time_of_a_ports_own_board_is_left_out(listed: Listed) -> None:
    clock = '#include "hardware/timer.h"\nuint32_t GetCurrentTimeTicks() { return time_us_32(); }\n'
    extra = {
        f"{NEW}/micro_interpreter.cc": f'#include "{NEW}/micro_time.h"\n',
        f"{NEW}/micro_time.h": "",
        f"{NEW}/micro_time.cc": clock,
    }
    library = listed("log", extra=extra)
    assert f"{NEW}/micro_time.cc" not in sources(library)
    assert library.foreign_includes == ()


def test_a_makefile_that_names_files_one_by_one_is_believed(listed: Listed) -> None:
    extra = {
        f"{NEW}/tools/make/Makefile": (
            "MICROLITE_CC_KERNEL_SRCS := \\\n"
            f"{NEW}/kernels/conv.cc \\\n"
            f"{NEW}/kernels/absent.cc\n\n"
            "MICROLITE_CC_BASE_SRCS := \\\n"
            f"$(wildcard {NEW}/*.cc) \\\n"
            f"{LITE}/c/common.c \\\n"
            f"{LITE}/kernels/internal/extra.cc\n"
            f"OTHER := {LITE}/kernels/internal/no.cc\n"
        ),
        f"{LITE}/kernels/internal/extra.cc": "",
        f"{LITE}/kernels/internal/no.cc": "",
    }
    found = sources(listed(extra=extra))
    assert [name for name in found if name.startswith(f"{NEW}/kernels")] == [f"{NEW}/kernels/conv.cc"]
    assert [name for name in found if name.startswith(f"{LITE}/kernels/internal")] == [
        f"{LITE}/kernels/internal/quantization_util.cc",
        f"{LITE}/kernels/internal/extra.cc",
    ]


# ---- Which operators ----


@pytest.mark.parametrize("generation", ["arena", "profiler", "log"])
def test_only_the_kernels_of_the_operators_that_are_needed_are_compiled(
    listed: Listed, generation: str
) -> None:
    library = listed(generation, operators=["CONV_2D"])
    assert [operator.name for operator in library.operators] == ["CONV_2D"]
    assert [name for name in sources(library) if "/kernels/" in name and NEW in name] == [
        f"{NEW}/kernels/conv.cc"
    ]


def test_what_a_kernel_shares_with_others_comes_with_it_and_namesakes_do_not(listed: Listed) -> None:
    extra = {
        f"{NEW}/kernels/conv.h": "TfLiteStatus ConvPrepare();\ninline int Half() { return Quarter(); }\n",
        f"{NEW}/kernels/quarter.h": "int Quarter();\nclass Helper { void Help(); };\n",
        f"{NEW}/kernels/conv.cc": kernel("CONV_2D", "void g() { ConvPrepare(); Half(); Helper().Help(); }\n"),
        f"{NEW}/kernels/conv_common.cc": "namespace tflite {\nTfLiteStatus ConvPrepare() { Prepare(); }\n}\n",
        f"{NEW}/kernels/quarter.cc": "int Quarter() { return 0; }\n",
        f"{NEW}/kernels/helper.cc": "void Helper::Help() {}\n",
        # A function of the same name that nobody else can call.
        f"{NEW}/kernels/other.cc": "namespace { TfLiteStatus ConvPrepare() {} }\nvoid Prepare() {}\n",
        f"{NEW}/kernels/static.cc": "static int Quarter() { return 1; }\n",
    }
    library = listed("log", extra=extra, operators=["CONV_2D"])
    assert [name.rpartition("/")[2] for name in sources(library) if f"{NEW}/kernels" in name] == [
        "conv.cc",
        "conv_common.cc",
        "helper.cc",
        "quarter.cc",
    ]


def test_an_operator_that_the_tree_lacks_is_left_out_and_the_others_are_not(listed: Listed) -> None:
    library = listed("log", operators=["CONV_2D", "GELU", "NO_SUCH"])
    assert [operator.name for operator in library.operators] == ["CONV_2D"]


SIGNAL = {
    f"{NEW}/micro_mutable_op_resolver.h": MUTABLE_RESOLVER.replace(
        "  TfLiteStatus AddDecode()",
        '  TfLiteStatus AddDelay() { return AddCustom("SignalDelay", tflm_signal::Register_DELAY()); }\n'
        '  TfLiteStatus AddRfft() { return AddCustom("SignalRfft", tflite::tflm_signal::Register_RFFT()); }\n'
        "  TfLiteStatus AddEthosU() { return AddCustom(GetString_ETHOSU(), Register_ETHOSU()); }\n"
        "  TfLiteStatus AddDecode()",
    ),
    f"{NEW}/tools/make/Makefile": (
        f"MICROLITE_CC_KERNEL_SRCS := {NEW}/kernels/conv.cc\n"
        "MICROLITE_CC_SIGNAL_KERNEL_SRCS := \\\n$(TENSORFLOW_ROOT)signal/micro/kernels/delay.cc \\\n"
        "$(TENSORFLOW_ROOT)signal/micro/kernels/rfft.cc \\\n$(TENSORFLOW_ROOT)signal/src/ring.cc\n"
    ),
    "signal/micro/kernels/delay.cc": kernel("DELAY", "void d() { Ring(); }\n"),
    "signal/micro/kernels/rfft.cc": kernel("RFFT"),
    "signal/src/ring.cc": "void Ring() {}\n",
    "signal/src/ring.h": "void Ring();\n",
}


def test_custom_operators_of_a_tree_are_registered_by_their_names(listed: Listed) -> None:
    library = listed(
        "log", extra=SIGNAL, operators=["CONV_2D", "CUSTOM 'SignalDelay'", "CUSTOM 'SignalRfft'"]
    )
    assert to_operators(library).decode().splitlines()[1:] == [
        "KERNEL(Register_CONV_2D)",
        "KERNEL(Register_DELAY)",
        "OPERATOR(CONV_2D, AddConv2D())",
        "OPERATOR(CUSTOM_SignalDelay, AddDelay())",
    ]
    assert [name for name in sources(library) if name.startswith("signal")] == [
        "signal/micro/kernels/delay.cc",
        "signal/src/ring.cc",
    ]


def test_all_operators_of_a_tree_are_those_that_can_be_compiled_here(listed: Listed) -> None:
    library = listed("log", extra=SIGNAL)
    assert [operator.name for operator in library.operators] == ["CONV_2D", "CUSTOM 'SignalDelay'"]


@pytest.mark.parametrize(
    ("operator", "symbol"),
    [
        ("CONV_2D", "CONV_2D"),
        ("CUSTOM 'TFLM_DECODE'", "CUSTOM_TFLM_DECODE"),
        ("CUSTOM 'ethos-u'", "CUSTOM_a79307efff05ecec"),
        ("CUSTOM ''", "CUSTOM_516b75a36ed0643a"),
    ],
)
def test_every_operator_has_an_identifier_of_c(operator: str, symbol: str) -> None:
    assert symbol_of(operator) == symbol


def test_identifiers_of_odd_names_differ() -> None:
    odd = ["a b", "a;b", "ä", "a\0", "'", '"', "x" * 65, "x" * 66]
    symbols = {symbol_of(custom_operator(name)) for name in odd}
    assert len(symbols) == len(odd)
    assert all(re.fullmatch(r"CUSTOM_\w+", symbol, re.ASCII) for symbol in symbols)


@pytest.mark.parametrize(
    ("generation", "expected"),
    [
        (
            "arena",
            [
                "KERNEL(Register_CONV_2D)",
                "OPERATOR(CONV_2D, AddBuiltin(tflite::BuiltinOperator_CONV_2D,"
                " tflite::ops::micro::Register_CONV_2D(), 1, 3))",
            ],
        ),
        ("log", ["KERNEL(Register_CONV_2D)", "OPERATOR(CONV_2D, AddConv2D())"]),
    ],
)
def test_operators_are_registered_as_the_tree_itself_does(
    listed: Listed, generation: str, expected: list[str]
) -> None:
    lines = to_operators(listed(generation, operators=["CONV_2D"])).decode().splitlines()
    assert lines[1:] == expected


def test_a_tree_that_names_no_operators_is_refused(listed: Listed, tmp_path: Path) -> None:
    resolver = f"{NEW}/micro_mutable_op_resolver.h"
    error = refusal(listed, generation="log", extra={resolver: "class MicroMutableOpResolver {};\n"})
    assert error.message == (
        f"The tree in {tmp_path}/tree does not say which operators it has: looked for AddBuiltin in"
        f" {tmp_path}/tree/{resolver}."
    )


def test_kernels_that_are_there_for_cmsis_nn_alone_are_no_reference_kernels(
    listed: Listed, tmp_path: Path
) -> None:
    extra = {CMSIS_NN_CONV: KERNEL, f"{NEW}/kernels/conv.cc": None}
    error = refusal(listed, generation="log", extra=extra, operators=["CONV_2D", "SOFTMAX"])
    assert error.message == (
        f"The tree in {tmp_path}/tree has no reference kernels of CONV_2D: it has them in"
        " tensorflow/lite/micro/kernels/cmsis-nn alone."
    )
    assert error.hint == "Build it with the kernels cmsis-nn."
    library = listed("log", kernels="cmsis-nn", extra=extra, beside=CMSIS, operators=["CONV_2D", "SOFTMAX"])
    assert CMSIS_NN_CONV in sources(library)


def test_a_kernel_that_a_port_has_in_its_portable_form_only_is_that_one(listed: Listed) -> None:
    portable = f"{NEW}/kernels/portable_optimized"
    extra = {
        f"{NEW}/kernels/conv.cc": None,
        f"{portable}/conv.cc": kernel("CONV_2D"),
        f"{portable}/softmax.cc": kernel("SOFTMAX"),
    }
    assert [name for name in sources(listed(extra=extra)) if "/kernels/" in name and NEW in name] == [
        f"{NEW}/kernels/softmax.cc",
        f"{portable}/conv.cc",
    ]


def test_a_tree_whose_sources_end_with_cpp_is_listed_like_any_other(listed: Listed) -> None:
    extra: dict[str, str | None] = {}
    for name, text in files_of("log", NEW).items():
        if name.endswith((".cc", ".c")):
            extra |= {name: None, f"{name.rpartition('.')[0]}.cpp": text}
    assert sources(listed("log", extra=extra)) == [
        f"{LITE}/c/common.cpp",
        f"{LITE}/core/api/op_resolver.cpp",
        f"{LITE}/kernels/internal/quantization_util.cpp",
        f"{LITE}/kernels/kernel_util.cpp",
        f"{NEW}/micro_interpreter.cpp",
        f"{NEW}/kernels/conv.cpp",
        f"{NEW}/kernels/softmax.cpp",
    ]


def test_sources_of_tensorflow_lite_are_compiled_where_their_header_is_included(listed: Listed) -> None:
    extra = {
        f"{NEW}/micro_interpreter.cc": f'#include "{LITE}/kernels/internal/tensor_utils.h"\n'
        '#include "tensorflow/compiler/mlir/lite/schema/schema_utils.h"\n',
        f"{LITE}/kernels/internal/tensor_utils.h": "",
        f"{LITE}/kernels/internal/tensor_utils.cc": f'#include "{LITE}/kernels/internal/portable.h"\n',
        f"{LITE}/kernels/internal/portable.h": "",
        f"{LITE}/kernels/internal/portable.cc": "",
        "tensorflow/compiler/mlir/lite/schema/schema_utils.h": "",
        "tensorflow/compiler/mlir/lite/schema/schema_utils.cc": "",
        f"{LITE}/kernels/internal/unused.h": "",
        f"{LITE}/kernels/internal/unused.cc": "",
        f"{LITE}/experimental/microfrontend/fft.h": "",
        f"{LITE}/experimental/microfrontend/fft.cc": "",
        f"{NEW}/arena_allocator/single.h": "",
        f"{NEW}/arena_allocator/single.cc": "",
    }
    assert [name for name in sources(listed("log", extra=extra)) if name in extra] == [
        f"{NEW}/micro_interpreter.cc",
        "tensorflow/compiler/mlir/lite/schema/schema_utils.cc",
        f"{LITE}/kernels/internal/portable.cc",
        f"{LITE}/kernels/internal/tensor_utils.cc",
    ]


def test_the_same_tree_elsewhere_gives_the_same_list(
    write_files: WriteFiles, write_tree: WriteTree, tmp_path: Path
) -> None:
    lists = []
    for place in ("a", "b/c"):
        write_files(tmp_path / place, {**LIBRARIES, **CMSIS})
        folder = write_tree(
            "arena", extra={f"{NEW}/kernels/cmsis-nn/conv.cc": KERNEL}, folder=tmp_path / place / "t"
        )
        library = list_library(read_tree(folder), "cmsis-nn", find_parties(folder, {}))
        lists.append(to_cmake(library))
    assert lists[0] == lists[1]


def test_kernels_that_nobody_has_are_refused(listed: Listed) -> None:
    error = refusal(listed, kernels="simd")
    assert error.message == 'TensorFlow Lite Micro has no kernels "simd".'
    assert error.hint == "There are: reference, cmsis-nn."


def test_kernels_that_the_tree_does_not_have_are_refused(listed: Listed, tmp_path: Path) -> None:
    error = refusal(listed, kernels="cmsis-nn", beside=CMSIS)
    assert error.message == (
        f"The tree in {tmp_path}/tree has no kernels that call CMSIS-NN: looked for"
        " tensorflow/lite/micro/kernels/cmsis-nn and tensorflow/lite/micro/kernels/cmsis_nn with sources in"
        " them."
    )
    assert error.hint == "Build it with the kernels reference."


def test_a_tree_without_any_kernels_is_refused(listed: Listed, tmp_path: Path) -> None:
    names_of_kernels = ("conv.cc", "softmax.cc")
    error = refusal(listed, extra={f"{NEW}/kernels/{name}": None for name in names_of_kernels})
    assert error.message == (
        f"The tree in {tmp_path}/tree has no kernels: looked for tensorflow/lite/micro/kernels with"
        " sources in"
        " it."
    )
    assert error.hint == "What was unpacked may leave them out."


def test_a_tree_that_was_unpacked_in_part_is_refused(listed: Listed, tmp_path: Path) -> None:
    error = refusal(listed, generation="log", extra={f"{NEW}/micro_interpreter.cc": None})
    assert error.message == (
        f"The tree in {tmp_path}/tree has no source of the interpreter: looked for"
        " tensorflow/lite/micro/micro_interpreter with .cc or .cpp."
    )
    assert error.hint == "A header alone is not enough; what was unpacked may be a part."


# ---- Includes ----


def test_a_library_that_is_missing_is_named_with_who_includes_it(
    write_files: WriteFiles, write_tree: WriteTree, tmp_path: Path
) -> None:
    folder = write_tree("arena")
    parties = find_parties(folder, {})
    with pytest.raises(SourceError) as caught:
        list_library(read_tree(folder), "reference", parties)
    assert caught.value.message.startswith(
        "gemmlowp is missing: tensorflow/lite/kernels/internal/common.h includes fixedpoint/fixedpoint.h."
        " Looked for folders called gemmlowp or fixedpoint with fixedpoint/fixedpoint.h below them, in"
        f"\n    {folder}/{NEW}/tools/make/downloads\n"
    )
    assert missing_parties(read_tree(folder), "reference", parties) == {
        "flatbuffers": "tensorflow/lite/schema/schema_generated.h includes flatbuffers/flatbuffers.h",
        "gemmlowp": "tensorflow/lite/kernels/internal/common.h includes fixedpoint/fixedpoint.h",
    }
    write_files(tmp_path, LIBRARIES)
    assert missing_parties(read_tree(folder), "reference", find_parties(folder, {})) == {}


def test_cmsis_is_missed_by_the_kernels_that_call_it_alone(listed: Listed, tmp_path: Path) -> None:
    extra = {f"{NEW}/kernels/cmsis-nn/conv.cc": KERNEL}
    listed(extra=extra)
    error = refusal(listed, kernels="cmsis-nn", extra=extra)
    assert error.message.startswith(
        "cmsis-nn is missing: the kernels in tensorflow/lite/micro/kernels/cmsis-nn call it."
        " Looked for folders called cmsis_nn or cmsis-nn or CMSIS-NN with Include/arm_nnfunctions.h"
        " below them,"
        " or cmsis or CMSIS or CMSIS_5 or CMSIS_6 with NN/Include/arm_nnfunctions.h, in\n"
    )
    assert error.message.endswith(f"\n    {tmp_path}")
    tree = read_tree(tmp_path / "tree")
    parties = find_parties(tmp_path / "tree", {})
    assert missing_parties(tree, "reference", parties) == {}
    assert missing_parties(tree, "cmsis-nn", parties) == {
        "cmsis-nn": "the kernels in tensorflow/lite/micro/kernels/cmsis-nn call it"
    }


def test_ruy_is_needed_if_something_includes_it(listed: Listed) -> None:
    beside = {"ruy/ruy/profiler/instrumentation.h": ""}
    assert "ruy:." not in names(listed(beside=beside).include_directories)
    include = '#include "ruy/profiler/instrumentation.h"  // from @ruy\n'
    extra = {f"{NEW}/kernels/conv.cc": kernel("CONV_2D", include)}
    assert names(listed(extra=extra, beside=beside).include_directories) == [
        "tensorflow:.",
        "flatbuffers:include",
        "gemmlowp:.",
        "ruy:.",
    ]


def test_libraries_within_the_tree_are_named_below_it(write_files: WriteFiles, write_tree: WriteTree) -> None:
    folder = write_tree("arena")
    write_files(folder / LITE, LIBRARIES)
    library = list_library(read_tree(folder), "reference", find_parties(folder, {}))
    assert names(library.include_directories) == [
        "tensorflow:.",
        "tensorflow:tensorflow/lite/flatbuffers/include",
        "tensorflow:tensorflow/lite/gemmlowp",
    ]


def test_names_are_below_the_folder_that_was_given_not_below_the_include_root(
    write_files: WriteFiles, write_tree: WriteTree, tmp_path: Path
) -> None:
    write_tree("arena", folder=tmp_path / "libs" / "tensorflow")
    write_files(tmp_path / "libs", LIBRARIES)
    library = list_library(read_tree(tmp_path / "libs"), "reference", find_parties(tmp_path / "libs", {}))
    assert sources(library)[0] == "tensorflow/tensorflow/lite/c/common.c"
    assert names(library.include_directories) == [
        "tensorflow:tensorflow",
        "tensorflow:flatbuffers/include",
        "tensorflow:gemmlowp",
    ]


def test_what_neither_the_tree_nor_a_library_has_is_foreign_unless_a_condition_leaves_it_out(
    listed: Listed,
) -> None:
    code = (
        '#include <vector>\n#include "stm32f746xx.h"\n#include "string_view"\n'
        '#ifdef __APPLE__\n#include "TargetConditionals.h"\n#endif\n'
    )
    header = '#ifndef A_H\n#define A_H\n#include "lost.h"\n#if X\n#include "y.h"\n#endif\n#endif\n'
    library = listed(extra={f"{NEW}/micro_interpreter.cc": f'{code}#include "a.h"\n', f"{NEW}/a.h": header})
    assert library.foreign_includes == (
        "tensorflow/lite/micro/micro_interpreter.cc includes stm32f746xx.h",
        "tensorflow/lite/micro/micro_interpreter.cc includes string_view",
        "tensorflow/lite/micro/a.h includes lost.h",
    )


def test_an_include_that_leads_out_of_the_tree_is_refused(
    listed: Listed, write_files: WriteFiles, tmp_path: Path
) -> None:
    write_files(tmp_path, {"src/inc/cycles.h": ""})
    error = refusal(
        listed, extra={f"{NEW}/micro_interpreter.cc": '#include "../../../../src/inc/cycles.h"\n'}
    )
    assert error.message == (
        "tensorflow/lite/micro/micro_interpreter.cc includes ../../../../src/inc/cycles.h, which is"
        f" {tmp_path}/src/inc/cycles.h: outside of the tree, so that nobody would notice a change of it."
    )
    assert error.hint == (
        "Copy it into the tree and include it from there, or take the line out: the key patches of the"
        " runtime's file does that to a copy."
    )


def test_a_string_h_of_flatbuffers_does_not_stand_in_for_that_of_c(listed: Listed) -> None:
    beside = {"flatbuffers/include/flatbuffers/string.h": ""}
    library = listed(extra={f"{NEW}/micro_interpreter.cc": "#include <string.h>\n"}, beside=beside)
    assert names(library.include_directories) == ["tensorflow:.", "flatbuffers:include", "gemmlowp:."]


def test_includes_that_begin_with_the_name_of_a_port_are_forwarded(listed: Listed) -> None:
    code = '#include "edge-impulse-sdk/tensorflow/lite/micro/extra.h"\n'
    library = listed(
        extra={f"{NEW}/micro_interpreter.cc": code, f"{NEW}/extra.h": "#ifdef TFLITE_MCU\n#endif\n"}
    )
    assert library.forwards == (
        ("edge-impulse-sdk/tensorflow/lite/micro/extra.h", "tensorflow/lite/micro/extra.h"),
    )
    assert definitions(library) == ["TFLITE_MCU"], "it was read"


FLAT = {
    f"{OLD}/micro_interpreter.h": '#include "api/op_resolver.h"\n'
    "MicroInterpreter(const Model* m, const OpResolver& r, SimpleTensorAllocator* a, ErrorReporter* e);\n",
    f"{OLD}/micro_interpreter.cc": '#include "micro_interpreter.h"\n#include "compatibility.h"\n',
    f"{OLD}/compatibility.h": "",
    f"{OLD}/kernels/conv.cc": kernel("CONV_2D", '#include "experimental/micro/compatibility.h"\n'),
    f"{OLD}/kernels/softmax.cc": kernel(
        "SOFTMAX", '#include "kernels/internal/reference/softmax.h"\n#include "micro.h"\n'
    ),
    f"{OLD}/micro.h": "",
    f"{LITE}/core/api/op_resolver.cc": '#include "api/op_resolver.h"\n',
    f"{LITE}/kernels/kernel_util.cc": '#include "common.h"\n',
    f"{LITE}/kernels/internal/common.h": '#include "fixedpoint.h"\n#include "compatibility.h"\n',
    f"{LITE}/kernels/internal/compatibility.h": "",
    f"{LITE}/kernels/internal/reference/softmax.h": '#include "common.h"\n',
    f"{LITE}/schema/schema_generated.h": '#include "flatbuffers.h"\n',
    f"{LITE}/c/common.c": '#include "common.h"\n',
}


def test_a_tree_whose_includes_were_shortened_gets_the_directories_that_they_begin_at(listed: Listed) -> None:
    library = listed("allocator", OLD, extra=FLAT)
    assert names(library.include_directories) == [
        "tensorflow:.",
        "flatbuffers:include",
        "gemmlowp:.",
        "tensorflow:tensorflow/lite/kernels/internal",
        "tensorflow:tensorflow/lite/core",
        "tensorflow:tensorflow/lite",
        # Last: shared code has a compatibility.h of its own.
        "tensorflow:tensorflow/lite/experimental/micro",
    ]
    # Not as places of includes: flatbuffers has a string.h, too.
    assert library.forwards == (
        ("fixedpoint.h", "fixedpoint/fixedpoint.h"),
        ("flatbuffers.h", "flatbuffers/flatbuffers.h"),
    )
    assert library.foreign_includes == ()


def test_a_tree_as_it_was_released_gets_no_directories_for_short_includes(listed: Listed) -> None:
    extra = {f"{NEW}/kernels/conv.cc": kernel("CONV_2D", '#include "op_resolver.h"\n')}
    library = listed(extra=extra)
    assert names(library.include_directories) == ["tensorflow:.", "flatbuffers:include", "gemmlowp:."]
    assert library.foreign_includes == ("tensorflow/lite/micro/kernels/conv.cc includes op_resolver.h",)


# ---- CMSIS ----

CMSIS_NN_CONV = f"{NEW}/kernels/cmsis-nn/conv.cc"


def test_kernels_that_call_cmsis_nn_replace_their_namesakes_and_bring_what_they_share(listed: Listed) -> None:
    extra = {
        CMSIS_NN_CONV: f"{KERNEL}int* b = get_scratch_buffer();\n",
        f"{NEW}/kernels/cmsis-nn/scratch_buffer.h": "int* get_scratch_buffer();\n",
        f"{NEW}/kernels/cmsis-nn/scratch_buffer.cc": "int* get_scratch_buffer() { return nullptr; }\n",
        f"{NEW}/kernels/cmsis-nn/unused.cc": "void nobody() {}\n",
        f"{NEW}/kernels/cmsis-nn/conv_test.cc": "",
    }
    library = listed(kernels="cmsis-nn", extra=extra, beside=CMSIS)
    assert [name for name in sources(library) if name.startswith(f"{NEW}/kernels")] == [
        f"{NEW}/kernels/cmsis-nn/conv.cc",
        f"{NEW}/kernels/softmax.cc",
        f"{NEW}/kernels/cmsis-nn/scratch_buffer.cc",
    ]
    assert [place.path for place in library.kernel_sources] == [
        f"{NEW}/kernels/cmsis-nn/conv.cc",
        f"{NEW}/kernels/cmsis-nn/scratch_buffer.cc",
    ]
    assert set(library.kernel_sources) < set(library.sources)


def test_what_is_reached_of_cmsis_nn_is_compiled_with_the_folders_that_it_includes(listed: Listed) -> None:
    header = '#include "arm_math.h"\nstatic inline int arm_help(int a) { return arm_inner_s8(a); }\n'
    beside = {
        **CMSIS,
        "CMSIS/NN/Include/arm_nnfunctions.h": header,
        "CMSIS/NN/Source/Add/arm_add_s8.c": "int arm_add_s8(int a) { return arm_help(table[a]); }\n",
        "CMSIS/NN/Source/inner.c": "int arm_inner_s8(int a) { return 0; }\n",
        "CMSIS/NN/Source/table.c": "const int table[3] = {1, 2, 3};\n",
        "CMSIS/NN/Source/float_table.c": "const float other[3] = {1, 2, 3};\n",
        "CMSIS/NN/Source/arm_pool_s8.c": "int arm_pool_s8(int a) { return 0; }\n",
    }
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: KERNEL}, beside=beside)
    assert names(library.cmsis_sources) == [
        "cmsis:NN/Source/Add/arm_add_s8.c",
        "cmsis:NN/Source/Conv/arm_conv_s8.c",
        "cmsis:NN/Source/inner.c",
        "cmsis:NN/Source/table.c",
    ]
    assert names(library.include_directories)[-3:] == [
        "cmsis:NN/Include",
        "cmsis:DSP/Include",
        "cmsis:Core/Include",
    ]


def test_an_unpacked_archive_and_an_old_layout_of_cmsis_are_understood(
    write_files: WriteFiles, listed: Listed, tmp_path: Path
) -> None:
    old = {name.replace("Core/", ""): text for name, text in CMSIS.items()}
    old["CMSIS/Include/cmsis_gcc.h"] = ""
    archive = write_files(tmp_path / "CMSIS_5-5.4.0", old)
    listed(extra={CMSIS_NN_CONV: KERNEL})
    tree = tmp_path / "tree"
    library = list_library(read_tree(tree), "cmsis-nn", find_parties(tree, {"cmsis": archive}))
    assert names(library.include_directories)[-3:] == [
        "cmsis:CMSIS/NN/Include",
        "cmsis:CMSIS/DSP/Include",
        "cmsis:CMSIS/Include",
    ]
    assert names(library.cmsis_sources)[0] == "cmsis:CMSIS/NN/Source/Add/arm_add_s8.c"


def test_a_part_of_cmsis_alone_is_refused(listed: Listed, tmp_path: Path) -> None:
    extra = {CMSIS_NN_CONV: KERNEL}
    without_core = {name: text for name, text in CMSIS.items() if "Core" not in name}
    error = refusal(listed, kernels="cmsis-nn", extra=extra, beside=without_core)
    assert error.message.startswith(
        f"cmsis is missing: {tmp_path}/CMSIS/DSP/Include/arm_math.h includes cmsis_compiler.h. Looked for"
        " folders called cmsis or CMSIS or CMSIS_5 or CMSIS_6 with Core/Include below them, in\n"
    )


def test_a_cmsis_nn_that_needs_no_core_gets_none(listed: Listed) -> None:
    beside = {name.replace("CMSIS/NN", "cmsis-nn"): text for name, text in CMSIS.items() if "/NN/" in name}
    beside["cmsis-nn/Include/arm_nnfunctions.h"] = '#include "Internal/arm_nn_compiler.h"\n'
    beside["cmsis-nn/Include/Internal/arm_nn_compiler.h"] = ""
    extra = {CMSIS_NN_CONV: KERNEL.replace("arm_nnfunctions.h", "Include/arm_nnfunctions.h")}
    library = listed(kernels="cmsis-nn", extra=extra, beside=beside)
    assert names(library.include_directories)[-1:] == ["cmsis-nn:Include"]
    assert library.forwards == (("Include/arm_nnfunctions.h", "arm_nnfunctions.h"),)
    assert names(library.cmsis_sources) == [
        "cmsis-nn:Source/Add/arm_add_s8.c",
        "cmsis-nn:Source/Conv/arm_conv_s8.c",
    ]


def test_cmsis_nn_without_the_headers_of_cmsis_dsp_is_refused(listed: Listed, tmp_path: Path) -> None:
    without_dsp = {name: text for name, text in CMSIS.items() if "DSP" not in name}
    error = refusal(listed, kernels="cmsis-nn", extra={CMSIS_NN_CONV: KERNEL}, beside=without_dsp)
    assert error.message == (
        f"{tmp_path}/CMSIS is not all of CMSIS: {tmp_path}/CMSIS/NN/Include/arm_nnfunctions.h includes"
        " arm_math.h, and it is not there."
    )
    assert error.hint == (
        "Of CMSIS 5 the folders NN, DSP and Core (or Include) are needed; since 2022 CMSIS-NN is a"
        " repository of"
        " its own."
    )


def test_traced_functions_are_called_by_kernels_and_defined_for_others_in_cmsis_nn(listed: Listed) -> None:
    code = (
        KERNEL + "// arm_comment_s8(1)\nint b = arm_static_s8(arm_inline_s8(1)) + arm_declared_s8(2)"
        " + arm_macro_s8(3) + arm_pointer_s8(f) + arm_guarded_s8(4);\n"
    )
    beside = {
        **CMSIS,
        "CMSIS/NN/Include/arm_nnfunctions.h": "static inline int arm_inline_s8(int a) { return a; }\n"
        "int arm_declared_s8(int a);\nstatic int arm_static_s8(int a);\n#define arm_macro_s8(a) { a }\n",
        "CMSIS/NN/Source/b.c": "__STATIC_INLINE static int arm_static_s8(int a) {"
        " if (arm_declared_s8(a)) { return a; } else arm_declared_s8(a); { } }\n"
        "q7_t *arm_pointer_s8(int (*f)(int a), int b)  /* and */\n{ }\n"
        "#if defined(X)\n#define arm_macro_s8(a) { a }\nint arm_guarded_s8(int a) { }\n#endif\n"
        "int arm_uncalled_s8(int a) { }\n// int arm_comment_s8(int a) { }\n",
    }
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: code}, beside=beside)
    assert library.traced_functions == ("arm_add_s8", "arm_conv_s8", "arm_guarded_s8", "arm_pointer_s8")


def test_a_cmsis_of_another_age_is_refused_with_the_trees_own_pin(listed: Listed, tmp_path: Path) -> None:
    extra = {CMSIS_NN_CONV: KERNEL + "int b = arm_conv_wrapper_s8(1);\n"}
    error = refusal(listed, kernels="cmsis-nn", extra=extra, beside=CMSIS)
    assert error.message == (
        f"The CMSIS-NN in {tmp_path}/CMSIS/NN is not the one that the tree was written for:"
        " tensorflow/lite/micro/kernels/cmsis-nn/conv.cc calls arm_conv_wrapper_s8, and it is not there."
    )
    assert error.hint == (
        "Take one of the tree's age: CMSIS 5.6.0 is of July 2019, 5.7.0 of April 2020, CMSIS-NN 4.0.0 of"
        " 2022."
    )
    pin = 'CMSIS_URL := "https://example.org/c.zip"\nCMSIS_MD5 := "d9f473201070758be8999cd9f1df8660"\n'
    extra |= {f"{NEW}/tools/make/third_party_downloads.inc": pin}
    error = refusal(listed, kernels="cmsis-nn", extra=extra, beside=CMSIS)
    assert error.hint == (
        "The tree itself asks for https://example.org/c.zip (md5:d9f473201070758be8999cd9f1df8660)."
    )


def test_of_cmsis_dsp_only_what_is_reached_from_the_kernels_is_compiled(listed: Listed) -> None:
    beside = {
        **CMSIS,
        "CMSIS/NN/Source/Conv/arm_conv_s8.c": "int arm_conv_s8(int a) { return arm_nn_core(a); }\n",
        "CMSIS/NN/Source/core.c": "int arm_nn_core(int a) { return arm_fill_q7(a); }\n",
        "CMSIS/NN/Source/legacy.c": "int arm_legacy_q7(int a) { return arm_copy_q7(a); }\n",
        "CMSIS/DSP/Source/fill.c": "void arm_fill_q7(int a) { arm_shift_q7(a); }\n",
        "CMSIS/DSP/Source/shift.c": "void arm_shift_q7(int a) { }\n",
        "CMSIS/DSP/Source/copy.c": "void arm_copy_q7(int a) { }\n",
        "CMSIS/DSP/PrivateInclude/a.h": "",
    }
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: KERNEL}, beside=beside)
    assert [name for name in names(library.cmsis_sources) if "DSP" in name] == [
        "cmsis:DSP/Source/fill.c",
        "cmsis:DSP/Source/shift.c",
    ]
    assert "cmsis:DSP/PrivateInclude" in names(library.include_directories)


def test_includes_that_name_the_folders_of_makefiles_are_forwarded(listed: Listed) -> None:
    includes = (
        '#include "cmsis/CMSIS/NN/Include/arm_nnfunctions.h"\n#include "CMSIS/DSP/Include/dsp/none.h"\n'
    )
    beside = {**CMSIS, "CMSIS/DSP/Include/dsp/none.h": ""}
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: kernel("CONV_2D", includes)}, beside=beside)
    assert library.forwards == (
        ("CMSIS/DSP/Include/dsp/none.h", "dsp/none.h"),
        ("cmsis/CMSIS/NN/Include/arm_nnfunctions.h", "arm_nnfunctions.h"),
    )
    assert library.foreign_includes == ()


# ---- Switches ----


def test_static_memory_is_set_if_the_makefile_sets_it_or_there_is_none(listed: Listed) -> None:
    extra = {f"{LITE}/c/common.h": "#ifndef TF_LITE_STATIC_MEMORY\n#endif\n"}
    makefile = f"{NEW}/tools/make/Makefile"
    assert switches(listed(extra=extra)) == (
        Definition("TF_LITE_STATIC_MEMORY", "tensorflow/lite/c/common.h looks at it: nothing is allocated."),
    )
    assert definitions(listed(extra={**extra, makefile: "CXXFLAGS := -O3\n"})) == []
    assert switches(listed(extra={**extra, makefile: "CCFLAGS := -O3 -DTF_LITE_STATIC_MEMORY\n"})) == (
        Definition("TF_LITE_STATIC_MEMORY", "The tree's own makefile sets it: nothing is allocated."),
    )
    assert (
        definitions(listed(extra={f"{LITE}/c/common.h": "", makefile: "X := -DTF_LITE_STATIC_MEMORY\n"}))
        == []
    )


def test_assertions_are_left_out_of_every_tree_unless_they_are_asked_for(
    listed: Listed, write_tree: WriteTree
) -> None:
    reason = "Assertions stand in inner loops: they are left out of all trees, as releases do."
    assert listed().definitions == (Definition("NDEBUG", reason),)
    makefile = f"{NEW}/tools/make/Makefile"
    folder = write_tree("arena", extra={makefile: "CXXFLAGS := -O3 -DNDEBUG -g\n"})
    library = list_library(read_tree(folder), "reference", find_parties(folder, {}), assertions=True)
    assert library.definitions == ()


def test_a_port_for_arduino_is_told_that_it_is_one(listed: Listed) -> None:
    util = f"{LITE}/kernels/kernel_util.cc"
    reason = "Ports for Arduino have it in place of TF_LITE_STATIC_MEMORY and CMSIS_NN."
    assert switches(listed(extra={util: "#ifndef ARDUINO\n#endif\n"})) == (Definition("ARDUINO", reason),)
    assert (
        definitions(listed(extra={f"{NEW}/kernels/conv.cc": kernel("CONV_2D", "#ifdef ARDUINO\n#endif\n")}))
        == []
    )


def test_other_switches_are_set_where_a_condition_looks_at_them(listed: Listed) -> None:
    code = "#if defined(A) || \\\n  defined(GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK)\n#elif TFLITE_MCU\n#endif\n"
    assert switches(listed(extra={f"{LITE}/c/common.h": code})) == (
        Definition(
            "GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK",
            "tensorflow/lite/c/common.h looks at it: lets portable code stand in where there is no NEON.",
        ),
        Definition(
            "TFLITE_MCU", "tensorflow/lite/c/common.h looks at it: says that this is a microcontroller."
        ),
    )
    mention = "// #if TFLITE_MCU\n#define TFLITE_MCU\nint a = TFLITE_MCU;\n"
    assert definitions(listed(extra={f"{LITE}/c/common.h": mention})) == []


def test_kernels_that_choose_by_themselves_to_call_cmsis_nn_are_told_not_to(listed: Listed) -> None:
    conv = kernel(
        "CONV_2D", "#if EI_CLASSIFIER_TFLITE_ENABLE_CMSIS_NN == 1\nint a = arm_conv_s8();\n#endif\n"
    )
    assert switches(listed("log", extra={f"{NEW}/kernels/conv.cc": conv})) == (
        Definition(
            "EI_CLASSIFIER_TFLITE_ENABLE_CMSIS_NN=0",
            "tensorflow/lite/micro/kernels/conv.cc looks at it: kernels call no CMSIS-NN, which is not"
            " compiled.",
        ),
    )


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("#if defined(ARM_MATH_DSP)", ["ARM_MATH_DSP"]),
        (
            "#if defined(ARM_MATH_DSP) && defined(ARM_MATH_LOOPUNROLL)",
            ["ARM_MATH_DSP", "ARM_MATH_LOOPUNROLL"],
        ),
        ("#if defined(__ARM_FEATURE_DSP) || defined(__ARM_FEATURE_MVE)", []),
        ("#if defined(ARM_MATH_MVEI)", []),
    ],
)
def test_what_kernels_guard_their_calls_with_is_set_unless_the_compiler_does(
    listed: Listed, guard: str, expected: list[str]
) -> None:
    extra = {CMSIS_NN_CONV: f"{KERNEL}{guard}\n#endif\n"}
    assert definitions(listed(kernels="cmsis-nn", extra=extra, beside=CMSIS)) == expected
    assert definitions(listed(kernels="reference", extra=extra, beside=CMSIS)) == []


def test_a_switch_that_a_header_of_cmsis_defines_too_is_set_as_there(listed: Listed) -> None:
    extra = {CMSIS_NN_CONV: f"{KERNEL}#if defined(ARM_MATH_DSP)\n#endif\n"}
    header = "#if defined (__ARM_FEATURE_DSP)\n  #define ARM_MATH_DSP                   1\n#endif\n"
    beside = {**CMSIS, "CMSIS/DSP/Include/arm_math.h": header}
    assert switches(listed(kernels="cmsis-nn", extra=extra, beside=beside)) == (
        Definition(
            "ARM_MATH_DSP=1", "tensorflow/lite/micro/kernels/cmsis-nn/conv.cc calls CMSIS-NN only with it."
        ),
    )
    beside["CMSIS/DSP/Include/arm_math.h"] = "#define ARM_MATH_DSP\n"
    assert definitions(listed(kernels="cmsis-nn", extra=extra, beside=beside)) == ["ARM_MATH_DSP="]


def test_cmsis_nn_that_asks_is_told_that_pointers_do_not_overlap(listed: Listed) -> None:
    header = "#ifndef OPTIONAL_RESTRICT_KEYWORD\n  #define OPTIONAL_RESTRICT_KEYWORD\n#endif\n"
    extra = {CMSIS_NN_CONV: KERNEL}
    name = "CMSIS/NN/Include/arm_nnfunctions.h"
    beside = {**CMSIS, name: CMSIS[name] + header}
    library = listed(kernels="cmsis-nn", extra=extra, beside=beside)
    assert switches(library) == (
        Definition(
            "OPTIONAL_RESTRICT_KEYWORD=__restrict",
            "arm_nnfunctions.h looks at it: CMSIS-NN's README recommends it for a Cortex-M7.",
        ),
    )
    assert definitions(listed(kernels="cmsis-nn", extra=extra, beside=CMSIS)) == []
    assert definitions(listed(kernels="reference", extra=extra, beside=beside)) == []


def test_an_arm_math_that_asks_for_the_core_is_told(listed: Listed) -> None:
    header = '#if defined (ARM_MATH_CM7)\n  #include "core_cm7.h"\n#else\n  #error\n#endif\n'
    beside = {**CMSIS, "CMSIS/DSP/Include/arm_math.h": header, "CMSIS/Core/Include/core_cm7.h": ""}
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: KERNEL}, beside=beside)
    assert switches(library) == (
        Definition("ARM_MATH_CM7", "arm_math.h must be told the core."),
        Definition("__FPU_PRESENT=1", "core_cm7.h must be told that there is a floating point unit."),
    )


def test_a_cmsis_that_defines_how_a_program_starts_is_kept_from_it(listed: Listed) -> None:
    header = "#ifndef __PROGRAM_START\n#define __PROGRAM_START __cmsis_start\n#endif\n"
    beside = {**CMSIS, "CMSIS/Core/Include/cmsis_compiler.h": header}
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: KERNEL}, beside=beside)
    reason = "CMSIS would define how a program starts otherwise, and in 5.6.0 this is no C++."
    assert switches(library) == (Definition("__PROGRAM_START=Reset_Handler", reason),)


def test_headers_that_ask_which_kernels_there_are_are_told(listed: Listed) -> None:
    extra = {
        CMSIS_NN_CONV: f'{KERNEL}#include "{NEW}/kernels/conv.h"\n',
        f"{NEW}/kernels/conv.h": "#if defined(CMSIS_NN)\n#endif\n",
    }
    assert switches(listed(kernels="cmsis-nn", extra=extra, beside=CMSIS)) == (
        Definition(
            "CMSIS_NN", "tensorflow/lite/micro/kernels/conv.h looks at it: these kernels are compiled."
        ),
    )
    assert definitions(listed(kernels="reference", extra=extra, beside=CMSIS)) == []


# ---- CMake ----


def test_the_list_is_written_as_the_library_expects_it(listed: Listed) -> None:
    code = (
        '#include "cmsis/CMSIS/NN/Include/arm_nnfunctions.h"\n#include "mine.h"\n'
        "#ifdef ARM_MATH_DSP\nint a = arm_add_s8(1);\n#endif\n"
    )
    extra = {CMSIS_NN_CONV: kernel("CONV_2D", code)}
    assert (
        to_cmake(listed(kernels="cmsis-nn", extra=extra, beside=CMSIS)).decode()
        == """\
# Made by mcumatrix from what the TensorFlow tree has.
# Neither in the tree nor in a library: tensorflow/lite/micro/kernels/cmsis-nn/conv.cc includes mine.h
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/tflm_forward/cmsis/CMSIS/NN/Include/arm_nnfunctions.h" \
CONTENT "#include <arm_nnfunctions.h>\\n" @ONLY)
set(tflm_generation arena)
set(tflm_registration TfLiteRegistration)
set(tflm_log_takes_arguments 0)
set(tflm_has_recorder 0)
set(tflm_micro "tensorflow/lite/micro")
set(tflm_sources
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/c/common.c"
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/core/api/op_resolver.cc"
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/kernels/internal/quantization_util.cc"
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/kernels/kernel_util.cc"
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/micro/micro_interpreter.cc"
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/micro/kernels/cmsis-nn/conv.cc"
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/micro/kernels/softmax.cc"
)
set(tflm_kernel_sources
  "${MCUMATRIX_TREE_TENSORFLOW}/tensorflow/lite/micro/kernels/cmsis-nn/conv.cc"
)
set(tflm_cmsis_sources
  "${MCUMATRIX_TREE_CMSIS}/NN/Source/Add/arm_add_s8.c"
)
set(tflm_include_directories
  "${CMAKE_CURRENT_BINARY_DIR}/tflm_forward"
  "${MCUMATRIX_TREE_TENSORFLOW}"
  "${MCUMATRIX_TREE_FLATBUFFERS}/include"
  "${MCUMATRIX_TREE_GEMMLOWP}"
  "${MCUMATRIX_TREE_CMSIS}/NN/Include"
  "${MCUMATRIX_TREE_CMSIS}/DSP/Include"
  "${MCUMATRIX_TREE_CMSIS}/Core/Include"
)
set(tflm_definitions
  # Assertions stand in inner loops: they are left out of all trees, as releases do.
  "NDEBUG"
  # tensorflow/lite/micro/kernels/cmsis-nn/conv.cc calls CMSIS-NN only with it.
  "ARM_MATH_DSP"
)
set(tflm_traced_functions
  arm_add_s8
)
"""
    )


def test_cmake_reads_odd_names_as_they_are(listed: Listed, write_files: WriteFiles, tmp_path: Path) -> None:
    odd = ["a b", "c$d", "${e}", "@f@", 'g"h', "#i", "(j)", "k'l", "m%n", "~o", "ä"]
    library = listed(extra={f"{NEW}/{name}.cc": "" for name in odd})
    show = 'foreach(source IN LISTS tflm_sources)\n  message("${source}")\nendforeach()\n'
    write_files(tmp_path, {"show.cmake": f'set(MCUMATRIX_TREE_TENSORFLOW "/t")\ninclude(list.cmake)\n{show}'})
    (tmp_path / "list.cmake").write_bytes(to_cmake(library))
    cmake = shutil.which("cmake")
    assert cmake
    shown = subprocess.run(
        [cmake, "-P", "show.cmake"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stderr.splitlines()
    assert shown == [f"/t/{name}" for name in sources(library)]
    assert {f"/t/{NEW}/{name}.cc" for name in odd} < set(shown)


def test_cmake_makes_the_headers_that_forward(listed: Listed, tmp_path: Path) -> None:
    code = kernel("CONV_2D", '#include "cmsis/CMSIS/NN/Include/arm_nnfunctions.h"\n')
    library = listed(kernels="cmsis-nn", extra={CMSIS_NN_CONV: code}, beside=CMSIS)
    (tmp_path / "list.cmake").write_bytes(to_cmake(library))
    subprocess.run(["cmake", "-P", "list.cmake"], cwd=tmp_path, check=True)
    header = tmp_path / "tflm_forward/cmsis/CMSIS/NN/Include/arm_nnfunctions.h"
    assert header.read_text() == "#include <arm_nnfunctions.h>\n"


@pytest.mark.parametrize("name", ["a;b", "a[b", "a]b", "a\\b", "a\nb"])
def test_a_name_that_no_list_of_cmake_can_hold_is_refused(listed: Listed, name: str) -> None:
    library = listed(extra={f"{NEW}/{name}.cc": ""})
    with pytest.raises(SourceError) as caught:
        to_cmake(library)
    text = f"tensorflow/lite/micro/{name}.cc"
    assert caught.value.message == (
        f"The name {text!r} has a character that a list of CMake cannot hold: one of ; [ ] \\ or an"
        " invisible one."
    )
    assert caught.value.hint == "Rename the file or folder."
