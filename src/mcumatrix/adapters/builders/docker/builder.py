"""Executes build plans in containers."""

import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from mcumatrix.adapters.builders.docker.compiler import examine
from mcumatrix.adapters.builders.docker.container import Bind, Container, Ended, Job
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.handover import build_user, hand_over, take_back
from mcumatrix.adapters.builders.docker.images import Images
from mcumatrix.adapters.builders.docker.limits import Limits, limits_of_machine, shown_size
from mcumatrix.adapters.builders.docker.log import Log
from mcumatrix.adapters.builders.docker.reaper import reap
from mcumatrix.adapters.builders.docker.script import read_report, script_of
from mcumatrix.adapters.builders.docker.watch import Watch
from mcumatrix.adapters.builders.identity import Compiler, check_version
from mcumatrix.adapters.builders.memory import Memory
from mcumatrix.adapters.builders.steps import (
    LITTLE_BYTES,
    STOP_TIMEOUT_S,
    check_outputs,
    commands,
    disk_to_blame,
    environment,
    step_failed,
    took_too_long,
    tree_place,
    where,
)
from mcumatrix.errors import BuildError, StoppedError, StorageError
from mcumatrix.model.catalogue import Archive, Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity

_PLACES = {"sources": "/sources", "inputs": "/inputs", "output": "/output"}
_CCACHE = "/ccache"
_TREES = "/trees"
_NO_SPACE = "No space left on device"


class DockerBuilder:
    """Executes each plan in a container of its own, closed off from everything but the plan's folders.

    `cache` is a folder that may be kept between runs; `unpacked` gives the folder with the contents of an
    archive that a toolchain is copied from; `bases` names images that toolchain images are to begin with, by
    the suite of Debian whose place they take; `say` gets a line when something will take long. With
    `insists`, a base image that could not be fetched a short while ago is tried again: nothing else can
    build.
    """

    def __init__(
        self,
        cache: Path,
        engine: Engine,
        *,
        unpacked: Callable[[Archive], Path],
        say: Callable[[str], None],
        bases: Mapping[str, str] = MappingProxyType({}),
        insists: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._ccache = cache / "ccache-docker"
        self._engine = engine
        self._memory = Memory(cache / "docker")
        self._images = Images(
            engine, self._memory, folder=cache, bases=bases, unpacked=unpacked, say=say, insists=insists
        )
        self._limits = limits or limits_of_machine()
        self._running: set[Container] = set()
        self._is_reaped = False
        self._stopped = False
        self._lock = threading.Condition()

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        image_id = self._images.image_id(toolchain)
        key = ("compiler", image_id, toolchain.prefix, toolchain.clang, *cpu_flags)
        found = self._remembered(key)
        if found is None:
            found = examine(self._engine, image_id, toolchain, cpu_flags, self._limits)
            self._memory.keep([found.version, found.number, found.sha256], *key)
        check_version(
            toolchain,
            found,
            "the one in its image",
            f"Correct the Dockerfile or the version: {toolchain.dockerfile}",
        )
        return ToolchainIdentity(found.version, found.sha256, image_id)

    def _remembered(self, key: tuple[str, ...]) -> Compiler | None:
        match self._memory.recall(*key):
            case [str(version), str(number), str(sha256)]:
                return Compiler(version, number, sha256)
        return None

    def reap(self) -> None:
        """Removes the containers that killed runs have left. Raises ToolError."""
        with self._lock:
            if not self._is_reaped:
                reap(self._engine)
                self._is_reaped = True

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        self.reap()
        image_id = self._images.image_id(plan.toolchain)
        user = build_user()
        self._ccache.mkdir(parents=True, exist_ok=True)
        hand_over(self._ccache, user)
        hand_over(folders.output, user)
        binds = [
            Bind(folders.sources, _PLACES["sources"]),
            Bind(folders.inputs, _PLACES["inputs"]),
            Bind(folders.output, _PLACES["output"], writable=True),
            Bind(self._ccache, _CCACHE, writable=True),
            *(Bind(path, f"{_TREES}/{name}") for name, path in folders.trees),
        ]
        trees = {tree_place(name): f"{_TREES}/{name}" for name, _ in folders.trees}
        steps = commands(plan, _PLACES | trees)
        container = Container(
            self._engine,
            Job(
                image_id,
                script_of(steps),
                binds,
                environment(home="/tmp", ccache=_CCACHE),
                "{}:{}".format(*user),
                self._limits,
            ),
        )
        with Log(log, self._limits.log_bytes) as written:
            try:
                with Watch(
                    self._limits, folders.output, self._ccache, written, container, limit_s=plan.left_s
                ) as watch:
                    ended = self._run(container, written)
                    if watch.is_ccache_flooded:
                        # Its contents are not of ccache, which would never remove them.
                        shutil.rmtree(self._ccache, ignore_errors=True)
            finally:
                take_back(folders.output)
            if watch.is_late:
                raise took_too_long(plan, log)
            if watch.excess or ended.exit_code != 0:
                raise self._failure(plan, steps, ended, written, watch.excess)
        check_outputs(plan, folders.output, log)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            running = set(self._running)
        for container in running:
            container.kill()
        with self._lock:
            self._lock.wait_for(lambda: not self._running, STOP_TIMEOUT_S)

    def _run(self, container: Container, log: Log) -> Ended:
        with self._lock:
            if self._stopped:
                raise StoppedError("The build was stopped.")
            self._running.add(container)
        try:
            ended = container.run(log.write)
        finally:
            with self._lock:
                self._running.discard(container)
                self._lock.notify_all()
        if self._stopped:
            raise StoppedError("The build was stopped.")
        return ended

    def _failure(
        self, plan: BuildPlan, steps: list[list[str]], ended: Ended, log: Log, excess: str
    ) -> BuildError | StorageError:
        """What went wrong, as far as it can be known: a limit, or else the step itself."""
        report, limits, hint = read_report(ended.report), self._limits, where(log.path)
        if excess:
            return BuildError(f"{plan.name}: the build {excess} and was stopped.", hint=hint)
        log.write(report.rest.encode())
        if report.killed_for_memory or ended.out_of_memory:
            most = shown_size(limits.memory_bytes)
            return BuildError(f"{plan.name}: out of memory; a build may use {most}.", hint=hint)
        if report.refused_processes:
            message = f"{plan.name}: the build wanted more than {limits.processes} processes at once."
            return BuildError(message, hint=hint)
        printed = log.text()
        is_full = shutil.disk_usage(log.path.parent).free < LITTLE_BYTES
        if is_full and (on_disk := disk_to_blame(plan, _NO_SPACE, log.path, log.path.parent)):
            return on_disk
        if _NO_SPACE in printed:
            most = shown_size(limits.temporary_bytes)
            message = f"{plan.name}: /tmp is full; a build may keep {most} there."
            return BuildError(message, hint=hint)
        if report.step is None:
            return BuildError(f"{plan.name}: the container of the build was killed from outside.", hint=hint)
        return step_failed(plan, steps[report.step], printed, log.path)
