"""What prepares runtimes, by the key `adapter` of their files."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcumatrix.errors import ModelError, RenderError
from mcumatrix.model.catalogue import Runtime as RuntimeEntry
from mcumatrix.model.catalogue import Source
from mcumatrix.plugins import Kind
from mcumatrix.ports import Runtime
from mcumatrix.registry.by_name import make_adapter
from mcumatrix.registry.models import network
from mcumatrix.registry.sources import patched, quiet, source_folder

if TYPE_CHECKING:
    from mcumatrix.adapters.runtimes.tflm.asked import Asked


def runtime(
    entry: RuntimeEntry, firmware: Path, templates: Path, say: Callable[[str], None] = quiet
) -> Runtime:
    """The code that prepares a runtime; `say` gets a line when it fetches something.

    Raises:
        MatrixError: no adapter has the name that the entry says.
        ToolError: another package's adapter does not work.
    """
    made: Runtime = make_adapter(
        Kind.RUNTIME,
        RUNTIMES,
        entry.adapter,
        f"the runtime {entry.name}",
        Runtime,
        entry,
        firmware=firmware,
        templates=templates,
        fetch=partial(source_folder, say=say),
        say=say,
    )
    return made


def _builtin(entry: RuntimeEntry, *, firmware: Path, templates: Path, **_: object) -> Runtime:  # noqa: ARG001
    from mcumatrix.adapters.runtimes.builtin import BuiltinRuntime

    return BuiltinRuntime(firmware, templates)


def _tflm(entry: RuntimeEntry, *, firmware: Path, templates: Path, fetch: Any, say: Any) -> Runtime:
    from mcumatrix.adapters.runtimes.tflm.runtime import Needs, TflmRuntime

    def needs_of(contents: bytes) -> Needs:
        found = network(contents)
        return Needs(found.operators, found.variable_count, found.keeps_state)

    return TflmRuntime(
        entry,
        firmware,
        templates,
        fetch,
        os.environ,
        needs_of=needs_of,
        patched=partial(patched, say=say),
        say=say,
    )


RUNTIMES: dict[str, Callable[..., Runtime]] = {"builtin": _builtin, "tflm": _tflm}


def refusal(entry: RuntimeEntry, contents: bytes, firmware: Path, templates: Path) -> str:
    """Why a runtime that reads models on the host does not run one, given its file; empty if it does."""
    try:
        runtime(entry, firmware, templates).render(contents, lambda: network(contents))
    except (ModelError, RenderError) as error:
        return error.message
    return ""


def asked_by(source: Source, say: Callable[[str], None]) -> "Asked":
    """What the TensorFlow tree of a commit needs besides itself, by its own makefiles. Raises SourceError."""
    from mcumatrix.adapters.runtimes.tflm.asked import asked_by

    return asked_by(source_folder(source, (), say))
