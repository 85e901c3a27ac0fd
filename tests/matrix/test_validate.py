"""Errors that need no catalogue to be seen."""

from collections.abc import Callable

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.model.variant import Matrix

Load = Callable[[str | bytes], Matrix]

WRONG = {
    "an unknown key": (
        lambda small: small + "excludes: []\n",
        ("m.yaml:7:1: unknown key 'excludes'\n  Did you mean 'exclude'?"),
    ),
    "a merge key": (
        lambda small: small + "<<: {repeat: 3}\n",
        (
            "m.yaml:7:1: unknown key '<<'\n"
            "  Known: description, axes, include, exclude, expect, compare, published, "
            "regression, instead, repeat, warmup, runs and 7 more."
        ),
    ),
    "no axes": (
        lambda _: "repeat: 3\n",
        (
            "m.yaml:1:1: the key 'axes' is missing in the file\n"
            "  Every combination of their values is a variant."
        ),
    ),
    "axes as a list": (
        lambda _: "axes: [a]\n",
        ("m.yaml:1:7: axes must be a mapping, but is a list"),
    ),
    "axes without a value": (
        lambda _: "axes:\n",
        ("m.yaml:1:1: axes is empty\n  Give it a value or remove it."),
    ),
    "a missing axis": (
        lambda small: small.replace("  board: virtual-f746\n", ""),
        ("m.yaml:1:1: the key 'board' is missing in axes\n  Names of files in matrix/boards."),
    ),
    "an empty axis": (
        lambda small: small.replace("[reference, simd]", "[]"),
        ("m.yaml:3:12: axes.kernels is empty\n  Give it a value or remove it."),
    ),
    "an axis without a value": (
        lambda small: small.replace(" [reference, simd]", ""),
        ("m.yaml:3:3: axes.kernels is empty\n  Give it a value or remove it."),
    ),
    "a known axis as a mapping": (
        lambda small: small.replace("[reference, simd]", "{a: b}"),
        ("m.yaml:3:12: axes.kernels must be a list, but is a mapping"),
    ),
    "a list in an axis": (
        lambda small: small.replace("simd]", "[simd]]"),
        ("m.yaml:3:24: axes.kernels[1] must be text, but is a list"),
    ),
    "nothing in an axis": (
        lambda small: small.replace("simd]", "~]"),
        ("m.yaml:3:24: axes.kernels[1] is empty\n  Give it a value or remove it."),
    ),
    "a misspelt axis": (
        lambda small: small.replace("kernels:", "kernel:"),
        (
            "m.yaml:1:1: the key 'kernels' is missing in axes\n"
            "  Did you mean it by 'kernel'?\n"
            "m.yaml:3:11: axes.kernel must be a mapping, but is a list\n"
            "  Did you mean 'kernels'? An axis of your own maps labels to flags and cmake."
        ),
    ),
    "an own axis as a list": (
        lambda small: small + "  optimize: [O2, O3]\n",
        (
            "m.yaml:7:13: axes.optimize must be a mapping, but is a list\n"
            "  An axis of your own maps labels to flags and cmake."
        ),
    ),
    "an own axis without labels": (
        lambda small: small + "  optimize: {}\n",
        ("m.yaml:7:13: axes.optimize is empty\n  Give it a value or remove it."),
    ),
    "an own axis without a value": (
        lambda small: small + "  optimize:\n",
        ("m.yaml:7:3: axes.optimize is empty\n  Give it a value or remove it."),
    ),
    "an unknown key in a setting": (
        lambda small: small + "  optimize: {O2: {flag: [-O2]}}\n",
        ("m.yaml:7:19: unknown key 'flag'\n  Did you mean 'flags'?"),
    ),
    "flags as text": (
        lambda small: small + "  optimize: {O2: {flags: -O2}}\n",
        ("m.yaml:7:26: axes.optimize.O2.flags must be a list, but is '-O2'"),
    ),
    "a path as a label": (
        lambda small: small + "  optimize: {../x: {flags: [-O2]}}\n",
        (
            "m.yaml:7:14: axes.optimize cannot have '../x': it is unfit for a file name\n"
            "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
        ),
    ),
    "a dash before a label": (
        lambda small: small + "  optimize: {-O2: {flags: [-O2]}}\n",
        (
            "m.yaml:7:14: axes.optimize cannot have '-O2': it is unfit for a file name\n"
            "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
        ),
    ),
    "a dot before a label": (
        lambda small: small + "  optimize: {.O2: }\n",
        (
            "m.yaml:7:14: axes.optimize cannot have '.O2': it is unfit for a file name\n"
            "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
        ),
    ),
    "a space in a label": (
        lambda small: small + "  optimize: {O 2: }\n",
        (
            "m.yaml:7:14: axes.optimize cannot have 'O 2': it is unfit for a file name\n"
            "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
        ),
    ),
    "an endless label": (
        lambda small: small + "  optimize: {" + "x" * 300 + ": }\n",
        (
            "m.yaml:7:14: axes.optimize cannot have "
            "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...': it is unfit for "
            "a file name\n"
            "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
        ),
    ),
    "NUL in a label": (
        lambda small: small + '  optimize: {"O\\0": }\n',
        ("m.yaml:7:14: the text 'O\\x00' has the character U+0000\n  Remove it."),
    ),
    "a letter of another alphabet in a label": (
        lambda small: small + "  optimize: {Oµ: }\n",
        (
            "m.yaml:7:14: axes.optimize cannot have 'Oµ': it is unfit for a file name\n"
            "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
        ),
    ),
    "a refused flag": (
        lambda small: small + "  optimize: {O2: {flags: [-O2, -o]}}\n",
        (
            "m.yaml:7:32: axes.optimize.O2.flags[1] cannot be '-o': it is not of a kind that "
            "a matrix may set\n"
            "  Allowed are -DNAME=value, -UNAME, -O, -f, -g, -m, -W, -std= and -specs= of newlib, "
            "without paths."
        ),
    ),
    "a refused CMake variable": (
        lambda small: small + "  optimize: {O2: {cmake: {CMAKE_C_COMPILER: gcc}}}\n",
        (
            "m.yaml:7:27: axes.optimize.O2.cmake cannot have 'CMAKE_C_COMPILER': names with "
            "CMAKE_ and MCUMATRIX_ belong to the build itself\n"
            "  Use flags, or a variable that the firmware's CMakeLists.txt reads."
        ),
    ),
    "a refused CMake value": (
        lambda small: small + "  optimize: {O2: {cmake: {A: a;b}}}\n",
        (
            "m.yaml:7:30: axes.optimize.O2.cmake.A cannot be 'a;b': it has a line break, a "
            'tab or one of ; $ ` \\ "\n'
            "  CMake and shells give these a meaning; remove it."
        ),
    ),
    "a list as a CMake value": (
        lambda small: small + "  optimize: {O2: {cmake: {A: [1]}}}\n",
        ("m.yaml:7:30: axes.optimize.O2.cmake.A must be text, but is a list"),
    ),
    "no repeats": (
        lambda small: small + "repeat: 0\n",
        ("m.yaml:7:9: repeat must be at least 1, but is 0"),
    ),
    "too many repeats": (
        lambda small: small + "repeat: 1001\n",
        ("m.yaml:7:9: repeat must be at most 1000, but is 1001"),
    ),
    "words for repeats": (
        lambda small: small + "repeat: often\n",
        ("m.yaml:7:9: repeat cannot be 'often': it is not a whole number\n  Write digits, such as 3."),
    ),
    "a fraction of a repeat": (
        lambda small: small + "repeat: 3.0\n",
        ("m.yaml:7:9: repeat cannot be '3.0': it is not a whole number\n  Write digits, such as 3."),
    ),
    "repeat without a value": (
        lambda small: small + "repeat:\n",
        ("m.yaml:7:1: repeat is empty\n  Give it a value or remove it."),
    ),
    "a list of repeats": (
        lambda small: small + "repeat: [3]\n",
        ("m.yaml:7:9: repeat must be a whole number, but is a list"),
    ),
    "a negative warm-up": (
        lambda small: small + "warmup: -1\n",
        ("m.yaml:7:9: warmup cannot be '-1': it is not a whole number\n  Write digits, such as 3."),
    ),
    "too much warm-up": (
        lambda small: small + "warmup: 1001\n",
        ("m.yaml:7:9: warmup must be at most 1000, but is 1001"),
    ),
    "an exclude without a reason": (
        lambda small: small + "exclude:\n  - kernels: simd\n",
        ("m.yaml:8:5: the key 'reason' is missing in exclude[0]\n  Why; plans and reports print it."),
    ),
    "an exclude with a misspelt reason": (
        lambda small: small + "exclude:\n  - {kernels: simd, reasons: x}\n",
        ("m.yaml:8:5: the key 'reason' is missing in exclude[0]\n  Did you mean it by 'reasons'?"),
    ),
    "an exclude with a blank reason": (
        lambda small: small + "exclude:\n  - {kernels: simd, reason: ' '}\n",
        ("m.yaml:8:29: exclude[0].reason cannot be ' ': it is empty\n  Say in a few words why."),
    ),
    "excludes as a mapping": (
        lambda small: small + "exclude: {kernels: simd}\n",
        ("m.yaml:7:10: exclude must be a list, but is a mapping"),
    ),
    "an exclude with a list": (
        lambda small: small + "exclude:\n  - {kernels: [simd], reason: x}\n",
        ("m.yaml:8:15: exclude[0].kernels must be text, but is a list"),
    ),
    "an exclude as text": (
        lambda small: small + "exclude: [simd]\n",
        ("m.yaml:7:11: exclude[0] must be a mapping, but is 'simd'"),
    ),
    "an exclude with an empty value": (
        lambda small: small + "exclude:\n  - {kernels: , reason: x}\n",
        ("m.yaml:8:6: exclude[0].kernels is empty\n  Give it a value or remove it."),
    ),
    "an unknown outcome": (
        lambda small: small + "expect:\n  - {kernels: simd, outcome: fails}\n",
        ("m.yaml:8:30: expect[0].outcome cannot be 'fails'\n  Did you mean 'fail'?"),
    ),
    "an expectation without an outcome": (
        lambda small: small + "expect:\n  - {kernels: simd}\n",
        (
            "m.yaml:8:5: the key 'outcome' is missing in expect[0]\n"
            "  fail or pass; of two entries for a variant the later one counts."
        ),
    ),
    "an include with two labels": (
        lambda small: small + "include:\n  - {optimize: {O2: , O3: }}\n",
        ("m.yaml:8:16: include[0].optimize has 2 labels\n  One include sets one label."),
    ),
    "an include with no label": (
        lambda small: small + "include:\n  - {optimize: {}}\n",
        ("m.yaml:8:16: include[0].optimize is empty\n  Give it a value or remove it."),
    ),
    "an include with no repeats": (
        lambda small: small + "include:\n  - {kernels: simd, repeat: 0}\n",
        ("m.yaml:8:29: include[0].repeat must be at least 1, but is 0"),
    ),
    "an include with an empty repeat": (
        lambda small: small + "include:\n  - {kernels: simd, repeat: }\n",
        ("m.yaml:8:21: include[0].repeat is empty\n  Give it a value or remove it."),
    ),
    "an include with a list": (
        lambda small: small + "include:\n  - {kernels: simd, optimize: [O2]}\n",
        ("m.yaml:8:31: include[0].optimize must be a mapping, but is a list"),
    ),
    "an include with an unknown setting": (
        lambda small: small + "include:\n  - {optimize: {O2: {cmak: {}}}}\n",
        ("m.yaml:8:22: unknown key 'cmak'\n  Did you mean 'cmake'?"),
    ),
    "a list as the description": (
        lambda small: small + "description: [a]\n",
        ("m.yaml:7:14: description must be text, but is a list"),
    ),
    "a line break in a key": (
        lambda small: small + '"a\\nb": c\n',
        (
            "m.yaml:7:1: unknown key 'a\\nb'\n"
            "  Known: description, axes, include, exclude, expect, compare, published, "
            "regression, instead, repeat, warmup, runs and 7 more."
        ),
    ),
    "several problems": (
        lambda small: small + "  optimize: {O2: {flags: [-I.]}}\nrepeat: 0\nextra: 1\n",
        (
            "m.yaml:7:27: axes.optimize.O2.flags[0] cannot be '-I.': it is not of a kind "
            "that a matrix may set\n"
            "  Allowed are -DNAME=value, -UNAME, -O, -f, -g, -m, -W, -std= and -specs= of newlib, "
            "without paths.\n"
            "m.yaml:8:9: repeat must be at least 1, but is 0\n"
            "m.yaml:9:1: unknown key 'extra'\n"
            "  Known: description, axes, include, exclude, expect, compare, published, "
            "regression, instead, repeat, warmup, runs and 7 more."
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_matrix_may_say_is_named_with_its_place(load: Load, small: str, case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(MatrixError) as caught:
        load(change(small))
    assert str(caught.value) == message


def test_a_label_without_settings_is_a_label(load: Load, small: str) -> None:
    assert len(load(small + "  optimize: {O2: , O3: {}}\n").variants) == 16


def test_many_problems_are_cut(load: Load, small: str) -> None:
    with pytest.raises(MatrixError) as caught:
        load(small + "".join(f"unknown{number}: x\n" for number in range(50)))
    assert caught.value.message.count("unknown key") == 20
    assert caught.value.hint == "There are 30 more problems."
