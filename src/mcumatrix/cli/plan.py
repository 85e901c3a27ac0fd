"""`plan`: what a run would do."""

from collections.abc import Mapping
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.cli.current import Asked, current_work
from mcumatrix.errors import ExitCode
from mcumatrix.project import Project
from mcumatrix.workflow import what_is_left


def plan(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`plan`: what a run would do. It needs no tasks, and none are made."""
    from mcumatrix.actions import compilations
    from mcumatrix.commands.unused import why_not_used
    from mcumatrix.report.content.plan import plan_parts
    from mcumatrix.report.render.terminal import parts_text

    select = params["select"]
    work = current_work(Asked.of(project, params, names))
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
            )
        )
    )
    left = [job for job, steps in zip(jobs, to_do, strict=True) if steps]
    for sentence in why_not_used(work.project, work.matrix.name, left):
        print_line(f"\n{sentence}")
    return ExitCode.OK
