"""`init`: a project to begin with, which runs as it is written."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import write_atomically
from mcumatrix.commands.model import ModelRequest, bring_model, name_for
from mcumatrix.defaults import DEFAULT_MATRIX
from mcumatrix.errors import ExitCode, MatrixError, ModelError, RenderError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.model.catalogue import BoardKind, Runtime
from mcumatrix.project import Project

_MATRIX = f"matrix/{DEFAULT_MATRIX}.yaml"

_RUNTIMES = ("builtin", "tflm-2026-08")
"""Of those that come with mcumatrix, the first that runs a model is in its matrix."""

_MATRIX_TEXT = """\
# `mcumatrix plan` shows the variants of this matrix; `mcumatrix matrix` builds, runs and reports them.
# Every combination of these values is a variant.
description: {description}

axes:
  runtime: {runtime} # what computes: names of files in matrix/runtimes, here or in mcumatrix
  kernels: [{kernels}] # ways in which it computes
  clock: 216 MHz # a list compares clocks: [108 MHz, 216 MHz]
  model: {model} # names of files in matrix/models; `mcumatrix model my.tflite` makes one
  board: {board} # a board as a program; a real one is in {real}

repeat: 3 # timed inferences of each variant
"""

_DODO_TEXT = '''\
"""For those who have doit: the tasks of matrix/NAME.yaml, as in `doit list matrix=NAME`."""

from mcumatrix.dodo import DOIT_CONFIG, task_mcumatrix
'''

_IGNORED_TEXT = """\
/build/
/.doit*
# Results can be committed; what a write that was cut short has left cannot.
/results/**/.*
__pycache__/
"""

CI_FILES = {
    "github": ".github/workflows/benchmarks.yml",
    "gitlab": ".gitlab-ci.yml",
    "circleci": ".circleci/config.yml",
}
"""Where the services look for what they are to run. What is written there is templates/ci/NAME.yml."""

_VERSION_MARK = "@VERSION@"


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the first matrix is of, as the shipped one has it, and the real board like its virtual one."""

    board: str
    real: str
    models: tuple[str, ...]
    runtime: Runtime


def init(project: Project, model: Path | None, ci: str, say: Callable[[str], None]) -> ExitCode:
    """Writes a project of five files into its folder, with a matrix for `model` or for shipped models.

    `ci` is one of CI_FILES: the service that runs the matrix for every change.

    Raises:
        MatrixError: `ci` is none of them, or one of the files is there. Nothing is written then.
        ModelError, ToolError: as `bring_model`, of which the golden answers are.
    """
    if ci not in CI_FILES:
        raise MatrixError(f"there is no CI file for {shown(ci)}", hint=did_you_mean(ci, CI_FILES))
    shipped = _shipped(project)
    board = f"matrix/boards/{shipped.real}.yaml"
    names = ("dodo.py", _MATRIX, board, ".gitignore", CI_FILES[ci])
    there = [name for name in names if (project.root / name).exists()]
    if there:
        raise MatrixError(
            f"there is a project already: {', '.join(there)}",
            hint="init overwrites nothing. Choose an empty folder, or move these files.",
        )
    texts = (
        _DODO_TEXT,
        _matrix_text(_of_model(project, shipped, model, say) if model else shipped),
        _without_schema((project.shipped / board).read_text()),
        _IGNORED_TEXT,
        _ci_text(project, ci),
    )
    for name, text in zip(names, texts, strict=True):
        write_atomically(project.root / name, text.encode())
        say(os.path.relpath(project.root / name))
    say("Next: `doit matrix` builds and runs it all; `doit doctor` says what is missing for it.")
    return ExitCode.OK


def _shipped(project: Project) -> _Begun:
    folder = project.shipped / "matrix"
    catalogues = load_catalogues(folder)
    variants = load_matrix(find_matrix(DEFAULT_MATRIX, folder), catalogues).variants
    board = variants[0].board
    real = next(
        one.name
        for one in catalogues.boards.values()
        if one.kind is BoardKind.REAL and one.firmware_board == board.firmware_board
    )
    models = dict.fromkeys(variant.model.name for variant in variants)
    return _Begun(board.name, real, tuple(models), variants[0].runtime)


def _of_model(project: Project, shipped: _Begun, model: Path, say: Callable[[str], None]) -> _Begun:
    """The same with a model of one's own, and the first runtime that runs it as far as the host can tell."""
    bring_model(project, ModelRequest(str(model)), say)
    name = name_for(model)
    catalogues = load_catalogues(project.matrix_folders)
    entry = catalogues.models[name]
    contents = registry.models.model_contents(entry)
    for runtime in (catalogues.runtimes[each] for each in _RUNTIMES):
        if entry.element not in runtime.elements:
            continue
        try:
            if not runtime.sources:
                made = registry.runtimes.runtime(runtime, project.firmware, project.templates)
                made.render(contents, lambda: registry.models.network(contents))
        except (ModelError, RenderError):
            continue
        return replace(shipped, models=(name,), runtime=runtime)
    raise ModelError(
        f"None of {', '.join(_RUNTIMES)} runs {name}.",
        hint="`doit model` has said what each of them lacks.",
    )


def _matrix_text(begun: _Begun) -> str:
    return _MATRIX_TEXT.format(
        description=f"{' and '.join(begun.models)} on {begun.board}.",
        runtime=begun.runtime.name,
        kernels=", ".join(begun.runtime.kernels),
        model=f"[{', '.join(begun.models)}]" if len(begun.models) > 1 else begun.models[0],
        board=begun.board,
        real=f"matrix/boards/{begun.real}.yaml",
    )


def _ci_text(project: Project, ci: str) -> str:
    """The shipped file of a service, which installs the version that writes it."""
    text = (project.shipped / "templates" / "ci" / f"{ci}.yml").read_text()
    return text.replace(_VERSION_MARK, version("mcumatrix"))


def _without_schema(text: str) -> str:
    """Without the line that names a schema beside the catalogues of this repository."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("# yaml-language-server:"))
