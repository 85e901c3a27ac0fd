"""Commands that execute the tasks of a matrix, and the first of them, `matrix`."""

import os
import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from doit.cmd_base import ModuleTaskLoader
from doit.cmd_run import Run

from mcumatrix.cli.common import as_typed, say, say_error
from mcumatrix.cli.conclusion import conclusion
from mcumatrix.cli.current import Asked, current_work, end_with_signals
from mcumatrix.doit_support import DOIT_CONFIG, Reporter
from mcumatrix.errors import ChangedResultError, ExitCode, ResultError
from mcumatrix.locking import held
from mcumatrix.matrix.selection import Selection
from mcumatrix.printable import printable
from mcumatrix.progress.history import read_took, write_took
from mcumatrix.project import Project
from mcumatrix.storage import in_sentences
from mcumatrix.tasks import due_tasks, report_is_current, tasks
from mcumatrix.work import Work, without_result
from mcumatrix.workflow import Job, compilations


def alone(build: Path, *, wait: bool) -> AbstractContextManager[None]:
    """One run at a time in a project; a second one waits, or is refused."""
    with in_sentences("Nothing can be built", build, "Nothing is lost."):
        build.mkdir(parents=True, exist_ok=True)
    return held(build / "lock", "this project's folder", wait=wait, say=lambda line: print(line, flush=True))


class Executing(Run):  # type: ignore[misc]
    """What commands that execute tasks of a matrix have in common."""

    is_apart = False
    """Whether results that are there are no reason not to build, and are not added to."""

    def __init__(self, asked: Asked, options: Mapping[str, Any]) -> None:
        """`options` are those of `declared.py`."""
        self._work = current_work(asked)
        # Tasks take more time and memory than all else where little is left to do.
        loader = ModuleTaskLoader({"task_mcumatrix": lambda: tasks(self._work, self._due)})
        super().__init__(task_loader=loader, config={"GLOBAL": DOIT_CONFIG})
        self._asked = options
        self._selection = Selection.asked(options)
        self._wait = asked.wait

    @cached_property
    def _due(self) -> tuple[Job, ...]:
        """The variants of which anything is left to do: all of them, since what is compiled is shared."""
        return tuple(job for job in self._work.jobs if self._work.is_due(job))

    @classmethod
    def do(cls, project: Project, options: Mapping[str, Any], names: list[str]) -> int:
        """Does it as a command line says; returns the exit code."""
        end_with_signals()
        asked = Asked.of(project, options, names)
        asked = replace(asked, again=asked.again or cls.is_apart, apart=cls.is_apart)
        try:
            command = cls(asked, options)
            # What doit itself can be told besides is as it is by default.
            given, _ = command.cmdparser.parse([])
            given["always"], given["num_process"] = options["always_execute"], options["process"]
            return int(command.execute(given, []))
        except KeyboardInterrupt:
            say("\nInterrupted. What is done is kept; the next run goes on from there.")
            return int(ExitCode.INTERRUPTED)

    def _execute(  # noqa: PLR0917 - doit calls it with the options that these names stand for
        self,
        outfile: Any,
        verbosity: Any,
        always: bool,
        reporter: Any,  # noqa: ARG002 - ours
        num_process: int,
        single: bool,
        force_verbosity: bool,
        failure_verbosity: int,
        pdb: bool,
    ) -> int:
        work = self._work
        jobs = work.selected(self._selection)

        def run(names: list[str], *, alone: bool = False, with_needs: bool = True) -> None:
            self.sel_tasks = names
            if not with_needs:
                # Not doit's `single`, which loses all names but the first: it reads them twice.
                for task in self.task_list:
                    task.task_dep = [] if task.name in names else task.task_dep
            with work.display.shown():
                Run._execute(
                    self,
                    outfile=outfile,
                    verbosity=verbosity,
                    always=always,
                    continue_=True,
                    reporter=Reporter(outfile, {}, work.display),
                    num_process=0 if alone else num_process or work.runs.side_by_side,
                    par_type="thread",
                    single=single or alone,
                    force_verbosity=force_verbosity,
                    failure_verbosity=failure_verbosity,
                    pdb=pdb,
                )

        with alone(work.project.build, wait=self._wait):
            for sentence in (
                f"builder: {work.builders.reason}",
                *self._selection.left_to_others(work.matrix),
            ):
                work.display.told(sentence)
            work.builder.reap()
            took = work.project.build / "took.json"
            work.display.remember(read_took(took))
            try:
                with work.time_limit():
                    return self._go(work, jobs, run)
            except KeyboardInterrupt:
                work.builder.stop()
                raise
            finally:
                work.runs.close()
                work.boards.close()
                write_took(took, work.display.took_s)

    @abstractmethod
    def _go(self, work: Work, jobs: Sequence[Job], run: Callable[..., None]) -> int:
        """Does it, with `run` to execute tasks by name; returns the exit code."""


class Matrix(Executing):
    """`matrix`: everything from the matrix file to the report."""

    name = "matrix"

    def _go(self, work: Work, jobs: Sequence[Job], run: Callable[..., None]) -> int:
        from mcumatrix.report.content.plan import findings_before

        asked = {job.variant.slug for job in jobs}
        due = [job for job in self._due if job.variant.slug in asked]
        if any(not job.image.is_done() for job in due) or not all(job.image.was_made() for job in jobs):
            for finding in findings_before(work.matrix, compilations(jobs)):
                work.display.told(printable(f"Finding: {finding}", keep="\n"))
        work.display.expect(due_tasks(work, due))
        if due and work.matrix.schedule.is_plain:
            run(*work.phases(due))
        elif due:
            # The order of runs is one only where none of them waits for its image.
            run([f"build:{job.variant.slug}" for job in due])
            for phase in work.phases([job for job in due if job.image.is_done()]):
                run(phase, with_needs=False)
        work.concluded.clear()
        # By itself: a report is due even where a variant has failed.
        run([f"report:{work.matrix.name}"], alone=True)
        return _conclude(work, work.slugs(self._selection))


def matrix(project: Project, options: Mapping[str, Any], names: list[str]) -> int:
    """`matrix`: everything from the matrix file to the report."""
    return Matrix.do(project, options, names)


def _conclude(work: Work, selected: frozenset[str]) -> int:
    from mcumatrix.actions import REPORT_FILES

    results, fingerprint = work.concluded_once()
    is_current = not work.unreported and report_is_current(work, fingerprint)
    end = conclusion(work, results, fingerprint if is_current else "")
    work.display.told(f"\n{end.text}\n")
    if not is_current:
        return _say_unreported(work)
    folder = work.project.results(work.matrix.name)
    for name in (*REPORT_FILES, "records"):
        work.display.told(os.path.relpath(folder / name))
    hindrances = [
        *(work.hindered[slug] for slug in work.hindered if slug in selected),
        *work.hindrances.values(),
    ]
    for error in {str(error): error for error in hindrances}.values():
        sentence = f"{without_result(error)}\n  {error.hint}" if error.hint else without_result(error)
        print(printable(as_typed(sentence), keep="\n"), file=sys.stderr)
    if lost := work.lost():
        say(_count_of_lost(work))
        return int(lost[0].exit_code)
    if any(isinstance(error, ChangedResultError) for error in hindrances):
        return int(ExitCode.NOT_COMPARABLE)
    ours = [ending for slug, ending in end.other_endings.items() if slug in selected]
    failed = [ending for ending in ours if not ending.is_well]
    if not failed:
        return int(ExitCode.OK)
    if all(ending.lacks_board for ending in failed):
        say("`boards` says what is attached and what is missing; docs/boards.md, how a board is attached.")
        return int(ExitCode.ENVIRONMENT)
    if all(ending.is_blocked for ending in failed):
        return int(ExitCode.BLOCKED)
    # All others that were asked for have been measured.
    if len(ours) == len(selected) and all(ending.was_not_run for ending in ours):
        return int(hindrances[0].exit_code if hindrances else ExitCode.NOTHING_SELECTED)
    return int(ExitCode.VARIANTS_FAILED)


def _say_unreported(work: Work) -> int:
    """Says what became of the report and of the records that it is made from."""
    folder = work.project.results(work.matrix.name)
    error = next(iter(work.unreported), None) or ResultError(
        f"The report in {folder} is not one of the present records.", hint="Run it again."
    )
    code = say_error(error)
    say(_count_of_lost(work))
    return code


def _count_of_lost(work: Work) -> str:
    lost = len(work.lost())
    if not lost:
        return "All records of this run are kept."
    return f"{lost} of the results of this run could not be kept; the next run measures them again."
