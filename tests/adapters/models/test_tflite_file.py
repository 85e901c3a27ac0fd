import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import tflite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.models.variables import make_adding_up
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin import render_builtin
from mcumatrix.errors import ModelError, RenderError
from mcumatrix.model.network import (
    Activation,
    ConvolutionOptions,
    Padding,
    SoftmaxOptions,
    TensorType,
)

MODELS = Path(__file__).parents[3] / "firmware" / "models"
TEMPLATES = Path(__file__).parents[3] / "templates"
SMALL_MODELS = Path(__file__).parent / "data"
EVERY_OPTION = (SMALL_MODELS / "every-option-int8.tflite").read_bytes()
OPERATORS = (SMALL_MODELS / "operators-int8.tflite").read_bytes()
COPY_AGAIN = "Copy it again from where it came from, or convert the model again."


class Patched:
    """A copy of a model in which single fields are overwritten."""

    def __init__(self, data: bytes = EVERY_OPTION) -> None:
        self.data = bytearray(data)
        self.model = tflite.Model.GetRootAs(self.data, 0)
        self.graph = self.model.Subgraphs(0)

    def set(self, table: object, slot: int, text_format: str, value: int) -> None:
        """Overwrites the field with this slot number (as in schema.fbs, from 0 on) of a table."""
        offset = table._tab.Offset(4 + 2 * slot)  # type: ignore[attr-defined]
        assert offset, "the field has its default and is not in the file"
        struct.pack_into(text_format, self.data, table._tab.Pos + offset, value)  # type: ignore[attr-defined]

    def set_element(self, table: object, slot: int, index: int, value: int) -> None:
        """Overwrites an element of a vector of int32; index -1 is its length."""
        start = table._tab.Vector(table._tab.Offset(4 + 2 * slot))  # type: ignore[attr-defined]
        struct.pack_into("<i", self.data, start + 4 * index, value)

    def error(self) -> ModelError:
        with pytest.raises(ModelError) as caught:
            read_network(bytes(self.data))
        return caught.value


@pytest.mark.parametrize("element", ["float32", "int8", "uint8"])
def test_the_benchmarks_network_has_eight_layers(element: str) -> None:
    network = read_network(MODELS / f"mnist-{element}.tflite")
    assert network.input.type == network.output.type == TensorType(element)
    layers = [
        (layer.operator.value, network.input_of(layer, 0).shape, network.output_of(layer).shape)
        for layer in network.layers
    ]
    assert layers == [
        ("DEPTHWISE_CONV_2D", (1, 28, 28, 1), (1, 26, 26, 32)),
        ("MAX_POOL_2D", (1, 26, 26, 32), (1, 13, 13, 32)),
        ("CONV_2D", (1, 13, 13, 32), (1, 11, 11, 64)),
        ("MAX_POOL_2D", (1, 11, 11, 64), (1, 5, 5, 64)),
        ("CONV_2D", (1, 5, 5, 64), (1, 3, 3, 64)),
        ("FULLY_CONNECTED", (1, 3, 3, 64), (1, 64)),
        ("FULLY_CONNECTED", (1, 64), (1, 10)),
        ("SOFTMAX", (1, 10), (1, 10)),
    ]


def test_a_quantised_convolution_has_a_scale_per_output_channel() -> None:
    network = read_network(MODELS / "mnist-int8.tflite")
    weights = network.input_of(network.layers[2], 1)
    assert weights.shape == (64, 3, 3, 32)
    assert len(weights.data) == 18_432
    assert len(weights.quantization.scales) == len(weights.quantization.zero_points) == 64
    assert set(weights.quantization.zero_points) == {0}
    assert network.input.quantization.scales == (struct.unpack("<f", struct.pack("<f", 1 / 255))[0],)
    assert network.input.quantization.zero_points == (-128,)


def test_options_of_operators_are_read() -> None:
    network = read_network(EVERY_OPTION)
    assert network.layers[0].options == ConvolutionOptions(Padding.SAME, 1, 1, 1, 1, Activation.RELU6)
    assert network.layers[1].options == ConvolutionOptions(Padding.SAME, 2, 2)
    assert network.layers[2].options == ConvolutionOptions(Padding.SAME, 1, 1, 2, 2, Activation.RELU)
    assert network.layers[8].options == SoftmaxOptions(beta=0.75)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ModelError) as caught:
        read_network(Path("models/none.tflite"))
    assert str(caught.value) == (
        "Model models/none.tflite cannot be read: No such file or directory.\n"
        "  Check the path: on the command line, or in the model's file in matrix/models."
    )


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture.tflite"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(ModelError) as caught:
        read_network(path)
    assert str(caught.value) == (
        "picture.tflite is not a .tflite file: bytes 4 to 7 are not TFL3.\n"
        "  Give the path of a model that TensorFlow Lite's converter wrote."
    )


def test_half_a_file_is_cut_short() -> None:
    with pytest.raises(ModelError) as caught:
        read_network(EVERY_OPTION[: len(EVERY_OPTION) // 2])
    assert str(caught.value) == f"The model is cut short or damaged.\n  {COPY_AGAIN}"


def test_an_operator_whose_options_are_not_read_has_its_name() -> None:
    patched = Patched()
    code = patched.model.OperatorCodes(patched.graph.Operators(4).OpcodeIndex())
    patched.set(code, 0, "<b", tflite.BuiltinOperator.L2_POOL_2D)
    patched.set(code, 3, "<i", tflite.BuiltinOperator.L2_POOL_2D)
    network = read_network(bytes(patched.data))
    assert (network.layers[4].operator, network.layers[4].options) == ("L2_POOL_2D", None)
    assert network.operators == (
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "L2_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    )


def test_operators_of_one_kind_may_be_added_to_the_schema_later() -> None:
    patched = Patched()
    code = patched.model.OperatorCodes(patched.graph.Operators(4).OpcodeIndex())
    patched.set(code, 3, "<i", 9999)
    assert read_network(bytes(patched.data)).layers[4].operator == "operator number 9999"


def test_a_type_that_is_not_in_the_schema_is_named_with_its_tensor() -> None:
    patched = Patched()
    tensor = patched.graph.Tensors(0)
    patched.set(tensor, 1, "<b", 99)
    assert str(patched.error()) == (
        f"The model: tensor 0 {tensor.Name().decode()!r} has elements of type number 99.\n"
        "  The file is damaged, or made for a later TensorFlow Lite than is known here."
    )


def test_every_type_of_the_schema_has_a_name() -> None:
    codes = {code: name for name, code in vars(tflite.TensorType).items() if isinstance(code, int)}
    assert set(codes.values()) == set(TensorType.__members__)


def test_an_activation_that_is_not_in_the_schema_is_named_with_its_layer() -> None:
    patched = Patched()
    table = patched.graph.Operators(0).BuiltinOptions()
    options = tflite.Conv2DOptions()
    options.Init(table.Bytes, table.Pos)
    patched.set(options, 3, "<b", tflite.ActivationFunctionType.TANH)
    assert read_network(bytes(patched.data)).layers[0].options.activation is Activation.TANH
    patched.set(options, 3, "<b", 77)
    assert (
        str(patched.error()) == f"The model: layer 0 CONV_2D has the unknown activation 77.\n  {COPY_AGAIN}"
    )


def test_hybrid_weights_are_read() -> None:
    network = read_network(SMALL_MODELS / "hybrid.tflite")
    weights = network.input_of(network.layers[0], 1)
    assert (network.input.type, weights.type) == (TensorType.FLOAT32, TensorType.INT8)


def test_the_first_of_several_graphs_is_read() -> None:
    network = read_network(make_adding_up())
    assert network.graph_count == 2
    assert [str(layer) for layer in network.layers] == [
        "layer 0 CALL_ONCE",
        "layer 1 VAR_HANDLE",
        "layer 2 READ_VARIABLE",
        "layer 3 ADD",
        "layer 4 ASSIGN_VARIABLE",
    ]
    assert network.called == ("VAR_HANDLE", "ASSIGN_VARIABLE")
    assert network.element is TensorType.FLOAT32, "what it computes with, not a handle"
    assert (network.variable_count, network.keeps_state) == (2, True)


def test_a_graph_that_is_not_there_is_damage() -> None:
    patched = Patched()
    patched.set_element(patched.model, 2, -1, 2)
    with pytest.raises(ModelError, match="The model is cut short or damaged"):
        read_network(bytes(patched.data))


def test_a_dynamic_shape_is_refused_with_the_tensor() -> None:
    patched = Patched()
    tensor = patched.graph.Tensors(0)
    patched.set_element(tensor, 0, 0, -1)
    assert str(patched.error()) == (
        f"The model: tensor 0 {tensor.Name().decode()!r} has a dynamic shape: [-1, 13, 12, 3].\n"
        "  Convert the model with a fixed batch size, as in keras.Input(shape, batch_size=1)."
    )


def test_a_layer_must_not_read_what_is_computed_later() -> None:
    patched = Patched()
    patched.set_element(patched.graph.Operators(0), 1, 0, patched.graph.Operators(3).Outputs(0))
    assert str(patched.error()) == (
        f"The model: layer 0 CONV_2D reads or writes tensors in the wrong order.\n  {COPY_AGAIN}"
    )


def test_an_output_must_be_computed() -> None:
    patched = Patched()
    patched.set_element(patched.graph, 3, -1, 5)  # the first five layers alone
    assert str(patched.error()) == f"The model: no layer computes the output.\n  {COPY_AGAIN}"


def test_constant_data_of_the_wrong_size_is_refused() -> None:
    patched = Patched()
    operator = patched.graph.Operators(0)
    weights = patched.graph.Tensors(operator.Inputs(1))
    patched.set_element(weights, 0, 1, 4)
    assert str(patched.error()) == (
        f"The model: tensor {operator.Inputs(1)} {weights.Name().decode()!r} has 135 bytes of data and needs"
        f" 180.\n  {COPY_AGAIN}"
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(length=st.integers(0, len(EVERY_OPTION) - 64))
def test_no_part_of_a_file_passes_for_a_model(length: int) -> None:
    with pytest.raises(ModelError):
        read_network(EVERY_OPTION[:length])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(
    model=st.sampled_from([EVERY_OPTION, OPERATORS]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes_give_a_network_or_a_clear_error(model: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(model)
    for position, value in changes:
        data[position % len(data)] ^= value
    try:
        network = read_network(bytes(data))
    except ModelError as error:
        assert error.message
        assert error.hint
    else:
        with suppress(ModelError, RenderError):
            assert render_builtin(network, TEMPLATES)


def test_no_library_is_loaded_to_read_a_model() -> None:
    """To load NumPy takes longer than all else that a report does with a model."""
    script = (
        "import sys; from pathlib import Path\n"
        "from mcumatrix.adapters.models.tflite_file import read_network\n"
        "read_network(Path(sys.argv[1])); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", script, str(MODELS / "mnist-int8.tflite")]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "mcumatrix" in loaded
    assert not {"numpy", "flatbuffers", "tflite"} & set(loaded)
