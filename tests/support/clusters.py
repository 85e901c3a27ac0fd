"""Clusters for tests: workers as threads or processes, and a scheduler that can be ended."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from distributed import Client, LocalCluster, Scheduler, Worker

from mcumatrix.executors.cluster.connection import BOARD, Connection
from support.ports import free_port
from support.variants import a_variant

BOARD_NAME = a_variant().board.name
RESOURCES = {f"{BOARD}{BOARD_NAME}": 1}


@contextmanager
def a_cluster(folder: Path, **options: Any) -> Iterator[tuple[Connection, LocalCluster]]:
    """A cluster whose workers have a board each; two in threads of this process, if nothing else is said."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    given = {"processes": False, "n_workers": 2, "threads_per_worker": 2} | options
    with LocalCluster(
        dashboard_address=None,
        local_directory=str(folder),
        resources=RESOURCES,
        silence_logs=logging.CRITICAL,
        **given,
    ) as cluster:
        made = Connection(Client(cluster, set_as_default=False), cluster.scheduler_address, lambda: None)
        try:
            yield made, cluster
        finally:
            made.close()


class Lab:
    """A scheduler at an address of its own, and workers in threads of this process: each can be ended."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._workers: list[Worker] = []
        self._scheduler: Scheduler | None = None

    def _do(self, what: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(what(), self._loop).result(60)

    def start_scheduler(self) -> None:
        async def start() -> Scheduler:
            return await Scheduler(host="127.0.0.1", port=self.port, dashboard=False)

        self._scheduler = self._do(start)

    def add_worker(self) -> None:
        async def start() -> Worker:
            return await Worker(
                self.address, nthreads=1, resources=RESOURCES, local_directory=str(self._folder)
            )

        self._workers.append(self._do(start))

    def end_scheduler(self) -> None:
        """As if its machine were switched off: nobody is told."""

        async def end() -> None:
            if self._scheduler:
                for comm in self._scheduler.stream_comms.values():
                    comm.abort()
                await self._scheduler.close()

        self._do(end)

    def close(self) -> None:
        async def end() -> None:
            for worker in self._workers:
                await worker.close(timeout=0.1, executor_wait=False)

        self._do(end)
        self.end_scheduler()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def wait_for(is_so: Callable[[], bool]) -> None:
    # For what hangs: machines of tests may have ten times as much to do as they have cores.
    until = time.monotonic() + 300
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)
