"""`doit verify`: whether results are as they were made."""

import os
from collections.abc import Callable
from pathlib import Path

from mcumatrix.errors import ExitCode, McuMatrixError, NothingSelectedError
from mcumatrix.project import Project
from mcumatrix.results.kept import newest_records
from mcumatrix.results.verification import check_images, check_results


def verify(project: Project, name: str, say: Callable[[str], None]) -> ExitCode:
    """Checks every file of the results of a matrix, or of a folder of results, and names those that changed.

    Raises:
        NothingSelectedError: there are no results.
    """
    folder = Path(name) if (Path(name) / "records").is_dir() else project.results(name)
    checked = list(check_results(folder))
    if not checked:
        raise NothingSelectedError(
            f"there are no results in {os.path.relpath(folder)}", hint=f"`doit matrix {name}` makes them."
        )
    try:
        records = list(newest_records(folder / "records").records.values())
    except McuMatrixError:
        records = []  # said by the check of the chain
    images = {record.image.build_id: record.image.elf_sha256 for record in records if record.image}
    checked += check_images(project.build / "images", images)
    problems = [one for one in checked if one.problem]
    for one in problems:
        say(f"{os.path.relpath(one.path)}: {one.problem}")
    if problems:
        say(f"{len(problems)} of {len(checked)} files are not as they were made.")
        return ExitCode.NOT_COMPARABLE
    say(f"{len(checked)} files are as they were made.")
    return ExitCode.OK
