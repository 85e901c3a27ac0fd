"""Which builder executes a plan."""

from pathlib import Path

import pytest

from mcumatrix.adapters.builders.choice import BuilderChoice
from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity

CONTAINED = Toolchain("debian-12", "arm-none-eabi-", "12.2.1", Path("Dockerfile"))
ON_PATH = Toolchain("path", "arm-none-eabi-")
IDENTITY = ToolchainIdentity("gcc", "a" * 64)


class Recorder:
    """A builder that notes what it was asked for."""

    def __init__(self, error: ToolError | None = None) -> None:
        self.error = error
        self.executed: list[str] = []
        self.stopped = False
        self.reaped = False

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        if self.error:
            raise self.error
        return IDENTITY

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        self.executed.append(plan.toolchain.name)

    def stop(self) -> None:
        self.stopped = True

    def reap(self) -> None:
        self.reaped = True


def _execute(choice: BuilderChoice, toolchain: Toolchain) -> None:
    folders = BuildFolders(Path(), Path(), Path())
    choice.execute(BuildPlan("name", toolchain, "f", (), ()), folders, Path("log"))


def _said(containers: Recorder, local: Recorder) -> tuple[BuilderChoice, list[str]]:
    said: list[str] = []
    return BuilderChoice(containers, local, said.append), said


def test_a_toolchain_with_a_dockerfile_is_used_in_containers_and_any_other_on_path() -> None:
    containers, local = Recorder(), Recorder()
    choice, said = _said(containers, local)
    for toolchain in (CONTAINED, ON_PATH):
        assert choice.identity(toolchain) == IDENTITY
        _execute(choice, toolchain)
    assert (containers.executed, local.executed, said) == (["debian-12"], ["path"], [])


def test_where_the_image_cannot_be_made_the_same_compiler_on_path_is_used_and_said_so() -> None:
    containers, local = Recorder(ToolError("No base image can be fetched.")), Recorder()
    choice, said = _said(containers, local)
    choice.identity(CONTAINED)
    choice.identity(CONTAINED)
    _execute(choice, CONTAINED)
    assert (containers.executed, local.executed) == ([], ["debian-12"])
    assert said == [
        "builder: local for toolchain debian-12, which is on PATH too: No base image can be fetched."
    ]


def test_where_neither_has_the_compiler_the_reason_of_the_containers_is_given() -> None:
    choice, said = _said(Recorder(ToolError("no image")), Recorder(ToolError("not on PATH")))
    with pytest.raises(ToolError, match=r"^no image$"):
        choice.identity(CONTAINED)
    with pytest.raises(ToolError, match=r"^not on PATH$"):
        choice.identity(ON_PATH)
    assert said == []


def test_stopping_and_reaping_concern_both() -> None:
    containers, local = Recorder(), Recorder()
    choice, _ = _said(containers, local)
    choice.stop()
    choice.reap()
    assert containers.stopped
    assert local.stopped
    assert containers.reaped
    assert local.reaped
