"""`doit reproduce`: makes published results again, and says which came out the same."""

from collections.abc import Callable, Mapping, Sequence

from mcumatrix.cli.common import flag_options, print_line, text_options
from mcumatrix.cli.executing import Executing
from mcumatrix.commands.outputs import write_outputs
from mcumatrix.commands.reproduce import Means, Theirs, published, reproduce_variant, write_report_again
from mcumatrix.errors import ChangedResultError, McuMatrixError
from mcumatrix.model.record import Record
from mcumatrix.model.reproduction import Outcome
from mcumatrix.model.schedule import FIRST
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
    """`doit reproduce`: what somebody published, made again and held against it."""

    name = "reproduce"
    is_apart = True
    doc_purpose = "make published results again: their images bit for bit, their cycles one by one"
    doc_description = (
        "MATRIX is a name under matrix/ or a path; without it, quickstart. Each image is built once more "
        "from nothing, in another folder and without a cache, by every builder there is, and compared with "
        "that of the published record in results/MATRIX. Where it is the same, it is run, and its cycles are "
        "compared with the published ones. Where nothing is published, the builders are compared with each "
        "other. Ends with exit code 3 where something that should be the same is not."
    )
    cmd_options = (
        *Executing.cmd_options,
        *flag_options(no_run="compare images only, and run none"),
        *text_options(
            against="whose results: an archive (NAME.tar.gz), or a folder such as another checkout's "
            "results/quickstart; those in results/MATRIX if not given",
            json="a file for the outcome as JSON",
            markdown="a file for the outcome as Markdown, such as $GITHUB_STEP_SUMMARY",
        ),
    )

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


def _hindered(slug: str, error: McuMatrixError) -> Reproduced:
    is_changed = isinstance(error, ChangedResultError)
    return Reproduced(slug, Outcome.NOT_BELIEVED if is_changed else Outcome.NOT_BUILT, error=error.message)
