"""Suspects of a comparison, run again before there is an alarm."""

from collections.abc import Sequence
from dataclasses import replace

from doit.exceptions import TaskFailed

from mcumatrix.cli.common import say
from mcumatrix.cli.current import Asked, current_work
from mcumatrix.cli.executing import alone
from mcumatrix.errors import MatrixError, ResultError
from mcumatrix.project import Project
from mcumatrix.report.content.gate import Origin
from mcumatrix.tasks import run_tasks
from mcumatrix.work import Work
from mcumatrix.workflow import Job


def run_again(project: Project, matrix: str, suspects: Sequence[Origin]) -> None:
    """Runs the images of some results of a matrix once more, and keeps the new results.

    Raises:
        MatrixError: a variant has no image here, or would be measured from other inputs.
        ResultError: a run failed.
        McuMatrixError: as its message says.
    """
    work = current_work(Asked(project, matrix))
    jobs = [_job(work, suspect) for suspect in suspects]
    with alone(work.project.build, wait=True):
        try:
            for job in jobs:
                _run(work, job)
        finally:
            work.boards.close()


def _job(work: Work, suspect: Origin) -> Job:
    name, matrix = suspect.variant, work.matrix.name
    job = next((job for job in work.jobs if job.variant.slug == name), None)
    if job is None:
        raise work.hindered.get(name) or MatrixError(
            f"{name} cannot be run again: {matrix} has it no more", hint="Leave out --rerun."
        )
    if job.run_fingerprint != suspect.fingerprint:
        raise MatrixError(
            f"{name} cannot be run again: its inputs are not those of its result any more",
            hint=f"`doit matrix {matrix}` measures what is there now; or leave out --rerun.",
        )
    if not job.image.is_done():
        raise MatrixError(
            f"{name} cannot be run again: its image is not in {work.project.build}",
            hint=f"`doit build:{name} matrix={matrix}` builds it; or leave out --rerun.",
        )
    return job


def _run(work: Work, job: Job) -> None:
    for task in run_tasks(replace(work, jobs=(job,)), [job]):
        say(f"Running {task['name']} again.")
        (action,) = task["actions"]
        outcome = action()
        if isinstance(outcome, TaskFailed):
            raise ResultError(
                f"{task['name']} was run again and failed: {outcome.get_msg().strip()}",
                hint=f"`doit matrix {work.matrix.name}` tries it once more.",
            )
