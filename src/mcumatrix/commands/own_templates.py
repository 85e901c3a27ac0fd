"""`doit report --templates`: a report by the templates of a publisher, into a folder of their own."""

import os
from collections.abc import Callable
from pathlib import Path

from mcumatrix.artifact import write_atomically
from mcumatrix.commands.report import made_report
from mcumatrix.errors import ExitCode, RenderError
from mcumatrix.project import Project
from mcumatrix.report.render.formats import render_files
from mcumatrix.report.render.html import render_html
from mcumatrix.report.render.markdown import render_markdown

_ENDING = ".j2"


def report_by_templates(
    project: Project, name: str, own: Path, folder: str, say: Callable[[str], None]
) -> ExitCode:
    """Writes a report by the templates in `own`, and by the project's where it has none; `say` gets paths.

    `folder` is where to, empty for build/report/NAME: results stay as they were made, so that they can be
    verified. A template of another name, such as summary.txt.j2, makes a file of that name; those whose names
    begin with `_` are only included by others.

    Raises:
        McuMatrixError: there are no templates, one is wrong, or there is no such report.
    """
    if not own.is_dir():
        raise RenderError(f"there is no folder {own}", hint="Name one with templates, such as report.md.j2.")
    names = sorted(path.name for path in own.glob(f"*{_ENDING}"))
    if not names:
        raise RenderError(
            f"{own} has no templates",
            hint="Copy those of the project that you want to change: templates/*.j2",
        )
    report = made_report(project, name)
    folders = (own, project.templates)
    files = dict(render_files(report, folders))
    for template in names:
        made = template.removesuffix(_ENDING)
        if made in files or template.startswith("_") or (project.templates / template).exists():
            continue
        render = render_html if made.endswith(".html") else render_markdown
        files[made] = render(report, folders, template)
    to = Path(folder) if folder else project.build / "report" / Path(name).stem
    for file, data in files.items():
        write_atomically(to / file, data)
        say(os.path.relpath(to / file))
    return ExitCode.OK
