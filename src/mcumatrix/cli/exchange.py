"""Commands that hand results to other tools, and take theirs."""

from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.cli.results import _OfResults
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project
from mcumatrix.tasks import DEFAULT_MATRIX


class Export(_OfResults):
    """`doit export`: for other tools."""

    name = "export"
    doc_purpose = "write results in a format that another tool reads"
    doc_usage = "[NAME] --format FORMAT"
    doc_description = (
        "NAME is a matrix, a name under results/published, or a CSV file of published numbers; without it, "
        "quickstart. Formats are asv, bencher, github-action-benchmark, latex, rebench, and those that other "
        "packages bring."
    )
    cmd_options = (
        {"name": "format", "long": "format", "type": str, "default": "", "help": "the format"},
        {
            "name": "out",
            "long": "out",
            "type": str,
            "default": "",
            "help": "the folder to write to, build/export/NAME/FORMAT if not given; what else is in it stays",
        },
        {
            "name": "commit",
            "long": "commit",
            "type": str,
            "default": "",
            "help": "the commit that the results are of (asv, rebench); the present one if not given",
        },
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
