"""The commands that mcumatrix adds to doit: `doit matrix` and `doit plan`."""

import getopt
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmd_run import Run
from doit.doit_cmd import get_var, set_var

from mcumatrix.errors import ExitCode, MatrixError, McuMatrixError
from mcumatrix.model.variant import Outcome
from mcumatrix.project import Project
from mcumatrix.tasks import DEFAULT_MATRIX, Task, Work, load_work, report_is_current, tasks
from mcumatrix.workflow import what_is_left

_OPTION_SELECT = {
    "name": "select",
    "long": "select",
    "type": str,
    "default": "",
    "help": "only these variants: 'kernels=simd and clock=216MHz', or a slug",
}

_USAGE = "[MATRIX]"


def say_error(error: McuMatrixError) -> int:
    """Says an error to a person; returns the exit code that belongs to it."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
    return int(error.exit_code)


def tasks_of_command_line() -> Iterator[Task]:
    """The tasks of the matrix that the command line names (`matrix=NAME`), for dodo.py.

    Exits with the error's sentence and code if there are none.
    """
    try:
        yield from tasks(current_work())
    except McuMatrixError as error:
        raise SystemExit(say_error(error)) from error


_loaded: dict[tuple[Path, str], Work] = {}


def current_work() -> Work:
    """The work of the matrix that the command line names, loaded once. Raises McuMatrixError."""
    key = (Path.cwd(), str(get_var("matrix", DEFAULT_MATRIX)))
    if key not in _loaded:
        _loaded[key] = load_work(Project(key[0]), key[1])
    return _loaded[key]


def _take_matrix_name(args: list[str]) -> None:
    if len(args) > 1:
        raise MatrixError(
            f"one matrix at a time, and {len(args)} were named: {', '.join(args)}",
            hint="To run some variants only: --select 'kernels=simd'",
        )
    if args:
        set_var("matrix", args[0].removeprefix("matrix="))


@contextmanager
def _terminable() -> Iterator[None]:
    """Makes SIGTERM end the work as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _alone(build: Path) -> Iterator[None]:
    """One run at a time in a project; the lock dies with its process."""
    from filelock import FileLock, Timeout

    build.mkdir(parents=True, exist_ok=True)
    holder = build / "lock.pid"
    lock = FileLock(build / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        print(f"Waiting for another run in this folder (process {pid}) to end.", flush=True)
        lock.acquire()
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        lock.release()


def _own_arguments(command: DoitCmdBase, arguments: list[str]) -> list[str]:
    """A command's arguments as they were typed, options first.

    doit takes every argument with a `=` for a variable of its own, a selection such as `kernels=simd` too,
    and wants options before names.
    """
    if command.name in sys.argv:
        arguments = sys.argv[sys.argv.index(command.name) + 1 :]
    parser = command.cmdparser
    try:
        options, names = getopt.gnu_getopt(arguments, parser.get_short(), parser.get_long())
    except getopt.GetoptError:
        return arguments  # doit says what is wrong
    return [*(part for option in options for part in option if part), *names]


class Matrix(Run):  # type: ignore[misc]
    """`doit matrix`: everything from the matrix file to the report."""

    name = "matrix"
    doc_purpose = "build, run and report the variants of a matrix"
    doc_usage = _USAGE
    doc_description = (
        "MATRIX is a name under matrix/ or a path; without it, quickstart. What is done already is not "
        "done again. Variants that fail do not keep others from being run."
    )
    cmd_options = (*Run.cmd_options, _OPTION_SELECT)

    def parse_execute(self, in_args: list[str]) -> int:
        return int(super().parse_execute(_own_arguments(self, in_args)))

    def execute(self, params: Any, args: list[str]) -> int:
        try:
            _take_matrix_name(args)
            self._selection: str = params["select"]
            return int(super().execute(params, []))
        except McuMatrixError as error:
            return say_error(error)

    def _execute(  # noqa: PLR0917 - doit calls it with the options that these names stand for
        self,
        outfile: Any,
        verbosity: Any,
        always: bool,
        reporter: Any,
        num_process: int,
        single: bool,
        force_verbosity: bool,
        failure_verbosity: int,
        pdb: bool,
    ) -> int:
        work = current_work()
        jobs = work.selected(self._selection)

        def run(names: list[str], *, alone: bool) -> None:
            self.sel_tasks = names
            super(Matrix, self)._execute(
                outfile=outfile,
                verbosity=verbosity,
                always=always,
                continue_=True,
                reporter=reporter,
                num_process=0 if alone else num_process or (os.cpu_count() or 1),
                par_type="thread",
                single=single or alone,
                force_verbosity=force_verbosity,
                failure_verbosity=failure_verbosity,
                pdb=pdb,
            )

        with _terminable(), _alone(work.project.build):
            try:
                run([f"run:{job.variant.slug}" for job in jobs], alone=False)
                # By itself: a report is due even where a variant has failed.
                run([f"report:{work.matrix.name}"], alone=True)
            except KeyboardInterrupt:
                work.builder.stop()
                print(
                    "\nInterrupted. What is done is kept; the next run goes on from there.", file=sys.stderr
                )
                return int(ExitCode.INTERRUPTED)
        return _conclude(work, {job.variant.slug for job in jobs})


def _conclude(work: Work, selected: set[str]) -> int:
    from mcumatrix.actions import REPORT_FILES
    from mcumatrix.report.tables import number_cases
    from mcumatrix.report.terminal import report_text

    cases = number_cases(work.matrix.variants, work.records())
    print(f"\n{report_text(cases)}\n")
    if not report_is_current(work):
        print("error: the report could not be written; the records are kept.", file=sys.stderr)
        return int(ExitCode.VARIANTS_FAILED)
    folder = work.project.results(work.matrix.name)
    for name in (*REPORT_FILES, "records"):
        print(os.path.relpath(folder / name))
    ours = [
        (case, variant)
        for case, variant in zip(cases, work.matrix.variants, strict=True)
        if variant.slug in selected
    ]
    if all(case.is_measured or variant.expect.outcome is Outcome.FAIL for case, variant in ours):
        return int(ExitCode.OK)
    if all(case.record is None for case, _ in ours):
        return int(ExitCode.NOTHING_SELECTED)
    return int(ExitCode.VARIANTS_FAILED)


class Plan(DoitCmdBase):  # type: ignore[misc]
    """`doit plan`: what a run would do."""

    name = "plan"
    doc_purpose = "show the variants of a matrix, what was left out and why, and what is left to do"
    doc_usage = _USAGE
    doc_description = "MATRIX is a name under matrix/ or a path; without it, quickstart."
    cmd_options = (_OPTION_SELECT,)

    def parse_execute(self, in_args: list[str]) -> int:
        return int(super().parse_execute(_own_arguments(self, in_args)))

    def execute(self, params: Any, args: list[str]) -> int:
        try:
            _take_matrix_name(args)
            return int(super().execute(params, []))
        except McuMatrixError as error:
            return say_error(error)

    def _execute(self, select: str) -> int:
        from mcumatrix.report.terminal import plan_text

        work = current_work()
        jobs = work.selected(select)
        to_do = [what_is_left(job, work.store) for job in jobs]
        runs = sum(bool(steps) for steps in to_do)
        images = sum("build" in steps for steps in to_do)
        libraries = {job.library.fingerprint for job in jobs if not job.library_is_built()}
        print(
            plan_text(
                work.matrix.axes,
                [
                    (job.variant.slug, " and ".join(steps) or "nothing")
                    for job, steps in zip(jobs, to_do, strict=True)
                ],
                work.matrix.exclusions,
                f"{len(jobs)} variants: {len(libraries)} libraries and {images} images to build, "
                f"{runs} to run.",
            )
        )
        return int(ExitCode.OK)
