"""`reproduce`: makes published results again, and says which came out the same."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.cli.executing import Executing
from mcumatrix.commands.outputs import write_outputs
from mcumatrix.commands.reproduce import Means, Theirs, published, reproduce_variant, write_report_again
from mcumatrix.errors import ChangedResultError, McuMatrixError
from mcumatrix.model.record import Record
from mcumatrix.model.reproduction import Outcome
from mcumatrix.model.schedule import FIRST
from mcumatrix.project import Project
from mcumatrix.report.content.reproduced import Reproduced, Reproducibility
from mcumatrix.report.render.reproduced import hints, reproduced_json, reproduced_markdown
from mcumatrix.running import run_variant
from mcumatrix.stages.time_limit import TimeLimit
from mcumatrix.work import Work
from mcumatrix.workflow import Job

_RENDERERS: Mapping[str, Callable[[Reproducibility], bytes]] = {
    "json": reproduced_json,
    "markdown": reproduced_markdown,
}
"""What the outcome can be written as."""


class Reproduce(Executing):
    """`reproduce`: what somebody published, made again and held against it."""

    name = "reproduce"
    is_apart = True

    def _go(self, work: Work, jobs: Sequence[Job], run: Callable[..., None]) -> int:
        with published(work.project, work.matrix, self._asked["against"]) as theirs:
            run([f"build:{job.variant.slug}" for job in jobs])
            done = Reproducibility(
                work.matrix.name, theirs.source, tuple(self._reproduced(work, jobs, theirs))
            )
            if not self._asked["against"]:
                write_report_again(work.project, work.matrix, theirs)
        print_line("")
        for hint in hints(done):
            print_line(hint)
        print_line(done.summary)
        paths = {kind: self._asked[kind] for kind in _RENDERERS}
        write_outputs(paths, lambda kind: _RENDERERS[kind](done), print_line)
        return int(done.exit_code)

    def _reproduced(self, work: Work, jobs: Sequence[Job], theirs: Theirs) -> "list[Reproduced]":
        def run_job(job: Job) -> Record:
            with work.within_time():
                work.prepare_test(job.variant.board)
                return run_variant(job, FIRST, work.bench, TimeLimit(job.variant.limit_s))

        means = Means(
            work.project,
            work.builders.able_to_use,
            None if self._asked["no_run"] else run_job,
            lambda job: job.newest_record(work.store),
        )
        selected = work.slugs(self._selection)
        done = [_hindered(slug, error) for slug, error in work.hindered.items() if slug in selected]
        for one in done:
            print_line(str(one))
        for job in jobs:
            one = reproduce_variant(job, theirs, means)
            if one.found:
                work.reproduction_store.add(one.found)
            print_line(str(one))
            done.append(one)
        return done


def reproduce(project: Project, options: Mapping[str, Any], names: list[str]) -> int:
    """`reproduce`: what somebody published, made again and held against it."""
    return Reproduce.do(project, options, names)


def _hindered(slug: str, error: McuMatrixError) -> Reproduced:
    is_changed = isinstance(error, ChangedResultError)
    return Reproduced(slug, Outcome.NOT_BELIEVED if is_changed else Outcome.NOT_BUILT, error=error.message)
