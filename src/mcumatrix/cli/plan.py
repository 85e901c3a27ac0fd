"""`doit plan`: what a run would do."""

from typing import Any

from doit.cmd_base import Command

from mcumatrix.cli.common import code_of, parse_execute, print_line
from mcumatrix.cli.current import OPTION_BUILDER, OPTION_SELECT, USAGE, current_work, take_arguments
from mcumatrix.errors import ExitCode
from mcumatrix.workflow import what_is_left


class Plan(Command):  # type: ignore[misc]
    """`doit plan`: what a run would do. It needs no tasks, and none are made."""

    name = "plan"
    doc_purpose = "show the variants of a matrix, what was left out and why, and what is left to do"
    doc_usage = USAGE
    doc_description = "MATRIX is a name under matrix/ or a path; without it, quickstart."
    cmd_options = (OPTION_SELECT, OPTION_BUILDER)

    def parse_execute(self, in_args: list[str]) -> int:
        return parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:
        def execute() -> int:
            take_arguments(params, args)
            return self._show(params["select"])

        return code_of(execute)

    def _show(self, select: str) -> int:
        from mcumatrix.actions import compilations
        from mcumatrix.commands.unused import why_not_used
        from mcumatrix.report.content.plan import plan_parts
        from mcumatrix.report.render.terminal import parts_text

        work = current_work()
        jobs = work.selected(select)
        to_do = [what_is_left(job, work.store, work.slots_of(job)) for job in jobs]
        slugs = work.slugs(select)
        hindered = {slug: error for slug, error in work.hindered.items() if slug in slugs}
        runs = sum(bool(steps) for steps in to_do)
        images = sum("build" in steps for steps in to_do)
        libraries = {
            library.name
            for job, steps in zip(jobs, to_do, strict=True)
            if "build" in steps
            for library in job.libraries
            if not library.is_done()
        }
        print(
            parts_text(
                plan_parts(
                    work.matrix,
                    [
                        *(
                            (job.variant.slug, " and ".join(steps) or "nothing")
                            for job, steps in zip(jobs, to_do, strict=True)
                        ),
                        *((slug, f"cannot be tried: {error.message}") for slug, error in hindered.items()),
                    ],
                    f"{len(jobs)} variants: {len(libraries)} libraries and {images} images to build, "
                    f"{runs} to run; builder: {work.builders.reason}.",
                    compilations(jobs),
                    {job.variant.slug: job.samples for job in jobs},
                )
            )
        )
        left = [job for job, steps in zip(jobs, to_do, strict=True) if steps]
        for sentence in why_not_used(work.project, work.matrix.name, left):
            print_line(f"\n{sentence}")
        return int(ExitCode.OK)
