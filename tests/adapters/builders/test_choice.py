"""Which builder executes a plan."""

import dataclasses
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


RULE = "docker, because an engine answers; local for toolchains without a Dockerfile"
NO_BASE = ToolError("No base image can be fetched: no route.", hint="Make one: doit base-image")


def test_a_toolchain_with_a_dockerfile_is_used_in_containers_and_any_other_on_path() -> None:
    containers, local = Recorder(), Recorder()
    choice = BuilderChoice(containers, local)
    for toolchain in (CONTAINED, ON_PATH):
        assert choice.identity(toolchain) == IDENTITY
        _execute(choice, toolchain)
    assert (containers.executed, local.executed) == (["debian-12"], ["path"])
    assert choice.reason() == RULE


def test_where_the_image_cannot_be_made_the_same_compiler_on_path_is_used_and_said_so() -> None:
    containers, local = Recorder(NO_BASE), Recorder()
    choice = BuilderChoice(containers, local)
    assert choice.reason() == RULE
    choice.identity(CONTAINED)
    choice.identity(CONTAINED)
    _execute(choice, CONTAINED)
    assert (containers.executed, local.executed) == ([], ["debian-12"])
    assert choice.reason() == (
        "local for debian-12, which is on PATH too: No base image can be fetched: no route. "
        "Make one: doit base-image"
    )


def test_where_each_builds_for_some_both_are_said_with_why() -> None:
    containers, local = Recorder(), Recorder()
    choice = BuilderChoice(containers, local)
    choice.identity(dataclasses.replace(CONTAINED, name="arm-13"))
    containers.error = NO_BASE
    choice.identity(CONTAINED)
    assert choice.reason() == (
        f"{RULE}; local for debian-12, which is on PATH too: No base image can be fetched: no route. "
        "Make one: doit base-image"
    )


def test_where_neither_has_the_compiler_the_reason_of_the_containers_is_given() -> None:
    choice = BuilderChoice(Recorder(ToolError("no image")), Recorder(ToolError("not on PATH")))
    with pytest.raises(ToolError, match=r"^no image$"):
        choice.identity(CONTAINED)
    with pytest.raises(ToolError, match=r"^not on PATH$"):
        choice.identity(ON_PATH)
    assert choice.reason() == RULE


def test_stopping_and_reaping_concern_both() -> None:
    containers, local = Recorder(), Recorder()
    choice = BuilderChoice(containers, local)
    choice.stop()
    choice.reap()
    assert containers.stopped
    assert local.stopped
    assert containers.reaped
    assert local.reaped
