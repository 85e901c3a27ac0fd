"""The connection to a Dask cluster: one that is there already, or workers of this machine for trying."""

import logging
import re
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from mcumatrix.errors import MatrixError, StoppedError, ToolError
from mcumatrix.executors.cluster.there import TOPIC, stop_there

if TYPE_CHECKING:
    from distributed import Client, Future

_LOCAL = re.compile(r"local:([1-9][0-9]{0,2})", re.ASCII)
_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/]+:[0-9]{1,5}", re.ASCII)

CONNECT_S = 10.0
"""How long a scheduler has to answer, in seconds."""

RECONNECT_S = 10.0
"""How long a connection that was lost has to come back, in seconds."""

_FETCH_S = 120.0
"""How long a result that is there may take to come, in seconds."""

_LOOK_EVERY_S = 1.0
"""How often it is looked whether those who are waited for are still there."""

BOARD = "board:"
"""What the resource of a worker begins with that stands for the units of a board."""


def is_address(text: str) -> bool:
    """Whether it is the address of a scheduler, such as `tcp://lab:8786`."""
    return _ADDRESS.fullmatch(text) is not None


class Connection:
    """A cluster, and what is asked of it. Calls come from many threads."""

    def __init__(
        self, client: "Client", address: str, end: Callable[[], None], *, has_dashboard: bool = True
    ) -> None:
        """`end` ends what was started for it; `has_dashboard` is false where Dask's page would be empty."""
        self._client = client
        self._address = address
        self._end = end
        self._has_dashboard = has_dashboard
        self._lock = Lock()
        self._asked: set[Future] = set()
        self._placed: dict[str, Callable[[str], None]] = {}
        self._is_stopped = False
        client.subscribe_topic(TOPIC, self._hear)

    @property
    def dashboard(self) -> str:
        """Where Dask shows what it does, empty where it does not."""
        services = self._info().get("services", {})
        is_shown = self._has_dashboard and services.get("dashboard")
        return str(self._client.dashboard_link) if is_shown else ""

    def workers(self) -> Mapping[str, Mapping[str, Any]]:
        """What the scheduler tells of each worker, by their addresses.

        Raises:
            ToolError: the scheduler is gone.
        """
        workers: Mapping[str, Mapping[str, Any]] = self._info().get("workers", {})
        return workers

    def _info(self) -> Mapping[str, Any]:
        self._require_scheduler()
        try:
            info: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)
        except Exception as error:
            raise self._gone() from error
        return info

    def _require_scheduler(self) -> None:
        """Waits a little where the connection was lost: Dask's client connects again by itself."""
        give_up_at = time.monotonic() + RECONNECT_S
        while self._client.status != "running":
            if time.monotonic() > give_up_at or self._client.status == "closed":
                raise self._gone()
            time.sleep(_LOOK_EVERY_S / 10)

    def _gone(self) -> ToolError:
        return ToolError(
            f"The scheduler of the cluster at {self._address} is gone.",
            hint="What is done is kept. Start it again, and run this once more to go on from there.",
        )

    def ask_each(
        self, do: Callable[..., Any], *arguments: Any, workers: Collection[str]
    ) -> Mapping[str, Any]:
        """What a function gives on each of some workers; those that are lost meanwhile are left out."""
        if not workers:
            return {}
        try:
            answers = self._client.run(do, *arguments, workers=list(workers), on_error="ignore")
        except Exception as error:
            if self._client.status != "running":
                raise self._gone() from error
            return {}
        return dict(answers)

    def held(self, key: str, data: Any) -> "Future":
        """Something that workers need, by its contents: it goes to each worker once, and again to those who
        come for others that are lost."""
        return self._client.submit(_same, data, key=f"mcumatrix-{key}", pure=True)

    def result(
        self,
        do: Callable[..., Any],
        *arguments: Any,
        workers: Callable[[], Collection[str]],
        resources: Mapping[str, float],
        what: str,
    ) -> Any:
        """What a function gives on one of those workers that `workers` names, now and later.

        Where a worker is lost, another one does it. `what` is for messages.

        Raises:
            StoppedError: everything was to end.
            ToolError: the scheduler is gone, or there is no such worker any more.
            McuMatrixError: as the function does.
        """
        while True:
            able = workers()
            if self._is_stopped:
                raise StoppedError("The run was stopped.")
            future = self._client.submit(
                do,
                *arguments,
                pure=False,
                workers=list(able),
                allow_other_workers=False,
                resources=dict(resources),
                retries=0,
            )
            with self._lock:
                self._asked.add(future)
            try:
                return self._waited(future, able, what)
            except _LostError:
                continue
            finally:
                with self._lock:
                    self._asked.discard(future)
                with suppress(Exception):
                    future.cancel()

    def _waited(self, future: "Future", able: Collection[str], what: str) -> Any:
        from distributed import CancelledError, KilledWorker
        from distributed import TimeoutError as NotYetError

        # Not by the time limit of `result`, which loses a result that comes at that moment.
        ended = Event()
        future.add_done_callback(lambda _future: ended.set())
        while not ended.wait(_LOOK_EVERY_S):
            if not set(able) & set(self.workers()):
                raise _LostError
        try:
            return future.result(timeout=_FETCH_S)
        except KilledWorker as error:
            raise ToolError(
                f"{what} was given up, because worker after worker that had it was lost.",
                hint="Look at the logs of the workers; the machine may have too little memory.",
            ) from error
        except (CancelledError, NotYetError) as error:
            if self._is_stopped:
                raise StoppedError("The run was stopped.") from error
            self.workers()  # raises where the scheduler is gone
            raise _LostError from error

    def hears(self, task: str, placed: Callable[[str], None]) -> None:
        """Has `placed` told where a task is done."""
        self._placed[task] = placed

    def _hear(self, event: Any) -> None:
        said = event[1] if isinstance(event, tuple) else event
        if isinstance(said, Mapping) and (placed := self._placed.get(str(said.get("task")))):
            placed(str(said.get("where")))

    def stop(self) -> None:
        """Ends whatever workers do for us."""
        self._is_stopped = True
        with self._lock:
            asked = list(self._asked)
        with suppress(Exception):
            self._client.run(stop_there, on_error="ignore", wait=False)
            self._client.cancel(asked, force=True)

    def close(self) -> None:
        """Ends the connection, and the workers that were started for it."""
        with suppress(Exception):
            self._client.close(timeout=2)
        self._end()


class _LostError(Exception):
    """Who was asked is there no more."""


def _same(data: Any) -> Any:
    return data


def connect(wanted: str, boards: Collection[str], folder: Path) -> Connection:
    """A connection to a scheduler at `tcp://host:port`, or to so many workers of this machine (`local:4`).

    Workers of this machine have one unit of each of the `boards`, and keep what they need below `folder`.

    Raises:
        MatrixError: it is neither.
        ToolError: nobody answers there, or `distributed` is not installed.
    """
    local = _LOCAL.fullmatch(wanted)
    if local is None and not is_address(wanted):
        raise MatrixError(
            f"{wanted!a} is no cluster",
            hint="Write the address of a scheduler, as in --cluster tcp://lab:8786, or --cluster local:4.",
        )
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ToolError(
            "A cluster needs the package distributed, which is not installed.",
            hint="Install it: pip install 'mcumatrix[cluster]'",
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if local is None:
        try:
            client = Client(wanted, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ToolError(
                f"No scheduler of a cluster answers at {wanted} within {CONNECT_S:g} s.",
                hint="Start one with `dask scheduler`, and workers with `doit worker`.",
            ) from error
        return Connection(client, wanted, lambda: None)
    has_dashboard = find_spec("bokeh") is not None
    cluster = LocalCluster(
        n_workers=int(local[1]),
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0" if has_dashboard else None,
        local_directory=str(folder),
        resources={f"{BOARD}{name}": 1 for name in boards},
        silence_logs=logging.CRITICAL,
    )
    client = Client(cluster, set_as_default=False)
    address = str(cluster.scheduler_address)
    return Connection(client, address, lambda: _ended(cluster), has_dashboard=has_dashboard)


def _ended(cluster: Any) -> None:
    with suppress(Exception):
        cluster.close(timeout=5)
