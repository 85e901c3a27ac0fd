"""What a tree of TensorFlow Lite Micro is: asked of its files, never of a version number."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mcumatrix.errors import SourceError
from mcumatrix.model.catalogue import Element, Source

LITE = "tensorflow/lite"

SCHEMA = f"{LITE}/schema/schema_generated.h"
"""What marks an include root."""

MICRO_FOLDERS = ("tensorflow/lite/micro", "tensorflow/lite/experimental/micro")
"""Where the micro folder is: since TensorFlow 2.2 or so, and before."""

_C_API_FILES = ("tensorflow/lite/c/common.c", "tensorflow/lite/c/c_api_internal.c")
_CMSIS_NN_FOLDERS = ("kernels/cmsis-nn", "kernels/cmsis_nn")
_TREE_HINT = "Give the folder of a TensorFlow tree, or of another one that has tensorflow/lite in it."

_COMMENT_OR_TEXT = re.compile(
    r'(?P<text>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')|//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z)', re.DOTALL
)
_CONSTRUCTOR = re.compile(r"(?<![~\w])MicroInterpreter\s*\(([^()]*\bModel\b[^()]*)\)")
_SCOPE = re.compile(r"\bnamespace\s+([\w:]+)\s*\{|[{}]|\bclass\s+AllOpsResolver\b(?=[^;{]*\{)")
_FIND_OP_VERSIONED = re.compile(
    r"\bFindOp\s*\(\s*(?:tflite\s*::\s*)?BuiltinOperator\b[^(),]*,\s*int\b[^()]*\)"
)
_OPTIONS_READER = re.compile(r"\bGetOpDataParser\s*\(")
_ARENA_USED = re.compile(r"\barena_used_bytes\s*\(")
_SCHEMA_VERSION = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+TFLITE_SCHEMA_VERSION[ \t]+\(?[ \t]*(\d+)", re.MULTILINE
)
_ELEMENTS = {
    "kTfLiteFloat32": Element.FLOAT32,
    "kTfLiteInt8": Element.INT8,
    "kTfLiteUInt8": Element.UINT8,
}
_PIN_LINE = re.compile(r"^[ \t]*(\w+?)_(URL|MD5)[ \t]*[:?]?=[ \t]*\"?([^\s\"]+)\"?[ \t]*$", re.MULTILINE)


class Generation(StrEnum):
    """How an interpreter is made, and how kernels are found: what an adapter is written for.

    ALLOCATOR: memory comes from a SimpleTensorAllocator, and the constructor places the tensors (1.14).
    ARENA: memory is a uint8_t* and a size_t; tflite::ops::micro::AllOpsResolver finds kernels by operator and
    version (2.1, 2.2). PROFILER: as ARENA, but tflite::AllOpsResolver finds them by operator alone and has
    GetOpDataParser; the constructor may take a profiler (2.3 and later).
    """

    ALLOCATOR = "allocator"
    ARENA = "arena"
    PROFILER = "profiler"


@dataclass(frozen=True, slots=True)
class TreePin:
    """An archive that a tree's own makefiles would fetch; `md5` in hexadecimal digits."""

    url: str
    md5: str


@dataclass(frozen=True, slots=True)
class TflmTree:
    """A tree of TensorFlow Lite Micro.

    `folder` is what was given, absolute. `root` is the folder that includes begin at: `folder`, or
    `tensorflow` in it. `micro` and `c_api` are names below `root`. `cmsis_nn_folder` is a name below the
    micro folder, empty where there are no such kernels; `cmsis_nn_kernels` are names of files in it.
    `elements` is what its convolution says it can do. `schema_version` is None where it was not found. `pins`
    are its own, by the names of a catalogue entry (cmsis, flatbuffers, gemmlowp, ruy) and others.
    """

    folder: Path
    root: Path
    micro: str
    c_api: str
    generation: Generation
    has_arena_used_bytes: bool
    schema_version: int | None
    cmsis_nn_folder: str
    cmsis_nn_kernels: tuple[str, ...]
    elements: tuple[Element, ...]
    pins: Mapping[str, TreePin]

    @property
    def micro_folder(self) -> Path:
        return self.root / self.micro


def read_tree(folder: Path) -> TflmTree:
    """Finds out what a folder's tree of TensorFlow Lite Micro is.

    Raises:
        SourceError: there is none, a part of it is missing, or no known way of using it fits.
    """
    folder = absolute(folder)
    root = _find_root(folder)
    micro = _find_micro(root)
    c_api = next((name for name in _C_API_FILES if (root / name).is_file()), None)
    if c_api is None:
        raise SourceError(
            f"The TensorFlow tree in {root} has no source of the C API: looked for"
            f" {' and '.join(_C_API_FILES)}.",
            hint="A header alone is not enough; what was unpacked may leave the source out.",
        )
    interpreter = _code(root / micro / "micro_interpreter.h")
    cmsis_nn = next((name for name in _CMSIS_NN_FOLDERS if any((root / micro / name).glob("*.cc"))), "")
    kernels = sorted(path.name for path in (root / micro / cmsis_nn).glob("*.cc")) if cmsis_nn else []
    return TflmTree(
        folder=folder,
        root=root,
        micro=micro,
        c_api=c_api,
        generation=_find_generation(root, micro, interpreter),
        has_arena_used_bytes=bool(_ARENA_USED.search(interpreter)),
        schema_version=_find_schema_version(root, micro),
        cmsis_nn_folder=cmsis_nn,
        cmsis_nn_kernels=tuple(kernels),
        elements=_find_elements(root / micro / "kernels" / "conv.cc"),
        pins=read_pins(root / micro / "tools" / "make" / "third_party_downloads.inc"),
    )


def read_makefile(tree: TflmTree) -> str:
    """The makefile that builds the tree's micro folder; empty if it has none."""
    path = tree.micro_folder / "tools" / "make" / "Makefile"
    return read_text(path) if path.is_file() else ""


def read_pins(path: Path) -> dict[str, TreePin]:
    """The archives that a third_party_downloads.inc names, by name in lower case; none if there is no file.

    Where a name has several, for different hosts, it is the last one: such files have Linux last.
    """
    if not path.is_file():
        return {}
    parts: dict[str, dict[str, str]] = {}
    for name, part, value in _PIN_LINE.findall(read_text(path)):
        parts.setdefault(name.lower(), {})[part] = value
    return {
        name: TreePin(found["URL"], found["MD5"].lower())
        for name, found in sorted(parts.items())
        if len(found) == len(("URL", "MD5"))
    }


def pins_differ(tree: TflmTree, sources: Iterable[Source]) -> list[str]:
    """A sentence for each source of a catalogue entry that is another one than the tree itself would fetch.

    Checksums of the same kind decide. Where they are of different kinds, the names of the archives do: both
    end with a version or a commit.
    """
    differences = []
    for source in sources:
        pin = tree.pins.get(source.name)
        if pin is None or not source.url:
            continue
        algorithm, _, digest = source.checksum.partition(":")
        if algorithm == "md5":
            same = digest.lower() == pin.md5
        else:
            same = _archive_version(source.url) == _archive_version(pin.url)
        if not same:
            differences.append(
                f"The tree asks for {source.name} from {pin.url} (md5:{pin.md5}); the catalogue has"
                f" {source.url} ({source.checksum})."
            )
    return differences


def absolute(path: Path) -> Path:
    """A path from the root on, without dots. Links stay: what lies beside one is what its user sees there."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps the dots


def read_text(path: Path) -> str:
    """The text of a source file; what is not UTF-8 in it is replaced, as it can only be in a comment.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error


def without_comments(text: str) -> str:
    """C or C++ with a space in place of each comment; what looks like one in a literal stays."""
    return _COMMENT_OR_TEXT.sub(lambda match: match["text"] or " ", text)


def _code(path: Path) -> str:
    return without_comments(read_text(path))


def _archive_version(url: str) -> str:
    return re.sub(r"\.(?:zip|tar\.\w+)$", "", url.rpartition("/")[2])


def _find_root(folder: Path) -> Path:
    candidates = (folder, folder / "tensorflow")
    for candidate in candidates:
        if (candidate / SCHEMA).is_file():
            return candidate
    hint = _TREE_HINT
    if (folder / Path(*Path(SCHEMA).parts[1:])).is_file():
        hint = f"Give the folder above it: {folder.parent}."
    looked = " or ".join(str(candidate / SCHEMA) for candidate in candidates)
    raise SourceError(f"There is no TensorFlow tree in {folder}: looked for {looked}.", hint=hint)


def _find_micro(root: Path) -> str:
    header = "micro_interpreter.h"
    for micro in MICRO_FOLDERS:
        if (root / micro / header).is_file():
            return micro
    looked = " and ".join(f"{micro}/{header}" for micro in MICRO_FOLDERS)
    raise SourceError(
        f"The TensorFlow tree in {root} has no interpreter for microcontrollers: looked for {looked}.",
        hint="TensorFlow has one from 1.14 to 2.5; what was unpacked may leave it out.",
    )


def _find_generation(root: Path, micro: str, interpreter: str) -> Generation:
    constructors = [" ".join(arguments.split()) for arguments in _CONSTRUCTOR.findall(interpreter)]
    scopes = {
        f"{micro}/{name}": _scope_of_all_ops_resolver(root / micro / name)
        for name in ("all_ops_resolver.h", "kernels/all_ops_resolver.h")
    }
    new, old = scopes.values()
    versioned = _has(root / "tensorflow/lite/core/api/op_resolver.h", _FIND_OP_VERSIONED)
    options_reader = _has(root / micro / "micro_op_resolver.h", _OPTIONS_READER)
    for arguments in constructors:
        if not re.search(r"\bErrorReporter\s*\*", arguments):
            continue
        by_version = re.search(r"(?<!\w)OpResolver\s*&", arguments) is not None and versioned
        in_arena = re.search(r"\buint8_t\s*\*\s*\w*\s*,\s*(?:std\s*::\s*)?size_t\b", arguments) is not None
        if (
            re.search(r"\bSimpleTensorAllocator\s*\*", arguments)
            and by_version
            and old == "tflite::ops::micro"
        ):
            return Generation.ALLOCATOR
        if in_arena and new == "tflite" and options_reader:
            return Generation.PROFILER
        if in_arena and by_version and old == "tflite::ops::micro":
            return Generation.ARENA
    raise SourceError(
        f"The interpreter in {root / micro} is none that is known. "
        + _describe(constructors, scopes, versioned, options_reader),
        hint="Known are those of TensorFlow 1.14 to 2.5; a later or changed one needs an adapter of its own"
        " under firmware/runtime/tflm.",
    )


def _describe(
    constructors: list[str], scopes: Mapping[str, str | None], versioned: bool, options_reader: bool
) -> str:
    """What was found of all that tells generations apart, in sentences."""
    made = " or ".join(f"MicroInterpreter({arguments})" for arguments in constructors) or "no constructor"
    resolvers = [f"{scope}::AllOpsResolver in {name}" for name, scope in scopes.items() if scope is not None]
    places = " and ".join(resolvers) or f"no AllOpsResolver in {' or '.join(scopes)}"
    finds = "with a version" if versioned else "without a version"
    reads = "GetOpDataParser" if options_reader else "no GetOpDataParser"
    return f"Its headers have {made}, {places}, FindOp {finds} in OpResolver, and {reads} in MicroOpResolver."


def _scope_of_all_ops_resolver(path: Path) -> str | None:
    """The namespace in which a header defines the class AllOpsResolver; None if it does not."""
    if not path.is_file():
        return None
    scopes: list[str] = []
    for match in _SCOPE.finditer(_code(path)):
        if match[0].startswith("class"):
            return "::".join(scope for scope in scopes if scope)
        if match[0] == "}":
            if scopes:
                scopes.pop()
        else:
            scopes.append(match[1] or "")
    return None


def _has(path: Path, pattern: re.Pattern[str]) -> bool:
    return path.is_file() and pattern.search(_code(path)) is not None


def _find_schema_version(root: Path, micro: str) -> int | None:
    for name in ("tensorflow/lite/version.h", f"{micro}/micro_interpreter.h", SCHEMA):
        if (root / name).is_file() and (match := _SCHEMA_VERSION.search(read_text(root / name))):
            return int(match[1])
    return None


def _find_elements(convolution: Path) -> tuple[Element, ...]:
    if not convolution.is_file():
        return ()
    return tuple(dict.fromkeys(_elements_in(_code(convolution))))


def _elements_in(code: str) -> Iterator[Element]:
    """The types that are cases of a switch, in the order of `Element`."""
    cases = set(re.findall(r"\bcase\s+(kTfLite\w+)\s*:", code))
    return (element for name, element in _ELEMENTS.items() if name in cases)
