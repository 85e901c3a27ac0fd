"""Commands that hand results to other tools, and take theirs."""

from pathlib import Path
from typing import Any

from mcumatrix.cli.common import OfNames, print_line, text_options
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project
from mcumatrix.tasks import DEFAULT_MATRIX


class Export(OfNames):
    """`doit export`: for other tools."""

    name = "export"
    doc_purpose = "write results in a format that another tool reads"
    doc_usage = "[NAME] --format FORMAT"
    doc_description = (
        "NAME is a matrix, a name under results/published, or a CSV file of published numbers; without it, "
        "quickstart. Formats are asv, bencher, github-action-benchmark, latex, rebench, and those that other "
        "packages bring."
    )
    cmd_options = text_options(
        format="the format",
        out="the folder to write to, build/export/NAME/FORMAT if not given; what else is in it stays",
        commit="the commit that the results are of (asv, rebench); the present one if not given",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.exporting import export

        if not params["format"]:
            raise MatrixError("doit export needs a format", hint="As in: doit export quickstart --format asv")
        return export(
            project,
            names[0] if names else DEFAULT_MATRIX,
            format_name=params["format"],
            folder=params["out"],
            commit=params["commit"],
            say=print_line,
        )


class Import(OfNames):
    """`doit import`: what other tools measured."""

    name = "import"
    takes = 2
    needs = "a format and a file"
    example = "As in: doit import st-edge-ai network_validate_report.txt --as st-mnist"
    doc_purpose = "read the results of another tool, as numbers that stand beside ours"
    doc_usage = "FORMAT FILE"
    doc_description = (
        "FORMAT is mlonmcu, mlperf-tiny, st-edge-ai, tflm, or one that another package brings. What is read "
        "goes to results/published/NAME.csv, where `doit report NAME` and `published` of a matrix find it."
    )
    cmd_options = text_options(
        **{"as": "the name of what is made, that of FILE if not given"},
        source="who published it under which title; the tool and the file if not given",
        date="when, as in 2026-11-27; for files that do not say",
        clock="the clock of what was measured, as in '216 MHz', for formats that have ticks",
        axes="what the file does not say, or not as a matrix does: 'model=mnist-int8;board=lab'",
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.importing import Given, import_results

        given = Given(params["as"], params["source"], params["date"], params["clock"], params["axes"])
        return import_results(project, names[0], Path(names[1]), given, print_line)
