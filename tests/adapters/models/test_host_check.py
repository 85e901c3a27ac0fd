"""What is said of a model before it is built."""

from dataclasses import replace
from pathlib import Path

import pytest
import tflite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcumatrix.adapters.models import host_check
from mcumatrix.adapters.models.host_check import (
    ModelProblem,
    ProblemKind,
    check_model,
    is_judged_by_trial,
    summarise,
    trial_problems,
)
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import Trial, TrialStatus, try_model
from mcumatrix.model.catalogue import Element, Runtime
from mcumatrix.model.network import Layer, Operator, TensorType

MODELS = Path(__file__).parents[3] / "firmware" / "models"
SMALL_MODELS = Path(__file__).parent / "data"
HYBRID = (MODELS / "mnist-hybrid.tflite").read_bytes()
TFLM_1_14 = Runtime("tflm-1.14.0", "tflm", ("reference",), (Element.FLOAT32, Element.UINT8))
TFLM_2_1 = Runtime("tflm-2.1.0", "tflm", ("reference",), (Element.FLOAT32, Element.UINT8, Element.INT8))
BUILTIN = Runtime("builtin", "builtin", ("reference",), (Element.FLOAT32, Element.INT8))


def sentences(problems: tuple[ModelProblem, ...]) -> list[str]:
    return [problem.sentence for problem in problems]


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        *((name, TFLM_1_14) for name in ("float32", "uint8")),
        *((name, TFLM_2_1) for name in ("float32", "uint8", "int8")),
        *((name, BUILTIN) for name in ("float32", "int8")),
    ],
)
def test_a_model_that_fits_has_no_problem(name: str, runtime: Runtime) -> None:
    problems = check_model((MODELS / f"mnist-{name}.tflite").read_bytes(), runtime)
    assert problems == ()
    assert summarise(problems, runtime) == ""


def test_kernels_that_do_not_look_read_hybrid_weights_as_floats() -> None:
    problems = check_model(HYBRID, TFLM_2_1, refusing=())
    assert problems[0] == ModelProblem(
        ProblemKind.HYBRID_GARBAGE,
        2,
        "CONV_2D",
        "layer 2 CONV_2D has hybrid weights (int8) with float32 activations: tflm-2.1.0 reads them as floats"
        " and returns garbage",
    )
    assert summarise(problems, TFLM_2_1) == (
        "this will return garbage on tflm-2.1.0: hybrid weights in layers 2, 4, 5"
    )


def test_one_kernel_that_refuses_is_enough() -> None:
    problems = check_model(HYBRID, TFLM_2_1, refusing={Operator.FULLY_CONNECTED})
    assert {problem.kind for problem in problems} == {ProblemKind.HYBRID_REFUSED}
    with_activations = "has hybrid weights (int8) with float32 activations"
    assert sentences(problems) == [
        f"layer 2 CONV_2D {with_activations}: tflm-2.1.0 reads them as floats",
        f"layer 4 CONV_2D {with_activations}: tflm-2.1.0 reads them as floats",
        f"layer 5 FULLY_CONNECTED {with_activations}: tflm-2.1.0 refuses them",
    ]
    assert summarise(problems, TFLM_2_1) == ("tflm-2.1.0 will refuse this: hybrid weights in layers 2, 4, 5")


def test_a_runtime_without_int8_refuses_int8_weights_too() -> None:
    problems = check_model(HYBRID, TFLM_1_14)
    assert sentences(problems)[0] == (
        "layer 2 CONV_2D has hybrid weights (int8) with float32 activations: tflm-1.14.0 has no int8 tensors"
        " and refuses the model"
    )
    assert {problem.kind for problem in problems} == {ProblemKind.HYBRID_REFUSED}


def test_of_a_runtime_that_is_not_known_both_are_said() -> None:
    problems = check_model((SMALL_MODELS / "hybrid.tflite").read_bytes(), TFLM_2_1)
    assert problems == (
        ModelProblem(
            ProblemKind.HYBRID,
            0,
            "FULLY_CONNECTED",
            "layer 0 FULLY_CONNECTED has hybrid weights (int8) with float32 activations: old versions read"
            " them as floats and return garbage; later versions refuse them",
        ),
    )
    assert summarise(problems, TFLM_2_1) == ("this will not work on tflm-2.1.0: hybrid weights in layer 0")


def test_an_element_that_the_runtime_does_not_have_is_said_once() -> None:
    problems = check_model((MODELS / "mnist-uint8.tflite").read_bytes(), BUILTIN)
    assert problems == (
        ModelProblem(
            ProblemKind.ELEMENT,
            0,
            "DEPTHWISE_CONV_2D",
            "layer 0 DEPTHWISE_CONV_2D computes with uint8; builtin has float32, int8",
        ),
    )
    assert summarise(problems, BUILTIN) == (
        "builtin will not run this: layer 0 DEPTHWISE_CONV_2D computes with uint8; builtin has float32, int8"
    )


def with_operator(number: int) -> bytes:
    """A model whose layers 1 and 3 are of another operator."""
    data = bytearray((MODELS / "mnist-float32.tflite").read_bytes())
    model = tflite.Model.GetRootAs(data, 0)
    code = model.OperatorCodes(model.Subgraphs(0).Operators(1).OpcodeIndex())
    for slot in (0, 3):
        data[code._tab.Pos + code._tab.Offset(4 + 2 * slot)] = number
    return bytes(data)


def test_a_custom_operator_may_work_with_elements_that_the_runtime_has_not() -> None:
    compressed = (MODELS / "mnist-int8-lut.tflite").read_bytes()
    assert TensorType.UINT8 in {tensor.type for tensor in read_network(compressed).tensors}
    assert check_model(compressed, replace(TFLM_2_1, elements=(Element.INT8,))) == ()


def test_nothing_is_said_of_operators_that_a_library_may_have() -> None:
    assert check_model(with_operator(tflite.BuiltinOperator.L2_POOL_2D), TFLM_2_1) == ()


def test_a_layer_that_computes_nothing_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    model = (MODELS / "mnist-int8.tflite").read_bytes()
    network = read_network(model)
    called = replace(network, layers=(Layer(0, "CALL_ONCE", (), ()), *network.layers))
    monkeypatch.setattr(host_check, "read_network", lambda _model: called)
    assert check_model(model, TFLM_2_1) == ()


def test_a_file_that_cannot_be_read_is_a_problem_too() -> None:
    assert check_model(b"no model", TFLM_2_1) == (
        ModelProblem(
            ProblemKind.UNREADABLE, None, "", "The model is not a .tflite file: bytes 4 to 7 are not TFL3."
        ),
    )


FLOAT32 = read_network(MODELS / "mnist-float32.tflite")
UINT8 = read_network(MODELS / "mnist-uint8.tflite")


def test_what_refuses_a_model_on_the_host_is_said_in_its_own_words() -> None:
    network = read_network(HYBRID)
    problems = trial_problems(try_model(HYBRID, network), network)
    assert summarise(problems, TFLM_2_1) == (
        "TensorFlow Lite Micro on the host refuses it: tensorflow/lite/micro/kernels/conv_common.cc Hybrid"
        " models are not supported on TFLite Micro. Node CONV_2D (number 2) failed to prepare with status 1"
    )


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (TrialStatus.RUNS, ""),
        (TrialStatus.REFUSES, "TensorFlow Lite Micro on the host refuses it: why"),
        (TrialStatus.CRASHES, "TensorFlow Lite Micro on the host crashes: why"),
        (TrialStatus.NOT_TRIED, ""),
    ],
)
def test_only_a_trial_that_went_wrong_speaks_against_a_model(status: TrialStatus, sentence: str) -> None:
    assert summarise(trial_problems(Trial(status, "why"), FLOAT32), TFLM_2_1) == sentence


def test_a_release_that_no_longer_has_uint8_does_not_judge_it() -> None:
    assert is_judged_by_trial(FLOAT32)
    assert not is_judged_by_trial(UINT8)
    assert trial_problems(Trial(TrialStatus.REFUSES, "Type UINT8 (3) not supported."), UINT8) == ()


SMALL_HYBRID = (SMALL_MODELS / "hybrid.tflite").read_bytes()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(position=st.integers(0, len(SMALL_HYBRID) - 1), value=st.integers(0, 255))
def test_of_a_damaged_file_a_sentence_is_said_or_nothing(position: int, value: int) -> None:
    data = bytearray(SMALL_HYBRID)
    data[position] ^= value
    for problem in check_model(bytes(data), TFLM_2_1):
        assert problem.sentence
