"""The Docker engine of this machine, and whether there is one.

What changes something goes through the Docker SDK. Loading that takes a third of a second, so the few
questions that every run has, and most runs find nothing to do, are asked without it.
"""

import http.client
import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from mcumatrix.errors import ToolError
from mcumatrix.model.engine_room import EngineRoom

if TYPE_CHECKING:
    from docker import DockerClient

_ANSWER_TIMEOUT_S = 10.0
_WORK_TIMEOUT_S = 300
_IGNORED_LIMITS = {"MemoryLimit": "memory", "PidsLimit": "the number of processes"}


@dataclass(frozen=True, slots=True)
class NoEngine:
    """Why there is no engine: the rest of a sentence that says that none answers."""

    reason: str


class Engine:
    """A Docker engine behind a socket of this machine."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path

    @cached_property
    def client(self) -> "DockerClient":
        """The Docker SDK's connection, for whatever takes more than a question.

        Raises:
            ToolError: the engine is gone, or cannot keep builds apart from the rest of this machine.
        """
        from docker import DockerClient
        from docker.errors import DockerException

        try:
            client = DockerClient(f"unix://{self.socket_path}", version="auto", timeout=_WORK_TIMEOUT_S)
            facts: dict[str, Any] = client.info()
        except DockerException as error:
            raise self.failed("does not answer", error) from error
        check_engine(facts)
        return client

    def room(self) -> EngineRoom:
        """What it has for builds.

        Raises:
            ToolError: the engine is gone.
        """
        facts = self._ask("/info") or {}
        folder = Path(str(facts.get("DockerRootDir", "")))
        # An engine in a machine of its own has its folder there.
        free = shutil.disk_usage(folder).free if folder.is_absolute() and folder.is_dir() else None
        return EngineRoom(
            str(facts.get("ServerVersion", "of an unknown version")),
            int(facts.get("NCPU", 0)),
            int(facts.get("MemTotal", 0)),
            free,
        )

    def image_id(self, name: str) -> str | None:
        """The id of the image with a tag or an id; None if the engine has none.

        Raises:
            ToolError: the engine is gone.
        """
        answer = self._ask(f"/images/{quote(name, safe='/:@')}/json")
        return None if answer is None else str(answer["Id"])

    def containers(self, label: str) -> list[dict[str, Any]]:
        """All containers with a label, running or not, as the engine describes them.

        Raises:
            ToolError: the engine is gone.
        """
        query = urlencode({"all": 1, "filters": json.dumps({"label": [label]})})
        return list(self._ask(f"/containers/json?{query}") or [])

    def processes(self, container_id: str) -> int:
        """How many processes a container has now; 0 if it does not run.

        Raises:
            ToolError: the engine is gone.
        """
        answer = self._ask(f"/containers/{container_id}/stats?stream=false&one-shot=true") or {}
        return int(answer.get("pids_stats", {}).get("current", 0))

    def failed(self, what: str, error: BaseException) -> ToolError:
        """The error for an engine that did not do what it was asked for."""
        said = str(getattr(error, "explanation", None) or error)
        return ToolError(
            f"The Docker engine {what}: {said}", hint="See its own log (journalctl -u docker), and run again."
        )

    def _ask(self, path: str) -> Any:
        try:
            status, body = get(self.socket_path, path)
            answer = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self.failed("does not answer", error) from error
        if status == http.client.NOT_FOUND:
            return None
        if status != http.client.OK:
            raise self.failed("refuses to answer", ValueError(answer.get("message", status)))
        return answer


def find_engine(environment: Mapping[str, str]) -> Engine | NoEngine:
    """The engine that DOCKER_HOST names, or else the one at the usual places.

    An engine on another machine is none of ours: it could not see the folders that a build needs.
    """
    host = environment.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        return NoEngine(f"DOCKER_HOST is {host}, and only engines on this machine see its folders")
    places = [Path(host.removeprefix("unix://"))] if host else [Path("/var/run/docker.sock")]
    if not host and environment.get("XDG_RUNTIME_DIR"):
        places.append(Path(environment["XDG_RUNTIME_DIR"]) / "docker.sock")
    reasons = []
    for place in places:
        reason = _why_not(place)
        if not reason:
            return Engine(place)
        reasons.append(reason)
    return NoEngine("; ".join(reasons))


def _why_not(place: Path) -> str:
    """Why no engine answers at a socket; empty if one does."""
    try:
        status, _ = get(place, "/_ping")
    except FileNotFoundError:
        return f"there is no {place}"
    except PermissionError:
        return f"{place} is not open to you; members of the group docker may use it"
    except ConnectionRefusedError:
        return f"nobody listens at {place}"
    except TimeoutError:
        return f"{place} does not answer within {_ANSWER_TIMEOUT_S:g} s"
    except (OSError, http.client.HTTPException) as error:
        return f"{place} does not answer as an engine does: {error}"
    return "" if status == http.client.OK else f"{place} answers with status {status}"


def check_engine(facts: dict[str, Any]) -> None:
    """Raises:
    ToolError: the engine would leave out a limit, or sees other users than this machine.
    """
    hint = "Build with the toolchain on PATH instead, or with an engine that runs as root."
    for name, what in _IGNORED_LIMITS.items():
        if not facts.get(name):
            raise ToolError(f"The Docker engine cannot limit {what} of a build.", hint=hint)
    for option in facts.get("SecurityOptions") or []:
        kind = str(option).partition("=")[2].partition(",")[0]
        if kind in {"rootless", "userns"}:
            raise ToolError(
                f"The Docker engine renumbers users ({kind}), so that builds cannot write as you.", hint=hint
            )


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fspath(self._path))


def get(socket_path: Path, target: str) -> tuple[int, bytes]:
    """Asks a HTTP server behind a socket; returns status and body.

    Raises:
        OSError, http.client.HTTPException: nobody answers, or not in HTTP.
    """
    connection = _UnixConnection(socket_path)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
