"""What both builders promise: the same plan, the same words, the same bytes."""

import dataclasses
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcumatrix import actions, workflow
from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.errors import BuildError, StoppedError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan
from mcumatrix.ports import Builder
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards
from support.docker_images import PROJECT


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def builder(request: pytest.FixtureRequest, tmp_path: Path) -> Builder:
    # Asked for by name, so that the local one needs no engine.
    if request.param == "local":
        return LocalBuilder(tmp_path / "cache")
    make: Callable[[], DockerBuilder] = request.getfixturevalue("make_builder")
    return make()


@pytest.fixture
def execute(builder: Builder, debian_12: Toolchain, folders: BuildFolders) -> Callable[..., str]:
    """Executes steps and returns the log."""

    def run(*steps: tuple[str, ...], outputs: tuple[str, ...] = ()) -> str:
        log = folders.output / "build.log"
        builder.execute(BuildPlan("example", debian_12, "f" * 64, steps, outputs), folders, log)
        return log.read_text()

    return run


def test_steps_find_the_folders_that_they_name(execute: Callable[..., str], folders: BuildFolders) -> None:
    for folder in (folders.sources, folders.inputs):
        (folder / "name").write_text(f"{folder.name}\n")
    log = execute(
        ("cat", "{sources}/name", "{inputs}/name"),
        ("cp", "{sources}/name", "{output}/copy"),
        outputs=("copy",),
    )
    assert log.splitlines()[1:3] == ["sources", "inputs"]
    assert (folders.output / "copy").read_text() == "sources\n"


def test_the_log_has_the_commands_and_all_they_print(execute: Callable[..., str]) -> None:
    log = execute(("sh", "-c", "echo out; echo err >&2"), ("echo", "it's", "$HOME `x` \\"))
    assert log == ("$ sh -c echo out; echo err >&2\nout\nerr\n$ echo it's $HOME `x` \\\nit's $HOME `x` \\\n")


def test_what_is_printed_is_kept_byte_by_byte(
    builder: Builder, debian_12: Toolchain, folders: BuildFolders
) -> None:
    data = bytes(range(256)) * 1000
    (folders.sources / "bytes").write_bytes(data)
    log = folders.output / "build.log"
    builder.execute(BuildPlan("example", debian_12, "", (("cat", "{sources}/bytes"),), ()), folders, log)
    assert log.read_bytes().partition(b"\n")[2] == data


def test_a_persons_own_environment_does_not_reach_the_build(
    execute: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    seen = dict(line.split("=", 1) for line in execute(("sh", "-c", "env")).splitlines()[1:])
    assert seen["TZ"] == "UTC"
    assert seen.keys() - {"PWD", "SHLVL", "_", "OLDPWD", "HOSTNAME"} == {
        "CCACHE_DIR",
        "CCACHE_DEPEND",
        "CCACHE_MAXSIZE",
        "HOME",
        "LC_ALL",
        "PATH",
        "SOURCE_DATE_EPOCH",
        "TZ",
    }


def test_a_step_that_fails_is_said_with_its_error_lines_and_where_the_log_is(
    execute: Callable[..., str], folders: BuildFolders
) -> None:
    with pytest.raises(BuildError) as error:
        execute(("true",), ("sh", "-c", "echo all is well; echo 'main.c:3: error: no such thing'; exit 1"))
    assert str(error.value) == (
        "example: sh failed:\n"
        "$ sh -c echo all is well; echo 'main.c:3: error: no such thing'; exit 1\n"
        "main.c:3: error: no such thing\n"
        f"  The whole log is {folders.output / 'build.log'}"
    )


def test_what_a_linker_misses_is_said_though_it_does_not_call_it_an_error(
    execute: Callable[..., str],
) -> None:
    missing = "main.c:7: undefined reference to `runtime_invoke'"
    with pytest.raises(BuildError) as error:
        execute(("sh", "-c", f'echo linking; echo "{missing.replace("`", chr(92) + "`")}"; exit 1'))
    assert missing in error.value.message.splitlines()
    assert "linking" not in error.value.message.splitlines()


def test_later_steps_are_not_executed_after_a_failure(
    execute: Callable[..., str], folders: BuildFolders
) -> None:
    with pytest.raises(BuildError, match=r"^example: false failed:\n\$ false\n"):
        execute(("false",), ("touch", "{output}/late"))
    assert not (folders.output / "late").exists()


def test_an_output_that_was_not_made_is_said_so(execute: Callable[..., str]) -> None:
    with pytest.raises(BuildError) as error:
        execute(("true",), outputs=("image.elf",))
    assert error.value.message == "example: the build made no image.elf."


def test_an_output_that_is_a_link_does_not_count(execute: Callable[..., str]) -> None:
    with pytest.raises(BuildError) as error:
        execute(("ln", "-s", "/etc/passwd", "{output}/image.elf"), outputs=("image.elf",))
    assert error.value.message == "example: the build made no image.elf."


def test_stopping_ends_what_runs_and_nothing_more_is_begun(
    builder: Builder, execute: Callable[..., str], folders: BuildFolders
) -> None:
    failures: list[StoppedError] = []

    def build() -> None:
        try:
            execute(("sh", "-c", "echo > {output}/begun; sleep 300"))
        except StoppedError as error:
            failures.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    _wait_for(folders.output / "begun")
    builder.stop()
    thread.join(60)
    assert [str(failure) for failure in failures] == ["The build was stopped."]
    with pytest.raises(StoppedError, match=r"^The build was stopped\.$"):
        execute(("touch", "{output}/late"))
    assert not (folders.output / "late").exists()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.02)


def test_a_real_library_and_image_are_the_same_bytes_from_both_builders(
    tmp_path: Path, make_builder: Callable[..., DockerBuilder], debian_12: Toolchain
) -> None:
    catalogues = load_catalogues(PROJECT / "matrix")
    variant = dataclasses.replace(
        load_matrix(find_matrix("quickstart", PROJECT / "matrix"), catalogues).variants[-1],
        toolchain=debian_12,
    )
    made: dict[str, dict[str, Any]] = {}
    for name, builder in (("here", LocalBuilder(tmp_path / "cache")), ("in-a-container", make_builder())):
        project = Project(tmp_path / name)
        for part in ("matrix", "firmware", "templates"):
            shutil.copytree(PROJECT / part, project.root / part)
        boards = Boards(project.boards, wait=False, say=print)
        [job] = workflow.plan_jobs(project, [variant], builder, boards).jobs
        toolchain = builder.identity(variant.toolchain)
        actions.render_model(project, job)
        elf = actions.build_from_nothing(project, job, builder, project.build / "anew")
        made[name] = {
            "toolchain": (toolchain.version, toolchain.sha256),
            "library fingerprint": job.runtime.plan.fingerprint,
            "image fingerprint": job.image.plan.fingerprint,
            "library": (project.build / "anew" / "runtime" / "output" / "libruntime.a").read_bytes(),
            "elf": elf.read_bytes(),
            "binary": elf.with_suffix(".bin").read_bytes(),
        }
        assert bool(toolchain.image_id) == (name == "in-a-container")
    assert made["here"]["elf"].startswith(b"\x7fELF")
    for part, value in made["here"].items():
        assert made["in-a-container"][part] == value, part
