"""Builds with the tools on PATH."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.errors import BuildError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan

TOOLCHAIN = Toolchain("path", "arm-none-eabi-")


@pytest.fixture
def folders(tmp_path: Path) -> BuildFolders:
    found = BuildFolders(
        sources=tmp_path / "sources", inputs=tmp_path / "inputs", output=tmp_path / "output", library=tmp_path
    )
    for folder in (found.sources, found.inputs, found.output):
        folder.mkdir()
    return found


def _shell(script: str, *, outputs: tuple[str, ...] = ()) -> BuildPlan:
    return BuildPlan("example", TOOLCHAIN, "f" * 64, (("sh", "-c", script),), outputs)


def _execute(plan: BuildPlan, folders: BuildFolders, builder: LocalBuilder | None = None) -> str:
    log = folders.output / "build.log"
    (builder or LocalBuilder(folders.output / "cache")).execute(plan, folders, log)
    return log.read_text()


def test_steps_find_the_folders_that_they_name(folders: BuildFolders) -> None:
    plan = BuildPlan("example", TOOLCHAIN, "", (("echo", "{sources} {inputs} {library} {output}"),), ())
    assert _execute(plan, folders).splitlines()[1] == (
        f"{folders.sources} {folders.inputs} {folders.library} {folders.output}"
    )


def test_the_log_has_the_commands_and_all_they_print(folders: BuildFolders) -> None:
    assert _execute(_shell("echo out; echo err >&2"), folders) == "$ sh -c echo out; echo err >&2\nout\nerr\n"


def test_a_persons_own_environment_does_not_reach_the_build(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    names = {line.partition("=")[0] for line in _execute(_shell("env"), folders).splitlines()[1:]}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "CCACHE_DIR",
        "HOME",
        "LC_ALL",
        "PATH",
        "SOURCE_DATE_EPOCH",
        "TZ",
    }


def test_a_step_that_fails_is_said_with_its_error_lines_and_where_the_log_is(folders: BuildFolders) -> None:
    with pytest.raises(BuildError) as error:
        _execute(_shell("echo all is well; echo 'main.c:3: error: no such thing'; exit 1"), folders)
    assert str(error.value) == (
        "example: sh failed:\n"
        "$ sh -c echo all is well; echo 'main.c:3: error: no such thing'; exit 1\n"
        "main.c:3: error: no such thing\n"
        f"  The whole log is {folders.output / 'build.log'}"
    )


def test_later_steps_are_not_executed_after_a_failure(folders: BuildFolders) -> None:
    plan = BuildPlan("example", TOOLCHAIN, "", (("false",), ("touch", "{output}/late")), ())
    with pytest.raises(BuildError):
        _execute(plan, folders)
    assert not (folders.output / "late").exists()


def test_an_output_that_was_not_made_is_said_so(folders: BuildFolders) -> None:
    with pytest.raises(BuildError) as error:
        _execute(_shell("true", outputs=("image.elf",)), folders)
    assert error.value.message == "example: the build made no image.elf."


def test_a_missing_tool_is_said_with_the_package_that_has_it(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folders.inputs))
    with pytest.raises(ToolError) as error:
        _execute(_shell("true"), folders)
    assert str(error.value) == (
        "cmake is not on PATH.\n  Install it: apt-get install cmake; or run ./dev, which sets everything up."
    )
    with pytest.raises(ToolError) as error:
        LocalBuilder(folders.output).identity(Toolchain("any", "arm-none-eabi-"))
    assert str(error.value) == (
        "arm-none-eabi-gcc is not on PATH.\n"
        "  Install it: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi; "
        "or run ./dev, which sets everything up."
    )
    with pytest.raises(ToolError) as error:
        LocalBuilder(folders.output).identity(Toolchain("any", "riscv-none-elf-"))
    assert str(error.value) == (
        "riscv-none-elf-gcc is not on PATH.\n  Install it; or run ./dev, which sets everything up."
    )


def test_stopping_ends_a_running_step_and_its_children(folders: BuildFolders) -> None:
    builder = LocalBuilder(folders.output / "cache")
    failed: list[BuildError] = []

    def build() -> None:
        try:
            _execute(_shell("sleep 60 & echo $! > {output}/child; wait"), folders, builder)
        except BuildError as error:
            failed.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    child = folders.output / "child"
    deadline = time.monotonic() + 30
    while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.01)
    builder.stop()
    thread.join(30)
    assert len(failed) == 1
    pid = int(child.read_text())
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(pid)
    with pytest.raises(BuildError, match=r"^The build was stopped\.$"):
        _execute(_shell("true"), folders, builder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_the_toolchain_is_known_by_what_it_is_made_of(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = LocalBuilder(folders.output)
    identity = builder.identity(Toolchain("any", "arm-none-eabi-"))
    assert identity.version.startswith("arm-none-eabi-gcc ")
    assert builder.identity(Toolchain("any", "arm-none-eabi-")) == identity

    # The same compiler with another assembler is another toolchain.
    fake = folders.inputs / "fake-gcc"
    fake.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *print-prog-name=as*) echo {folders.inputs / "as"} ;;\n'
        '*) exec arm-none-eabi-gcc "$@" ;; esac\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folders.inputs}:{os.environ['PATH']}")
    (folders.inputs / "as").write_text("one assembler")
    first = builder.identity(Toolchain("any", "fake-"))
    (folders.inputs / "as").write_text("another one")
    second = builder.identity(Toolchain("any", "fake-"))
    assert first.version == second.version
    assert first.sha256 != second.sha256


def test_a_compiler_that_cannot_say_what_it_is_is_said_so(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = folders.inputs / "broken-gcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folders.inputs}:{os.environ['PATH']}")
    with pytest.raises(ToolError) as error:
        LocalBuilder(folders.output).identity(Toolchain("any", "broken-"))
    assert error.value.message.startswith(f"{broken} does not answer to -mcpu=cortex-m7 ")
    assert error.value.hint == "The compiler is broken; install it again."
