"""Removes what a killed run has left behind."""

import http.client

from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.owner import LABEL, is_left_behind


def reap(engine: Engine) -> list[str]:
    """Removes the containers of ours whose process is dead; returns their ids.

    Those of other runs that are alive stay, and whatever has no label of ours.

    Raises:
        ToolError: the engine is gone, or cannot remove one.
    """
    removed = []
    for container in engine.containers(LABEL):
        if is_left_behind(container["Labels"][LABEL], container["State"]):
            _remove(engine, str(container["Id"]))
            removed.append(str(container["Id"]))
    return removed


def _remove(engine: Engine, container_id: str) -> None:
    from docker.errors import APIError, DockerException, NotFound

    try:
        engine.client.api.remove_container(container_id, force=True, v=True)
    except NotFound:
        pass  # another run was faster
    except APIError as error:
        # Another run is at it.
        if error.status_code != http.client.CONFLICT:
            raise engine.failed("could not remove a container", error) from error
    except (DockerException, OSError) as error:
        raise engine.failed("could not remove a container", error) from error
