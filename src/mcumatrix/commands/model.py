"""`doit model`: a .tflite file of one's own as an entry of the catalogue, with golden outputs."""

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import write_atomically
from mcumatrix.errors import ExitCode, MatrixError, ModelError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.names import check_name
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.model.catalogue import DigitInput, Element, FileInput, Model, ModelInput, RandomInput
from mcumatrix.model.network import Network, Tensor
from mcumatrix.overlay import find
from mcumatrix.project import Project

_ENDING = ".tflite"
_PLAIN = re.compile(r"[A-Za-z0-9._+/-]+")
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What `doit model` is asked: a file or a name of the catalogue, and for a file what its entry is to say.

    `inputs` are files, one for each input; without any, the input is made from `seed`.
    """

    model: str
    name: str = ""
    inputs: tuple[Path, ...] = ()
    seed: int = 1


def bring_model(project: Project, request: ModelRequest, say: Callable[[str], None]) -> ExitCode:
    """Makes the entry of a model and its golden outputs; of one that has an entry, the golden outputs alone,
    and those to its labelled set where the entry has a place for them.

    Files outside of the project are copied into `firmware/models`.

    Raises:
        MatrixError: there is no such model, or another one has its name.
        ModelError: the file, or an input, is not what it must be; or the library on the host refuses it.
        SourceError: a model that is somewhere else cannot be fetched.
        StorageError: a file cannot be written.
        ToolError: the host has no TensorFlow Lite Micro.
    """
    if not request.model.endswith(_ENDING):
        return _make_again(project, request, say)
    contents = registry.models.read_model_file(Path(request.model))
    network = registry.models.network(contents)
    entry = _new_entry(project, request, network)
    text = registry.answers.make_golden(contents, entry.input)
    assert entry.file is not None
    _keep(Path(request.model), entry.file)
    kept = _kept_inputs(project, request, entry.name)
    for source, target in zip(request.inputs, kept, strict=True):
        _keep(source, target)
    write_atomically(entry.golden, text.encode())
    path = _entry_path(project, entry.name)
    write_atomically(path, _entry_text(project, entry, network, kept).encode())
    _describe(project, entry, contents, network, say)
    for written in (path, entry.golden):
        say(os.path.relpath(written))
    return ExitCode.OK


def name_for(file: Path) -> str:
    """What the model of a file is called where nobody says it."""
    return _UNFIT.sub("-", file.name.removesuffix(_ENDING)).strip("-.") or "model"


def _make_again(project: Project, request: ModelRequest, say: Callable[[str], None]) -> ExitCode:
    models = load_catalogues(project.matrix_folders).models
    entry = models.get(request.model)
    if entry is None and "/" in request.model:
        raise MatrixError(
            f"{shown(request.model)} does not end with {_ENDING}, as the files of models do",
            hint="Give the path of a .tflite file, or the name of a model in matrix/models.",
        )
    if entry is None:
        raise MatrixError(
            f"there is no model {shown(request.model)}",
            hint=did_you_mean(request.model, models, known="There are") or "Give the path of a .tflite file.",
        )
    if request.name or request.inputs:
        raise MatrixError(
            f"the model {entry.name} has an entry, and that says what it is asked",
            hint=f"Change {os.path.relpath(_entry_path(project, entry.name))}, and run this without options.",
        )
    answers = entry.dataset.answers if entry.dataset else None
    if isinstance(entry.input, DigitInput) and not answers:
        raise ModelError(
            f"The model {entry.name} is asked digits, and its golden outputs are those of all of them.",
            hint="Make them again: python -m tools.models.make_golden",
        )
    contents = registry.models.model_contents(entry, say)
    made: dict[Path, bytes] = {}
    if not isinstance(entry.input, DigitInput):
        made[_own(project, entry.golden)] = registry.answers.make_golden(contents, entry.input).encode()
    if answers:
        made[_own(project, answers)] = registry.answers.make_set_answers(entry, say)
    for path, data in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    _describe(project, entry, contents, registry.models.network(contents), say)
    for path in made:
        say(os.path.relpath(path))
    return ExitCode.OK


def _own(project: Project, path: Path) -> Path:
    """Where a file of the project's own stands for one that comes with mcumatrix, which stays as it came."""
    return project.root / (project.name_of(path) or path)


def _new_entry(project: Project, request: ModelRequest, network: Network) -> Model:
    file = Path(request.model)
    name = request.name or name_for(file)
    try:
        check_name(name)
    except RefusedError as error:
        raise MatrixError(f"a model cannot be called {shown(name)}: {error}", hint=error.hint) from error
    if find(project.matrix_folders, _entry_name(name)).exists():
        raise MatrixError(
            f"there is a model {name} already",
            hint=f"`doit model {name}` makes its golden outputs again; another one needs --as NAME.",
        )
    if network.element.value not in list(Element):
        raise ModelError(
            f"The model computes with {network.element}.",
            hint=f"Models of {', '.join(Element)} can be entered: convert it to one of them.",
        )
    own = _own_place(project, file)
    source: ModelInput = FileInput(request.inputs) if request.inputs else RandomInput(request.seed)
    return Model(
        name=name,
        element=Element(network.element.value),
        file=own or project.models / f"{name}{_ENDING}",
        golden=project.models / "golden" / f"{name}.json",
        input=source,
    )


def _entry_name(name: str) -> str:
    return f"models/{name}.yaml"


def _entry_path(project: Project, name: str) -> Path:
    return project.matrices / _entry_name(name)


def _own_place(project: Project, file: Path) -> Path | None:
    """A file's path in the project, if it is there."""
    absolute = file.resolve()
    return absolute if absolute.is_relative_to(project.root.resolve()) else None


def _kept_inputs(project: Project, request: ModelRequest, name: str) -> list[Path]:
    """Where the input files are, or will be."""
    folder = project.models / "inputs"
    return [
        _own_place(project, file) or folder / f"{name}-{_UNFIT.sub('-', file.name)}"
        for file in request.inputs
    ]


def _keep(source: Path, target: Path) -> None:
    if source.resolve() != target.resolve():
        write_atomically(target, source.read_bytes())


def _entry_text(project: Project, entry: Model, network: Network, inputs: Sequence[Path]) -> str:
    def relative(path: Path) -> str:
        text = path.resolve().relative_to(project.root.resolve()).as_posix()
        return text if _PLAIN.fullmatch(text) else json.dumps(text)  # which is YAML too

    assert entry.file is not None
    names = [relative(path) for path in inputs]
    asked = f"[{', '.join(names)}]" if len(names) > 1 else "".join(names)
    if isinstance(entry.input, RandomInput):
        asked = f"{{random: {entry.input.seed}}}"
    return (
        "# yaml-language-server: $schema=../../docs/model.schema.json\n"
        f"description: {_summary(network)}\n"
        f"element: {entry.element}\n"
        f"file: {relative(entry.file)}\n"
        f"input: {asked}\n"
        f"golden: {relative(entry.golden)}\n"
    )


def _summary(network: Network) -> str:
    count = len(network.layers)
    layers = f"{count} layer{'s' if count > 1 else ''} of {', '.join(network.operators)}"
    ends = (
        " and ".join(map(_tensor_text, tensors))
        for tensors in (network.input_tensors, network.output_tensors)
    )
    return f"{' to '.join(ends)}, {layers}."


def _tensor_text(tensor: Tensor) -> str:
    return f"{tensor.type} {'x'.join(map(str, tensor.shape)) or '1'}"


def _describe(
    project: Project, entry: Model, contents: bytes, network: Network, say: Callable[[str], None]
) -> None:
    say(f"{entry.name}: {_summary(network)}")
    say(f"  {len(contents)} bytes")
    for runtime in load_catalogues(project.matrix_folders).runtimes.values():
        if entry.element not in runtime.elements:
            say(f"  {runtime.name} does not run {entry.element} models")
        elif runtime.adapter == "builtin":
            refusal = registry.runtimes.refusal(runtime, contents, project.firmware, project.templates)
            say(f"  {runtime.name} {f'does not run it: {refusal}' if refusal else 'runs it'}")
