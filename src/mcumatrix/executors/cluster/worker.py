"""A worker of a cluster on this machine, with its boards as resources."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from mcumatrix.errors import MatrixError, ToolError
from mcumatrix.executors.cluster.connection import BOARD, CONNECT_S, is_address
from mcumatrix.stages.match import Match


def resources_of(matches: Iterable[Match]) -> dict[str, float]:
    """What a worker says that it has: as many runs at a time of each board as units of it can be used."""
    found: dict[str, float] = {}
    for one in matches:
        if one.is_usable:
            units = len(one.board.units) if one.board.is_started_here else 1
            name = f"{BOARD}{one.board.name}"
            found[name] = found.get(name, 0) + units
    return found


def work(
    scheduler: str, resources: dict[str, float], threads: int, folder: Path, say: Callable[[str], None]
) -> None:
    """Works for a scheduler until it, or a person, ends that.

    Raises:
        MatrixError: that is no address.
        ToolError: nobody answers there, or `distributed` is not installed.
    """
    if not is_address(scheduler):
        raise MatrixError(f"{scheduler!a} is no scheduler", hint="Write its address, as in tcp://lab:8786.")
    try:
        import asyncio

        from distributed import Client, Nanny
    except ImportError as error:
        raise ToolError(
            "A worker needs the package distributed, which is not installed.",
            hint="Install it: pip install 'mcumatrix[cluster]'",
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)

    async def until_ended() -> None:
        try:
            # A worker would wait for a scheduler for ever, and say nothing.
            async with Client(scheduler, timeout=CONNECT_S, asynchronous=True, set_as_default=False):
                pass
        except (OSError, TimeoutError) as error:
            raise ToolError(
                f"No scheduler of a cluster answers at {scheduler} within {CONNECT_S:g} s.",
                hint="Start one: `dask scheduler`",
            ) from error
        folder.mkdir(parents=True, exist_ok=True)
        async with Nanny(
            scheduler,
            nthreads=threads,
            resources=resources,
            local_directory=str(folder),
            death_timeout=CONNECT_S,
            silence_logs=logging.CRITICAL,
        ) as nanny:
            say(f"Working for {scheduler} as {nanny.worker_address}. Ctrl-C ends it.")
            await nanny.finished()
        say(f"The scheduler at {scheduler} has ended this worker, or is gone.")

    asyncio.run(until_ended())
