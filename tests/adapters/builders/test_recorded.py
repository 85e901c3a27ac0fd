"""Compilers that cannot be had are known by the results that were made with them."""

from pathlib import Path

import pytest

from mcumatrix.adapters.builders.recorded import Known, RecordedCompilers
from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity

TOOLCHAIN = Toolchain("debian-12", "arm-none-eabi-", "12.2.1", None)
HERE, THERE = ToolchainIdentity("gcc here", "a" * 64), ToolchainIdentity("gcc there", "b" * 64)
FLAGS = ("-mcpu=cortex-m7",)
MISSING = ToolError("arm-none-eabi-gcc is not on PATH.", hint="Install it.")


class Machine:
    """A builder with a compiler, or without."""

    def __init__(self, identity: ToolchainIdentity | None) -> None:
        self.found = identity
        self.executed: list[str] = []

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        if self.found is None:
            raise MISSING
        return self.found

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        self.executed.append(plan.name)

    def stop(self) -> None:
        self.executed.append("stop")

    def reap(self) -> None:
        self.executed.append("reap")


def _recorded(machine: Machine, known: Known) -> tuple[RecordedCompilers, list[str]]:
    said: list[str] = []
    return RecordedCompilers(machine, lambda: known, said.append), said


def _execute(builder: RecordedCompilers) -> None:
    folders = BuildFolders(Path(), Path(), Path())
    builder.execute(BuildPlan("image", TOOLCHAIN, "f", (), ()), folders, Path("log"))


def test_a_compiler_that_is_here_is_used_whatever_was_recorded() -> None:
    machine = Machine(HERE)
    builder, said = _recorded(machine, {("debian-12", FLAGS): THERE})
    assert builder.identity(TOOLCHAIN, FLAGS) is HERE
    _execute(builder)
    builder.reap()
    builder.stop()
    assert machine.executed == ["image", "reap", "stop"]
    assert said == []


def test_one_that_is_not_is_that_of_the_results_and_builds_nothing() -> None:
    machine = Machine(None)
    builder, said = _recorded(machine, {("debian-12", FLAGS): THERE})
    assert builder.identity(TOOLCHAIN) is builder.identity(TOOLCHAIN, FLAGS) is THERE
    with pytest.raises(ToolError, match="is not on PATH"):
        _execute(builder)
    assert machine.executed == []
    assert said == [
        "Toolchain debian-12 cannot be had: arm-none-eabi-gcc is not on PATH. Finished results that were "
        "made with it are used; nothing can be built with it."
    ]


@pytest.mark.parametrize("known", [{}, {("path", FLAGS): THERE}, {("debian-12", ("-mcpu=other",)): THERE}])
def test_one_that_no_result_was_made_with_is_an_error(known: Known) -> None:
    builder, said = _recorded(Machine(None), known)
    with pytest.raises(ToolError, match="is not on PATH"):
        builder.identity(TOOLCHAIN, FLAGS)
    assert said == []
