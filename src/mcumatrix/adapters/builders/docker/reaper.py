"""Removes what a killed run has left behind."""

from contextlib import suppress

from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.owner import LABEL, is_left_behind


def reap(engine: Engine) -> list[str]:
    """Removes the containers of ours whose process is dead; returns their ids.

    Those of other runs that are alive stay, and whatever has no label of ours.

    Raises:
        ToolError: the engine is gone.
    """
    removed = []
    for container in engine.containers(LABEL):
        if is_left_behind(container["Labels"][LABEL], container["State"]):
            from docker.errors import NotFound

            with suppress(NotFound):  # another run was faster
                engine.client.api.remove_container(container["Id"], force=True, v=True)
            removed.append(str(container["Id"]))
    return removed
