"""Builds with the tools that are found on PATH."""

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from mcumatrix.errors import BuildError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity

# Whatever takes part in making code. A change of any of these files is another toolchain.
_PROGRAMS = ("cc1", "cc1plus", "as", "ld", "collect2")
_LIBRARIES = ("libc.a", "libm.a", "libgcc.a", "libstdc++.a", "crti.o", "crtn.o")
_CPU_FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")

_LOG_LINES_SHOWN = 15

_PACKAGES = {
    "cmake": "cmake",
    "ninja": "ninja-build",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
}


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
        self._running: set[int] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def identity(self, toolchain: Toolchain) -> ToolchainIdentity:
        import hashlib

        compiler = _find(f"{toolchain.prefix}gcc")

        def ask(*arguments: str) -> str:
            try:
                answer = subprocess.run(
                    [compiler, *arguments], capture_output=True, text=True, check=True, timeout=30
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise ToolError(
                    f"{compiler} does not answer to {' '.join(arguments)}: {error}",
                    hint="The compiler is broken; install it again.",
                ) from error
            return answer.stdout

        digest = hashlib.sha256(Path(compiler).read_bytes())
        asked = [f"-print-prog-name={name}" for name in _PROGRAMS]
        asked += [f"-print-file-name={name}" for name in _LIBRARIES]
        for argument in asked:
            # gcc answers with the bare name where it has no such file.
            path = Path(ask(*_CPU_FLAGS, argument).strip())
            if path.is_absolute():
                digest.update(argument.encode() + hashlib.sha256(path.read_bytes()).digest())
        return ToolchainIdentity(version=ask("--version").splitlines()[0], sha256=digest.hexdigest())

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        names = {
            "sources": str(folders.sources),
            "inputs": str(folders.inputs),
            "output": str(folders.output),
            "library": str(folders.library or ""),
        }
        for tool in ("cmake", "ninja"):
            _find(tool)
        with log.open("wb") as output:
            for step in plan.steps:
                command = [argument.format_map(names) for argument in step]
                output.write(f"$ {' '.join(command)}\n".encode())
                output.flush()
                if self._run(command, output.fileno()) != 0:
                    raise BuildError(
                        f"{plan.name}: {command[0]} failed:\n{_last_lines(log)}",
                        hint=f"The whole log is {log}",
                    )
        for name in plan.outputs:
            if not (folders.output / name).is_file():
                raise BuildError(f"{plan.name}: the build made no {name}.", hint=f"The whole log is {log}")

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for group in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)

    def _run(self, command: list[str], output: int) -> int:
        with self._lock:
            if self._stopped:
                raise BuildError("The build was stopped.")
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
            return process.wait()
        finally:
            with self._lock:
                self._running.discard(process.pid)
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _environment(self) -> dict[str, str]:
        # Nothing of a person's own environment may change what is made.
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._cache),
            "CCACHE_DIR": str(self._cache / "ccache"),
            "LC_ALL": "C",
            "TZ": "UTC",
            "SOURCE_DATE_EPOCH": "0",
        }


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines
    return "\n".join(errors[-_LOG_LINES_SHOWN:])
