"""Files of models: what is in them, and what is known against them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.errors import ModelError, SourceError
from mcumatrix.model.catalogue import Model
from mcumatrix.model.catalogue import Runtime as RuntimeEntry
from mcumatrix.model.kernels import KernelFacts
from mcumatrix.model.network import Network, least_cycles_of
from mcumatrix.registry.sources import fetched, quiet

if TYPE_CHECKING:
    from mcumatrix.adapters.models.host_check import ModelProblem


def network(contents: bytes) -> Network:
    """What a .tflite file holds. Raises ModelError."""
    from mcumatrix.adapters.models.tflite_file import read_network

    return read_network(contents)


@cache
def least_cycles(entry: Model) -> tuple[tuple[str, float], ...]:
    """The operators of a model, each with the cycles that it cannot take less than on a Cortex-M7.

    Empty where it cannot be read, which is said where it is used, or would have to be fetched.
    """
    if entry.file is None:
        return ()
    try:
        found = network(model_contents(entry))
    except ModelError:
        return ()
    return tuple((str(layer.operator), least_cycles_of(found, layer)) for layer in found.layers)


def model_contents(entry: Model, say: Callable[[str], None] = quiet) -> bytes:
    """The file of a model as it is, fetched if it is somewhere else; `say` gets a line then.

    Raises:
        ModelError: there is none, or it is none.
        SourceError: it cannot be fetched.
    """
    if entry.file is not None:
        return read_model_file(entry.file)
    assert entry.pin is not None
    return read_model_file(fetched(f"{entry.name}.tflite", entry.pin, say))


def read_model_file(path: Path) -> bytes:
    """A .tflite file as it is. Raises ModelError if it cannot be read, or is none."""
    from mcumatrix.adapters.models.tflite_file import read_contents

    return read_contents(path)


def operators_of(entry: Model) -> frozenset[str]:
    """The operators of a model's file, named as layers name them. Raises ModelError."""
    return frozenset(network(model_contents(entry)).operators)


def warning_about(entry: Model, runtime: RuntimeEntry, facts: KernelFacts | None) -> str:
    """What a runtime will not run of a model, in a sentence; empty if nothing is known against it.

    `facts` are what its kernels say of themselves, where they were asked. A model with nothing against it is
    tried on the host, where the runtime is a TensorFlow Lite Micro too. A runtime that reads models on the
    host says by itself what it does not run.
    """
    from mcumatrix.adapters.models.host_check import check_model, summarise

    if runtime.adapter != "tflm":
        return ""
    try:
        contents = model_contents(entry)
        operators = frozenset(network(contents).operators)
    except (ModelError, SourceError) as error:
        return error.message
    if facts is not None and facts.operators is not None:
        lacking = sorted(operators - facts.operators)
        if lacking:
            return f"this will not run on {runtime.name}: it has no kernels of {', '.join(lacking)}"
    problems = check_model(contents, runtime, facts.refusing_hybrid if facts else None) or _tried(contents)
    return summarise(problems, runtime)


@cache
def _tried(contents: bytes) -> "tuple[ModelProblem, ...]":
    """What a trial of a model file on the host shows against it. It takes a second, so each is tried once."""
    from mcumatrix.adapters.models.host_check import is_judged_by_trial, trial_problems
    from mcumatrix.adapters.models.tflite_file import read_network
    from mcumatrix.adapters.models.tflm_host import try_model

    network = read_network(contents)
    return trial_problems(try_model(contents, network), network) if is_judged_by_trial(network) else ()
