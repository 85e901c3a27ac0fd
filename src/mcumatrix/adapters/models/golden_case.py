"""The input that is built into the firmware, with its golden answer."""

from mcumatrix.adapters.models.digits import first_with_label, read_digits
from mcumatrix.adapters.models.golden import read_golden
from mcumatrix.adapters.models.golden_answer import read_answer
from mcumatrix.adapters.models.inputs import read_input
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from mcumatrix.hashing import hash_file
from mcumatrix.model.catalogue import DigitInput, Model
from mcumatrix.model.golden import GoldenCase, GoldenOutput
from mcumatrix.model.network import Network


def read_golden_case(entry: Model, model: bytes) -> GoldenCase:
    """Reads what a model is asked, and what it must answer. `model` is its .tflite file.

    Raises:
        ModelError: a file cannot be read, or they do not belong together.
        ToolError: an input needs a package that is not installed.
    """
    network = read_network(model)
    check_element(entry, network)
    inputs = read_input(entry.input, network)
    if isinstance(entry.input, DigitInput):
        outputs: tuple[GoldenOutput, ...] = (_golden_of_digit(entry, entry.input, model),)
    else:
        outputs = read_answer(entry.golden, model, inputs, f"Make it again: doit model {entry.name}")
    if len(outputs) != len(network.outputs):
        raise ModelError(
            f"{entry.golden} has {len(outputs)} outputs; the model has {len(network.outputs)}.",
            hint=f"Make it again: doit model {entry.name}",
        )
    return GoldenCase(input=inputs, outputs=outputs, golden_sha256=hash_file(entry.golden))


def check_element(entry: Model, network: Network) -> None:
    """Which runtimes can have a model is known from its entry, before anything is fetched.

    Raises:
        ModelError: the entry does not say what the model computes with.
    """
    if network.element.value != entry.element:
        raise ModelError(
            f"The model {entry.name} computes with {network.element}; its entry says {entry.element}.",
            hint=f"Write `element: {network.element}` into matrix/models/{entry.name}.yaml.",
        )


def _golden_of_digit(entry: Model, source: DigitInput, model: bytes) -> GoldenOutput:
    digits = read_digits(source.file)
    golden = read_golden(entry.golden, model)
    if len(golden.outputs) != len(digits):
        raise ModelError(
            f"{entry.golden} has answers to {len(golden.outputs)} digits; {source.file} has {len(digits)}.",
            hint="Make it again: python -m tools.models.make_golden",
        )
    digit = first_with_label(digits, source.label)
    return GoldenOutput(golden.outputs[digits.index(digit)], golden.tolerance)
