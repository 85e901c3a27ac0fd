"""What a model is asked, as the firmware gets it, from whatever its catalogue entry names."""

from mcumatrix.adapters.models.digits import first_with_label, input_bytes, read_digits
from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import DigitInput, FileInput, ModelInput, RandomInput
from mcumatrix.model.network import Network, TensorType

_FILLED = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.UINT8,
    TensorType.INT16,
    TensorType.INT32,
    TensorType.INT64,
    TensorType.BOOL,
)


def read_input(source: ModelInput, network: Network) -> bytes:
    """The input tensors of a network: little-endian, row-major, one behind the other.

    Raises:
        ModelError: a file cannot be read, or does not fit the model.
        ToolError: it is an image, and Pillow is not installed.
    """
    # numpy takes longer to load than digits take to be read.
    for tensor in network.input_tensors:
        if tensor.type not in _FILLED:
            raise ModelError(
                f"The model's input {tensor.name!r} has elements of type {tensor.type}.",
                hint=f"Convert the model with one of the types that are filled: {', '.join(_FILLED)}.",
            )
    match source:
        case DigitInput(file, label):
            if len(network.inputs) != 1:
                raise ModelError(
                    f"The model has {len(network.inputs)} inputs, and a digit is one.",
                    hint="Give its entry the key input in place of digits and digit_label.",
                )
            return input_bytes(first_with_label(read_digits(file), label), network.input)
        case FileInput(files):
            from mcumatrix.adapters.models.input_arrays import joined, read_input_files

            return joined(read_input_files(files, network.input_tensors))
        case RandomInput(seed):
            from mcumatrix.adapters.models.input_arrays import joined, random_array

            tensors = enumerate(network.input_tensors)
            return joined([random_array(tensor, seed, index) for index, tensor in tensors])
