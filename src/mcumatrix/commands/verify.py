"""`doit verify`: whether results are as they were made."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from mcumatrix.errors import ExitCode, McuMatrixError, NothingSelectedError
from mcumatrix.model.record import Record
from mcumatrix.project import Project
from mcumatrix.results.kept import newest_records
from mcumatrix.results.verification import Checked, check_images, check_results


def verify(project: Project, name: str, say: Callable[[str], None]) -> ExitCode:
    """Checks every file of the results of a matrix, or of a folder of results, and names those that changed.

    Raises:
        NothingSelectedError: there are no results.
    """
    folder = Path(name) if (Path(name) / "records").is_dir() else project.results(name)
    checked = check_all(project, folder)
    if not checked:
        raise NothingSelectedError(
            f"there are no results in {os.path.relpath(folder)}", hint=f"`doit matrix {name}` makes them."
        )
    return conclude(checked, say)


def check_all(project: Project, folder: Path) -> list[Checked]:
    """Every file of a folder of results, and of the images that its last records were made with."""
    checked = list(check_results(folder))
    images = {
        record.image.build_id: record.image.elf_sha256 for record in last_records(folder) if record.image
    }
    return checked + list(check_images(project.build / "images", images))


def last_records(folder: Path) -> list[Record]:
    """The last record of each variant; none where the chain is broken, which its own check says."""
    try:
        return list(newest_records(folder / "records").records.values())
    except McuMatrixError:
        return []


def conclude(checked: Iterable[Checked], say: Callable[[str], None]) -> ExitCode:
    """Names what is not as it was made, and counts."""
    checked = list(checked)
    problems = [one for one in checked if one.problem]
    for one in problems:
        say(f"{os.path.relpath(one.path)}: {one.problem}")
    if problems:
        say(f"{len(problems)} of {len(checked)} files are not as they were made.")
        return ExitCode.NOT_COMPARABLE
    say(f"{len(checked)} files are as they were made.")
    return ExitCode.OK
