"""What a model must answer to its one input, made and read again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflite

from adapters.models.variables import BEGIN, make_adding_up
from mcumatrix.adapters.models import tflm_host
from mcumatrix.adapters.models.golden_answer import read_answer, render_answer
from mcumatrix.adapters.models.golden_case import read_golden_case
from mcumatrix.adapters.models.inputs import read_input
from mcumatrix.adapters.models.make_answer import make_answer
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import Element, Model, RandomInput

MODELS = Path(__file__).parents[3] / "firmware" / "models"
DATA = Path(__file__).parent / "data"
OPERATORS = (DATA / "operators-int8.tflite").read_bytes()
FLOATS = (DATA / "operators-float32.tflite").read_bytes()
NETWORK = read_network(OPERATORS)
INPUTS = read_input(RandomInput(1), NETWORK)
MAKE_AGAIN = "Make it again: doit model m"


def an_entry(folder: Path, text: str | None = None, **changes: object) -> Model:
    if text is not None:
        (folder / "m.json").write_text(text)
    entry = Model("m", Element.INT8, folder / "m.tflite", folder / "m.json", RandomInput(1))
    return replace(entry, **changes)  # type: ignore[arg-type]


def error_of(entry: Model, model: bytes = OPERATORS) -> str:
    with pytest.raises(ModelError) as caught:
        read_golden_case(entry, model)
    return str(caught.value).replace(f"{entry.golden.parent}/", "")


def test_what_was_made_is_read_again_with_all_outputs(tmp_path: Path) -> None:
    case = read_golden_case(an_entry(tmp_path, make_answer(OPERATORS, INPUTS)), OPERATORS)
    assert case.input == INPUTS
    assert [len(output.values) for output in case.outputs] == [7, 432, 40]
    assert [output.tolerance for output in case.outputs] == [0, 0, 0]
    assert all(value == int(value) for output in case.outputs for value in output.values)


def test_the_same_model_and_input_give_the_same_file() -> None:
    assert make_answer(OPERATORS, INPUTS) == make_answer(OPERATORS, INPUTS)


def test_a_file_says_who_answered_to_what() -> None:
    content = json.loads(make_answer(OPERATORS, INPUTS))
    assert (content["package"], content["schema"]) == ("tflite-micro", 2)
    assert [output["name"] for output in content["outputs"]] == ["t13", "t2", "t9"]
    assert [output["shape"] for output in content["outputs"]] == [[1, 7], [1, 9, 8, 6], [1, 8, 5]]


def test_floats_may_differ_by_a_share_of_the_largest(tmp_path: Path) -> None:
    inputs = read_input(RandomInput(1), read_network(FLOATS))
    outputs = read_golden_case(
        an_entry(tmp_path, make_answer(FLOATS, inputs), element=Element.FLOAT32), FLOATS
    ).outputs
    largest = [max(map(abs, output.values)) for output in outputs]
    assert [output.tolerance for output in outputs] == [1e-5 * max(1.0, one) for one in largest]


@pytest.mark.parametrize("name", sorted(path.stem for path in MODELS.glob("mlperf-*.tflite")))
def test_the_committed_answers_are_those_of_the_committed_models(name: str) -> None:
    model = (MODELS / f"{name}.tflite").read_bytes()
    text = make_answer(model, read_input(RandomInput(1), read_network(model)))
    assert text == (MODELS / "golden" / f"{name}.json").read_text()


def test_answers_of_another_model_or_to_another_input_are_stale(tmp_path: Path) -> None:
    entry = an_entry(tmp_path, make_answer(OPERATORS, INPUTS))
    changed = bytearray(OPERATORS)
    changed[OPERATORS.index(b"mcumatrix")] = ord("M")
    assert error_of(entry, bytes(changed)) == (
        f"Golden outputs m.json were made from another model.\n  {MAKE_AGAIN}"
    )
    assert error_of(replace(entry, input=RandomInput(2))) == (
        f"Golden outputs m.json were made from another input.\n  {MAKE_AGAIN}"
    )


def test_answers_that_are_not_there_are_made_by_a_command(tmp_path: Path) -> None:
    assert error_of(an_entry(tmp_path)) == (
        f"Golden outputs m.json cannot be read: No such file or directory.\n  {MAKE_AGAIN}"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 2, "outputs": 3}'])
def test_a_file_that_holds_no_answers_is_refused(tmp_path: Path, text: str) -> None:
    assert error_of(an_entry(tmp_path, text)) == f"m.json does not hold golden outputs.\n  {MAKE_AGAIN}"


def test_an_answer_without_an_output_is_refused(tmp_path: Path) -> None:
    content = json.loads(make_answer(OPERATORS, INPUTS))
    del content["outputs"][2]
    assert error_of(an_entry(tmp_path, json.dumps(content))) == (
        f"m.json has 2 outputs; the model has 3.\n  {MAKE_AGAIN}"
    )


def test_an_entry_with_another_type_than_its_file_is_refused(tmp_path: Path) -> None:
    entry = an_entry(tmp_path, make_answer(OPERATORS, INPUTS), element=Element.INT16)
    assert error_of(entry) == (
        "The model m computes with int8; its entry says int16.\n"
        "  Write `element: int8` into matrix/models/m.yaml."
    )


def test_an_answer_that_is_not_finite_is_refused() -> None:
    network = read_network(FLOATS)
    outputs = [np.full(tensor.shape, np.nan, np.float32) for tensor in network.output_tensors]
    with pytest.raises(ModelError, match="The output 't13' is not finite"):
        render_answer(FLOATS, b"", outputs, network, {})


def test_a_model_that_the_library_refuses_has_no_answers() -> None:
    model = (MODELS / "mnist-uint8.tflite").read_bytes()
    with pytest.raises(ModelError) as caught:
        make_answer(model, bytes(784))
    assert caught.value.message.endswith(
        "on the host refuses the model: Type UINT8 (3) not supported."
        " Node MAX_POOL_2D (number 1) failed to prepare with status 1"
    )


def test_a_custom_operator_that_the_host_has_not_is_its_to_refuse() -> None:
    model = bytearray(OPERATORS)
    root = tflite.Model.GetRootAs(model, 0)
    code = root.OperatorCodes(root.Subgraphs(0).Operators(3).OpcodeIndex())
    for slot in (0, 3):
        model[code._tab.Pos + code._tab.Offset(4 + 2 * slot)] = tflite.BuiltinOperator.CUSTOM
    with pytest.raises(ModelError) as caught:
        make_answer(bytes(model), INPUTS)
    assert str(caught.value) == (
        f"TensorFlow Lite Micro {tflm_host.version()} on the host refuses the model: Operator with CUSTOM"
        " builtin_code has no custom_code. Failed to get registration from op code CUSTOM\n"
        "  Golden outputs of what it does not run have to come from elsewhere; see docs/models.md."
    )


def test_of_a_model_that_keeps_a_state_it_is_the_first_answer() -> None:
    model = make_adding_up()
    asked = np.array([1, 2, 3, 4], "<f4")
    (output,) = json.loads(make_answer(model, asked.tobytes()))["outputs"]
    assert output["values"] == (BEGIN + asked).tolist()


def test_read_answer_says_how_to_make_it_again(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="\n  do this"):
        read_answer(tmp_path / "none.json", b"", b"", "do this")
