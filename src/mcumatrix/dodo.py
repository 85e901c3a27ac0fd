"""The tasks of a matrix for doit. A project's `dodo.py` has them by

    from mcumatrix.dodo import DOIT_CONFIG, task_mcumatrix

and may have tasks of its own beside them. `matrix=NAME` on the command line chooses the matrix.
"""

from collections.abc import Iterator

from mcumatrix.cli.current import tasks_of_command_line
from mcumatrix.doit_support import DOIT_CONFIG
from mcumatrix.tasks import Task

__all__ = ["DOIT_CONFIG", "task_mcumatrix"]


def task_mcumatrix() -> Iterator[Task]:
    """The pipeline of a matrix."""
    yield from tasks_of_command_line()
