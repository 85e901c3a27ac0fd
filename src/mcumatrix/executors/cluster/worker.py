"""A worker of a cluster on this machine, with its boards as resources."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import monotonic

from mcumatrix.errors import MatrixError
from mcumatrix.executors.cluster.connection import (
    BOARD,
    CONNECT_S,
    is_address,
    needs_distributed,
    no_scheduler,
    not_started,
)
from mcumatrix.executors.cluster.there import resource_of
from mcumatrix.stages.match import Match
from mcumatrix.units import format_duration

GONE_FOR_S = 600.0
"""How long a scheduler that is gone has to come back before a worker gives it up, in seconds."""


def resources_of(matches: Iterable[Match]) -> dict[str, float]:
    """What a worker says that it has: as many runs at a time of each board as units of it can be used, and
    which these are, where others may have others."""
    found: dict[str, float] = {}
    for one in matches:
        if one.is_usable:
            units = len(one.board.units) if one.board.is_started_here else 1
            name = f"{BOARD}{one.board.name}"
            found[name] = found.get(name, 0) + units
            if not one.board.is_started_here:
                found[resource_of(one.board, one.unit)] = 1
    return found


def boards_of(resources: Mapping[str, float]) -> dict[str, float]:
    """How many units there are of each board, by the boards' names."""
    return {
        name.removeprefix(BOARD): units for name, units in sorted(resources.items()) if name.startswith(BOARD)
    }


def work(
    scheduler: str, resources: dict[str, float], threads: int, folder: Path, say: Callable[[str], None]
) -> None:
    """Works for a scheduler until it, or a person, ends that; for one that was started again, too.

    Raises:
        MatrixError: that is no address.
        ToolError: nobody answers there, or `distributed` is not installed.
    """
    if not is_address(scheduler):
        raise MatrixError(f"{scheduler!a} is no scheduler", hint="Write its address, as in tcp://lab:8786.")
    try:
        import asyncio

        from distributed import Nanny
    except ImportError as error:
        raise needs_distributed("A worker") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)

    async def until_ended() -> None:
        # A worker would wait for a scheduler for ever, and say nothing.
        found = await _scheduler_id(scheduler)
        if not found:
            raise no_scheduler(scheduler, CONNECT_S, "Start one: `dask scheduler`")
        folder.mkdir(parents=True, exist_ok=True)
        while found:
            try:
                nanny = await Nanny(
                    scheduler,
                    nthreads=threads,
                    resources=resources,
                    local_directory=str(folder),
                    death_timeout=CONNECT_S,
                    silence_logs=logging.CRITICAL,
                )
            except Exception as error:
                raise not_started("A worker", error, "Mend that, and start it again.") from error
            async with nanny:
                say(f"Working for {scheduler} as {nanny.worker_address}. Ctrl-C ends it.")
                await nanny.finished()
            found = await _id_of_another(scheduler, found, say)

    asyncio.run(until_ended())


async def _scheduler_id(scheduler: str) -> str:
    """What a scheduler is called, which is another name each time that one is started; empty for none."""
    from distributed import Client

    try:
        async with Client(scheduler, timeout=CONNECT_S, asynchronous=True, set_as_default=False) as client:
            return str((await client.scheduler.identity(n_workers=0))["id"])
    except (OSError, TimeoutError):
        return ""


async def _id_of_another(scheduler: str, before: str, say: Callable[[str], None]) -> str:
    """What the scheduler is called that takes the place of one that is gone; empty where none does."""
    found = await _scheduler_id(scheduler)
    if not found:
        say(f"The scheduler at {scheduler} is gone. It has {format_duration(GONE_FOR_S)} to come back.")
        give_up_at = monotonic() + GONE_FOR_S
        while not found and monotonic() < give_up_at:
            found = await _scheduler_id(scheduler)
        if not found:
            say(f"The scheduler at {scheduler} did not come back.")
    if found == before:
        say(f"The scheduler at {scheduler} has ended this worker, or has lost it.")
    return "" if found == before else found
