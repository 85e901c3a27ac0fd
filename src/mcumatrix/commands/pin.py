"""`doit pin`: a runtime's file from a repository, with the commits that its tree itself asks for."""

import re
from collections.abc import Callable
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import write_atomically
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.names import check_name
from mcumatrix.matrix.suggest import shown
from mcumatrix.model.catalogue import Source
from mcumatrix.overlay import find
from mcumatrix.project import Project

_SHORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_SCHEMA = "# yaml-language-server: $schema=../../docs/runtime.schema.json"


def pin(project: Project, name: str, repository: str, say: Callable[[str], None]) -> ExitCode:
    """Writes matrix/runtimes/NAME.yaml for a repository of TensorFlow Lite Micro.

    `repository` is a URL, or owner/name of one on GitHub; behind a @ may stand a branch, a tag or a commit.
    Its present commit is fetched and looked into. `say` gets the lines.

    Raises:
        MatrixError: the name cannot be one, or there is such a file already.
        SourceError: a commit cannot be had, or the tree does not say what it needs.
    """
    path = _free_path(project, name)
    address, _, revision = repository.partition("@")
    url = f"https://github.com/{address}" if _SHORT.fullmatch(address) else address
    tensorflow = _pinned("tensorflow", url, revision)
    say(_line(tensorflow))
    asked = registry.runtimes.asked_by(tensorflow, say)
    libraries = [_pinned(library, *where) for library, where in asked.libraries.items()]
    for library in libraries:
        say(_line(library))
    what = tensorflow.revision or (revision and f"commit {revision[:12]}") or "the default branch"
    lines = [
        _SCHEMA,
        f"# Made by `doit pin {name} {repository}`.",
        "# The commits of the libraries are those that the tree itself asks for.",
        f"description: TensorFlow Lite Micro, {what} of {address}.",
        "adapter: tflm",
        f"kernels: [{', '.join(asked.kernels)}]",
        f"elements: [{', '.join(asked.elements)}]",
        "sources:",
        *(line for source in (tensorflow, *libraries) for line in _entry(source)),
    ]
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode(), replace=False)
    say(f"{path.relative_to(project.root)} has the runtime {name}: name it in the axis runtime of a matrix.")
    return ExitCode.OK


def _free_path(project: Project, name: str) -> Path:
    try:
        check_name(name)
    except RefusedError as error:
        raise MatrixError(f"a runtime cannot be called {shown(name)}: {error}", hint=error.hint) from error
    entry = f"runtimes/{name}.yaml"
    there = find(project.matrix_folders, entry)
    if there.exists():
        raise MatrixError(
            f"there is a runtime {name} already: {project.name_of(there)}",
            hint="Choose another name, or remove that file: results name runtimes, so that a changed one is"
            " another one.",
        )
    return project.matrices / entry


def _pinned(name: str, url: str, revision: str) -> Source:
    commit = registry.sources.commit_of(name, url, revision)
    return Source(name, url, f"git:{commit}", revision="" if revision == commit else revision)


def _line(source: Source) -> str:
    of = f" ({source.revision})" if source.revision else ""
    return f"{source.name}: {source.commit} of {source.url}{of}"


def _entry(source: Source) -> list[str]:
    lines = [f"  {source.name}:", f"    git: {source.url}", f"    commit: {source.commit}"]
    return [*lines, f"    revision: {source.revision}"] if source.revision else lines
