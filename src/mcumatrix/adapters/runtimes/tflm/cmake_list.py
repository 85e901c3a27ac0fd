"""The list of a library's parts as a file of CMake, and of its operators as one of C++."""

import re
from collections.abc import Iterable

from mcumatrix.adapters.runtimes.tflm.library import Library
from mcumatrix.adapters.runtimes.tflm.operators import symbol_of
from mcumatrix.adapters.runtimes.tflm.third_party import Place
from mcumatrix.errors import SourceError

_UNFIT_FOR_A_LIST = re.compile(r"[;\[\]\\\x00-\x1f\x7f]")
_FORWARD = "${CMAKE_CURRENT_BINARY_DIR}/tflm_forward"


def to_cmake(library: Library) -> bytes:
    """The list as a file for firmware/runtime/tflm/CMakeLists.txt, which says what each variable is.

    Raises:
        SourceError: a name has characters that no list of CMake can hold.
    """
    directories = [_cmake_path(place) for place in library.include_directories]
    lines = ["# Made by mcumatrix from what the TensorFlow tree has."]
    lines += [f"# Neither in the tree nor in a library: {sentence}" for sentence in library.foreign_includes]
    for include, header in library.forwards:
        target = _quoted(f"{_FORWARD}/", include)
        lines.append(f'file(CONFIGURE OUTPUT {target} CONTENT "#include <{_escaped(header)}>\\n" @ONLY)')
    if library.forwards:
        directories.insert(0, _quoted(_FORWARD, ""))
    lines += [
        f"set(tflm_generation {library.generation})",
        f"set(tflm_registration {library.registration})",
        f"set(tflm_log_takes_arguments {int(library.log_takes_arguments)})",
        f"set(tflm_has_recorder {int(library.has_recorder)})",
        f"set(tflm_micro {_quoted('', library.micro)})",
        *_cmake_list("tflm_sources", map(_cmake_path, library.sources)),
        *_cmake_list("tflm_kernel_sources", map(_cmake_path, library.kernel_sources)),
        *_cmake_list("tflm_cmsis_sources", map(_cmake_path, library.cmsis_sources)),
        *_cmake_list("tflm_include_directories", directories),
        *_cmake_list(
            "tflm_definitions",
            (
                line
                for definition in library.definitions
                for line in (f"# {_one_line(definition.reason)}", _quoted("", definition.text))
            ),
        ),
        *_cmake_list("tflm_traced_functions", library.traced_functions),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def to_operators(library: Library) -> bytes:
    """What can be registered, for the adapters under firmware/runtime/tflm: macros that they define."""
    lines = ["/* Made by mcumatrix from what the TensorFlow tree has, for the operators that are needed. */"]
    functions = dict.fromkeys(function for operator in library.operators for function in operator.functions)
    lines += [f"KERNEL({function})" for function in functions]
    lines += [f"OPERATOR({symbol_of(operator.name)}, {operator.call})" for operator in library.operators]
    return "".join(f"{line}\n" for line in lines).encode()


def _cmake_list(name: str, items: Iterable[str]) -> list[str]:
    lines = [f"  {item}" for item in items]
    return [f"set({name}", *lines, ")"] if lines else [f"set({name})"]


def _cmake_path(place: Place) -> str:
    variable = f"${{{tree_variable(place.tree)}}}"
    return _quoted(variable if place.path in ("", ".") else f"{variable}/", place.path.removeprefix("."))


def tree_variable(tree: str) -> str:
    """The variable of CMake with the folder of a tree."""
    return f"MCUMATRIX_TREE_{tree.upper().replace('-', '_')}"


def _quoted(prefix: str, text: str) -> str:
    return f'"{prefix}{_escaped(text)}"'


def _escaped(text: str) -> str:
    """For a quoted argument.

    Raises:
        SourceError: as an element of a list it would fall apart.
    """
    if _UNFIT_FOR_A_LIST.search(text):
        raise SourceError(
            f"The name {text!r} has a character that a list of CMake cannot hold: one of ; [ ] \\ or an"
            " invisible one.",
            hint="Rename the file or folder.",
        )
    return re.sub(r'(["$@#])', r"\\\1", text)


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "?", text)
