"""Files and numbers become the input tensors of a model."""

import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcumatrix.adapters.models.input_arrays import joined, random_array, read_input_files, split
from mcumatrix.adapters.models.inputs import read_input
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import DigitInput, FileInput, RandomInput
from mcumatrix.model.network import Quantization, Tensor, TensorType

MODELS = Path(__file__).parents[3] / "firmware" / "models"
TWO_INPUTS = read_network(Path(__file__).parent / "data" / "operators-int8.tflite")
MNIST = read_network(MODELS / "mnist-int8.tflite")


def a_tensor(element: TensorType, *shape: int, name: str = "x") -> Tensor:
    return Tensor(0, name, element, shape, Quantization((0.5,), (-3,)))


def read_one(path: Path, tensor: Tensor) -> np.ndarray:
    (array,) = read_input_files([path], [tensor])
    assert (array.dtype.name, array.shape) == (tensor.type.value, tensor.shape)
    return array


def error_of(path: Path, tensor: Tensor) -> str:
    with pytest.raises(ModelError) as caught:
        read_input_files([path], [tensor])
    return str(caught.value).replace(f"{path.parent}/", "")


def test_whole_numbers_of_an_array_are_elements(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[1, -128, 127]]))
    assert read_one(tmp_path / "a.npy", a_tensor(TensorType.INT8, 3, 1)).tolist() == [[1], [-128], [127]]


def test_real_values_of_an_array_are_quantised_to_the_nearest_element(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([0.0, 1.2, -1.3, 1000.0, 0.25, 0.75]))
    values = read_one(tmp_path / "a.npy", a_tensor(TensorType.INT8, 6))
    # In units of 0.5 from -3 on; halves go to the even neighbour.
    assert values.tolist() == [-3, -1, -6, 127, -3, -1]


@pytest.mark.parametrize("element", [TensorType.INT16, TensorType.INT32, TensorType.BOOL, TensorType.FLOAT32])
def test_every_type_that_is_filled_takes_numbers(tmp_path: Path, element: TensorType) -> None:
    np.save(tmp_path / "a.npy", np.array([0, 1]))
    assert read_one(tmp_path / "a.npy", a_tensor(element, 2)).tolist() == [0, 1]


def test_an_archive_has_arrays_for_all_inputs_by_their_names(tmp_path: Path) -> None:
    tensors = [a_tensor(TensorType.INT8, 2, name="left"), a_tensor(TensorType.INT16, 1, name="right")]
    np.savez(tmp_path / "a.npz", right=np.array([300]), left=np.array([1, 2]))
    left, right = read_input_files([tmp_path / "a.npz"], tensors)
    assert (left.tolist(), right.tolist()) == ([1, 2], [300])
    np.savez(tmp_path / "b.npz", np.array([1, 2]), np.array([300]))
    assert [array.tolist() for array in read_input_files([tmp_path / "b.npz"], tensors)] == [[1, 2], [300]]
    np.savez(tmp_path / "c.npz", np.array([1, 2]))
    with pytest.raises(
        ModelError, match=r"c.npz has the arrays arr_0 for 2 inputs\.\n  Name them left, right\."
    ):
        read_input_files([tmp_path / "c.npz"], tensors)


def test_a_table_has_numbers_between_commas_or_blanks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1, 2\n-3; 4\n")
    assert read_one(tmp_path / "a.csv", a_tensor(TensorType.INT8, 2, 2)).tolist() == [[1, 2], [-3, 4]]
    (tmp_path / "b.csv").write_text("1.0 2.0")
    assert read_one(tmp_path / "b.csv", a_tensor(TensorType.INT8, 2)).tolist() == [-1, 1]


def test_bytes_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x01\x00\xff\xff")
    assert read_one(tmp_path / "a.bin", a_tensor(TensorType.INT16, 2)).tolist() == [1, -1]
    assert error_of(tmp_path / "a.bin", a_tensor(TensorType.INT8, 5)) == (
        "a.bin cannot be read as .bin: it has 4 bytes, and the tensor 5.\n"
        "  Look whether it is what its ending says."
    )


def test_pixels_span_the_range_of_elements(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 128], [255, 1]], np.uint8)).save(tmp_path / "a.png")
    grey = read_one(tmp_path / "a.png", a_tensor(TensorType.INT8, 1, 2, 2, 1))
    assert grey.reshape(-1).tolist() == [-128, 0, 127, -127]
    colours = read_one(tmp_path / "a.png", a_tensor(TensorType.FLOAT32, 1, 2, 2, 3))
    expected = (np.array([[0, 128], [255, 1]]) / 255).astype(np.float32)
    np.testing.assert_array_equal(colours[0, :, :, 1], expected)
    assert read_one(tmp_path / "a.png", a_tensor(TensorType.UINT8, 1, 8, 4, 1)).shape == (1, 8, 4, 1)
    assert error_of(tmp_path / "a.png", a_tensor(TensorType.INT8, 4)) == (
        "a.png is an image, and the input 'x' has the shape 4.\n"
        "  Images go into inputs of 1 x height x width x 1 or 3; give other inputs as .npy."
    )


def test_sound_of_16_bits_spans_the_range_of_elements(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(np.array([0, -(2**15), 2**15 - 1], "<i2").tobytes())
    assert read_one(tmp_path / "a.wav", a_tensor(TensorType.INT16, 3)).tolist() == [0, -32768, 32767]
    assert read_one(tmp_path / "a.wav", a_tensor(TensorType.INT8, 3)).tolist() == [0, -128, 127]
    assert read_one(tmp_path / "a.wav", a_tensor(TensorType.FLOAT32, 3)).tolist()[:2] == [0.0, -1.0]


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.png", "a.wav", "a.csv"])
def test_a_file_that_is_not_what_its_ending_says_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xd8 something else")
    assert error_of(tmp_path / name, a_tensor(TensorType.INT8, 1, 2, 2, 1)).startswith(
        f"{name} cannot be read as .{name[2:]}: "
    )


def test_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([1, 128]))
    assert error_of(tmp_path / "a.npy", a_tensor(TensorType.INT8, 2)) == (
        "a.npy has numbers from 1 to 128; the input 'x' has elements of int8.\n"
        "  Whole numbers are elements as they are; write real values with a point."
    )
    assert error_of(tmp_path / "a.npy", a_tensor(TensorType.INT8, 3)) == (
        "a.npy has 2 numbers (2); the input 'x' has 3 (3).\n  Give as many as the model's input has elements."
    )
    np.save(tmp_path / "b.npy", np.array([1.0, np.nan]))
    assert error_of(tmp_path / "b.npy", a_tensor(TensorType.INT8, 2)).startswith(
        "b.npy has values that are no finite numbers."
    )
    assert error_of(tmp_path / "none.npy", a_tensor(TensorType.INT8, 2)) == (
        "The input none.npy cannot be read: No such file or directory.\n"
        "  Check the path: on the command line, or in the model's file in matrix/models."
    )


def test_each_input_has_a_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_input(FileInput((tmp_path / "a.npy",)), TWO_INPUTS)
    assert str(caught.value) == (
        "There are 1 input files for 2 inputs.\n"
        "  Give one for each of 't0', 't1', in this order, or one .npz for all."
    )


def test_a_digit_is_one_input() -> None:
    digit = DigitInput(MODELS / "digits.idx2-ubyte", 2)
    assert len(read_input(digit, MNIST)) == 784
    with pytest.raises(ModelError, match="The model has 2 inputs, and a digit is one"):
        read_input(digit, TWO_INPUTS)


def test_a_number_gives_the_same_elements_for_ever() -> None:
    assert read_input(RandomInput(1), MNIST) == read_input(RandomInput(1), MNIST)
    assert read_input(RandomInput(1), MNIST) != read_input(RandomInput(2), MNIST)
    assert read_input(RandomInput(1), MNIST)[:8].hex() == "d3d15fdaaa458ac2"
    first, second = split(read_input(RandomInput(1), TWO_INPUTS), TWO_INPUTS.input_tensors)
    assert not np.array_equal(first, second)


def test_random_elements_span_the_range_of_their_type() -> None:
    bytes_ = random_array(a_tensor(TensorType.INT8, 5000), 1, 0)
    assert (bytes_.min(), bytes_.max()) == (-128, 127)
    floats = random_array(a_tensor(TensorType.FLOAT32, 5000), 1, 0)
    assert -1 <= floats.min() < -0.99 and 0.99 < floats.max() < 1
    assert set(random_array(a_tensor(TensorType.INT32, 5000), 1, 0).tolist()) == set(range(8))
    assert set(random_array(a_tensor(TensorType.BOOL, 50), 1, 0).tolist()) == {False, True}


def test_inputs_lie_one_behind_the_other() -> None:
    data = joined([np.array([1, 2], np.int16), np.array([3.0], np.float32)])
    assert data == b"\x01\x00\x02\x00" + np.float32(3).tobytes()


def test_an_input_of_a_type_that_nobody_fills_is_refused() -> None:
    tensors = tuple(
        Tensor(t.index, t.name, TensorType.FLOAT16 if t.index == 0 else t.type, t.shape)
        for t in MNIST.tensors
    )
    network = type(MNIST)(tensors, MNIST.layers, (0,), MNIST.outputs)
    with pytest.raises(ModelError, match="has elements of type float16"):
        read_input(RandomInput(1), network)
