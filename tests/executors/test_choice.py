"""Which executor is used: whatever fails after a cluster was connected to leaves nothing open."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mcumatrix.errors import MatrixError, ToolError
from mcumatrix.executors.choice import find_executor
from mcumatrix.project import Project
from mcumatrix.work import load_work
from support.projects import a_project


class FakeConnection:
    """A cluster that is gone as soon as it was connected to, or a while later."""

    def __init__(self, *, is_gone: bool) -> None:
        self._is_gone = is_gone
        self.closed = 0

    @property
    def dashboard(self) -> str:
        return ""

    def workers(self) -> Mapping[str, Mapping[str, Any]]:
        if self._is_gone:
            raise ToolError("The scheduler of the cluster at tcp://lab:8786 is gone.")
        return {"tcp://lab-1:1": {}}

    def close(self) -> None:
        self.closed += 1


def _connected(made: FakeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcumatrix.executors.cluster.connection.connect", lambda *_: made)


def test_a_cluster_that_is_gone_as_soon_as_it_was_connected_to_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = FakeConnection(is_gone=True)
    _connected(made, monkeypatch)
    with pytest.raises(ToolError, match="is gone"):
        find_executor("tcp://lab:8786", "auto", Project(tmp_path), (), pytest.fail)
    assert made.closed == 1


def test_who_needs_a_cluster_closes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = FakeConnection(is_gone=False)
    _connected(made, monkeypatch)
    executor = find_executor("tcp://lab:8786", "auto", Project(tmp_path), (), pytest.fail)
    assert executor.builders.reason == "cluster tcp://lab:8786, with 1 worker"
    assert made.closed == 0
    executor.close()
    assert made.closed == 1


def test_a_matrix_that_is_wrong_leaves_its_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = FakeConnection(is_gone=False)
    _connected(made, monkeypatch)
    project = a_project(tmp_path, "axes: {runtme: builtin}\n")
    with pytest.raises(MatrixError):
        load_work(project, "example", "auto", pytest.fail, cluster="tcp://lab:8786")
    assert made.closed == 1
