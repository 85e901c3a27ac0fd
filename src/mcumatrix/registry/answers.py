"""What models are asked, and what they answer: golden cases and labelled sets, read and made."""

from collections.abc import Callable
from dataclasses import replace

from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import Dataset, Model, ModelInput
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.labelled import AskedSet, LabelledSet
from mcumatrix.model.network import Network
from mcumatrix.registry.models import model_contents, network
from mcumatrix.registry.sources import fetched, quiet


def check_element(entry: Model, network: Network) -> None:
    """Raises ModelError: a model computes with something else than its entry says."""
    from mcumatrix.adapters.models.golden_case import check_element

    check_element(entry, network)


def golden_case(entry: Model, asked: AskedSet | None = None) -> GoldenCase:
    """The input that is built into the firmware, with its right answer; and the labelled set, if it is asked.

    Raises:
        ModelError: a file is missing, or they do not belong together.
        SourceError: the model, or its set, cannot be fetched.
        ToolError: an input needs a package that is not installed.
    """
    from mcumatrix.adapters.models.golden_case import read_golden_case

    contents = model_contents(entry)
    case = read_golden_case(entry, contents)
    return case if asked is None else replace(case, labelled=_labelled_set(entry, contents, asked, quiet))


def labelled_set(entry: Model, asked: AskedSet, say: Callable[[str], None] = quiet) -> LabelledSet:
    """As much of the labelled set of a model as is asked; `say` gets a line when it is fetched.

    Raises:
        ModelError: the model has none, or it cannot be read, or does not fit the model.
        SourceError: it, or the model, cannot be fetched.
        ToolError: a sample is an image, and Pillow is not installed.
    """
    return _labelled_set(entry, model_contents(entry, say), asked, say)


def _labelled_set(entry: Model, contents: bytes, asked: AskedSet, say: Callable[[str], None]) -> LabelledSet:
    """As `labelled_set`, for a model file that was read already."""
    from mcumatrix.adapters.models.labelled_set import read_labelled_set

    return read_labelled_set(entry, contents, network(contents), _set_files(entry, say), asked)


def _set_files(entry: Model, say: Callable[[str], None]) -> Dataset:
    """The files of a labelled set, fetched if it is somewhere else. Raises ModelError or SourceError."""
    files = entry.dataset
    if files is None:
        raise ModelError(
            f"The model {entry.name} has no labelled set.",
            hint=f"Name one under `dataset` in matrix/models/{entry.name}.yaml.",
        )
    if files.pin is None:
        return files
    return replace(files, samples=fetched(f"{entry.name}-dataset.npz", files.pin, say))


def make_golden(contents: bytes, source: ModelInput) -> str:
    """The text of the file of golden outputs of a model: what it answers on the host.

    Raises:
        ModelError: the input does not fit, or the model does not run on the host.
        ToolError: the host has no TensorFlow Lite Micro, or an input needs a package that is not installed.
    """
    from mcumatrix.adapters.models.inputs import read_input
    from mcumatrix.adapters.models.make_answer import make_answer

    return make_answer(contents, read_input(source, network(contents)))


def make_set_answers(entry: Model, say: Callable[[str], None] = quiet) -> bytes:
    """The contents of a file of what a model answers on the host to its whole labelled set.

    Raises:
        ModelError: it has none, that does not fit it, or it does not run on the host.
        SourceError: the model, or its set, cannot be fetched.
        ToolError: the host has no TensorFlow Lite Micro, or a sample needs a package that is not installed.
    """
    from mcumatrix.adapters.models.labelled_set import read_inputs
    from mcumatrix.adapters.models.make_answer import make_set_answers

    contents = model_contents(entry, say)
    return make_set_answers(contents, read_inputs(entry, network(contents), _set_files(entry, say)))
