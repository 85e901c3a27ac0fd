"""Commands about this machine: its boards, and the image that its containers begin with."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcumatrix.cli.common import print_line, say
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.model.catalogue import DEFAULT_SUITE
from mcumatrix.project import Project

_NEXT = (
    "Next, for a real board: its ST-LINK's USB cable, a rule of udev and the group dialout, as "
    "docs/boards.md has them; `doctor` says which of them is missing here."
)


def base_image(_project: Project, _params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`base-image`: makes the image that toolchain images begin with."""
    from mcumatrix import registry
    from mcumatrix.matrix.schema.scalars import is_suite

    suite = names[0] if names else DEFAULT_SUITE
    if not is_suite(suite):
        raise MatrixError(
            f"base-image makes an image of a release, and {suite!r} is no code name of one.",
            hint=f"For example: base-image {DEFAULT_SUITE}",
        )
    print(registry.builders.make_base_image(suite, say))
    return ExitCode.OK


def boards(project: Project, params: Mapping[str, Any], _names: list[str]) -> ExitCode:
    """`boards`: what is attached, and which boards can be used."""
    if params["import"]:
        return _import_map(project, Path(params["import"]))
    return _show_boards(project)


def doctor(project: Project, params: Mapping[str, Any], _names: list[str]) -> ExitCode:
    """`doctor`: what this machine has and lacks."""
    from mcumatrix.commands.doctor import doctor

    return doctor(project, params["json"], print_line)


def worker(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`worker`: builds and runs for others."""
    from mcumatrix import registry
    from mcumatrix.executors.cluster.worker import boards_of, resources_of, work
    from mcumatrix.matrix.catalogues import load_boards
    from mcumatrix.stages.match import device_paths, match

    known = load_boards(project.matrix_folders).values()
    resources = resources_of(match(known, registry.boards.attached(device_paths(known), known)))
    boards = ", ".join(f"{name} ({units:g})" for name, units in boards_of(resources).items()) or "no boards"
    print_line(f"This machine has {boards}.")
    threads = params["process"] or (os.cpu_count() or 1)
    try:
        work(names[0], resources, threads, project.build / "workers", print_line)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.ENVIRONMENT


def _show_boards(project: Project) -> ExitCode:
    from mcumatrix import registry
    from mcumatrix.matrix.catalogues import load_boards
    from mcumatrix.report.content.boards import board_parts
    from mcumatrix.report.render.terminal import parts_text
    from mcumatrix.stages.match import device_paths, match

    known = load_boards(project.matrix_folders).values()
    attached = registry.boards.attached(device_paths(known), known)
    print_line(parts_text(board_parts(attached, match(known, attached))))
    if not attached.probes:
        print_line(f"\n{_NEXT}")
    return ExitCode.OK


def _import_map(project: Project, path: Path) -> ExitCode:
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
    print_line(parts_text(import_parts(outcomes, found.left_out)))
    became = {outcome for _, _, outcome in outcomes}
    # A board that is there with other contents is not imported: a person has to do something.
    is_imported = Outcome.WRITTEN in became or became == {Outcome.THERE}
    return ExitCode.OK if is_imported else ExitCode.NOTHING_SELECTED
