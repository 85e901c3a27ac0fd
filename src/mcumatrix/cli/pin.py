"""`doit pin`: enters a runtime from a repository."""

from pathlib import Path
from typing import Any

from doit.cmd_base import Command

from mcumatrix.cli.common import code_of, parse_execute, print_line
from mcumatrix.errors import MatrixError
from mcumatrix.project import Project


class Pin(Command):  # type: ignore[misc]
    """`doit pin`: a runtime's file with the commits of now."""

    name = "pin"
    doc_purpose = "make the file of a runtime from a repository of TensorFlow Lite Micro"
    doc_usage = "RUNTIME REPOSITORY[@REVISION]"
    doc_description = (
        "RUNTIME is the name of the new file in matrix/runtimes. REPOSITORY is a URL, or owner/name of"
        " one on "
        "GitHub such as tensorflow/tflite-micro; REVISION is a branch, a tag or a commit, without it the "
        "repository's own default. The commits of its libraries are those that the tree itself asks for."
    )

    def parse_execute(self, in_args: list[str]) -> int:
        return parse_execute(self, super().parse_execute, in_args)

    def execute(self, params: Any, args: list[str]) -> int:  # noqa: ARG002
        def execute() -> int:
            from mcumatrix.commands.pin import pin

            if len(args) != len(("runtime", "repository")):
                raise MatrixError(
                    f"doit pin takes a name and a repository, and {len(args)} were given",
                    hint="doit pin tflm-2026-08 tensorflow/tflite-micro@main",
                )
            runtime, repository = args
            return int(pin(Project(Path.cwd()), runtime, repository, print_line))

        return code_of(execute)
