"""Builds with the tools that are found on PATH."""

import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcumatrix.adapters.builders.identity import (
    CLANG_SCRIPT,
    QUESTIONS,
    Compiler,
    check_version,
    clang_of,
    combined,
    together,
)
from mcumatrix.adapters.builders.memory import Memory
from mcumatrix.adapters.builders.steps import (
    STOP_TIMEOUT_S,
    announcement,
    check_outputs,
    commands,
    disk_to_blame,
    environment,
    step_failed,
    took_too_long,
    tree_place,
)
from mcumatrix.errors import StoppedError, ToolError
from mcumatrix.hashing import hash_file
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity

_PACKAGES = {
    "cmake": "cmake",
    "ninja": "ninja-build",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "clang": "clang",
}


_TEMPORARY = Path("/tmp")
"""Where compilers keep what they make for a moment: they are not told of another place."""


UNFIT = frozenset(';$#",%\\|*[]<>?')
"""Characters of folder names that CMake, ninja, the compiler or the linker take for something else."""


def check_folder(folder: Path) -> None:
    """Raises:
    ToolError: what is in a folder cannot be built on this machine, because of a character of its path.
    """
    unfit = sorted({letter for letter in str(folder) if letter in UNFIT or not letter.isprintable()})
    if unfit:
        characters = " and ".join(map(repr, unfit))
        raise ToolError(
            f"Nothing can be built on this machine in {folder}, because its path has {characters} in it, "
            "which CMake, ninja or the compiler take for something else.",
            hint="Move or rename the folder; or build with Docker, which mounts it elsewhere.",
        )


def _find(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        package = _PACKAGES.get(tool)
        install = f"Install it: apt-get install {package}" if package else "Install it"
        raise ToolError(f"{tool} is not on PATH.", hint=f"{install}; or run ./dev, which sets everything up.")
    return path


class LocalBuilder:
    """Executes plans as processes of this machine, each in a process group of its own."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._memory = Memory(cache / "compilers")
        self._running: set[int] = set()
        self._stopped = False
        self._lock = threading.Condition()

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        check_folder(self._cache)
        driver = _find(f"{toolchain.prefix}gcc")
        found = self._remembered(driver, cpu_flags) or self._examine(driver, cpu_flags)
        if toolchain.clang:
            driver = _find(toolchain.clang)
            found = together(self._remembered(driver, ()) or self._examine_clang(driver), found)
        check_version(
            toolchain,
            found,
            driver,
            "Put that version first on PATH, or build with Docker, which brings its own.",
        )
        return ToolchainIdentity(found.version, found.sha256)

    def _remembered(self, driver: str, cpu_flags: tuple[str, ...]) -> Compiler | None:
        """The compiler as it was found before, unless one of its files has changed since."""
        kept: Any = self._memory.recall("compiler", driver, *cpu_flags)
        try:
            if all(_stamp(path) == stamp for path, stamp in kept["files"].items()):
                return Compiler(*map(str, kept["compiler"]))
        except (OSError, TypeError, KeyError, AttributeError):
            pass
        return None

    def _examine(self, driver: str, cpu_flags: tuple[str, ...]) -> Compiler:
        def ask(*arguments: str) -> str:
            try:
                answer = subprocess.run(
                    [driver, *arguments],
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=30,
                    env=self._environment(),
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise ToolError(
                    f"{driver} does not answer to {' '.join(arguments)}: {error}",
                    hint="The compiler is broken; install it again.",
                ) from error
            return answer.stdout.strip()

        answers = {question: ask(*cpu_flags, question) for question in QUESTIONS}
        files = {question: path for question, path in answers.items() if Path(path).is_absolute()}
        # Before they are read: what changes meanwhile does not pass for known.
        stamps = {path: _stamp(path) for path in (driver, *files.values())}
        found = Compiler(
            version=ask("--version").partition("\n")[0],
            number=ask("-dumpfullversion"),
            sha256=combined(
                hash_file(Path(driver)), {question: hash_file(Path(path)) for question, path in files.items()}
            ),
        )
        # A file that is missing now may be installed later, without a change of any other.
        if len(files) == len(QUESTIONS):
            self._keep(found, stamps, driver, cpu_flags)
        return found

    def _keep(
        self, found: Compiler, stamps: dict[str, list[int]], driver: str, cpu_flags: tuple[str, ...] = ()
    ) -> None:
        """For `_remembered`."""
        kept = {"files": stamps, "compiler": [found.version, found.number, found.sha256]}
        self._memory.keep(kept, "compiler", driver, *cpu_flags)

    def _examine_clang(self, clang: str) -> Compiler:
        script = CLANG_SCRIPT.format(clang=shlex.quote(clang))
        done = subprocess.run(
            ["sh", "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=self._environment(),
        )
        try:
            found, files = clang_of(done.stdout)
        except ValueError as error:
            raise ToolError(
                f"{clang} does not say what it is: {done.stderr.strip()}",
                hint="The compiler is broken; install it again.",
            ) from error
        self._keep(found, {path: _stamp(path) for path in (clang, *files)}, clang)
        return found

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        places = {
            "sources": str(folders.sources),
            "inputs": str(folders.inputs),
            "output": str(folders.output),
            **{tree_place(name): str(path) for name, path in folders.trees},
        }
        for _, tree in folders.trees:
            check_folder(tree)
        for tool in ("cmake", "ninja"):
            _find(tool)
        give_up_at = time.monotonic() + plan.left_s
        with log.open("wb") as output:
            for command in commands(plan, places):
                output.write(announcement(command).encode())
                output.flush()
                try:
                    status = self._run(command, output.fileno(), give_up_at - time.monotonic())
                except subprocess.TimeoutExpired as error:
                    raise took_too_long(plan, log) from error
                if status != 0:
                    printed = log.read_text(errors="replace")
                    on_disk = disk_to_blame(plan, printed, log, _TEMPORARY)
                    raise on_disk or step_failed(plan, command, printed, log)
        check_outputs(plan, folders.output, log)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for session in self._running:
                _end_session(session)
            self._lock.wait_for(lambda: not self._running, STOP_TIMEOUT_S)

    def reap(self) -> None:
        """Nothing: a process that outlives us writes into a folder that no manifest vouches for."""

    def _run(self, command: list[str], output: int, limit_s: float) -> int:
        """The exit status of a command; it and all that it started is ended when its time is over."""
        with self._lock:
            if self._stopped:
                raise StoppedError("The build was stopped.")
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
            )
            self._running.add(process.pid)
        try:
            status = process.wait(max(limit_s, 0))
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    _end_session(process.pid)
                process.wait()
            with self._lock:
                self._running.discard(process.pid)
                self._lock.notify_all()
        if self._stopped:
            raise StoppedError("The build was stopped.")
        return status

    def _environment(self) -> dict[str, str]:
        variables = environment(home=str(self._cache), ccache=str(self._cache / "ccache"))
        return {"PATH": os.environ.get("PATH", os.defpath)} | variables


def _stamp(path: str) -> list[int]:
    """What changes with a file's contents, without reading them; no program can set the last of these."""
    status = Path(path).stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns]


def _end_session(session: int) -> None:
    """Kills every process of a session: ninja gives each of its commands a process group of its own.

    One that the system cannot end, since it waits for a disk, is given up after `STOP_TIMEOUT_S`.
    """
    import psutil

    give_up_at = time.monotonic() + STOP_TIMEOUT_S
    while members := [pid for pid in psutil.pids() if _session_of(pid) == session and _is_alive(pid)]:
        if time.monotonic() > give_up_at:
            return
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # One that is killed counts until it is gone; meanwhile it cannot start another.
        time.sleep(0.01)


def _session_of(pid: int) -> int | None:
    """The session of a process; None if it has ended, or is none of ours."""
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _is_alive(pid: int) -> bool:
    """Whether it has not ended: one for which nobody has waited has."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})
    except psutil.NoSuchProcess:
        return False
