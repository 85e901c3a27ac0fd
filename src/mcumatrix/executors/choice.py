"""Which executor is used: this machine, or a cluster."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from mcumatrix import registry
from mcumatrix.executors.runs import Runs, RunsHere
from mcumatrix.model.catalogue import Board
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards
from mcumatrix.registry.builders import Builders


@dataclass(frozen=True, slots=True)
class Executor:
    """What executes plans, and what makes that which runs images, given the boards of this machine.

    `close` is for who has no use for it after all: what `runs` gives has its own.
    """

    builders: Builders
    runs: Callable[[Boards], Runs]
    close: Callable[[], None] = lambda: None


def find_executor(
    cluster: str, builder: str, project: Project, boards: Iterable[Board], say: Callable[[str], None]
) -> Executor:
    """The executor that is asked for: a cluster where one is named, else a builder of this machine.

    Raises:
        MatrixError: there is no such builder, or that is no cluster.
        ToolError: it does not answer.
    """
    if not cluster:
        return Executor(registry.builders.builders(builder, project.build / "cache", say), RunsHere)
    from mcumatrix.executors.cluster.builder import ClusterBuilder
    from mcumatrix.executors.cluster.connection import connect
    from mcumatrix.executors.cluster.runs import ClusterRuns

    virtual = [board.name for board in boards if board.is_started_here]
    with ExitStack() as opened:
        connection = connect(cluster, virtual, project.build / "workers", say)
        opened.callback(connection.close)
        if dashboard := connection.dashboard:
            say(f"The cluster shows what it does at {dashboard}")
        on_cluster = ClusterBuilder(connection, say)
        count = len(connection.workers())
        opened.pop_all()
    reason = f"cluster {cluster}, with {count} worker{'s' * (count != 1)}"
    builders = Builders(on_cluster, {"cluster": on_cluster}, lambda: reason)
    return Executor(builders, lambda boards: ClusterRuns(connection, boards), connection.close)
