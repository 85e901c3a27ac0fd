"""The commands that mcumatrix adds to doit, such as `doit matrix` and `doit plan`."""

import atexit
import getopt
import os
import signal
import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Any

from doit.cmd_base import Command
from doit.cmd_run import Run
from doit.doit_cmd import get_var, set_var

from mcumatrix.errors import (
    ChangedResultError,
    ExitCode,
    MatrixError,
    McuMatrixError,
    ResultError,
    StorageError,
)
from mcumatrix.locking import held
from mcumatrix.printable import printable
from mcumatrix.project import Project
from mcumatrix.stages.retry import DEFAULT_ATTEMPTS, MAXIMUM_ATTEMPTS, Retries
from mcumatrix.storage import in_sentences, place_of, reason_of, remedy_of
from mcumatrix.tasks import DEFAULT_MATRIX, Task, report_is_current, tasks
from mcumatrix.work import Work, load_work, without_result
from mcumatrix.workflow import Job, what_is_left

_OPTION_SELECT = {
    "name": "select",
    "long": "select",
    "type": str,
    "default": "",
    "help": "only these variants: 'kernels=simd and clock=216MHz', or a slug",
}

_OPTION_BUILDER = {
    "name": "builder",
    "long": "builder",
    "type": str,
    "default": "",
    "help": "where to build: docker, local, or auto (docker where an engine answers, which is the default); "
    "the variable MCUMATRIX_BUILDER says it for all commands",
}

_OPTION_NO_WAIT = {
    "name": "no_wait",
    "long": "no-wait",
    "type": bool,
    "default": False,
    "help": "fail where a board or this folder is in use, instead of waiting for it",
}

_OPTION_ATTEMPTS = {
    "name": "attempts",
    "long": "attempts",
    "type": str,
    "default": str(DEFAULT_ATTEMPTS),
    "help": "how often a run is tried that probe, serial line or host have spoiled, with pauses of 1 s, 2 s, "
    f"4 s and so on between; 1 to {MAXIMUM_ATTEMPTS}, {DEFAULT_ATTEMPTS} if not given",
}

_ENDING_S = 15.0
"""How long boards, builds and containers have to end, before a further Ctrl-C does not wait for them."""

_USAGE = "[MATRIX]"


def say_error(error: McuMatrixError) -> int:
    """Says an error to a person; returns the exit code that belongs to it."""
    print(printable(f"error: {error.message}", keep="\n"), file=sys.stderr)
    if error.hint:
        print(printable(f"  {error.hint}", keep="\n"), file=sys.stderr)
    return int(error.exit_code)


def _code_of(do: Callable[[], int]) -> int:
    """The exit code of a command; whatever keeps it from ending is said."""
    try:
        code = do()
        sys.stdout.flush()
    except McuMatrixError as error:
        return say_error(error)
    except OSError as error:
        return say_error(_storage_error(error))
    return code


def _storage_error(error: OSError) -> StorageError:
    """For what no stage expected. Where no file is named, it is standard output that takes nothing more."""
    reason, remedy = reason_of(error), remedy_of(error)
    if error.filename is None:
        # Python would try it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return StorageError(f"What was to be printed could not be written: {reason}.", hint=remedy)
    return StorageError(f"{place_of(error, Path.cwd())} cannot be used, because {reason}.", hint=remedy)


def tasks_of_command_line() -> Iterator[Task]:
    """The tasks of the matrix that the command line names (`matrix=NAME`), for dodo.py.

    Exits with the error's sentence and code if there are none.
    """
    try:
        yield from tasks(current_work())
    except McuMatrixError as error:
        raise SystemExit(say_error(error)) from error


_loaded: dict[tuple[Path, str, str], Work] = {}


def current_work() -> Work:
    """The work of the matrix that the command line names, loaded once. Raises McuMatrixError."""
    builder = str(get_var("builder", "")) or os.environ.get("MCUMATRIX_BUILDER", "") or "auto"
    key = (Path.cwd(), str(get_var("matrix", DEFAULT_MATRIX)), builder)
    if key not in _loaded:
        _end_with_signals()
        _loaded[key] = load_work(
            Project(key[0]),
            key[1],
            builder,
            say,
            wait=not get_var("no_wait", False),
            retries=Retries(_attempts(str(get_var("attempts", DEFAULT_ATTEMPTS)))),
        )
        # Also for tasks that are run by doit itself: no board and no build is left behind.
        atexit.register(_loaded[key].boards.close)
        atexit.register(_loaded[key].builder.stop)
    return _loaded[key]


def _attempts(text: str) -> int:
    attempts = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= attempts <= MAXIMUM_ATTEMPTS:
        raise MatrixError(
            f"{text!r} is no number of attempts",
            hint=f"Write one between 1 and {MAXIMUM_ATTEMPTS}: --attempts {DEFAULT_ATTEMPTS}",
        )
    return attempts


def say(line: str) -> None:
    """A line about what goes on, beside what a command prints."""
    print(printable(line, keep="\n"), file=sys.stderr, flush=True)


def _take_arguments(params: Any, args: list[str]) -> None:
    """Leaves what was asked for where dodo.py finds it: in doit's variables. Raises MatrixError."""
    set_var("builder", params["builder"])
    if len(args) > 1:
        raise MatrixError(
            f"one matrix at a time, and {len(args)} were named: {', '.join(args)}",
            hint="To run some variants only: --select 'kernels=simd'",
        )
    if args:
        set_var("matrix", args[0].removeprefix("matrix="))


def _end_with_signals() -> None:
    """Lets signals that ask for the end do what Ctrl-C does: all that was started is ended first.

    A further one does not keep that from being done, until it has had its time.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What is ignored stays so: nohup, or a shell's background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if _asked_at and now - _asked_at[0] < _ENDING_S:
        return
    _asked_at[:] = [now]
    raise KeyboardInterrupt


_asked_at: list[float] = []
"""When the signal came that is being followed."""


def _alone(build: Path, *, wait: bool) -> AbstractContextManager[None]:
    """One run at a time in a project; a second one waits, or is refused."""
    with in_sentences("Nothing can be built", build, "Nothing is lost."):
        build.mkdir(parents=True, exist_ok=True)
    return held(build / "lock", "this project's folder", wait=wait, say=lambda line: print(line, flush=True))


def _parse_execute(command: Command, parse_execute: Callable[[list[str]], Any], arguments: list[str]) -> int:
    """Lets doit parse a command's arguments as they were typed, options first.

    doit takes every argument with a `=` for a variable of its own, a selection such as `kernels=simd` too,
    and wants options before names.
    """
    if command.name in sys.argv:
        arguments = sys.argv[sys.argv.index(command.name) + 1 :]
    if {"-h", "--help"} & set(arguments):
        print(command.help())
        return int(ExitCode.OK)
    parser = command.cmdparser
    try:
        options, names = getopt.gnu_getopt(arguments, parser.get_short(), parser.get_long())
    except getopt.GetoptError as error:
        return say_error(MatrixError(str(error), hint=f"`doit help {command.name}` has the options."))
    return int(parse_execute([*(part for option in options for part in option if part), *names]))


class _Executing(Run):  # type: ignore[misc]
    """What commands that execute tasks of a matrix have in common."""

    doc_usage = _USAGE
    cmd_options = (*Run.cmd_options, _OPTION_SELECT, _OPTION_BUILDER, _OPTION_NO_WAIT, _OPTION_ATTEMPTS)

    def parse_execute(self, in_args: list[str]) -> int:
        return _parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:
        def execute() -> int:
            _end_with_signals()
            _take_arguments(params, args)
            set_var("no_wait", params["no_wait"])
            set_var("attempts", params["attempts"])
            self._selection: str = params["select"]
            self._wait = not params["no_wait"]
            return int(Run.execute(self, params, []))

        try:
            return _code_of(execute)
        except KeyboardInterrupt:
            say("\nInterrupted. What is done is kept; the next run goes on from there.")
            return int(ExitCode.INTERRUPTED)

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

        def run(names: list[str], *, alone: bool = False, with_needs: bool = True) -> None:
            self.sel_tasks = names
            Run._execute(
                self,
                outfile=outfile,
                verbosity=verbosity,
                always=always,
                continue_=True,
                reporter=reporter,
                num_process=0 if alone else num_process or (os.cpu_count() or 1),
                par_type="thread",
                single=single or alone or not with_needs,
                force_verbosity=force_verbosity,
                failure_verbosity=failure_verbosity,
                pdb=pdb,
            )

        with _alone(work.project.build, wait=self._wait):
            print(f"builder: {work.builders.reason}", flush=True)
            work.builder.reap()
            try:
                with work.time_limit():
                    return self._go(work, jobs, run)
            except KeyboardInterrupt:
                work.builder.stop()
                raise
            finally:
                work.boards.close()

    @abstractmethod
    def _go(self, work: Work, jobs: Sequence[Job], run: Callable[..., None]) -> int:
        """Does it, with `run` to execute tasks by name; returns the exit code."""


class Matrix(_Executing):
    """`doit matrix`: everything from the matrix file to the report."""

    name = "matrix"
    doc_purpose = "build, run and report the variants of a matrix"
    doc_description = (
        "MATRIX is a name under matrix/ or a path; without it, quickstart. What is done already is not "
        "done again. Variants that fail do not keep others from being run."
    )

    def _go(self, work: Work, jobs: Sequence[Job], run: Callable[..., None]) -> int:
        phases = work.phases(jobs)
        if work.matrix.schedule.is_plain:
            run(*phases)
        else:
            # The order of runs is one only where none of them waits for its image.
            run([f"build:{job.variant.slug}" for job in jobs])
            built = {job.variant.slug for job in jobs if job.image.is_done()}
            for phase in work.phases([job for job in jobs if job.variant.slug in built]):
                run(phase, with_needs=False)
        # By itself: a report is due even where a variant has failed.
        run([f"report:{work.matrix.name}"], alone=True)
        return _conclude(work, work.slugs(self._selection))


class Reproduce(_Executing):
    """`doit reproduce`: builds images again and compares them bit for bit."""

    name = "reproduce"
    doc_purpose = "build the images of a matrix again, by every builder there is, and compare them"
    doc_description = (
        "MATRIX is a name under matrix/ or a path; without it, quickstart. Each image is built once more "
        "from nothing, in another folder and without a cache; the verdict goes into the report."
    )

    def _go(self, work: Work, jobs: Sequence[Job], run: Callable[..., None]) -> int:
        run([f"build:{job.variant.slug}" for job in jobs])
        same = [self._reproduce(work, job) for job in jobs]
        run([f"report:{work.matrix.name}"], alone=True)
        print(f"\n{sum(same)} of {len(same)} images came out the same, bit for bit.")
        return int(ExitCode.OK if all(same) else ExitCode.NOT_COMPARABLE)

    def _reproduce(self, work: Work, job: Job) -> bool:
        from mcumatrix import actions

        if not job.image.is_done():
            print(f"{job.variant.slug}: could not be built at all", flush=True)
            return False
        builders = work.builders.able_to_use(job.variant.toolchain)
        try:
            found = actions.reproduce(work.project, job, builders, work.project.build / "reproduce")
        except McuMatrixError as error:
            print(printable(f"{job.variant.slug}: {error}", keep="\n"), flush=True)
            return False
        work.reproduction_store.add(found)
        print(f"{job.variant.slug}: {found.verdict}", flush=True)
        return found.is_same


def _conclude(work: Work, selected: set[str]) -> int:
    from mcumatrix.actions import REPORT_FILES
    from mcumatrix.report.content.report import make_report
    from mcumatrix.report.content.tables import cases_of_results
    from mcumatrix.report.render.terminal import report_text

    results = work.results()
    cases = cases_of_results(work.matrix, results)
    print(f"\n{report_text(make_report(work.matrix, cases, results=results))}\n")
    if work.unreported or not report_is_current(work):
        return _say_unreported(work)
    folder = work.project.results(work.matrix.name)
    for name in (*REPORT_FILES, "records"):
        print(os.path.relpath(folder / name))
    ours = [case for case in cases if case.variant in selected]
    hindrances = [
        *(work.hindered[slug] for slug in work.hindered if slug in selected),
        *work.hindrances.values(),
    ]
    for error in {str(error): error for error in hindrances}.values():
        sentence = f"{without_result(error)}\n  {error.hint}" if error.hint else without_result(error)
        print(printable(sentence, keep="\n"), file=sys.stderr)
    if lost := work.lost():
        say(_count_of_lost(work))
        return int(lost[0].exit_code)
    if any(isinstance(error, ChangedResultError) for error in hindrances):
        return int(ExitCode.NOT_COMPARABLE)
    failed = [case for case in ours if not (case.is_complete or case.failed_as_expected)]
    if not failed:
        return int(ExitCode.OK)
    if all(case.is_blocked for case in failed):
        return int(ExitCode.BLOCKED)
    if all(case.record is None for case in ours):
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


class Plan(Command):  # type: ignore[misc]
    """`doit plan`: what a run would do. It needs no tasks, and none are made."""

    name = "plan"
    doc_purpose = "show the variants of a matrix, what was left out and why, and what is left to do"
    doc_usage = _USAGE
    doc_description = "MATRIX is a name under matrix/ or a path; without it, quickstart."
    cmd_options = (_OPTION_SELECT, _OPTION_BUILDER)

    def parse_execute(self, in_args: list[str]) -> int:
        return _parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:
        def execute() -> int:
            _take_arguments(params, args)
            return self._show(params["select"])

        return _code_of(execute)

    def _show(self, select: str) -> int:
        from mcumatrix.report.content.plan import plan_parts
        from mcumatrix.report.render.terminal import parts_text

        work = current_work()
        jobs = work.selected(select)
        to_do = [what_is_left(job, work.store, work.slots_of(job)) for job in jobs]
        slugs = work.slugs(select)
        hindered = {slug: error for slug, error in work.hindered.items() if slug in slugs}
        runs = sum(bool(steps) for steps in to_do)
        images = sum("build" in steps for steps in to_do)
        libraries = {library.name for job in jobs for library in job.libraries if not library.is_done()}
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
                )
            )
        )
        return int(ExitCode.OK)


class _OfResults(Command):  # type: ignore[misc]
    """What commands that need results alone have in common: so many names, and errors as sentences."""

    takes = 1

    def parse_execute(self, in_args: list[str]) -> int:
        return _parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:
        def execute() -> int:
            if len(args) > self.takes:
                raise MatrixError(
                    f"doit {self.name} takes at most {self.takes} names, and {len(args)} were given",
                    hint=f"`doit help {self.name}` says which.",
                )
            return int(self._go(Project(Path.cwd()), params, args))

        return _code_of(execute)

    @abstractmethod
    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        """Does it. Raises McuMatrixError."""


class Report(_OfResults):
    """`doit report`: reports of what is there."""

    name = "report"
    doc_purpose = "make reports from records, or from published numbers, and from nothing else"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix, a name under results/published, or a CSV file of published numbers; without it, "
        "quickstart. No compiler, board or container is needed."
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:  # noqa: ARG002
        from mcumatrix.commands.report import report

        return report(project, names[0] if names else DEFAULT_MATRIX, _print)


class Compare(_OfResults):
    """`doit compare`: a gate for CI."""

    name = "compare"
    takes = 2
    doc_purpose = "compare two sets of results; exit 3 where something got slower or cannot be compared"
    doc_usage = "BASE CANDIDATE"
    doc_description = (
        "Each is a matrix, a folder of results such as another checkout's results/quickstart, or published "
        "numbers. Limits are those of the matrix (`regression`) unless they are given here."
    )
    cmd_options = tuple(
        {"name": name, "long": name, "type": str, "default": "", "help": text}
        for name, text in (
            ("total", "how many percent slower the whole inference may be; 1 if nothing says otherwise"),
            ("layer", "how many percent slower a layer may be; 5 if nothing says otherwise"),
            ("json", "a file for the outcome as JSON"),
            ("markdown", "a file for the outcome as Markdown, such as $GITHUB_STEP_SUMMARY"),
            ("junit", "a file for the outcome as JUnit XML"),
        )
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.compare import RENDERERS, compare

        if len(names) < self.takes:
            raise MatrixError(
                f"doit compare takes two sets of results, and {len(names)} were given",
                hint="As in: doit compare ../before/results/quickstart quickstart",
            )
        return compare(
            project,
            *names,
            limits=(params["total"], params["layer"]),
            outputs={name: params[name] for name in RENDERERS},
            say=_print,
        )


class Verify(_OfResults):
    """`doit verify`: whether results are as they were made."""

    name = "verify"
    doc_purpose = "check every record, log, report and image against its hash; exit 3 where one was changed"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix, a folder of results, or an archive (NAME.tar.gz); without it, quickstart. "
        "An archive is not unpacked here."
    )
    cmd_options = (
        {
            "name": "signed_by",
            "long": "signed-by",
            "type": str,
            "default": "",
            "help": "a file of allowed signers, as ssh-keygen has it: says who of them signed the archive, "
            "and ends with exit code 3 if nobody did",
        },
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.archive import verify_archive
        from mcumatrix.commands.verify import verify
        from mcumatrix.results.archive import ENDING

        name = names[0] if names else DEFAULT_MATRIX
        signed_by = Path(params["signed_by"]) if params["signed_by"] else None
        if name.endswith(ENDING):
            return verify_archive(Path(name), _print, signed_by)
        if signed_by:
            raise MatrixError(
                f"--signed-by is for archives, and {name} is none", hint=f"Name a file *{ENDING}."
            )
        return verify(project, name, _print)


class Archive(_OfResults):
    """`doit archive`: results and what they were made from, in one file."""

    name = "archive"
    doc_purpose = "put results and all that they were made from into one file, the same bytes each time"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix; without it, quickstart. Whoever unpacks the file can verify, replay and rerun the "
        "results. Results that `doit verify` finds changed are refused."
    )
    cmd_options = (
        {
            "name": "output",
            "long": "output",
            "type": str,
            "default": "",
            "help": "the file to make, NAME.tar.gz if not given",
        },
        {
            "name": "sign",
            "long": "sign",
            "type": str,
            "default": "",
            "help": "an SSH key to sign it with; the signature is a file beside it, FILE.sig",
        },
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.archive import archive

        key = Path(params["sign"]) if params["sign"] else None
        archive(project, names[0] if names else DEFAULT_MATRIX, params["output"], _print, key)
        return ExitCode.OK


class Replay(_OfResults):
    """`doit replay`: records from raw logs, and reports from records, once more."""

    name = "replay"
    doc_purpose = "make records again from their raw logs and compare them byte for byte, reports too"
    doc_usage = "[NAME]"
    doc_description = "NAME is a matrix; without it, quickstart. Nothing is written."

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:  # noqa: ARG002
        from mcumatrix.commands.replay import replay_results

        return replay_results(project, names[0] if names else DEFAULT_MATRIX, _print)


def _print(line: str) -> None:
    print(printable(line, keep="\n"), flush=True)


class BaseImage(Command):  # type: ignore[misc]
    """`doit base-image`: makes the image that toolchain images begin with."""

    name = "base-image"
    doc_purpose = "make the Docker image that toolchains are put onto, where none can be pulled"
    doc_usage = ""
    doc_description = (
        "Makes a minimal Debian 12 with mmdebstrap and gives it to the Docker engine of this machine."
    )

    def execute(self, params: Any, args: list[str]) -> int:  # noqa: ARG002 - doit calls it so
        from mcumatrix import registry

        def execute() -> int:
            print(registry.make_base_image(say))
            return int(ExitCode.OK)

        return _code_of(execute)


class Boards(Command):  # type: ignore[misc]
    """`doit boards`: what is attached, and which boards can be used."""

    name = "boards"
    doc_purpose = "show which boards can be used here, and why others cannot"
    doc_usage = "[--import MAP]"
    doc_description = (
        "Lists debug probes, serial ports and running virtual boards, and compares them with the files under "
        "matrix/boards. With --import, writes board files instead, from a hardware map of Zephyr's Twister; "
        "files that are there already are never changed."
    )
    cmd_options = (
        {
            "name": "import",
            "long": "import",
            "type": str,
            "default": "",
            "help": "a hardware map, as `twister --generate-hardware-map` writes it",
        },
    )

    def parse_execute(self, in_args: list[str]) -> int:
        return _parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:
        project = Project(Path.cwd())

        def execute() -> int:
            if args:
                raise MatrixError(
                    f"doit boards takes no names, and has {args[0]!r}", hint="It shows them all."
                )
            if params["import"]:
                return _import_map(project, Path(params["import"]))
            return _show_boards(project)

        return _code_of(execute)


def _show_boards(project: Project) -> int:
    from mcumatrix import registry
    from mcumatrix.matrix.catalogues import load_boards
    from mcumatrix.report.content.boards import board_parts
    from mcumatrix.report.render.terminal import parts_text
    from mcumatrix.stages.match import device_paths, match

    boards = load_boards(project.matrices).values()
    attached = registry.attached(device_paths(boards), boards)
    print(parts_text(board_parts(attached, match(boards, attached))))
    return int(ExitCode.OK)


def _import_map(project: Project, path: Path) -> int:
    from mcumatrix.matrix.catalogues import load_boards
    from mcumatrix.matrix.hardware_map import Outcome, boards_of_map, read_hardware_map, write_boards
    from mcumatrix.report.content.boards import import_parts
    from mcumatrix.report.render.terminal import parts_text

    document = read_hardware_map(path)
    known = load_boards(project.matrices)
    firmware = [folder.name for folder in (project.firmware / "board").glob("*") if folder.is_dir()]
    found = boards_of_map(document, firmware, known)
    written = write_boards(found.boards, project.matrices / "boards", known)
    outcomes = [
        (board, Path(os.path.relpath(file)), outcome)
        for board, (file, outcome) in zip(found.boards, written, strict=True)
    ]
    print(parts_text(import_parts(outcomes, found.left_out)))
    became = {outcome for _, _, outcome in outcomes}
    # A board that is there with other contents is not imported: a person has to do something.
    is_imported = Outcome.WRITTEN in became or became == {Outcome.THERE}
    return int(ExitCode.OK if is_imported else ExitCode.NOTHING_SELECTED)
