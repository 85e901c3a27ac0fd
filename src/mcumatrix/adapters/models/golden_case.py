"""The digit that is built into the firmware, with its golden answer."""

from mcumatrix.adapters.models.digits import first_with_label, input_bytes, read_digits
from mcumatrix.adapters.models.golden import read_golden
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from mcumatrix.hashing import hash_file
from mcumatrix.model.catalogue import Model
from mcumatrix.model.golden import GoldenCase


def read_golden_case(entry: Model) -> GoldenCase:
    """Reads the first digit with the entry's label, as input of its model, and what the model must answer.

    Raises:
        ModelError: a file cannot be read, or they do not belong together.
    """
    digits = read_digits(entry.digits)
    digit = first_with_label(digits, entry.digit_label)
    network = read_network(entry.file, hybrid=entry.is_hybrid)
    golden = read_golden(entry.golden, entry.file.read_bytes())
    if len(golden.outputs) != len(digits):
        raise ModelError(
            f"{entry.golden} has answers to {len(golden.outputs)} digits; {entry.digits} has {len(digits)}.",
            hint="Make it again: python -m tools.models.make_golden",
        )
    return GoldenCase(
        input=input_bytes(digit, network.input),
        values=golden.outputs[digits.index(digit)],
        tolerance=golden.tolerance,
        golden_sha256=hash_file(entry.golden),
    )
