"""Commands on results: they need no compiler, no board and no container."""

import os
from pathlib import Path
from typing import Any

from mcumatrix.cli.common import OfNames, flag_options, print_line, text_options
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project
from mcumatrix.tasks import DEFAULT_MATRIX


def _name(names: list[str]) -> str:
    return names[0] if names else DEFAULT_MATRIX


class Report(OfNames):
    """`doit report`: reports of what is there."""

    name = "report"
    doc_purpose = "make reports from records, or from published numbers, and from nothing else"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix, a name under results/published, or a CSV file of published numbers; without it, "
        "quickstart. No compiler, board or container is needed."
    )
    cmd_options = text_options(
        templates="a folder with templates of your own, which come before the project's",
        out="with --templates: the folder to write to, build/report/NAME if not given",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.own_templates import report_by_templates
        from mcumatrix.commands.report import report

        if params["templates"]:
            return report_by_templates(
                project, _name(names), Path(params["templates"]), params["out"], print_line
            )
        if params["out"]:
            raise MatrixError(
                "--out is for reports by templates of your own", hint="As in: --templates DIR --out DIR"
            )
        return report(project, _name(names), print_line)


class Compare(OfNames):
    """`doit compare`: a gate for CI."""

    name = "compare"
    takes = 2
    needs = "two sets of results"
    example = "As in: doit compare ../before/results/quickstart quickstart"
    doc_purpose = "compare two sets of results; exit 3 where something got slower or cannot be compared"
    doc_usage = "BASE CANDIDATE"
    doc_description = (
        "Each is a matrix, a folder of results such as another checkout's results/quickstart, or published "
        "numbers. Limits are those of the matrix (`regression`) unless they are given here."
    )
    cmd_options = text_options(
        total="how many percent slower the whole inference may be; 1 if nothing says otherwise",
        layer="how many percent slower a layer may be; 5 if nothing says otherwise",
        json="a file for the outcome as JSON",
        markdown="a file for the outcome as Markdown",
        junit="a file for the outcome as JUnit XML",
    ) + flag_options(
        job_summary="add the outcome to the summary of this job of GitHub Actions, $GITHUB_STEP_SUMMARY",
        rerun="measure what got slower once more before it counts, on both sides where they are matrices of "
        "this project",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.cli.rerun import run_again
        from mcumatrix.commands.compare import RENDERERS, Wanted, compare

        wanted = Wanted(
            limits=(params["total"], params["layer"]),
            outputs={name: params[name] for name in RENDERERS},
            summary=_summary_file() if params["job_summary"] else None,
            run_again=run_again if params["rerun"] else None,
        )
        base, candidate = names
        return compare(project, base, candidate, wanted, print_line)


def _summary_file() -> Path:
    """Where GitHub Actions takes the summary of a job from. Raises MatrixError."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        return Path(path)
    raise MatrixError(
        "--job-summary is for GitHub Actions, which says in GITHUB_STEP_SUMMARY where it goes",
        hint="Elsewhere: --markdown FILE",
    )


class History(OfNames):
    """`doit history`: runs over time."""

    name = "history"
    doc_purpose = "show the runs of a matrix over time, and at which of them layers changed"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix; without it, quickstart. All records count, in the order in which they were kept. "
        "No compiler, board or container is needed."
    )
    cmd_options = text_options(
        json="a file for the history as JSON, with the time of each layer in each run",
        markdown="a file for the history as Markdown",
        chart="a file for its chart, an SVG",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.history import RENDERERS, history

        outputs = {kind: params[kind] for kind in RENDERERS}
        return history(project, _name(names), outputs, print_line)


class Verify(OfNames):
    """`doit verify`: whether results are as they were made."""

    name = "verify"
    doc_purpose = "check every record, log, report and image against its hash; exit 3 where one was changed"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix, a folder of results, or an archive (NAME.tar.gz); without it, quickstart. "
        "An archive is not unpacked here."
    )
    cmd_options = text_options(
        signed_by="a file of allowed signers, as ssh-keygen has it: says who of them signed the archive, and "
        "ends with exit code 3 if nobody did",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.archive import verify_archive
        from mcumatrix.commands.verify import verify
        from mcumatrix.results.archive import ENDING

        name = _name(names)
        signed_by = Path(params["signed_by"]) if params["signed_by"] else None
        if name.endswith(ENDING):
            return verify_archive(Path(name), print_line, signed_by)
        if signed_by:
            raise MatrixError(
                f"--signed-by is for archives, and {name} is none", hint=f"Name a file *{ENDING}."
            )
        return verify(project, name, print_line)


class Archive(OfNames):
    """`doit archive`: results and what they were made from, in one file."""

    name = "archive"
    doc_purpose = "put results and all that they were made from into one file, the same bytes each time"
    doc_usage = "[NAME]"
    doc_description = (
        "NAME is a matrix; without it, quickstart. Whoever unpacks the file can verify, replay and rerun the "
        "results. Results that `doit verify` finds changed are refused."
    )
    cmd_options = text_options(
        output="the file to make, NAME.tar.gz if not given",
        sign="an SSH key to sign it with; the signature is a file beside it, FILE.sig",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.archive import archive

        key = Path(params["sign"]) if params["sign"] else None
        archive(project, _name(names), params["output"], print_line, key)
        return ExitCode.OK


class Replay(OfNames):
    """`doit replay`: records from raw logs, and reports from records, once more."""

    name = "replay"
    doc_purpose = "make records again from their raw logs and compare them byte for byte, reports too"
    doc_usage = "[NAME]"
    doc_description = "NAME is a matrix; without it, quickstart. Nothing is written."

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:  # noqa: ARG002
        from mcumatrix.commands.replay import replay_results

        return replay_results(project, _name(names), print_line)
