"""Builds and runs on a cluster of this machine: the same bytes, and nothing is lost with a worker."""

import io
import logging
import os
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import Client, LocalCluster

from mcumatrix import registry
from mcumatrix.errors import BlockedError, BuildError, ConsoleError, MatrixError, ToolError
from mcumatrix.executors.cluster import builder as builder_module
from mcumatrix.executors.cluster import connection as connection_module
from mcumatrix.executors.cluster.builder import ClusterBuilder
from mcumatrix.executors.cluster.bundle import Bundle, pack, unpacked
from mcumatrix.executors.cluster.connection import BOARD, Connection, connect
from mcumatrix.executors.cluster.runs import ClusterRuns
from mcumatrix.executors.runs import Choice
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.stages.run import Ran, ToRun
from mcumatrix.stages.time_limit import TimeLimit
from support.variants import a_variant, an_image

GCC = Toolchain("path", "arm-none-eabi-")
BOARD_NAME = a_variant().board.name

pytestmark = pytest.mark.filterwarnings("ignore")
"""What Dask's own libraries warn of is none of ours."""


@contextmanager
def _cluster(folder: Path, **options: Any) -> Iterator[tuple[Connection, LocalCluster]]:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    given = {"processes": False, "n_workers": 2, "threads_per_worker": 2} | options
    with LocalCluster(
        dashboard_address=None,
        local_directory=str(folder),
        resources={f"{BOARD}{BOARD_NAME}": 1},
        silence_logs=logging.CRITICAL,
        **given,
    ) as cluster:
        made = Connection(Client(cluster, set_as_default=False), cluster.scheduler_address, lambda: None)
        try:
            yield made, cluster
        finally:
            made.close()


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Two workers in threads of this process, so that what a test replaces is replaced there too."""
    with _cluster(tmp_path_factory.mktemp("workers")) as (made, _):
        yield made


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
    here = registry.builders("local", tmp_path / "cache", pytest.fail).chosen
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

    def identity(_toolchain: object, flags: tuple[str, ...], dask_worker: Any = None) -> object:
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
    """A board with one unit, on every worker. `run_image` asks it for nothing else here."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def close(self) -> None:
        pass

    def identity(self) -> dict[str, str]:
        return {"unicorn": "2.1.4"}


def _boards() -> registry.Boards:
    return registry.Boards(Path(), wait=False, say=pytest.fail)


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choice:
    """What is to be run; no unit is fit, and there is a test."""
    for name in ("image.elf", "image.bin"):
        (tmp_path / name).write_bytes(name.encode())
    image = replace(an_image(), elf=tmp_path / "image.elf", binary=tmp_path / "image.bin")
    wanted, test = (ToRun(a_variant(slug), image, TimeLimit(60)) for slug in ("wanted", "health_x"))
    monkeypatch.setitem(registry.BOARDS, "virtual", FakeBoard)
    return Choice("run:wanted", wanted, lambda: test, frozenset, lambda _where: None)


def _run_image(choose: Callable[[str], ToRun], *_: object, **__: object) -> Ran:
    what = choose("unit-1")
    assert what.image.elf.read_bytes() == b"image.elf"
    return Ran(what, b"log", unit="unit-1", error=ConsoleError("no answer"))


def test_a_run_comes_back_whole_and_a_unit_that_is_not_fit_is_tested(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_image", _run_image)
    placed: list[str] = []
    ended: list[Ran] = []
    runs = ClusterRuns(connection, _boards())
    board = choice.wanted.variant.board
    tested = runs.run(replace(choice, placed=placed.append), board, ended.append)
    assert tested.what is choice.test()
    assert (tested.log, tested.unit, str(tested.error)) == (b"log", "unit-1", "no answer")
    fit = replace(choice, fit=lambda: frozenset({"unit-1"}), placed=placed.append)
    assert runs.run(fit, board, ended.append).what is choice.wanted
    assert [ran.what.variant.slug for ran in ended] == ["health_x", "wanted"]
    _wait_for(lambda: len(placed) == 2)
    assert placed[0].endswith(", which is tested")
    assert placed[1].startswith("unit-1 of ")


def test_what_no_run_comes_of_is_the_same_error_as_on_this_machine(
    connection: Connection, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blocked(*_: object, **__: object) -> Ran:
        raise BlockedError("every unit was set aside", hint="Look at them.")

    monkeypatch.setattr("mcumatrix.executors.cluster.there.run_image", blocked)
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


def _wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def _once_for_ever(folder: Path) -> int:
    """Takes for ever, but only where nobody has begun it before; says which process it is in."""
    name = folder / str(os.getpid())
    is_first = not list(folder.iterdir())
    name.write_text("")
    while is_first:
        time.sleep(0.05)
    return os.getpid()


def test_what_a_killed_worker_had_is_done_by_another_and_comes_back_once(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    with _cluster(tmp_path / "workers", processes=True, threads_per_worker=1) as (made, _):
        from threading import Thread

        found: list[int] = []
        asked = Thread(
            target=lambda: found.append(
                made.result(_once_for_ever, begun, workers=made.workers, resources={}, what="run:a")
            )
        )
        asked.start()
        _wait_for(lambda: bool(list(begun.iterdir())))
        (killed,) = (int(path.name) for path in begun.iterdir())
        os.kill(killed, signal.SIGKILL)
        asked.join(60)
        assert len(found) == 1
        assert found[0] != killed


def test_where_the_scheduler_is_gone_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "RECONNECT_S", 0.2)
    # What Dask itself does when it ends waits for as long.
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        _cluster(tmp_path, n_workers=0) as (made, cluster),
    ):
        cluster.sync(cluster.scheduler.close)
        with pytest.raises(ToolError) as error:
            made.result(os.getpid, workers=made.workers, resources={}, what="run:a")
        assert str(error.value) == (
            f"The scheduler of the cluster at {cluster.scheduler_address} is gone.\n"
            "  What is done is kept. Start it again, and run this once more to go on from there."
        )


def test_what_is_no_cluster_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted in ("local", "local:0", "lab:8786", "tcp://lab", "http://lab:8786"):
        with pytest.raises(MatrixError) as error:
            connect(wanted, (), tmp_path)
        assert str(error.value) == (
            f"'{wanted}' is no cluster\n"
            "  Write the address of a scheduler, as in --cluster tcp://lab:8786, or --cluster local:4."
        )
    monkeypatch.setattr(connection_module, "CONNECT_S", 0.2)
    with pytest.raises(ToolError) as error:
        connect("tcp://127.0.0.1:9", (), tmp_path)
    assert str(error.value) == (
        "No scheduler of a cluster answers at tcp://127.0.0.1:9 within 0.2 s.\n"
        "  Start one with `dask scheduler`, and workers with `doit worker`."
    )


def test_a_folder_is_the_same_bytes_wherever_it_lies_and_whenever_it_was_made(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "sub").mkdir(parents=True)
        (tmp_path / place / "sub" / "a.c").write_text("int a;")
        (tmp_path / place / "run").write_text("#!/bin/sh\n")
        (tmp_path / place / "run").chmod(0o755)
    os.utime(tmp_path / "two" / "run", (1, 1))
    one, two = (pack(tmp_path / place) for place in ("one", "two"))
    assert one == two
    assert pack(tmp_path / "one", frozenset({"sub"})) != one
    there = unpacked(one, tmp_path / "there")
    assert unpacked(one, tmp_path / "there") == there
    assert pack(there) == one
    with pytest.raises(ValueError, match="a bundle is not what it is called"):
        unpacked(Bundle("0" * 64, one.data), tmp_path / "there")


@pytest.mark.parametrize(
    ("name", "kind"), [("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)]
)
def test_a_bundle_of_anything_but_files_below_it_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    data = stream.getvalue()
    with pytest.raises(ValueError, match=f"a bundle has '{name}', which is no file below it"):
        unpacked(Bundle(hash_bytes(data), data), tmp_path / "there")
    assert not (tmp_path / "out").exists()
