"""What a matrix may hand to the compiler and to CMake.

A variant's fingerprint covers the text of its flags, not files that a flag names, and several builds share
one library: so a flag may change how code is made, but neither what is read nor what is written beside it.
The names are those of GCC 12's manual, "Option Summary".
"""

import re

MAXIMUM_LENGTH = 200

_ALLOWED = re.compile(
    r"""
      -D[A-Za-z_][A-Za-z0-9_]*(=[!-~]*)?                # a macro; its value is any printable text
    | -U[A-Za-z_][A-Za-z0-9_]*                          # no macro, whatever was said before
    | -O([0-3sgz]|fast)?
    | -std=(c|gnu|iso9899:|c\+\+|gnu\+\+)[0-9a-z]+
    | -[fgmW][A-Za-z0-9+=,.:_-]*
    | --?specs=(nano|nosys|rdimon)\.specs               # those that newlib brings
    """,
    re.VERBOSE | re.ASCII,
)
_TOUCHES_FILES = re.compile(
    r"""
      -W[alp],.*                                        # hands options to the assembler, linker, preprocessor
    | -gsplit-dwarf
    | -m[a-z]+=native                                   # asks the machine that compiles
    | -f(no-)?(
          plugin | profile | auto-profile | branch-probabilities | test-coverage | condition-coverage
        | dump | opt-info | save-optimization | callgraph-info | stack-usage | diagnostics | compare-debug
        | use-ld | offload | module | deps | pch | ada-spec | go- | self-test | resolution | wpa | ltrans
        | (file|macro|debug)-prefix-map | random-seed | syntax-only | working-directory
      ).*
    """,
    re.VERBOSE | re.ASCII,
)
_EXPANDED = "CMake and shells give these a meaning; remove it."
_CMAKE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OWN_CMAKE_NAMES = ("CMAKE_", "MCUMATRIX_")


class RefusedError(ValueError):
    """A text that a matrix may not hold: the first argument says why not, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def check_flag(flag: str) -> str:
    """Returns a compiler flag that a matrix may set.

    Allowed are -D, -U, -O, -f, -g, -m, -W, -std= and newlib's specs, without those that read or write files,
    load code, hand options to another program, or depend on the machine that compiles.

    Raises:
        RefusedError: any other text.
    """
    if len(flag) > MAXIMUM_LENGTH:
        raise RefusedError(f"it is longer than {MAXIMUM_LENGTH} characters", "Shorten it.")
    if any(character.isspace() for character in flag):
        raise RefusedError("it has a space", "Write every flag as an item of its own.")
    if not flag.startswith("-"):
        raise RefusedError("it does not begin with '-'", "Write flags such as '-O3', never files.")
    if _TOUCHES_FILES.fullmatch(flag):
        raise RefusedError(
            "it reads or writes files, or runs something else than the compiler",
            "Remove it: variants with it could not be told apart by what is in the matrix.",
        )
    if not _ALLOWED.fullmatch(flag):
        raise RefusedError(
            "it is not of a kind that a matrix may set",
            "Allowed are -DNAME=value, -UNAME, -O, -f, -g, -m, -W, -std= and -specs= of newlib, "
            "without paths.",
        )
    if flag.startswith("-D") and any(character in flag for character in ";$`\\"):
        raise RefusedError("its value has one of ; $ ` \\", _EXPANDED)
    return flag


def check_cmake_name(name: str) -> str:
    """Returns the name of a CMake variable that a matrix may set.

    Raises:
        RefusedError: not an identifier, or the name belongs to CMake or to mcumatrix.
    """
    if not _CMAKE_NAME.fullmatch(name) or len(name) > MAXIMUM_LENGTH:
        raise RefusedError("it is not an identifier", "Use letters, digits and '_'.")
    if name.upper().startswith(_OWN_CMAKE_NAMES):
        raise RefusedError(
            "names with CMAKE_ and MCUMATRIX_ belong to the build itself",
            "Use flags, or a variable that the firmware's CMakeLists.txt reads.",
        )
    return name


def check_cmake_value(value: str) -> str:
    """Returns the value of a CMake variable that a matrix may set.

    Raises:
        RefusedError: too long, more than one line, or with characters that CMake expands.
    """
    if len(value) > MAXIMUM_LENGTH:
        raise RefusedError(f"it is longer than {MAXIMUM_LENGTH} characters", "Shorten it.")
    if any(character in value for character in '\n\t;$`\\"'):
        raise RefusedError('it has a line break, a tab or one of ; $ ` \\ "', _EXPANDED)
    return value
