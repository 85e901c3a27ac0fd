"""The tasks of this project. What they do is in `mcumatrix.tasks`.

doit matrix [NAME]     build, run and report every variant of matrix/NAME.yaml
doit plan [NAME]       show what there is to do
doit list matrix=NAME  list the tasks
"""

from mcumatrix.cli.current import tasks_of_command_line

DOIT_CONFIG = {"default_tasks": ["report"]}


def task_mcumatrix():
    """The pipeline of a matrix."""
    yield from tasks_of_command_line()
