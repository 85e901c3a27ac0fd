"""A connection to a cluster: what is lost is done again within bounds, and nobody waits for ever."""

import ctypes
import errno
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

import dask
import distributed
import pytest

from mcumatrix.errors import MatrixError, StoppedError, ToolError
from mcumatrix.executors.cluster import connection as module
from mcumatrix.executors.cluster.bundle import Bundle, pack
from mcumatrix.executors.cluster.connection import Connection, connect
from mcumatrix.executors.cluster.there import build_there
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildPlan
from support.clusters import a_cluster, wait_for
from support.disk_faults import library

pytestmark = pytest.mark.filterwarnings("ignore")
"""What Dask's own libraries warn of is none of ours."""


class FakeFuture:
    """Something that was asked; it ends when it is cancelled."""

    status = "pending"

    def __init__(self) -> None:
        self._callbacks: list[Callable[[object], None]] = []

    def add_done_callback(self, callback: Callable[[object], None]) -> None:
        self._callbacks.append(callback)
        if self.status == "cancelled":
            callback(self)

    def cancel(self) -> None:
        self.status = "cancelled"
        for callback in self._callbacks:
            callback(self)

    def result(self, timeout: float) -> Any:
        raise distributed.CancelledError


class FakeClient:
    """A cluster of one worker, as a connection sees it."""

    status = "running"
    last_seen = 1.0

    def __init__(self, submitted: Callable[[FakeFuture], None] = lambda _future: None) -> None:
        self._submitted = submitted
        self.asked: list[FakeFuture] = []
        self.scheduler = "first"
        self.subscribed_to: list[str] = []
        self.hear: Callable[[object], None] = lambda _event: None

    def subscribe_topic(self, _topic: str, handler: Callable[[object], None]) -> None:
        self.hear = handler
        self.subscribed_to.append(self.scheduler)

    def scheduler_info(self, n_workers: int) -> Mapping[str, object]:
        assert n_workers == -1
        return {"id": self.scheduler, "workers": {"tcp://lab-1:1": {"last_seen": self.last_seen}}}

    def submit(self, *_: object, **__: object) -> FakeFuture:
        self.asked.append(FakeFuture())
        self._submitted(self.asked[-1])
        return self.asked[-1]

    def cancel(self, futures: list[FakeFuture], *, force: bool) -> None:
        assert force
        for future in futures:
            future.cancel()

    def run(self, *_: object, **__: object) -> dict[str, object]:
        return {}


def _connection(client: FakeClient) -> Connection:
    return Connection(client, "tcp://lab:8786", lambda: None)  # type: ignore[arg-type]


def _result(made: Connection, do: Callable[..., Any], *arguments: Any) -> Any:
    return made.result(do, lambda: arguments, workers=made.workers, resources={}, what="run:a")


def test_what_is_asked_for_in_the_moment_of_a_stop_is_cancelled_too() -> None:
    stops: list[Thread] = []

    def stop(_future: FakeFuture) -> None:
        stops.append(Thread(target=made.stop))
        stops[-1].start()
        stops[-1].join(0.1)

    client = FakeClient(stop)
    made = _connection(client)
    with pytest.raises(StoppedError):
        _result(made, os.getpid)
    stops[0].join()
    assert [future.status for future in client.asked] == ["cancelled"]
    with pytest.raises(StoppedError):
        _result(made, os.getpid)
    assert len(client.asked) == 1


def test_what_is_lost_each_time_is_given_up_and_that_is_said() -> None:
    client = FakeClient(FakeFuture.cancel)
    with pytest.raises(ToolError) as error:
        _result(_connection(client), os.getpid)
    assert str(error.value) == (
        "run:a was given up, because it was lost 5 times, with its worker or on the way to it.\n"
        "  Look at the logs of workers and scheduler, and run again to go on from there."
    )
    assert len(client.asked) == 5


def test_nothing_is_kept_of_a_task_that_has_ended() -> None:
    client = FakeClient()
    made = _connection(client)
    placed: list[str] = []
    with made.heard("run:a", placed.append):
        client.hear((1.0, {"task": "run:a", "where": "unit-1"}))
    client.hear((2.0, {"task": "run:a", "where": "unit-2"}))
    assert placed == ["unit-1"]


def test_a_scheduler_that_is_back_before_anybody_looked_is_listened_to_as_the_first_one_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KNOWN_FOR_S", -1.0)
    client = FakeClient()
    made = _connection(client)
    for scheduler in ("first", "first", "second", "second"):
        client.scheduler = scheduler
        made.workers()
    assert client.subscribed_to == ["first", "second"]


def test_where_the_scheduler_is_gone_all_who_wait_are_told_within_one_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RECONNECT_S", 0.2)
    client = FakeClient()
    client.status = "connecting"
    made = _connection(client)
    told: list[str] = []
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(waits))

    def ask() -> None:
        try:
            made.workers()
        except ToolError as error:
            told.append(error.message)

    for _ in range(20):
        ask()
    assert told == ["The scheduler of the cluster at tcp://lab:8786 is gone."] * 20
    assert sum(waits) < 0.5


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Two workers that are processes, whose disks can be made full."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LD_PRELOAD", str(library()))
        folder = tmp_path_factory.mktemp("workers")
        with a_cluster(folder, processes=True, threads_per_worker=1) as (made, _):
            yield made


def _raise_and_count(folder: Path) -> None:
    (folder / str(len(list(folder.iterdir())))).write_text("")
    raise TimeoutError("mine")


def test_an_error_of_the_function_is_no_loss_whatever_its_kind(processes: Connection, tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="mine"):
        _result(processes, _raise_and_count, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def _fill_disk(dask_worker: Any = None) -> None:
    """From now on, there is no room in the folder of this worker."""
    arm = ctypes.CDLL(None).disk_faults_arm
    arm.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int)
    arm(os.fsencode(dask_worker.local_directory), 1, errno.ENOSPC, -1)


def _empty_disk(dask_worker: Any = None) -> None:
    ctypes.CDLL(None).disk_faults_arm(os.fsencode(dask_worker.local_directory), -1, 0, -1)


def test_what_a_worker_has_no_room_for_is_done_by_another_and_without_one_that_is_said(
    processes: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(processes, "_say", said.append)
    (tmp_path / "a.c").write_text("int answer(void) { return 42; }\n")
    sources = pack(tmp_path)
    command = ("arm-none-eabi-gcc", "-c", "{sources}/a.c", "-o", "{output}/a.o")
    plan = BuildPlan("library", Toolchain("path", "arm-none-eabi-"), "f" * 64, (command,), ("a.o",))
    first, second = sorted(processes.workers())
    processes.ask_each(_fill_disk, workers=[first])

    def build() -> object:
        # One is free and has the room: none of them is asked by chance alone.
        return processes.result(
            build_there,
            lambda: ("us", plan, {}, sources, {}),
            workers=lambda: named.pop(0) if named else [first, second],
            resources={},
            what="library",
        )

    named = [[first]]
    built = build()
    assert built.error is None  # type: ignore[attr-defined]
    assert list(built.outputs) == ["a.o"]  # type: ignore[attr-defined]
    (line,) = said
    assert line.startswith("The worker on ")
    assert " cannot do its work: " in line
    assert line.endswith(" cannot be used, because its disk is full. Nothing is lost by that. Others do it.")
    processes.ask_each(_fill_disk, workers=[second])
    with pytest.raises(ToolError) as error:
        build()
    assert "because its disk is full" in error.value.message
    assert error.value.hint == "Make room there, and run again."
    processes.ask_each(_empty_disk, workers=[first, second])
    assert build().error is None  # type: ignore[attr-defined]


def test_what_did_not_arrive_as_it_was_sent_is_said_with_the_worker(processes: Connection) -> None:
    plan = BuildPlan("library", Toolchain("path", "arm-none-eabi-"), "f" * 64, (), ())
    with pytest.raises(ToolError, match=r"^The worker on .* cannot do its work: a bundle is not what it is"):
        _result(processes, build_there, "us", plan, {}, Bundle("0" * 64, b""), {})


def _once_for_ever(folder: Path) -> int:
    """Takes for ever, but only where nobody has begun it before; says which process it is in."""
    name = folder / str(os.getpid())
    is_first = not list(folder.iterdir())
    name.write_text("")
    while is_first:
        time.sleep(0.05)
    return os.getpid()


def test_what_a_killed_worker_had_is_done_by_another_and_comes_back_once(
    processes: Connection, tmp_path: Path
) -> None:
    found: list[int] = []
    asked = Thread(target=lambda: found.append(_result(processes, _once_for_ever, tmp_path)))
    asked.start()
    wait_for(lambda: bool(list(tmp_path.iterdir())))
    (killed,) = (int(path.name) for path in tmp_path.iterdir())
    os.kill(killed, signal.SIGKILL)
    asked.join(60)
    assert len(found) == 1
    assert found[0] != killed


def test_what_a_worker_had_that_goes_silent_is_done_by_another_and_its_answer_is_not_waited_for(
    processes: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its machine hangs or its cable is out: nobody tells, and no connection ends."""
    # One may have been killed a moment ago.
    wait_for(lambda: len(processes.ask_each(os.getpid, workers=processes.workers())) == 2)
    monkeypatch.setattr(module, "SILENT_S", 5.0)
    monkeypatch.setattr(module, "ANSWER_S", 6.0)
    found: list[int] = []
    asked = Thread(target=lambda: found.append(_result(processes, _once_for_ever, tmp_path)))
    asked.start()
    wait_for(lambda: bool(list(tmp_path.iterdir())))
    (silent,) = (int(path.name) for path in tmp_path.iterdir())
    os.kill(silent, signal.SIGSTOP)
    try:
        pids = processes.ask_each(os.getpid, workers=processes.workers())
        asked.join(300)
    finally:
        os.kill(silent, signal.SIGKILL)
    assert [*pids.values()] == found != [silent]


def test_a_worker_that_says_something_again_counts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client, now_s = FakeClient(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    made = _connection(client)

    def has_worker(at_s: float) -> bool:
        now_s[0] = at_s
        return bool(made.workers())

    assert has_worker(0)
    assert has_worker(module.SILENT_S)
    assert not has_worker(module.SILENT_S + 1)
    client.last_seen += 1
    assert has_worker(module.SILENT_S + 2)
    assert has_worker(2 * module.SILENT_S)


def test_where_the_scheduler_is_gone_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECT_S", 0.2)
    how_long = "distributed.comm.timeouts.connect"
    with dask.config.set({how_long: "60s"}), a_cluster(tmp_path, n_workers=0) as (made, cluster):
        # Once it is there. What Dask itself does when it ends waits for as long.
        dask.config.set({how_long: "1s"})
        cluster.sync(cluster.scheduler.close)
        with pytest.raises(ToolError) as error:
            _result(made, os.getpid)
        assert str(error.value) == (
            f"The scheduler of the cluster at {cluster.scheduler_address} is gone.\n"
            "  What is done is kept. Start it again, and run this once more to go on from there."
        )


def test_what_is_no_cluster_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted in ("local", "local:0", "lab:8786", "tcp://lab", "http://lab:8786"):
        with pytest.raises(MatrixError) as error:
            connect(wanted, (), tmp_path, pytest.fail)
        assert str(error.value) == (
            f"'{wanted}' is no cluster\n"
            "  Write the address of a scheduler, as in --cluster tcp://lab:8786, or --cluster local:4."
        )
    monkeypatch.setattr(module, "CONNECT_S", 0.2)
    with pytest.raises(ToolError) as error:
        connect("tcp://127.0.0.1:9", (), tmp_path, pytest.fail)
    assert str(error.value) == (
        "No scheduler of a cluster answers at tcp://127.0.0.1:9 within 0.2 s.\n"
        "  Start one with `dask scheduler`, and workers with `doit worker`."
    )


def test_workers_of_this_machine_that_do_not_start_are_said_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(**_: object) -> None:
        raise RuntimeError("Nanny failed to start.")

    with monkeypatch.context() as patched:
        patched.setattr(distributed, "LocalCluster", failing)
        with pytest.raises(ToolError) as error:
            connect("local:4", (), tmp_path, pytest.fail)
    assert str(error.value) == (
        "4 workers could not be started on this machine: Nanny failed to start.\n"
        "  Start fewer, or leave out --cluster: then all is done without workers."
    )
    closed = Event()

    class Started:
        def close(self, timeout: float) -> None:
            assert timeout
            closed.set()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def start(**given: object) -> Started:
        # Dask's default is one that another cluster may have, of which it warns.
        assert given["dashboard_address"] == ":0"
        return Started()

    monkeypatch.setattr(distributed, "LocalCluster", start)
    monkeypatch.setattr(distributed, "Client", full)
    with pytest.raises(ToolError, match=r"could not be started on this machine: its disk is full\.\n"):
        connect("local:4", (), tmp_path, pytest.fail)
    assert closed.is_set()
