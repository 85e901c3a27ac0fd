"""Builds and runs on a cluster of this machine: the same bytes, and nothing is lost with a worker."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from distributed import Client, get_worker

from mcumatrix import registry
from mcumatrix.adapters.boards.units import Units
from mcumatrix.errors import (
    BlockedError,
    BuildError,
    ConsoleError,
    ConsoleTimeoutError,
    FirmwareError,
    FlashError,
    FlashFault,
    McuMatrixError,
    ToolError,
)
from mcumatrix.executors.cluster import builder as builder_module
from mcumatrix.executors.cluster import connection as connection_module
from mcumatrix.executors.cluster import there
from mcumatrix.executors.cluster.builder import ClusterBuilder
from mcumatrix.executors.cluster.connection import Connection
from mcumatrix.executors.cluster.runs import ClusterRuns, Turns, side_by_side
from mcumatrix.executors.cluster.there import Done
from mcumatrix.executors.runs import Choice
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.catalogue import DEFAULT_FLASHER, Board, BoardKind, Toolchain, Unit
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.model.record import Record, Status
from mcumatrix.model.schedule import Slot
from mcumatrix.results.store import read_trace
from mcumatrix.running import run_variant
from mcumatrix.stages.energy import to_file
from mcumatrix.stages.run import Choose, Ended, Ran, ToRun
from mcumatrix.stages.time_limit import TimeLimit
from support.benches import FakeJob, a_bench
from support.clusters import RESOURCES, Lab, a_cluster, wait_for
from support.logs import bench_log, boot_log
from support.scripted import FLASHED, Flasher, RealScripted, answer_with
from support.traces import SETUP, Drawn
from support.variants import a_measurement, a_variant, an_image

GCC = Toolchain("path", "arm-none-eabi-")

pytestmark = pytest.mark.filterwarnings("ignore")
"""What Dask's own libraries warn of is none of ours."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Two workers in threads of this process, so that what a test replaces is replaced there too."""
    with a_cluster(tmp_path_factory.mktemp("workers")) as (made, _):
        yield made


@pytest.fixture
def ours(connection: Connection) -> Iterator[Connection]:
    """The same; what workers keep for it is gone afterwards, such as which units were set aside."""
    yield connection
    connection.ask_each(there.left_there, connection.asker, workers=connection.workers())


@pytest.fixture
def folders(tmp_path: Path) -> BuildFolders:
    sources = tmp_path / "firmware"
    (sources / "models").mkdir(parents=True)
    (sources / "models" / "large.tflite").write_bytes(b"not sent")
    (sources / "a.c").write_text("int answer(void) { return 42; }\n")
    made = BuildFolders(sources, tmp_path / "inputs", tmp_path / "output")
    made.inputs.mkdir()
    made.output.mkdir()
    (made.inputs / "b.h").write_text("#define B 1\n")
    return made


def _plan(*steps: tuple[str, ...], outputs: tuple[str, ...] = ("a.o",)) -> BuildPlan:
    return BuildPlan("library", GCC, "f" * 64, steps, outputs)


COMPILED = ("arm-none-eabi-gcc", "-c", "-include", "{inputs}/b.h", "{sources}/a.c", "-o", "{output}/a.o")


def test_a_worker_makes_the_same_bytes_as_this_machine(
    connection: Connection, folders: BuildFolders, tmp_path: Path
) -> None:
    on_cluster = ClusterBuilder(connection, pytest.fail)
    here = registry.builders.builders("local", tmp_path / "cache", pytest.fail).chosen
    assert on_cluster.identity(GCC) == here.identity(GCC, ())
    on_cluster.execute(_plan(COMPILED), folders, folders.output / "build.log")
    there = (folders.output / "a.o").read_bytes()
    assert "arm-none-eabi-gcc" in (folders.output / "build.log").read_text()
    here.execute(_plan(COMPILED), folders, folders.output / "build.log")
    assert (folders.output / "a.o").read_bytes() == there


def test_a_build_that_fails_on_a_worker_has_its_log_here(
    connection: Connection, folders: BuildFolders
) -> None:
    log = folders.output / "build.log"
    broken = ("arm-none-eabi-gcc", "-c", "{sources}/missing.c", "-o", "{output}/a.o")
    with pytest.raises(BuildError) as error:
        ClusterBuilder(connection, pytest.fail).execute(_plan(broken), folders, log)
    assert error.value.hint == f"The whole log is {log}"
    assert "missing.c: No such file or directory" in log.read_text()
    with pytest.raises(BuildError, match=r"library: the build made no b\.o\."):
        ClusterBuilder(connection, pytest.fail).execute(_plan(COMPILED, outputs=("b.o",)), folders, log)


def test_a_worker_with_another_compiler_or_none_is_refused_with_a_sentence(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sorted(connection.workers())

    def identity(_us: str, _toolchain: object, flags: tuple[str, ...], dask_worker: Any = None) -> object:
        if dask_worker.address == first:
            return ToolchainIdentity("gcc 12", "a" * 64)
        return "arm-none-eabi-gcc is not on PATH." if flags else ToolchainIdentity("gcc 13", "b" * 64)

    monkeypatch.setattr(builder_module, "identity_there", identity)
    monkeypatch.setattr(builder_module, "machine_there", lambda: "lab-2 (aarch64)")
    said: list[str] = []
    builder = ClusterBuilder(connection, said.append)
    for _ in range(2):
        assert builder.identity(GCC) == ToolchainIdentity("gcc 12", "a" * 64)
    refused = f"The worker {second} on lab-2 (aarch64) builds nothing with path: "
    assert said == [f"{refused}it has gcc 13, whose files are others."]
    said.clear()
    ClusterBuilder(connection, said.append).identity(GCC, ("-mthumb",))
    assert said == [f"{refused}arm-none-eabi-gcc is not on PATH."]


def test_where_no_worker_has_the_compiler_that_is_said(connection: Connection) -> None:
    with pytest.raises(ToolError) as error:
        ClusterBuilder(connection, pytest.fail).identity(Toolchain("none", "no-such-compiler-"))
    assert str(error.value) == (
        "No worker of the cluster has the toolchain none: no-such-compiler-gcc is not on PATH.\n"
        "  Install it on a worker; `doit worker` connects one to the scheduler."
    )


class FakeBoard:
    """A board with its units, on every worker; `run_image` asks it for nothing else here."""

    def __init__(
        self, entry: Board, *, wait: bool, say: Callable[[str], None], stop: Event, **_: object
    ) -> None:
        names = [unit.probe or f"unit-{number}" for number, unit in enumerate(entry.units, 1)]
        self.units = Units(entry.name, names, wait=wait, say=say, stop=stop)

    def set_aside(self, unit: str, reason: str) -> None:
        self.units.set_aside(unit, reason)

    def close(self) -> None:
        pass

    def identity(self) -> dict[str, str]:
        return {"unicorn": "2.1.4"}


def _boards() -> registry.boards.Boards:
    return registry.boards.Boards(Path(), wait=False, say=pytest.fail)


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choice:
    """What is to be run; no unit is fit, and there is a test."""
    for name in ("image.elf", "image.bin"):
        (tmp_path / name).write_bytes(name.encode())
    image = replace(an_image(), elf=tmp_path / "image.elf", binary=tmp_path / "image.bin")
    wanted, test = (ToRun(a_variant(slug), image, TimeLimit(60)) for slug in ("wanted", "health_x"))
    monkeypatch.setitem(registry.boards.BOARDS, "virtual", FakeBoard)
    return Choice("run:wanted", wanted, lambda: test, frozenset, lambda _where: None)


def _run(choose: Callable[[str], ToRun], _board: object, _boards: object, ended: Ended) -> Ran:
    what = choose("unit-1")
    assert what.image.binary.read_bytes() == b"image.bin"
    ran = Ran(what, b"log", unit="unit-1", error=FirmwareError("it stopped"))
    ended(ran)
    return ran


def _names(connection: Connection) -> dict[str, str]:
    """What workers are called, by their addresses."""

    def name(dask_worker: Any = None) -> str:
        return there._place(dask_worker).name

    return dict(connection.ask_each(name, workers=connection.workers()))


def test_a_run_comes_back_whole_and_a_unit_that_is_not_fit_is_tested(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", _run)
    placed: list[str] = []
    ended: list[Ran] = []
    runs = ClusterRuns(connection, _boards())
    board = choice.wanted.variant.board
    units = {f"unit-1@{name}" for name in _names(connection).values()}
    tested = runs.run(replace(choice, placed=placed.append), board, ended.append)
    assert tested.what is choice.test()
    assert (tested.log, str(tested.error)) == (b"log", "it stopped")
    assert tested.unit in units
    fit = replace(choice, fit=lambda: frozenset(units), placed=placed.append)
    assert runs.run(fit, board, ended.append).what is choice.wanted
    assert [ran.what.variant.slug for ran in ended] == ["health_x", "wanted"]
    wait_for(lambda: len(placed) == 2)
    assert placed[0] == f"{tested.unit}, which is tested"
    assert placed[1] in units


def test_what_no_run_comes_of_is_the_same_error_as_on_this_machine(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blocked(*_: object, **__: object) -> Ran:
        raise BlockedError("every unit was set aside", hint="Look at them.")

    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", blocked)
    with pytest.raises(BlockedError, match="every unit was set aside") as error:
        ClusterRuns(connection, _boards()).run(choice, choice.wanted.variant.board, lambda _ran: None)
    assert error.value.hint == "Look at them."


def test_a_worker_with_other_versions_is_refused_since_records_have_ours(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, board = ClusterRuns(connection, _boards()), choice.wanted.variant.board
    monkeypatch.setattr("mcumatrix.executors.cluster.there.machine_there", lambda: "lab-2 (x86_64)")
    ours = {"mcumatrix": version("mcumatrix"), "unicorn": "2.1.3"}
    monkeypatch.setattr("mcumatrix.executors.cluster.runs.tools_of", lambda *_: ours)
    with pytest.raises(ToolError) as error:
        runs.run(choice, board, lambda _ran: None)
    assert str(error.value) == (
        "The worker on lab-2 (x86_64) has unicorn 2.1.4, and here is unicorn 2.1.3.\n"
        "  Install the same versions on both: records say what took part in a run."
    )


def test_a_board_that_no_worker_has_is_said(connection: Connection, choice: Choice) -> None:
    board = replace(choice.wanted.variant.board, name="lab")
    with pytest.raises(ToolError) as error:
        ClusterRuns(connection, _boards()).run(choice, board, lambda _ran: None)
    assert str(error.value) == (
        "No worker of the cluster has the board lab.\n"
        "  Start `doit worker` on the machine that it is attached to."
    )


def test_a_worker_with_other_versions_is_passed_over_where_another_has_ours(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"mcumatrix": version("mcumatrix"), "unicorn": "2.1.4"}
    other, same = sorted(connection.workers())

    def tools(*_: object) -> dict[str, str]:
        return ours | ({"unicorn": "2.1.3"} if get_worker().address == other else {})

    monkeypatch.setattr("mcumatrix.executors.cluster.there.tools_of", tools)
    monkeypatch.setattr("mcumatrix.executors.cluster.there.machine_there", lambda: "lab-2 (x86_64)")
    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", _run)
    said: list[str] = []
    monkeypatch.setattr(connection, "_say", said.append)
    runs = ClusterRuns(connection, _boards())
    # First there is that one alone; by the time that it has refused, the other one has come.
    looks = [{other: 1}, {other: 1}]
    monkeypatch.setattr(runs, "_with", lambda *_: looks.pop() if looks else {other: 1, same: 1})
    ended: list[Ran] = []
    runs.run(choice, choice.wanted.variant.board, ended.append)
    assert len(ended) == 1
    assert said == [
        "The worker on lab-2 (x86_64) has unicorn 2.1.3, and here is unicorn 2.1.4. Others do it."
    ]


def test_a_unit_on_which_equipment_failed_is_tested_by_whoever_comes_next(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's run may be there before we know how ours went, and believe that the unit is fit."""
    outcomes: list[McuMatrixError | None] = [ConsoleError("no answer"), ConsoleError("no answer"), None, None]

    def goes(choose: Callable[[str], ToRun], _board: object, _boards: object, ended: Ended) -> Ran:
        ran = Ran(choose("unit-1"), b"log", unit="unit-1", error=outcomes.pop(0))
        ended(ran)
        return ran

    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", goes)
    board, only = choice.wanted.variant.board, min(connection.workers())
    unit = f"unit-1@{_names(connection)[only]}"
    fit = replace(choice, fit=lambda: frozenset({unit}))

    def run() -> str:
        runs = ClusterRuns(connection, _boards())
        monkeypatch.setattr(runs, "_with", lambda *_: {only: 1})
        return runs.run(fit, board, lambda _ran: None).what.variant.slug

    assert [run() for _ in range(4)] == ["wanted", "health_x", "health_x", "wanted"]


@dataclass
class Bench:
    """The boards of workers, on which images run as they should, but for the units that are unplugged."""

    is_mishap_due: bool = False
    """Whether the next unit on which a variant runs is unplugged meanwhile."""
    unplugged: str = ""
    others_wait: Event | None = None
    """What the other units wait for in mid-run."""
    ran: list[tuple[str, str]] = field(default_factory=list)
    """Which image was run where."""

    def run(self, choose: Choose, board: Board, boards: registry.boards.Boards, ended: Ended) -> Ran:
        units: Units = boards.get(board).units  # type: ignore[attr-defined]
        with units.take(lambda _name: ()) as unit:
            what = choose(unit)
            name = f"{unit}@{_place().name}"
            self.ran.append((name, what.variant.slug))
            error: McuMatrixError | None = None
            if name == self.unplugged:
                error = FlashError("the probe is not attached", fault=FlashFault.NO_PROBE)
            elif self.is_mishap_due and what.variant.slug == "wanted":
                self.is_mishap_due, self.unplugged = False, name
                error = ConsoleTimeoutError("the board sent nothing")
            elif self.others_wait:
                assert self.others_wait.wait(60)
            measurement = None if error else a_measurement()
            ran = Ran(
                what, b"log", unit=unit, error=error, measurement=measurement, timing_model="m7-block-1"
            )
            ended(ran)
            return ran


def _place() -> there.Place:
    return there._place()


def test_a_unit_that_is_unplugged_in_mid_run_loses_nothing_and_its_namesake_goes_on(
    ours: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench = Bench(is_mishap_due=True)
    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", bench.run)
    is_aside = Event()

    def say(line: str) -> None:
        if line.endswith(f"; {bench.unplugged} is set aside."):
            is_aside.set()

    variant, test = choice.wanted.variant, choice.test()
    assert test is not None
    runs = ClusterRuns(ours, _boards())
    made = a_bench(
        tmp_path,
        monkeypatch,
        runs,
        _boards(),
        variant=variant,
        test=test.variant,
        say=say,
        image=test.image,
    )
    job: Any = FakeJob(variant)
    records: list[Record] = []

    def run(number: int) -> None:
        records.append(run_variant(job, Slot(number), made, TimeLimit(60)))

    run(1)
    # Of two at once, one is where the unit is gone.
    bench.others_wait = is_aside
    both = [Thread(target=run, args=[number]) for number in (2, 3)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert is_aside.is_set()
    (other,) = {f"unit-1@{name}" for name in _names(ours).values()} - {bench.unplugged}
    assert [(record.status, record.provenance.unit) for record in records] == [(Status.OK, other)] * 3
    assert [record.attempt for record in records] == [2, 1, 1]
    assert [name for name, slug in bench.ran if slug == "wanted"].count(bench.unplugged) == 1


def test_what_is_set_aside_for_one_who_asks_is_so_for_nobody_who_comes_later(
    ours: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", Bench().run)
    board = choice.wanted.variant.board
    runs = ClusterRuns(ours, _boards())
    aside: list[str] = []
    for _ in range(2):
        aside.append(runs.run(choice, board, lambda _ran: None).unit)
        runs.set_aside(board, aside[-1], "it is broken")
    assert sorted(aside) == sorted(f"unit-1@{name}" for name in _names(ours).values())
    with pytest.raises(BlockedError) as error:
        runs.run(choice, board, lambda _ran: None)
    assert sorted(error.value.message.removesuffix(")").partition(" (")[2].split("; ")) == sorted(
        f"{unit}: it is broken" for unit in aside
    )
    later = Connection(Client(ours._client.scheduler.address, set_as_default=False), "later", lambda: None)
    assert ClusterRuns(later, _boards()).run(choice, board, lambda _ran: None).unit in aside
    later.close()
    # A worker that hears of it late says the same.
    monkeypatch.setattr(runs, "_aside", {})
    with pytest.raises(BlockedError, match=r"^every unit of .* was set aside \(unit-1: it is broken\)\n"):
        runs.run(choice, board, lambda _ran: None)


def test_a_unit_with_a_serial_number_has_that_for_a_name_on_all_workers_and_is_used_where_it_is(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = (Unit("066A", "/dev/ttyACM0"), Unit("066B", "/dev/ttyACM1"))
    board = replace(choice.wanted.variant.board, units=units)
    first, second = sorted(connection.workers())

    def has(resource: str, dask_worker: Any = None) -> None:
        dask_worker.state.total_resources[resource] = 1.0

    def lose(resource: str, dask_worker: Any = None) -> None:
        del dask_worker.state.total_resources[resource]

    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", Bench().run)
    attached = {first: units[0], second: units[1]}
    for worker, unit in attached.items():
        connection.ask_each(has, there.resource_of(board, unit), workers=[worker])
    runs = ClusterRuns(connection, _boards())
    found = {}
    for worker in attached:
        monkeypatch.setattr(runs, "_with", lambda *_, only=worker: {only: 1})
        found[worker] = runs.run(choice, board, lambda _ran: None).unit
    for worker, unit in attached.items():
        connection.ask_each(lose, there.resource_of(board, unit), workers=[worker])
    assert found == {worker: unit.probe for worker, unit in attached.items()}


class FakeConnection:
    """A cluster that has other workers each time that it is looked at: so many, one after the other."""

    is_stopped = False
    asker = "us"

    def __init__(self, *looks: int) -> None:
        self._looks = list(looks)

    def heard(self, *_: object) -> object:
        return nullcontext()

    def workers(self) -> dict[str, dict[str, object]]:
        count = self._looks.pop(0) if self._looks else 2
        return {f"tcp://lab-{number}:1": {"resources": RESOURCES} for number in range(count)}

    def result(self, *_: object, **__: object) -> Done:
        return Done(False, Ran(None, unit="unit-1"), "tcp://lab-0:1")  # type: ignore[arg-type]


def test_workers_that_come_or_go_between_two_looks_are_in_nobodys_way(choice: Choice) -> None:
    board = choice.wanted.variant.board
    runs = ClusterRuns(FakeConnection(1, 2), _boards())  # type: ignore[arg-type]
    assert runs.run(choice, board, lambda _ran: None).what is choice.wanted
    # All of them are gone for a moment, as when their machine is started again.
    runs = ClusterRuns(FakeConnection(1, 0, 0, 1), _boards())  # type: ignore[arg-type]
    for _ in range(2):
        assert runs.run(choice, board, lambda _ran: None).what is choice.wanted


def test_each_worker_has_a_run_and_some_wait_so_that_none_does() -> None:
    counts = {threads: side_by_side(threads) for threads in (0, 1, 4, 1000, 5000)}
    assert counts == {0: 2, 1: 2, 4: 8, 1000: 1064, 5000: 2048}


def test_who_waits_for_its_turn_keeps_nobody_from_ending() -> None:
    turns = Turns()
    is_asking, has_ended = Event(), Event()

    def slow() -> int:
        is_asking.set()
        assert has_ended.wait(60)
        return 1

    def wait() -> None:
        with turns.one_of(slow):
            pass

    with turns.one_of(lambda: 1):
        waiting = Thread(target=wait)
        waiting.start()
        assert is_asking.wait(60)
    has_ended.set()
    waiting.join(60)
    assert not waiting.is_alive()


def test_what_a_current_probe_of_a_worker_told_is_kept_beside_the_log(
    lab: Lab, choice: Choice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over a real connection: between threads of one process nothing is packed and unpacked."""
    file, setup = tmp_path / "trace.csv", replace(SETUP, probe="csv", port=str(tmp_path / "trace.csv"))
    trace = to_file(Drawn((5000 / 216e6,) * 3, rate_hz=5e6, apart_s=1e-5).trace())

    def answer(nonce: int) -> bytes:
        file.write_bytes(trace)
        return bench_log(nonce=nonce)

    scripted = RealScripted(boot_log(), answer_with(answer))
    monkeypatch.setitem(registry.boards.BOARDS, "real", lambda *_, **__: scripted)
    monkeypatch.setitem(registry.flashers.FLASHERS, DEFAULT_FLASHER, lambda: Flasher(scripted))
    variant = a_variant()
    board = replace(variant.board, kind=BoardKind.REAL, energy=setup)
    variant = replace(variant, board=board)
    lab.add_worker()
    made = Connection(Client(lab.address, timeout=10, set_as_default=False), lab.address, lambda: None)
    bench = a_bench(
        tmp_path,
        monkeypatch,
        ClusterRuns(made, _boards()),
        _boards(),
        variant=variant,
        test=None,
        image=replace(choice.wanted.image, binary_sha256=FLASHED.read_back_sha256),
    )
    job: Any = FakeJob(variant)
    record = run_variant(job, Slot(), bench, TimeLimit(60))
    made.close()
    assert record.status is Status.OK, record.reason
    assert record.energy
    assert (record.energy.problem, record.energy.trace_sha256) == ("", hash_bytes(trace))
    assert record.energy.inferences_j == pytest.approx((3.3 * 0.15 * 5000 / 216e6,) * 2, rel=0.04)
    kept = bench.store.path_of(record)
    assert read_trace(kept, record) == trace


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path / "lab")
    made.start_scheduler()
    yield made
    made.close()


def test_a_run_that_is_lost_with_the_scheduler_is_done_again_when_that_is_back_and_kept_once(
    lab: Lab, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_running, is_over = Event(), Event()

    def run(choose: Callable[[str], ToRun], board: object, boards: object, ended: Ended) -> Ran:
        if not is_running.is_set():
            is_running.set()
            assert is_over.wait(60)
        return _run(choose, board, boards, ended)

    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", run)
    lab.add_worker()
    made = Connection(Client(lab.address, timeout=60, set_as_default=False), lab.address, lambda: None)
    placed: list[str] = []
    ended: list[Ran] = []
    choice = replace(choice, placed=placed.append)
    runs = ClusterRuns(made, _boards())
    asked = Thread(target=lambda: runs.run(choice, choice.wanted.variant.board, ended.append))
    asked.start()
    assert is_running.wait(60)
    lab.end_scheduler()
    lab.start_scheduler()
    # The worker comes later than the connection does.
    wait_for(lambda: not made.workers())
    lab.add_worker()
    asked.join(60)
    is_over.set()
    assert [ran.unit.partition("@")[0] for ran in ended] == ["unit-1"]
    wait_for(lambda: bool(placed))
    made.close()


def test_where_the_scheduler_does_not_come_back_a_run_ends_with_a_sentence(
    lab: Lab, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_running, is_over = Event(), Event()

    def run(*_: object) -> Ran:
        is_running.set()
        assert is_over.wait(60)
        raise AssertionError

    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_here", run)
    monkeypatch.setattr(connection_module, "RECONNECT_S", 0.3)
    lab.add_worker()
    made = Connection(Client(lab.address, timeout=60, set_as_default=False), lab.address, lambda: None)
    said: list[str] = []
    ended: list[Ran] = []

    def ask() -> None:
        try:
            ClusterRuns(made, _boards()).run(choice, choice.wanted.variant.board, ended.append)
        except ToolError as error:
            said.append(error.message)

    asked = Thread(target=ask)
    asked.start()
    assert is_running.wait(60)
    lab.end_scheduler()
    asked.join(60)
    is_over.set()
    assert said == [f"The scheduler of the cluster at {lab.address} is gone."]
    assert ended == []
    made.close()
