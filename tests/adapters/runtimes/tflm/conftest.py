"""Small trees in the layouts of TensorFlow's releases: our own lines, with what tells generations apart."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

WriteFiles = Callable[[Path, Mapping[str, str]], Path]
WriteTree = Callable[..., Path]

NEW = "tensorflow/lite/micro"
OLD = "tensorflow/lite/experimental/micro"

CONSTRUCTORS = {
    "allocator": "const OpResolver& resolver,\n SimpleTensorAllocator* allocator, ErrorReporter* reporter",
    "arena": "const OpResolver& resolver,\n uint8_t* arena, size_t size, ErrorReporter* reporter",
    "profiler": "const MicroOpResolver& resolver, uint8_t* arena,\n size_t size, ErrorReporter* reporter,"
    " MicroProfiler* profiler = nullptr",
}
"""What a MicroInterpreter takes besides the model."""

OLD_RESOLVER = """
namespace tflite {
namespace ops {
namespace micro {
class Early { void f() {} };
class AllOpsResolver : public MicroMutableOpResolver {
};
}  // namespace micro
}
}
"""
NEW_RESOLVER = """
namespace tflite {
namespace other { class Resolver; }
class AllOpsResolver : public MicroMutableOpResolver<128> {
};
}
"""


def write_all(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def files_of(generation: str, micro: str) -> dict[str, str]:
    """The least that a tree has, by names below its include root."""
    resolver = "all_ops_resolver" if generation == "profiler" else "kernels/all_ops_resolver"
    files = {
        "tensorflow/lite/schema/schema_generated.h": '#include "flatbuffers/flatbuffers.h"\n',
        "tensorflow/lite/version.h": "#define TFLITE_SCHEMA_VERSION (3)\n",
        "tensorflow/lite/c/common.h": "",
        "tensorflow/lite/c/common.c": '#include "tensorflow/lite/c/common.h"\n',
        "tensorflow/lite/core/api/op_resolver.h": '#include "tensorflow/lite/schema/schema_generated.h"\n'
        "class OpResolver {\n  virtual const R* FindOp(tflite::BuiltinOperator op,\n"
        "                                  int version) const = 0;\n};\n",
        "tensorflow/lite/core/api/op_resolver.cc": '#include "tensorflow/lite/core/api/op_resolver.h"\n',
        "tensorflow/lite/kernels/internal/common.h": '#include "fixedpoint/fixedpoint.h"\n',
        "tensorflow/lite/kernels/internal/quantization_util.cc": "",
        "tensorflow/lite/kernels/kernel_util.cc": '#include "tensorflow/lite/kernels/internal/common.h"\n',
        f"{micro}/micro_interpreter.h": '#include "tensorflow/lite/core/api/op_resolver.h"\n'
        f"class MicroInterpreter {{\n  MicroInterpreter(const Model* model, {CONSTRUCTORS[generation]});\n"
        "  ~MicroInterpreter();\n};\n",
        f"{micro}/micro_interpreter.cc": f'#include "{micro}/micro_interpreter.h"\n',
        f"{micro}/{resolver}.h": NEW_RESOLVER if generation == "profiler" else OLD_RESOLVER,
        f"{micro}/{resolver}.cc": f'#include "{micro}/{resolver}.h"\n',
        f"{micro}/kernels/conv.cc": "switch (t) { case kTfLiteFloat32: case kTfLiteUInt8: break; }\n",
        f"{micro}/kernels/softmax.cc": "",
    }
    if generation == "profiler":
        files[f"{micro}/micro_op_resolver.h"] = (
            "class MicroOpResolver : public OpResolver {\n"
            "  virtual F GetOpDataParser(BuiltinOperator op) const = 0;\n};\n"
        )
    return files


@pytest.fixture
def write_files() -> WriteFiles:
    """Writes files, by their names below a folder, and gives the folder."""
    return write_all


@pytest.fixture
def write_tree(tmp_path: Path) -> WriteTree:
    """Writes a tree of a generation, with `extra` files on top of it; those that are None are left out."""

    def write(
        generation: str,
        micro: str = NEW,
        extra: Mapping[str, str | None] | None = None,
        folder: Path = tmp_path / "tree",
    ) -> Path:
        files = {**files_of(generation, micro), **(extra or {})}
        return write_all(folder, {name: text for name, text in files.items() if text is not None})

    return write
