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
    "log": "const MicroOpResolver& resolver, uint8_t* arena,\n size_t size,"
    " MicroResourceVariables* variables = nullptr",
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
OLD_RESOLVER_SOURCE = """
AllOpsResolver::AllOpsResolver() {
  AddBuiltin(BuiltinOperator_CONV_2D, Register_CONV_2D(), 1, 3);
  AddBuiltin(BuiltinOperator_SOFTMAX, Register_SOFTMAX());
}
"""
MUTABLE_RESOLVER = """
template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddConv2D(const TFLMRegistration& registration = Register_CONV_2D()) {
    return AddBuiltin(BuiltinOperator_CONV_2D, registration, ParseConv2D);
  }
  TfLiteStatus AddSoftmax() {
    return AddBuiltin(BuiltinOperator_SOFTMAX, Register_SOFTMAX(), ParseSoftmax);
  }
  TfLiteStatus AddDecode() { return AddCustom("TFLM_DECODE", Register_DECODE()); }
};
"""


def kernel(operator: str, code: str = "") -> str:
    """The source of a kernel."""
    return (
        "namespace { void Prepare() {} }\n"
        f"namespace tflite {{\nTfLiteRegistration* Register_{operator}() {{ Prepare(); return nullptr;"
        f" }}\n}}\n{code}"
    )


def write_all(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def files_of(generation: str, micro: str) -> dict[str, str]:
    """The least that a tree has, by names below its include root."""
    is_old = generation in ("allocator", "arena")
    registration = "TFLMRegistration" if generation == "log" else "TfLiteRegistration"
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
        f"{micro}/kernels/conv.cc": kernel(
            "CONV_2D", "void f() { switch (t) { case kTfLiteFloat32: case kTfLiteUInt8: break; } }\n"
        ),
        f"{micro}/kernels/softmax.cc": kernel("SOFTMAX"),
    }
    if is_old:
        return files | {
            f"{micro}/kernels/all_ops_resolver.h": OLD_RESOLVER,
            f"{micro}/kernels/all_ops_resolver.cc": OLD_RESOLVER_SOURCE,
        }
    return files | {
        f"{micro}/micro_op_resolver.h": "class MicroOpResolver : public OpResolver {\n"
        f"  virtual const {registration}* FindOp(BuiltinOperator op) const = 0;\n"
        "  virtual F GetOpDataParser(BuiltinOperator op) const = 0;\n};\n",
        f"{micro}/micro_mutable_op_resolver.h": MUTABLE_RESOLVER,
        f"{micro}/debug_log.h": "void DebugLog(const char* format, va_list args);\n"
        if generation == "log"
        else "void DebugLog(const char* s);\n",
    }


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
