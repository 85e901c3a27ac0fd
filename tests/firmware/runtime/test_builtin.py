"""The promise of the builtin runtime: the compiled ARM code answers as TensorFlow Lite Micro does."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.adapters.models.digits import Digit, input_bytes, read_digits
from mcumatrix.adapters.models.golden import read_golden
from mcumatrix.adapters.models.tflm_host import TflmHost
from mcumatrix.model.network import Tensor, TensorType

MODELS = Path(__file__).parents[3] / "firmware" / "models"
LIBRARY = Path(__file__).parents[3] / "firmware" / "runtime" / "builtin"
SMALL_MODELS = Path(__file__).parents[2] / "adapters" / "models" / "data"
ALL_KERNELS = ("reference", "simd")
ELEMENTS = ("float32", "int8")

ALL_INT8 = (("reference", "cortex-m7"), ("simd", "cortex-m7"), ("simd", "cortex-m4"))
"""Kernels, and the core that they are compiled for: the order of instructions of some depends on it."""

MachineOf = Callable[..., object]


def digit_array(digit: Digit, tensor: Tensor) -> np.ndarray:
    return np.frombuffer(input_bytes(digit, tensor), dtype=tensor.type).reshape(tensor.shape)


def random_values(generator: np.random.Generator, tensor: Tensor, limit: float) -> np.ndarray:
    if tensor.type is TensorType.INT8:
        return generator.integers(-128, 128, tensor.shape, np.int8)
    return generator.uniform(-limit, limit, tensor.shape).astype(np.float32)


def assert_same(actual: np.ndarray, expected: np.ndarray, label: str) -> None:
    """int8: bit for bit. float32: within 1e-5 of the largest value of the layer, or of 1 if that is smaller.

    A sum of hundreds of products near 30 cannot be within 1e-5 absolutely: float32 has 24 bits.
    """
    assert actual.shape == expected.shape, label
    if actual.dtype == np.int8:
        np.testing.assert_array_equal(actual, expected, err_msg=label)
    else:
        largest = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * largest, err_msg=label)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("kernels", ALL_KERNELS)
def test_digits_of_all_classes_give_the_golden_outputs(
    machine: MachineOf, kernels: str, element: str
) -> None:
    path = MODELS / f"mnist-{element}.tflite"
    golden = read_golden(MODELS / "golden" / f"mnist-{element}.json", path.read_bytes())
    board = machine(kernels, element, path)
    digits = read_digits(MODELS / "digits.idx2-ubyte")
    assert len(digits) == len(golden.outputs) == 100
    tried = list(zip(digits, golden.outputs, strict=True))[::4]
    assert {digit.label for digit, _ in tried} == set(range(10))
    for digit, expected in tried:
        answer = board.run(digit_array(digit, board.network.input)).output.reshape(-1)
        error = np.abs(answer.astype(np.float64) - np.array(expected)).max()
        assert error <= golden.tolerance, (digit, answer, expected)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("kernels", ALL_KERNELS)
def test_every_layer_answers_as_tensorflow_lite_micro_does(
    machine: MachineOf, kernels: str, element: str
) -> None:
    path = MODELS / f"mnist-{element}.tflite"
    board, host = machine(kernels, element, path), TflmHost(path.read_bytes())
    for digit in read_digits(MODELS / "digits.idx2-ubyte")[15:100:60]:
        values = digit_array(digit, board.network.input)
        expected = host.run_layers(board.network, values)
        for layer, actual, wanted in zip(
            board.network.layers, board.run(values).layers, expected, strict=True
        ):
            assert_same(actual, wanted, f"{layer} of digit {digit.label}")


@pytest.mark.parametrize(
    ("element", "kernels", "core"),
    [
        *(("float32", kernels, "cortex-m7") for kernels in ALL_KERNELS),
        *(("int8", *each) for each in ALL_INT8),
    ],
)
@pytest.mark.parametrize("model", ["every-option", "operators", "softmax"])
def test_what_the_benchmark_does_not_use_answers_as_tensorflow_lite_micro_does(
    machine: MachineOf, element: str, kernels: str, core: str, model: str
) -> None:
    # Padding, strides, dilation, odd sizes; see the models' script.
    path = SMALL_MODELS / f"{model}-{element}.tflite"
    board = machine(kernels, element, path, core)
    host = TflmHost(path.read_bytes(), len(board.network.outputs))
    generator = np.random.default_rng(5)
    for run in range(10):
        inputs = [random_values(generator, tensor, 30) for tensor in board.network.input_tensors]
        expected = host.run_layers(board.network, *inputs)
        answer = board.run(*inputs)
        for layer, actual, wanted in zip(board.network.layers, answer.layers, expected, strict=True):
            assert_same(actual, wanted, f"{layer} of run {run}")
        for index, (actual, wanted) in enumerate(zip(answer.outputs, host.run(*inputs), strict=True)):
            assert_same(actual, wanted, f"output {index} of run {run}")


@pytest.mark.parametrize(("kernels", "core"), ALL_INT8)
@pytest.mark.parametrize("model", ["kws", "resnet", "vww", "autoencoder"])
def test_the_networks_of_mlperf_tiny_answer_bit_for_bit(
    machine: MachineOf, kernels: str, core: str, model: str
) -> None:
    path = MODELS / f"mlperf-{model}.tflite"
    board, host = machine(kernels, "int8", path, core), TflmHost(path.read_bytes())
    values = random_values(np.random.default_rng(6), board.network.input, 0)
    expected = host.run_layers(board.network, values)
    for layer, actual, wanted in zip(board.network.layers, board.run(values).layers, expected, strict=True):
        assert_same(actual, wanted, str(layer))


def test_a_layer_is_timed_from_the_start_to_the_end_of_its_kernel(machine: MachineOf) -> None:
    # In harness.c each reading of the cycle counter takes one cycle: two readings around each kernel.
    path = MODELS / "mnist-int8.tflite"
    board = machine("simd", "int8", path)
    answer = board.run(np.zeros(board.network.input.shape, np.int8))
    assert answer.cycles == [1] * len(board.network.layers)


def test_the_same_input_gives_the_same_answer_again(machine: MachineOf) -> None:
    # An inference may overwrite its input, and must not leave anything behind for the next one.
    path = MODELS / "mnist-int8.tflite"
    board = machine("simd", "int8", path)
    first, other = read_digits(MODELS / "digits.idx2-ubyte")[20:22]
    before = board.run(digit_array(first, board.network.input))
    board.run(digit_array(other, board.network.input))
    after = board.run(digit_array(first, board.network.input))
    for one, two in zip(before.layers, after.layers, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("-DMCUMATRIX_KERNELS=fast", 'MCUMATRIX_KERNELS is "fast"; it must be reference or simd.'),
        ("-DMCUMATRIX_ELEMENT=uint8", 'MCUMATRIX_ELEMENT is "uint8"; it must be float32 or int8.'),
    ],
)
def test_a_library_that_does_not_exist_is_refused_before_it_is_compiled(
    tmp_path: Path, definition: str, message: str
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.25)\nproject(none NONE)\nadd_subdirectory({LIBRARY} builtin)\n"
    )
    good = ["-DMCUMATRIX_KERNELS=simd", "-DMCUMATRIX_ELEMENT=int8"]
    command = ["cmake", "-G", "Ninja", "-S", str(tmp_path), "-B", str(tmp_path / "build"), *good, definition]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert message in done.stderr
