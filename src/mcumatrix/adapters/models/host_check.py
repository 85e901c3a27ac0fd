"""A look at a model before anything is flashed: what a runtime will not run, or will run wrongly.

A hybrid model has weights that were quantised alone: integers, with float32 activations. No release of
TensorFlow Lite Micro computes them. What a release does with them depends on each kernel. One that compares
the types of input and weights in its Prepare or Eval ("Hybrid models are not supported on TFLite Micro.")
refuses the model; one that looks at the input's type alone reads the integers as floats. A release that knows
no int8 at all (TensorFlow 1.14.0) refuses the tensor ("Only float32, int16, int32, int64, uint8, bool,
complex64 supported currently.", tensorflow/lite/experimental/micro/simple_tensor_allocator.cc).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import Trial, TrialStatus
from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import Element, Runtime
from mcumatrix.model.network import Layer, Network, Tensor, TensorType, is_custom, is_hybrid


class ProblemKind(StrEnum):
    """What is the matter with a layer."""

    UNREADABLE = "unreadable"
    ELEMENT = "element"
    HYBRID_REFUSED = "hybrid-refused"
    HYBRID_GARBAGE = "hybrid-garbage"
    HYBRID = "hybrid"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class ModelProblem:
    """Something that a runtime will not run as it is meant. `layer` is None where it is about the whole file.

    HYBRID is for runtimes of which it is not known whether they refuse such weights. TRIAL is what today's
    library says on the host, whatever the runtime is.
    """

    kind: ProblemKind
    layer: int | None
    operator: str
    sentence: str


def check_model(
    model: bytes, runtime: Runtime, refusing: Collection[str] | None = None
) -> tuple[ModelProblem, ...]:
    """What a runtime will not run of a .tflite file, in the order of layers; empty if there is nothing.

    `refusing` are the operators whose kernels refuse hybrid weights, all of them for a runtime that reads
    models on the host; None if that is not known.
    """
    try:
        network = read_network(model)
        return tuple(_check_network(network, runtime, refusing))
    except ModelError as error:
        return (ModelProblem(ProblemKind.UNREADABLE, None, "", error.message),)


def summarise(problems: tuple[ModelProblem, ...], runtime: Runtime) -> str:
    """One sentence for all problems of a model on a runtime; empty if there are none."""
    if not problems:
        return ""
    hybrid = [problem for problem in problems if problem.kind in _HYBRID_VERDICTS]
    if problems[0].kind is ProblemKind.TRIAL:
        return problems[0].sentence
    if not hybrid:
        return f"{runtime.name} will not run this: {problems[0].sentence}"
    verdict = _HYBRID_VERDICTS[hybrid[0].kind].format(name=runtime.name)
    layers = [str(problem.layer) for problem in hybrid]
    return f"{verdict}: hybrid weights in layer{'s' if len(layers) > 1 else ''} {', '.join(layers)}"


_HYBRID_VERDICTS = {
    ProblemKind.HYBRID_GARBAGE: "this will return garbage on {name}",
    ProblemKind.HYBRID_REFUSED: "{name} will refuse this",
    ProblemKind.HYBRID: "this will not work on {name}",
}


def trial_problems(trial: Trial, network: Network) -> tuple[ModelProblem, ...]:
    """What a trial of a model on the host has shown, if today's release of the library can judge it at all.

    It no longer has uint8, which says nothing of releases that do.
    """
    if trial.status not in (TrialStatus.REFUSES, TrialStatus.CRASHES) or not is_judged_by_trial(network):
        return ()
    verb = "refuses it" if trial.status is TrialStatus.REFUSES else "crashes"
    sentence = f"TensorFlow Lite Micro on the host {verb}: {trial.said}"
    return (ModelProblem(ProblemKind.TRIAL, None, "", sentence),)


def is_judged_by_trial(network: Network) -> bool:
    """Whether today's release computes with the elements of a model: it does no more with uint8."""
    return network.element is not TensorType.UINT8


_ALL_ELEMENTS = {TensorType(element) for element in Element}
"""What models are quantised to. Shapes, indices and truth values beside them have types of their own."""


def _check_network(
    network: Network, runtime: Runtime, refusing: Collection[str] | None
) -> Iterator[ModelProblem]:
    hybrid = tuple(_hybrid_layers(network))
    kind = _hybrid_kind(hybrid, runtime, refusing)
    weights_of = {layer: weights for layer, _, weights in hybrid}
    elements, said = _types(runtime), set[TensorType]()
    for layer in network.layers:
        for tensor in _activations(network, layer):
            if tensor is not None and tensor.type in _ALL_ELEMENTS - elements - said:
                said.add(tensor.type)
                sentence = (
                    f"{layer} computes with {tensor.type}; {runtime.name} has {', '.join(runtime.elements)}"
                )
                yield ModelProblem(ProblemKind.ELEMENT, layer.index, layer.operator, sentence)
        if layer.index in weights_of:
            weights = weights_of[layer.index]
            sentence = (
                f"{layer} has hybrid weights ({weights.type}) with float32 activations:"
                f" {_consequence(kind, layer.operator, weights, runtime, refusing)}"
            )
            yield ModelProblem(kind, layer.index, layer.operator, sentence)


def _activations(network: Network, layer: Layer) -> tuple[Tensor | None, ...]:
    """What a layer computes with. Of a custom operator that is its own business."""
    if is_custom(layer.operator):
        return ()
    return (network.input_of(layer, 0), *(network.tensors[at] for at in layer.outputs[:1]))


def _hybrid_layers(network: Network) -> Iterator[tuple[int, str, Tensor]]:
    for layer in network.layers:
        source, weights = network.input_of(layer, 0), network.input_of(layer, 1)
        # The second input of RESHAPE is a shape, and is int32.
        if source is not None and weights is not None and is_hybrid(source, weights):
            yield layer.index, layer.operator, weights


def _hybrid_kind(
    hybrid: tuple[tuple[int, str, Tensor], ...],
    runtime: Runtime,
    refusing: Collection[str] | None,
) -> ProblemKind:
    """One for all layers: a single one that is refused stops the whole model."""
    if any(weights.type not in _types(runtime) for _, _, weights in hybrid):
        return ProblemKind.HYBRID_REFUSED
    if refusing is None:
        return ProblemKind.HYBRID
    refused = any(operator in refusing for _, operator, _ in hybrid)
    return ProblemKind.HYBRID_REFUSED if refused else ProblemKind.HYBRID_GARBAGE


def _consequence(
    kind: ProblemKind,
    operator: str,
    weights: Tensor,
    runtime: Runtime,
    refusing: Collection[str] | None,
) -> str:
    if weights.type not in _types(runtime):
        return f"{runtime.name} has no {weights.type} tensors and refuses the model"
    if kind is ProblemKind.HYBRID or refusing is None:
        return "old versions read them as floats and return garbage; later versions refuse them"
    if operator in refusing:
        return f"{runtime.name} refuses them"
    garbage = " and returns garbage" if kind is ProblemKind.HYBRID_GARBAGE else ""
    return f"{runtime.name} reads them as floats{garbage}"


def _types(runtime: Runtime) -> set[TensorType]:
    return {TensorType(element) for element in runtime.elements}
