"""A worker says which boards it has, and ends when it is asked to."""

from pathlib import Path
from threading import Thread

import distributed
import pytest

from mcumatrix.errors import MatrixError, ToolError
from mcumatrix.executors.cluster import worker as module
from mcumatrix.executors.cluster.worker import boards_of, resources_of, work
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.stages.match import Match
from support.clusters import Lab, wait_for


def test_a_worker_has_the_units_of_boards_that_can_be_used() -> None:
    virtual = Board("virtual", BoardKind.VIRTUAL, "x", units=(Unit(), Unit()))
    lab = Board("lab", BoardKind.REAL, "x", units=(Unit("1"), Unit("2"), Unit("3")))
    matches = [Match(virtual, Unit()), *(Match(lab, unit) for unit in lab.units[:2])]
    away = Match(lab, lab.units[2], reasons=("no probe 3 is attached",))
    gone = Match(Board("gone", BoardKind.REAL, "x"), Unit(), reasons=("no probe is attached",))
    resources = resources_of([*matches, away, gone])
    assert resources == {"board:virtual": 2, "board:lab": 2, "unit:lab/1": 1, "unit:lab/2": 1}
    assert boards_of(resources) == {"virtual": 2, "lab": 2}


def test_what_is_no_scheduler_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MatrixError) as error:
        work("lab:8786", {}, 1, tmp_path, pytest.fail)
    assert str(error.value) == "'lab:8786' is no scheduler\n  Write its address, as in tcp://lab:8786."
    monkeypatch.setattr(module, "CONNECT_S", 0.2)
    with pytest.raises(ToolError) as unanswered:
        work("tcp://127.0.0.1:9", {}, 1, tmp_path, pytest.fail)
    assert str(unanswered.value) == (
        "No scheduler of a cluster answers at tcp://127.0.0.1:9 within 0.2 s.\n  Start one: `dask scheduler`"
    )


class Inside(distributed.Worker):
    """A worker in a thread of this process, where another process would take seconds to start."""

    @property
    def worker_address(self) -> str:
        return str(self.address)


@pytest.mark.filterwarnings("ignore")
def test_it_comes_back_to_a_scheduler_that_was_started_again_and_ends_when_that_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "Nanny", Inside)
    lab = Lab(tmp_path)
    lab.start_scheduler()
    said: list[str] = []
    arguments = (lab.address, {"board:lab": 2.0}, 1, tmp_path / "worker", said.append)
    worker = Thread(target=work, args=arguments, daemon=True)
    worker.start()
    wait_for(lambda: len(said) == 1)
    with monkeypatch.context() as impatient:
        # Only as long as nobody is there: who is there may be slow to answer.
        impatient.setattr(module, "CONNECT_S", 1.0)
        lab.end_scheduler()
        wait_for(lambda: len(said) == 2)
    lab.start_scheduler()
    wait_for(lambda: len(said) == 3)
    with distributed.Client(lab.address, set_as_default=False) as client:
        (one,) = client.scheduler_info()["workers"].values()
        assert one["resources"] == {"board:lab": 2.0}
        client.retire_workers()
        worker.join(60)
    lab.close()
    assert [line.partition(" as ")[0] for line in said] == [
        f"Working for {lab.address}",
        f"The scheduler at {lab.address} is gone. It has 10 min to come back.",
        f"Working for {lab.address}",
        f"The scheduler at {lab.address} has ended this worker, or has lost it.",
    ]


def test_a_worker_that_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async def found(_scheduler: str) -> str:
        return "Scheduler-1"

    monkeypatch.setattr(distributed, "Nanny", full)
    monkeypatch.setattr(module, "_scheduler_id", found)
    with pytest.raises(ToolError) as error:
        work("tcp://lab:8786", {}, 1, tmp_path, pytest.fail)
    assert str(error.value) == (
        "A worker could not be started on this machine: its disk is full.\n  Mend that, and start it again."
    )
