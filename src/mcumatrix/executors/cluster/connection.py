"""The connection to a Dask cluster: one that is there already, or workers of this machine for trying."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from mcumatrix.errors import MatrixError, StoppedError, ToolError
from mcumatrix.executors.cluster.there import TOPIC, NoUnitError, WorkerError, left_there
from mcumatrix.storage import reason_of

if TYPE_CHECKING:
    from distributed import Client, Future

_LOCAL = re.compile(r"local:([1-9][0-9]{0,2})", re.ASCII)
_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/]+:[0-9]{1,5}", re.ASCII)

CONNECT_S = 10.0
"""How long a scheduler has to answer, in seconds."""

RECONNECT_S = 10.0
"""How long a connection that was lost has to come back, in seconds."""

RETURN_S = 30.0
"""How long a worker may take to come for one that was lost, in seconds, where there is no other."""

MOST_LOST = 5
"""As often something is begun that is lost each time, before it is given up."""

_FETCH_S = 120.0
"""How long a result that is there may take to come, in seconds."""

SILENT_S = 60.0
"""How long a worker may say nothing before it counts as lost, in seconds. Dask's workers say each second
that they are there, and where there are hundreds each few seconds; Dask itself waits for five minutes."""

ANSWER_S = 300.0
"""How long a worker has to answer what is no task, in seconds."""

_GOODBYE_S = 2.0
"""How long is waited for workers to hear that somebody asks no more, in seconds."""

LOOK_EVERY_S = 1.0
"""How often it is looked whether those who are waited for are still there, in seconds."""

_KNOWN_FOR_S = 0.5
"""How long what the scheduler has told of its workers is taken for true, in seconds."""

_IMPORTED_BY_WORKERS = (
    "distributed",
    "mcumatrix.executors.cluster.there",
    "mcumatrix.adapters.boards.virtual",
    "mcumatrix.adapters.builders.local",
    "mcumatrix.adapters.flashers.pyocd.flasher",
    "pyocd.core.session",
)
"""What takes a worker long to import, or most of it; what is not there is left out."""

BOARD = "board:"
"""What the resource of a worker begins with that stands for the units of a board."""


def is_address(text: str) -> bool:
    """Whether it is the address of a scheduler, such as `tcp://lab:8786`."""
    return _ADDRESS.fullmatch(text) is not None


def needs_distributed(who: str) -> ToolError:
    """That Dask is not installed, which somebody needs, as in "A cluster"."""
    return ToolError(
        f"{who} needs the package distributed, which is not installed.",
        hint="Install it: pip install 'mcumatrix[cluster]'",
    )


def no_scheduler(address: str, within_s: float, hint: str) -> ToolError:
    """That nobody answers at the address of a scheduler."""
    return ToolError(f"No scheduler of a cluster answers at {address} within {within_s:g} s.", hint=hint)


def not_started(who: str, error: Exception, hint: str) -> ToolError:
    """That workers of this machine could not be started. For a port, a disk, memory and rights, Dask raises
    many kinds of errors."""
    reason = reason_of(error) if isinstance(error, OSError) else str(error) or type(error).__name__
    return ToolError(
        f"{who} could not be started on this machine: {' '.join(reason.split()).rstrip('.')}.", hint=hint
    )


def stopped() -> StoppedError:
    """That everything was to end."""
    return StoppedError("The run was stopped.")


class GoneError(ToolError):
    """The scheduler is gone."""


class Connection:
    """A cluster, and what is asked of it. Calls come from many threads."""

    def __init__(
        self,
        client: "Client",
        address: str,
        end: Callable[[], None],
        *,
        say: Callable[[str], None] = lambda _line: None,
        has_dashboard: bool = True,
    ) -> None:
        """`end` ends what was started for it; `say` gets a line about a worker that cannot do its work;
        `has_dashboard` is false where Dask's page would be empty."""
        self.asker = secrets.token_hex(6)
        """What workers know us by, who may be asked by others too."""
        self._client = client
        self._address = address
        self._end = end
        self._say = say
        self._has_dashboard = has_dashboard
        self._lock = Lock()
        self._asked: set[Future] = set()
        self._held: dict[str, Future] = {}
        self._said: set[str] = set()
        self._placed: dict[str, Callable[[str], None]] = {}
        self._is_stopped = False
        self._asking = Lock()
        self._known: tuple[float, Mapping[str, Mapping[str, Any]]] | None = None
        self._last_words: dict[str, tuple[float, object]] = {}
        self._silent: frozenset[str] = frozenset()
        self._away_since_s: float | None = None
        self._scheduler = ""
        client.subscribe_topic(TOPIC, self._hear)

    @property
    def is_stopped(self) -> bool:
        """Whether everything is to end."""
        return self._is_stopped

    @property
    def dashboard(self) -> str:
        """Where Dask shows what it does, empty where it does not."""
        services = self._info().get("services", {})
        is_shown = self._has_dashboard and services.get("dashboard")
        return str(self._client.dashboard_link) if is_shown else ""

    def workers(self) -> Mapping[str, Mapping[str, Any]]:
        """What the scheduler tells of each worker, by their addresses; as it was a moment ago at most.

        One that says nothing any more is none: its machine hangs, or its cable is out.

        Raises:
            ToolError: the scheduler is gone.
        """
        # One asks for all: hundreds of threads want to know it again and again.
        with self._asking:
            if self._known is None or time.monotonic() - self._known[0] > _KNOWN_FOR_S:
                self._known = time.monotonic(), self._not_silent(self._info().get("workers", {}))
            return self._known[1]

    def _not_silent(self, workers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        now_s, before = time.monotonic(), self._last_words
        self._last_words = {}
        for address, worker in workers.items():
            # By whether it changes: the scheduler's clock is another one.
            last, seen = before.get(address), worker.get("last_seen")
            self._last_words[address] = last if last and last[1] == seen else (now_s, seen)
        heard_s = {address: at_s for address, (at_s, _) in self._last_words.items()}
        self._silent = frozenset(one for one, at_s in heard_s.items() if now_s - at_s > SILENT_S)
        return {address: worker for address, worker in workers.items() if address not in self._silent}

    def _info(self) -> Mapping[str, Any]:
        self._require_scheduler()
        try:
            info: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)
        except Exception as error:
            raise self._gone() from error
        # One that was started again knows nothing of who listens, and may be back before anybody has looked.
        if self._scheduler not in ("", info.get("id", "")):
            self._client.subscribe_topic(TOPIC, self._hear)
        self._scheduler = info.get("id", "")
        return info

    def _require_scheduler(self) -> None:
        """Waits a little where the connection was lost: Dask's client connects again by itself."""
        while self._client.status != "running":
            # From the first who noticed: the others do not wait as long once more, one after the other.
            self._away_since_s = self._away_since_s or time.monotonic()
            if time.monotonic() - self._away_since_s > RECONNECT_S or self._client.status == "closed":
                raise self._gone()
            time.sleep(LOOK_EVERY_S / 10)
        if self._away_since_s is not None:
            self._away_since_s = None
            # A scheduler that was started again knows nothing of who listens.
            self._client.subscribe_topic(TOPIC, self._hear)

    def _gone(self) -> GoneError:
        return GoneError(
            f"The scheduler of the cluster at {self._address} is gone.",
            hint="What is done is kept. Start it again, and run this once more to go on from there.",
        )

    def ask_each(
        self, do: Callable[..., Any], *arguments: Any, workers: Collection[str]
    ) -> Mapping[str, Any]:
        """What a function gives on each of some workers; those that are lost meanwhile, or do not answer in
        time, are left out."""
        answers: dict[str, Any] = {}

        async def ask(address: str) -> None:
            # By itself, so that one that hangs keeps nobody else's answer.
            asked = self._client.run(do, *arguments, workers=[address], on_error="ignore", asynchronous=True)
            with suppress(Exception):
                answers.update(await asyncio.wait_for(asked, ANSWER_S))

        async def ask_all() -> None:
            await asyncio.gather(*map(ask, workers))

        if workers:
            with suppress(Exception):
                self._client.sync(ask_all)
            if not answers and self._client.status != "running":
                raise self._gone()
        return answers

    def held(self, key: str, data: Any) -> "Future":
        """Something that workers need, by its contents: it goes to the cluster once, from there to each
        worker once, and again to those who come for others that are lost."""
        with self._lock:
            future = self._held.get(key)
            if future is None or future.status not in {"pending", "finished"}:
                future = self._client.submit(_same, data, key=f"mcumatrix-{key}", pure=True)
                self._held[key] = future
            return future

    def result(
        self,
        do: Callable[..., Any],
        arguments: Callable[[], Sequence[Any]],
        *,
        workers: Callable[[], Collection[str]],
        resources: Mapping[str, float],
        what: str,
    ) -> Any:
        """What a function gives on one of those workers that `workers` names, now and later.

        Where a worker is lost, or cannot do it, another one does; `arguments` are asked for each time. `what`
        is for messages.

        Raises:
            StoppedError: everything was to end.
            ToolError: the scheduler is gone, there is no such worker any more, none of them can do it, or it
                was lost again and again.
            McuMatrixError: as the function does.
        """
        refused: dict[str, WorkerError] = {}
        lost = 0
        while True:
            able = self._able(workers, refused, lost)
            try:
                return self._asked_once(do, arguments, able, resources, what)
            except WorkerError as error:
                refused[error.worker] = error
            except _LostError as error:
                lost += 1
                self._forget_workers()
                if lost == MOST_LOST:
                    raise ToolError(
                        f"{what} was given up, because it was lost {lost} times, with its worker or on the "
                        "way to it.",
                        hint="Look at the logs of workers and scheduler, and run again to go on from there.",
                    ) from error

    def _able(
        self, workers: Callable[[], Collection[str]], refused: Mapping[str, WorkerError], lost: int
    ) -> list[str]:
        """Those of the workers who did not refuse; where some were lost, others may be about to come.

        Raises:
            StoppedError, ToolError: as `result` says.
        """
        give_up_at = time.monotonic() + RETURN_S
        while not self._is_stopped:
            try:
                able = [address for address in workers() if address not in refused]
                if not able:
                    raise _why_nobody(refused)
            except GoneError:
                raise
            except ToolError:
                if not lost or time.monotonic() > give_up_at:
                    raise
                time.sleep(LOOK_EVERY_S / 10)
                continue
            for error in refused.values():
                if not isinstance(error, NoUnitError):  # which was said when they were set aside
                    self._say_once(f"{error.message} Others do it.")
            return able
        raise stopped()

    def _say_once(self, line: str) -> None:
        with self._lock:
            is_new = line not in self._said
            self._said.add(line)
        if is_new:
            self._say(line)

    def _asked_once(
        self,
        do: Callable[..., Any],
        arguments: Callable[[], Sequence[Any]],
        able: Collection[str],
        resources: Mapping[str, float],
        what: str,
    ) -> Any:
        given = arguments()
        with self._lock:
            # Under the lock, so that whoever stops us knows of it.
            if self._is_stopped:
                raise stopped()
            future = self._client.submit(
                do,
                *given,
                pure=False,
                workers=list(able),
                allow_other_workers=False,
                resources=dict(resources),
                retries=0,
            )
            self._asked.add(future)
        try:
            return self._waited(future, able, what)
        finally:
            with self._lock:
                self._asked.discard(future)
            with suppress(Exception):
                future.cancel()

    def _waited(self, future: "Future", able: Collection[str], what: str) -> Any:
        from distributed import KilledWorker

        # Not by the time limit of `result`, which loses a result that comes at that moment.
        ended = Event()
        future.add_done_callback(lambda _future: ended.set())
        while not ended.wait(LOOK_EVERY_S):
            if not set(able) & set(self.workers()) or self._is_with_silent(future, able):
                raise _LostError
        try:
            return future.result(timeout=_FETCH_S)
        except KilledWorker as error:
            raise ToolError(
                f"{what} was given up, because worker after worker that had it was lost.",
                hint="Look at the logs of the workers; the machine may have too little memory.",
            ) from error
        except Exception as error:
            # By its state: the function may have raised what Dask raises too, such as a TimeoutError.
            if future.status == "error":
                raise
            if self._is_stopped:
                raise stopped() from error
            self.workers()  # raises where the scheduler is gone
            raise _LostError from error

    def _is_with_silent(self, future: "Future", able: Collection[str]) -> bool:
        """Whether a worker has it that says nothing any more: Dask would wait for that for minutes."""
        silent = [address for address in able if address in self._silent]
        with suppress(Exception):
            return bool(silent) and any(
                future.key in keys for keys in self._client.processing(silent).values()
            )
        return False

    def _forget_workers(self) -> None:
        """The next who asks for workers asks the scheduler."""
        with self._asking:
            self._known = None

    @contextmanager
    def heard(self, task: str, placed: Callable[[str], None]) -> Iterator[None]:
        """Within this, `placed` is told where a task is done."""
        self._placed[task] = placed
        try:
            yield
        finally:
            del self._placed[task]

    def _hear(self, event: Any) -> None:
        said = event[1] if isinstance(event, tuple) else event
        if isinstance(said, Mapping) and (placed := self._placed.get(str(said.get("task")))):
            placed(str(said.get("where")))

    def stop(self) -> None:
        """Ends whatever workers do for us."""
        with self._lock:
            self._is_stopped = True
            asked = list(self._asked)
        with suppress(Exception):
            self._client.run(left_there, self.asker, on_error="ignore", wait=False)
        with suppress(Exception):
            self._client.cancel(asked, force=True)

    def close(self) -> None:
        """Ends the connection, what workers keep for it, and the workers that were started for it."""
        # Not for longer: one that hangs would not answer.
        leaving = Thread(target=self._leave, daemon=True)
        leaving.start()
        leaving.join(_GOODBYE_S)
        with suppress(Exception):
            self._client.close(timeout=2)
        self._end()

    def _leave(self) -> None:
        with suppress(Exception):
            self._client.run(left_there, self.asker, on_error="ignore")


class _LostError(Exception):
    """Who was asked is there no more."""


def _why_nobody(refused: Mapping[str, WorkerError]) -> ToolError:
    """Why there is no worker to ask: the last has refused, or there was none."""
    if refused:
        return [*refused.values()][-1]
    return ToolError("There is no worker in the cluster.", hint="Start one: `doit worker`")


def _same(data: Any) -> Any:
    return data


def connect(wanted: str, boards: Collection[str], folder: Path, say: Callable[[str], None]) -> Connection:
    """A connection to a scheduler at `tcp://host:port`, or to so many workers of this machine (`local:4`).

    Workers of this machine have one unit of each of the `boards`, and keep what they need below `folder`;
    `say` gets a line about a worker that cannot do its work.

    Raises:
        MatrixError: it is neither.
        ToolError: nobody answers there, workers cannot be started, or `distributed` is not installed.
    """
    local = _LOCAL.fullmatch(wanted)
    if local is None and not is_address(wanted):
        raise MatrixError(
            f"{wanted!a} is no cluster",
            hint="Write the address of a scheduler, as in --cluster tcp://lab:8786, or --cluster local:4.",
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise needs_distributed("A cluster") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if local is not None:
        return _connect_local(int(local[1]), boards, folder, say)
    try:
        client = Client(wanted, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        hint = "Start one with `dask scheduler`, and workers with `doit worker`."
        raise no_scheduler(wanted, CONNECT_S, hint) from error
    return Connection(client, wanted, lambda: None, say=say)


def _connect_local(
    count: int, boards: Collection[str], folder: Path, say: Callable[[str], None]
) -> Connection:
    from distributed import Client, LocalCluster

    has_dashboard = find_spec("bokeh") is not None
    with ExitStack() as started:
        try:
            started.enter_context(_cheap_workers(is_profiled=has_dashboard))
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                # Any port, without bokeh too: its server is there in any case, and warns where 8787 is taken.
                dashboard_address=":0",
                local_directory=str(folder),
                resources={f"{BOARD}{name}": 1 for name in boards},
                silence_logs=logging.CRITICAL,
            )
            started.callback(_ended, cluster)
            client = Client(cluster, set_as_default=False)
        except Exception as error:
            hint = "Start fewer, or leave out --cluster: then all is done without workers."
            raise not_started(f"{count} workers", error, hint) from error
        kept = started.pop_all()
    return Connection(
        client, str(cluster.scheduler_address), kept.close, say=say, has_dashboard=has_dashboard
    )


@contextmanager
def _cheap_workers(*, is_profiled: bool) -> Iterator[None]:
    """Within this, workers that are started are forked from one process that has imported what they need, as
    those are too that take the place of others.

    Dask looks a hundred times a second what each worker does, for a page that is not there without bokeh, and
    fifty times in each process whether its loop is late, of which nobody is told here.
    """
    import multiprocessing

    import dask
    from distributed.utils import get_mp_context

    asked = {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.worker.profile.enabled": is_profiled,
        "distributed.admin.tick.interval": "500ms",
    }
    with dask.config.set(asked):
        # Dask names its own modules, once: after it, since the last who names some is heard.
        get_mp_context()
        multiprocessing.set_forkserver_preload([*_IMPORTED_BY_WORKERS])
        yield


def _ended(cluster: Any) -> None:
    with suppress(Exception):
        cluster.close(timeout=5)
