"""`plan`: what a run would do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcumatrix.cli.common import print_line
from mcumatrix.cli.current import Asked, current_work
from mcumatrix.errors import ExitCode
from mcumatrix.matrix.selection import Selection
from mcumatrix.model.expected import is_expected
from mcumatrix.project import Project
from mcumatrix.work import Work
from mcumatrix.workflow import BUILD, compilations, what_is_left

if TYPE_CHECKING:
    from mcumatrix.report.content.plan import Plan


def plan(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`plan`: what a run would do. It needs no tasks, and none are made."""
    from mcumatrix.commands.outputs import write_outputs
    from mcumatrix.commands.unused import why_not_used
    from mcumatrix.report.content.plan import plan_parts
    from mcumatrix.report.render.plan import plan_json
    from mcumatrix.report.render.terminal import parts_text

    work = current_work(Asked.of(project, params, names))
    selection = Selection.asked(params)
    planned = _planned(work, selection)
    for sentence in selection.left_to_others(work.matrix):
        print_line(f"{sentence}\n")
    print_line(parts_text(plan_parts(planned)))
    to_do = {variant.slug for variant in planned.variants if variant.is_built or variant.runs}
    left = [job for job in work.jobs if job.variant.slug in to_do]
    for sentence in why_not_used(work.project, work.matrix.name, left):
        print_line(f"\n{sentence}")
    write_outputs({"json": params["json"]}, lambda _: plan_json(planned), print_line)
    return ExitCode.OK


def _planned(work: Work, selection: Selection) -> "Plan":
    from mcumatrix.report.content.plan import Plan, PlannedVariant

    jobs = work.selected(selection)
    steps = [what_is_left(job, work.store, work.slots_of(job)) for job in jobs]
    selected = work.slugs(selection)
    variants = {variant.slug: variant for variant in work.matrix.variants}
    libraries = {
        library.name: library
        for job, left in zip(jobs, steps, strict=True)
        if BUILD in left
        for library in job.libraries
    }
    return Plan(
        work.matrix,
        (
            *(
                PlannedVariant(
                    job.variant.slug,
                    job.variant.axes,
                    is_built=BUILD in left,
                    runs=" and ".join(step for step in left if step != BUILD),
                    fingerprint=job.run_fingerprint,
                )
                for job, left in zip(jobs, steps, strict=True)
            ),
            *(
                PlannedVariant(
                    slug,
                    variants[slug].axes,
                    hindered=error.message,
                    is_expected=slug in work.refused
                    and is_expected(variants[slug].expect, work.refused[slug]),
                )
                for slug, error in work.hindered.items()
                if slug in selected
            ),
        ),
        tuple(name for name, library in sorted(libraries.items()) if not library.is_done()),
        work.builders.reason,
        compilations(jobs),
        {job.variant.slug: job.samples for job in jobs},
    )
