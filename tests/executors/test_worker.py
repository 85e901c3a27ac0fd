"""A worker says which boards it has, and ends when it is asked to."""

from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError, ToolError
from mcumatrix.executors.cluster import worker as module
from mcumatrix.executors.cluster.worker import resources_of, work
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.stages.match import Match


def test_a_worker_has_the_units_of_boards_that_can_be_used() -> None:
    virtual = Board("virtual", BoardKind.VIRTUAL, "x", units=(Unit(), Unit()))
    lab = Board("lab", BoardKind.REAL, "x", units=(Unit("1"), Unit("2"), Unit("3")))
    matches = [Match(virtual, Unit()), *(Match(lab, unit) for unit in lab.units[:2])]
    away = Match(lab, lab.units[2], reasons=("no probe 3 is attached",))
    gone = Match(Board("gone", BoardKind.REAL, "x"), Unit(), reasons=("no probe is attached",))
    assert resources_of([*matches, away, gone]) == {"board:virtual": 2, "board:lab": 2}


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
