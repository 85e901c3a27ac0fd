"""Commands about this machine: its boards, and the image that its containers begin with."""

import os
from pathlib import Path
from typing import Any

from doit.cmd_base import Command

from mcumatrix.cli.common import code_of, parse_execute, say
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.model.catalogue import DEFAULT_SUITE
from mcumatrix.project import Project


class BaseImage(Command):  # type: ignore[misc]
    """`doit base-image`: makes the image that toolchain images begin with."""

    name = "base-image"
    doc_purpose = "make the Docker image that toolchains are put onto, where none can be pulled"
    doc_usage = "[SUITE]"
    doc_description = (
        "Makes a minimal Debian with mmdebstrap and gives it to the Docker engine of this machine. SUITE is "
        f"the code name of a release, such as trixie; without it, {DEFAULT_SUITE}."
    )

    def execute(self, params: Any, args: list[str]) -> int:  # noqa: ARG002 - doit calls it so
        from mcumatrix import registry
        from mcumatrix.matrix.schema import is_suite

        def execute() -> int:
            suite, *others = args or [DEFAULT_SUITE]
            if others or not is_suite(suite):
                raise MatrixError(
                    f"base-image makes one image, of a release's code name, and not of {' '.join(args)!r}.",
                    hint=f"For example: doit base-image {DEFAULT_SUITE}",
                )
            print(registry.make_base_image(suite, say))
            return int(ExitCode.OK)

        return code_of(execute)


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
        return parse_execute(self, super().parse_execute, in_args)

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

        return code_of(execute)


def _show_boards(project: Project) -> int:
    from mcumatrix import registry
    from mcumatrix.matrix.catalogues import load_boards
    from mcumatrix.report.content.boards import board_parts
    from mcumatrix.report.render.terminal import parts_text
    from mcumatrix.stages.match import device_paths, match

    boards = load_boards(project.matrix_folders).values()
    attached = registry.attached(device_paths(boards), boards)
    print(parts_text(board_parts(attached, match(boards, attached))))
    return int(ExitCode.OK)


def _import_map(project: Project, path: Path) -> int:
    from mcumatrix.matrix.catalogues import load_boards
    from mcumatrix.matrix.hardware_map import Outcome, boards_of_map, read_hardware_map, write_boards
    from mcumatrix.report.content.boards import import_parts
    from mcumatrix.report.render.terminal import parts_text

    document = read_hardware_map(path)
    known = load_boards(project.matrix_folders)
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
