"""Builds with the tools on PATH."""

import dataclasses
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from mcumatrix.adapters.builders.local import UNFIT, LocalBuilder
from mcumatrix.errors import StoppedError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity

TOOLCHAIN = Toolchain("path", "arm-none-eabi-")


def _shell(script: str) -> BuildPlan:
    return BuildPlan("example", TOOLCHAIN, "f" * 64, (("sh", "-c", script),), ())


def _execute(plan: BuildPlan, folders: BuildFolders, builder: LocalBuilder | None = None) -> str:
    log = folders.output / "build.log"
    (builder or LocalBuilder(folders.output / "cache")).execute(plan, folders, log)
    return log.read_text()


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


@pytest.mark.parametrize("letter", [*sorted(UNFIT), "\n"])
def test_a_folder_that_tools_misread_is_refused_with_what_to_do(letter: str) -> None:
    cache = Path(f"/left{letter}right/build/cache")
    with pytest.raises(ToolError) as raised:
        LocalBuilder(cache).identity(TOOLCHAIN)
    assert raised.value.message == (
        f"Nothing can be built on this machine in {cache}, because its path has {letter!r} in it, "
        "which CMake, ninja or the compiler take for something else."
    )
    assert raised.value.hint == "Move or rename the folder; or build with Docker, which mounts it elsewhere."


def test_stopping_ends_a_running_step_and_its_children(folders: BuildFolders) -> None:
    builder = LocalBuilder(folders.output / "cache")
    failed: list[StoppedError] = []

    def build() -> None:
        try:
            _execute(_shell("sleep 60 & echo $! > {output}/child; wait"), folders, builder)
        except StoppedError as error:
            failed.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    child = folders.output / "child"
    deadline = time.monotonic() + 60
    while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.01)
    builder.stop()
    thread.join(60)
    assert [str(error) for error in failed] == ["The build was stopped."]
    pid = int(child.read_text())
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(pid)
    with pytest.raises(StoppedError, match=r"^The build was stopped\.$"):
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


def test_a_known_compiler_is_not_started_again(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = _counting_compiler(folders.inputs, monkeypatch)
    first = LocalBuilder(folders.output).identity(Toolchain("any", "counting-"))
    calls = counter.stat().st_size
    assert calls > 0
    assert LocalBuilder(folders.output).identity(Toolchain("any", "counting-")) == first
    assert counter.stat().st_size == calls


def _counting_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts `counting-gcc` on PATH, with an assembler of its own; returns a file that grows with each call."""
    (folder / "as").write_text("one assembler")
    compiler = folder / "counting-gcc"
    compiler.write_text(
        f"#!/bin/sh\nprintf . >>{folder}/calls\n"
        f'case "$*" in *print-prog-name=as*) echo {folder}/as ;; *) exec arm-none-eabi-gcc "$@" ;; esac\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder / "calls"


def test_a_file_with_other_contents_of_the_same_size_and_time_is_another_toolchain(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    _counting_compiler(folders.inputs, monkeypatch)
    builder, assembler = LocalBuilder(folders.output), folders.inputs / "as"
    first = builder.identity(Toolchain("any", "counting-"))
    before = assembler.stat()
    assembler.write_text("two assembler")
    os.utime(assembler, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert builder.identity(Toolchain("any", "counting-")) != first


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"key": 1}', "null", "\x00" * 100])
def test_what_is_remembered_badly_is_found_out_again(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    _counting_compiler(folders.inputs, monkeypatch)
    first = LocalBuilder(folders.output).identity(Toolchain("any", "counting-"))
    [kept] = folders.output.rglob("*.json")
    kept.write_text(damage)
    assert LocalBuilder(folders.output).identity(Toolchain("any", "counting-")) == first


def test_a_compiler_without_one_of_its_files_is_looked_at_again_each_time(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = _counting_compiler(folders.inputs, monkeypatch)
    compiler = folders.inputs / "counting-gcc"
    compiler.write_text(compiler.read_text().replace(f"{folders.inputs}/as", "as"))
    builder = LocalBuilder(folders.output)
    first = builder.identity(Toolchain("any", "counting-"))
    calls = counter.stat().st_size
    assert builder.identity(Toolchain("any", "counting-")) == first
    assert counter.stat().st_size == 2 * calls


def test_a_compiler_of_another_version_is_refused(folders: BuildFolders) -> None:
    compiler = shutil.which("arm-none-eabi-gcc")
    asked = subprocess.run([str(compiler), "-dumpfullversion"], capture_output=True, text=True, check=True)
    found = asked.stdout.strip()
    builder = LocalBuilder(folders.output)
    assert builder.identity(Toolchain("this", "arm-none-eabi-", found)).sha256
    with pytest.raises(ToolError) as error:
        builder.identity(Toolchain("other", "arm-none-eabi-", "4.9.3"))
    assert str(error.value) == (
        f"Toolchain other is gcc 4.9.3, and {compiler} is {found}.\n"
        "  Put that version first on PATH, or build with Docker, which brings its own."
    )


def test_the_libraries_that_a_compiler_has_for_a_chip_are_part_of_what_it_is(folders: BuildFolders) -> None:
    def identity(fpu: str, builder: LocalBuilder) -> ToolchainIdentity:
        return builder.identity(TOOLCHAIN, ("-mcpu=cortex-m7", "-mthumb", f"-mfpu={fpu}", "-mfloat-abi=hard"))

    first, later = LocalBuilder(folders.output), LocalBuilder(folders.output)
    single, double = identity("fpv5-sp-d16", first), identity("fpv5-d16", first)
    assert single.version == double.version
    assert single.sha256 != double.sha256
    assert (identity("fpv5-sp-d16", later), identity("fpv5-d16", later)) == (single, double)


def test_a_compiler_that_cannot_say_what_it_is_is_said_so(
    folders: BuildFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = folders.inputs / "broken-gcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folders.inputs}:{os.environ['PATH']}")
    with pytest.raises(ToolError) as error:
        LocalBuilder(folders.output).identity(Toolchain("any", "broken-"), ("-mcpu=cortex-m7",))
    assert error.value.message.startswith(f"{broken} does not answer to -mcpu=cortex-m7 ")
    assert error.value.hint == "The compiler is broken; install it again."


def test_a_clang_is_known_by_its_program_its_libraries_and_its_headers_and_by_the_gcc_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = tmp_path / "resources" / "include"
    headers.mkdir(parents=True)
    (headers / "arm_acle.h").write_text("/* intrinsics */")
    clang = tmp_path / "clang-99"
    clang.write_text(
        "#!/bin/sh\ncase $1 in\n"
        "  -dumpversion) echo 99.1.0 ;;\n"
        "  --version) echo 'clang version 99.1.0'; echo 'Target: none' ;;\n"
        f"  -print-resource-dir) echo {tmp_path}/resources ;;\nesac\n"
    )
    clang.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    gcc = Toolchain("gcc", "arm-none-eabi-")
    both = dataclasses.replace(gcc, name="clang", clang="clang-99", version="99.1.0")

    def identity(toolchain: Toolchain) -> ToolchainIdentity:
        return LocalBuilder(tmp_path / "cache").identity(toolchain)

    first = identity(both)
    assert first.version.startswith(
        "clang version 99.1.0, with the libraries and the linker of arm-none-eabi-gcc"
    )
    assert identity(both) == first
    assert first.sha256 != identity(gcc).sha256
    clang.write_text(clang.read_text() + "# another one\n")
    second = identity(both)
    assert second.sha256 != first.sha256
    with pytest.raises(ToolError, match=r"Toolchain clang is clang 98\.0\.0, and .*clang-99 is 99\.1\.0\."):
        identity(dataclasses.replace(both, version="98.0.0"))


def test_a_clang_that_does_not_say_what_it_is_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clang = tmp_path / "clang-99"
    clang.write_text("#!/bin/sh\n[ $1 = -dumpversion ] || exec sh -c 'echo no such option >&2; exit 1'\n")
    clang.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ToolError) as error:
        LocalBuilder(tmp_path / "cache").identity(Toolchain("clang", "arm-none-eabi-", clang="clang-99"))
    assert str(error.value) == (
        f"{clang} does not say what it is: no such option\n  The compiler is broken; install it again."
    )
