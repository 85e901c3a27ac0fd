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

CXX_SUFFIXES = (".cc", ".cpp")
"""How sources in C++ end: in TensorFlow's own repositories, and in what is made from them for other tools."""

RECORDER = "recording_micro_interpreter.h"
"""The interpreter that records what its arena is for, below the micro folder."""

_RECORDING_ALLOCATOR = "recording_micro_allocator"

_C_API_STEMS = tuple(
    f"{LITE}/{stem}" for stem in ("core/c/common", "core/api/common", "c/common", "c/c_api_internal")
)
"""The source of the C API: of today, as Edge Impulse has it, up to 2022, and in 1.14 and 2.0."""
_C_API_SUFFIXES = (*CXX_SUFFIXES, ".c")
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
_MUTABLE_RESOLVER = re.compile(r"\bclass\s+MicroMutableOpResolver\b")
_REGISTRATION = re.compile(r"\bconst\s+(\w+)\s*\*\s*FindOp\s*\(\s*(?:tflite\s*::\s*)?BuiltinOperator\b")
_LOG_WITH_ARGUMENTS = re.compile(r"\bDebugLog\s*\([^)]*\bva_list\b")
_ARENA_USED = re.compile(r"\barena_used_bytes\s*\(")
_SCHEMA_VERSION = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+TFLITE_SCHEMA_VERSION[ \t]+\(?[ \t]*(\d+)", re.MULTILINE
)
_ELEMENTS = {
    "kTfLiteFloat32": Element.FLOAT32,
    "kTfLiteInt8": Element.INT8,
    "kTfLiteUInt8": Element.UINT8,
    "kTfLiteInt16": Element.INT16,
}
_PARTIES_OF_PINS = {"cmsis_nn": "cmsis-nn"}
"""What a catalogue's entry calls them, where that is another name."""
_ASSIGNMENT = re.compile(r"^[ \t]*(\w+)[ \t]*[:?]?=[ \t]*\"?([^\s\"]+)\"?[ \t]*$", re.MULTILINE)


class Generation(StrEnum):
    """How an interpreter is made, and how kernels are found: what an adapter is written for.

    ALLOCATOR: memory comes from a SimpleTensorAllocator, and the constructor places the tensors (1.14).
    ARENA: memory is a uint8_t* and a size_t; tflite::ops::micro::AllOpsResolver finds kernels by operator and
    version (2.1, 2.2). PROFILER: as ARENA, but kernels are found by operator alone and come with
    GetOpDataParser; the constructor may take a profiler (2.3 to the middle of 2022). LOG: as PROFILER, but no
    ErrorReporter is given: all that is said goes to DebugLog (from then on).
    """

    ALLOCATOR = "allocator"
    ARENA = "arena"
    PROFILER = "profiler"
    LOG = "log"

    @property
    def finds_by_version(self) -> bool:
        """Whether kernels are found by operator and version, in a list that AllOpsResolver's source has."""
        return self in (Generation.ALLOCATOR, Generation.ARENA)


@dataclass(frozen=True, slots=True)
class TreePin:
    """An archive that a tree's own makefiles would fetch; `md5` in hexadecimal digits."""

    url: str
    md5: str

    @property
    def version(self) -> str:
        """The commit or the tag that the archive is of, by its name."""
        return _archive_version(self.url)


@dataclass(frozen=True, slots=True)
class TflmTree:
    """A tree of TensorFlow Lite Micro.

    `folder` is what was given, absolute. `root` is the folder that includes begin at: `folder`, or
    `tensorflow` in it. `micro` and `c_api` are names below `root`. `cmsis_nn_folder` is a name below the
    micro folder, empty where there are no such kernels; `cmsis_nn_kernels` are names of files in it.
    `registration` is the type of a kernel's registration, `log_takes_arguments` whether DebugLog gets a
    format with its arguments in place of a text, `has_recorder` whether there is an interpreter that records
    what its arena is for.
    `elements` is what its convolution says it can do. `schema_version` is None where it was not found. `pins`
    are its own, by the names of a catalogue entry (cmsis, flatbuffers, gemmlowp, ruy) and others.
    """

    folder: Path
    root: Path
    micro: str
    c_api: str
    generation: Generation
    registration: str
    log_takes_arguments: bool
    has_arena_used_bytes: bool
    has_recorder: bool
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
    c_api = next(
        (
            f"{stem}{suffix}"
            for stem in _C_API_STEMS
            for suffix in _C_API_SUFFIXES
            if (root / f"{stem}{suffix}").is_file()
        ),
        None,
    )
    if c_api is None:
        raise SourceError(
            f"The TensorFlow tree in {root} has no source of the C API: looked for"
            f" {', '.join(_C_API_STEMS)}, each with {', '.join(_C_API_SUFFIXES)}.",
            hint="A header alone is not enough; what was unpacked may leave the source out.",
        )
    interpreter = _code(root / micro / "micro_interpreter.h")
    cmsis_nn = next((name for name in _CMSIS_NN_FOLDERS if cxx_files(root / micro / name)), "")
    kernels = [path.name for path in cxx_files(root / micro / cmsis_nn)] if cmsis_nn else []
    has_arena_used_bytes = bool(_ARENA_USED.search(interpreter))
    registration = _REGISTRATION.search(_code_of(root / micro / "micro_op_resolver.h"))
    return TflmTree(
        folder=folder,
        root=root,
        micro=micro,
        c_api=c_api,
        generation=_find_generation(root, micro, interpreter),
        registration=registration[1] if registration else "TfLiteRegistration",
        log_takes_arguments=_has(root / micro / "debug_log.h", _LOG_WITH_ARGUMENTS),
        has_arena_used_bytes=has_arena_used_bytes,
        has_recorder=has_arena_used_bytes and _has_recorder(root / micro),
        schema_version=_find_schema_version(root, micro),
        cmsis_nn_folder=cmsis_nn,
        cmsis_nn_kernels=tuple(kernels),
        elements=_find_elements([root / micro / "kernels" / f"conv{suffix}" for suffix in CXX_SUFFIXES]),
        pins=read_pins(root / micro / "tools" / "make"),
    )


def _has_recorder(micro_folder: Path) -> bool:
    """Whether there is an interpreter that records, with its source: some ports have its header alone."""
    sources = (f"{_RECORDING_ALLOCATOR}{suffix}" for suffix in CXX_SUFFIXES)
    return (micro_folder / RECORDER).is_file() and any((micro_folder / name).is_file() for name in sources)


def cxx_files(folder: Path) -> list[Path]:
    """The sources in C++ that lie in a folder itself, in the order of their names."""
    return sorted(path for path in folder.glob("*.c*") if path.suffix in CXX_SUFFIXES and path.is_file())


def read_makefile(tree: TflmTree) -> str:
    """The makefile that builds the tree's micro folder, with the list of sources that it includes; empty if
    it has none."""
    folder = tree.micro_folder / "tools" / "make"
    return "\n".join(
        read_text(folder / name) for name in ("Makefile", "sources.inc") if (folder / name).is_file()
    )


def read_pins(folder: Path) -> dict[str, TreePin]:
    """The archives that the makefiles in a folder would fetch, by names of their own in lower case.

    Up to 2021 third_party_downloads.inc has all of them; then scripts called *_download.sh took over, one by
    one. Where a name has several, for different hosts, it is the last one: such files have Linux last.
    """
    scripts = sorted(folder.glob("*_download.sh")) + sorted(folder.glob("ext_libs/*_download.sh"))
    pins: dict[str, TreePin] = {}
    for path in (folder / "third_party_downloads.inc", *scripts):
        if path.is_file():
            pins |= _pins_in(read_text(path))
    return dict(sorted(pins.items()))


def _pins_in(text: str) -> dict[str, TreePin]:
    values: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    for name, value in _ASSIGNMENT.findall(text):
        values[name] = re.sub(r"\$\{(\w+)\}", lambda match: values.get(match[1], match[0]), value)
        pin, _, part = name.rpartition("_")
        if part in ("URL", "MD5"):
            parts.setdefault(pin.lower(), {})[part] = values[name]
    return {
        _PARTIES_OF_PINS.get(name, name): TreePin(found["URL"], found["MD5"].lower())
        for name, found in parts.items()
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
        elif source.commit:
            same = pin.version in (source.commit, source.revision)
        else:
            same = _archive_version(source.url) == pin.version
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
        hint="TensorFlow has one from 1.14 to 2.5, and then tflite-micro; what was unpacked may leave it"
        " out.",
    )


def _code_of(path: Path) -> str:
    return _code(path) if path.is_file() else ""


def _find_generation(root: Path, micro: str, interpreter: str) -> Generation:
    constructors = [" ".join(arguments.split()) for arguments in _CONSTRUCTOR.findall(interpreter)]
    scopes = {
        f"{micro}/{name}": _scope_of_all_ops_resolver(root / micro / name)
        for name in ("all_ops_resolver.h", "kernels/all_ops_resolver.h")
    }
    _, old = scopes.values()
    versioned = _has(root / "tensorflow/lite/core/api/op_resolver.h", _FIND_OP_VERSIONED)
    options_reader = _has(root / micro / "micro_op_resolver.h", _OPTIONS_READER)
    mutable = _has(root / micro / "micro_mutable_op_resolver.h", _MUTABLE_RESOLVER)
    for arguments in constructors:
        by_version = re.search(r"(?<!\w)OpResolver\s*&", arguments) is not None and versioned
        in_arena = re.search(r"\buint8_t\s*\*\s*\w*\s*,\s*(?:std\s*::\s*)?size_t\b", arguments) is not None
        if not re.search(r"\bErrorReporter\s*\*", arguments):
            if in_arena and options_reader and mutable:
                return Generation.LOG
            continue
        if (
            re.search(r"\bSimpleTensorAllocator\s*\*", arguments)
            and by_version
            and old == "tflite::ops::micro"
        ):
            return Generation.ALLOCATOR
        if in_arena and options_reader and mutable:
            return Generation.PROFILER
        if in_arena and by_version and old == "tflite::ops::micro":
            return Generation.ARENA
    raise SourceError(
        f"The interpreter in {root / micro} is none that is known. "
        + _describe(
            constructors, scopes, versioned=versioned, options_reader=options_reader, mutable=mutable
        ),
        hint="Known are those of TensorFlow 1.14 to 2.5 and of tflite-micro until August 2026; another one"
        " needs an adapter of its own under firmware/runtime/tflm.",
    )


def _describe(
    constructors: list[str],
    scopes: Mapping[str, str | None],
    *,
    versioned: bool,
    options_reader: bool,
    mutable: bool,
) -> str:
    """What was found of all that tells generations apart, in sentences."""
    made = " or ".join(f"MicroInterpreter({arguments})" for arguments in constructors) or "no constructor"
    resolvers = [f"{scope}::AllOpsResolver in {name}" for name, scope in scopes.items() if scope is not None]
    places = " and ".join(resolvers) or f"no AllOpsResolver in {' or '.join(scopes)}"
    finds = "with a version" if versioned else "without a version"
    reads = "GetOpDataParser" if options_reader else "no GetOpDataParser"
    changes = "MicroMutableOpResolver" if mutable else "no MicroMutableOpResolver"
    return (
        f"Its headers have {made}, {places}, FindOp {finds} in OpResolver, {reads} in MicroOpResolver, and"
        f" {changes}."
    )


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
    return pattern.search(_code_of(path)) is not None


def _find_schema_version(root: Path, micro: str) -> int | None:
    for name in ("tensorflow/lite/version.h", f"{micro}/micro_interpreter.h", SCHEMA):
        if (root / name).is_file() and (match := _SCHEMA_VERSION.search(read_text(root / name))):
            return int(match[1])
    return None


def _find_elements(convolutions: Iterable[Path]) -> tuple[Element, ...]:
    return tuple(dict.fromkeys(_elements_in("\n".join(map(_code_of, convolutions)))))


def _elements_in(code: str) -> Iterator[Element]:
    """The types that are cases of a switch, in the order of `Element`."""
    cases = set(re.findall(r"\bcase\s+(kTfLite\w+)\s*:", code))
    return (element for name, element in _ELEMENTS.items() if name in cases)
