"""What is said of a step of a build that failed, from what it printed."""

from pathlib import Path

from mcumatrix.adapters.builders.steps import step_failed
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildPlan


def test_of_a_compilers_words_the_errors_are_shown_and_not_its_command_line() -> None:
    plan = BuildPlan("library", Toolchain("gcc", "x-"), "f" * 64, (), ())
    printed = (
        "[1/2] Building C object a.obj\nFAILED: a.obj\n/usr/bin/x-gcc -Wall -Werror -Werror=vla -c a.c\n"
        "a.c:3:9: error: comparison is always false [-Werror=type-limits]\nninja: build stopped.\n"
    )
    error = step_failed(plan, ["cmake", "--build"], printed, Path("/log"))
    assert error.message == (
        "library: cmake failed:\na.c:3:9: error: comparison is always false [-Werror=type-limits]"
    )
