"""`doit pin`: enters a runtime from a repository."""

from typing import Any

from mcumatrix.cli.common import OfNames, print_line
from mcumatrix.errors import ExitCode
from mcumatrix.project import Project


class Pin(OfNames):
    """`doit pin`: a runtime's file with the commits of now."""

    name = "pin"
    takes = 2
    needs = "a name and a repository"
    example = "doit pin tflm-2026-08 tensorflow/tflite-micro@main"
    doc_purpose = "make the file of a runtime from a repository of TensorFlow Lite Micro"
    doc_usage = "RUNTIME REPOSITORY[@REVISION]"
    doc_description = (
        "RUNTIME is the name of the new file in matrix/runtimes. REPOSITORY is a URL, or owner/name of one "
        "on GitHub such as tensorflow/tflite-micro; REVISION is a branch, a tag or a commit, without it the "
        "repository's own default. The commits of its libraries are those that the tree itself asks for."
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:  # noqa: ARG002
        from mcumatrix.commands.pin import pin

        runtime, repository = names
        return pin(project, runtime, repository, print_line)
