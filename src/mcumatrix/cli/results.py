"""Commands on results: they need no compiler, no board and no container."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.defaults import DEFAULT_MATRIX
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project


def _name(names: list[str]) -> str:
    return names[0] if names else DEFAULT_MATRIX


def report(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`report`: reports of what is there."""
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


def compare(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`compare`: a gate for CI."""
    from mcumatrix.cli.rerun import run_again
    from mcumatrix.commands.compare import RENDERERS, Wanted, compare

    wanted = Wanted(
        limits=(params["total"], params["layer"]),
        outputs={name: params[name] for name in RENDERERS},
        summary=_summary_file() if params["job_summary"] else None,
        run_again=partial(run_again, project) if params["rerun"] else None,
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


def history(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`history`: runs over time."""
    from mcumatrix.commands.history import RENDERERS, history

    outputs = {kind: params[kind] for kind in RENDERERS}
    return history(project, _name(names), outputs, print_line, with_commits=params["git"])


def verify(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`verify`: whether results are as they were made."""
    from mcumatrix.commands.archive import verify_archive
    from mcumatrix.commands.verify import verify
    from mcumatrix.results.archive import ENDING

    name = _name(names)
    signed_by, trusted_root = (
        Path(params[option]) if params[option] else None for option in ("signed_by", "trusted_root")
    )
    if trusted_root and not signed_by:
        raise MatrixError(
            "--trusted-root says what signatures are checked by, and nobody is asked for whose",
            hint="Add --signed-by FILE: its lines are an identity and its issuer.",
        )
    if name.endswith(ENDING):
        return verify_archive(Path(name), print_line, signed_by, trusted_root)
    if signed_by:
        raise MatrixError(f"--signed-by is for archives, and {name} is none", hint=f"Name a file *{ENDING}.")
    return verify(project, name, print_line)


def merge(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`merge`: results of several machines."""
    from mcumatrix.cli.executing import alone
    from mcumatrix.commands.merge import merge

    if not names:
        raise MatrixError("merge takes folders of results, and none was given", hint="As in: merge share-*")
    into = Path(params["into"]) if params["into"] else None
    with alone(project.build, wait=True):
        return merge(project, [Path(name) for name in names], into, print_line)


def publish(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`publish`: a folder for a web server."""
    from mcumatrix.commands.publish import publish

    to = Path(params["to"]) if params["to"] else project.build / "site"
    publish(project, names, to, print_line, Path(params["sign"]) if params["sign"] else None)
    return ExitCode.OK


def archive(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`archive`: results and what they were made from, in one file."""
    from mcumatrix.commands.archive import archive

    key = Path(params["sign"]) if params["sign"] else None
    archive(project, _name(names), params["output"], print_line, key)
    return ExitCode.OK


def replay(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:  # noqa: ARG001
    """`replay`: records from raw logs, and reports from records, once more."""
    from mcumatrix.commands.replay import replay_results

    return replay_results(project, _name(names), print_line)
