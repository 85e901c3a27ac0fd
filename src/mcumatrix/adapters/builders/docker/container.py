"""One container: how it is closed off, how it runs, and how it is gone in the end, whatever happens."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.limits import Limits
from mcumatrix.adapters.builders.docker.owner import LABEL, own_mark


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder of this machine that a container sees."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What runs in a container. All of it is decided here and by the catalogue, nothing by a matrix.

    `user` is `uid:gid`; `environment` is added to the image's own.
    """

    image_id: str
    script: str
    binds: Sequence[Bind]
    environment: dict[str, str]
    user: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended. `out_of_memory` is what the engine says of its first process."""

    exit_code: int
    report: str
    out_of_memory: bool


_MOST_REPORT_BYTES = 64 * 1024
_KILLED = 137
"""The status of what SIGKILL has ended."""


class Container:
    """A job in a container of its own. It runs once."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine = engine
        self._job = job
        self._id = ""
        self._is_killed = False
        self._lock = threading.Lock()

    def run(self, hear: Callable[[bytes], None]) -> Ended:
        """Runs the job to its end; `hear` gets what it prints. Afterwards there is no container.

        Raises:
            ToolError: the engine could not do it.
        """
        from docker.errors import DockerException

        api = self._engine.client.api
        report = b""
        try:
            created = self._create()
            try:
                # Before it starts, so that nothing of what it prints is missed: nobody else keeps it. Closed
                # before it is removed: the engine ends nothing that still has somebody to talk to.
                with closing(
                    api.attach(created, stdout=True, stderr=True, stream=True, logs=False, demux=True)
                ) as stream:
                    api.start(created)
                    with self._lock:
                        self._id = created
                        if self._is_killed:
                            return Ended(_KILLED, "", False)
                    for printed, reported in stream:
                        if printed:
                            hear(printed)
                        if reported and len(report) < _MOST_REPORT_BYTES:
                            report += reported
                exit_code = int(api.wait(created)["StatusCode"])
                state = api.inspect_container(created)["State"]
            finally:
                with self._lock:
                    self._id = ""
                with suppress(DockerException, OSError):
                    api.remove_container(created, force=True, v=True)
        except (DockerException, OSError) as error:
            raise self._engine.failed("could not run a build", error) from error
        return Ended(exit_code, report.decode(errors="replace"), bool(state["OOMKilled"]))

    def kill(self) -> None:
        """Ends it, from any thread, now or as soon as it has started."""
        from docker.errors import DockerException

        with self._lock:
            self._is_killed = True
            running = self._id
        if running:
            with suppress(DockerException, OSError):  # it has ended by itself
                self._engine.client.api.kill(running)

    def processes(self) -> int:
        """How many processes it has now. Raises ToolError."""
        with self._lock:
            running = self._id
        return self._engine.processes(running) if running else 0

    def _create(self) -> str:
        from docker.types import LogConfig, Mount, Ulimit

        api, job, limits = self._engine.client.api, self._job, self._job.limits
        created = api.create_container(
            image=job.image_id,
            entrypoint=["/bin/sh", "-c", job.script],
            user=job.user,
            environment=job.environment,
            working_dir="/tmp",
            hostname="build",
            labels={LABEL: own_mark()},
            use_config_proxy=False,
            host_config=api.create_host_config(
                mounts=[
                    Mount(bind.target, str(bind.source.resolve()), type="bind", read_only=not bind.writable)
                    for bind in job.binds
                ],
                read_only=True,
                tmpfs={"/tmp": f"rw,noexec,nosuid,nodev,mode=1777,size={limits.temporary_bytes}"},
                network_mode="none",
                ipc_mode="none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                pids_limit=limits.processes,
                mem_limit=limits.memory_bytes,
                memswap_limit=limits.memory_bytes,
                ulimits=[
                    Ulimit(name="fsize", soft=limits.output_bytes, hard=limits.output_bytes),
                    Ulimit(name="core", soft=0, hard=0),
                ],
                log_config=LogConfig(type="none"),
            ),
        )
        return str(created["Id"])
