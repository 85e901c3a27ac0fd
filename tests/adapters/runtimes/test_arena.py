from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.arena import ALIGNMENT_BYTES, Arena, plan_arena
from mcumatrix.model.network import Layer, Network, Operator, Tensor, TensorType

REPOSITORY = Path(__file__).parents[3]
FLOAT = read_network(REPOSITORY / "firmware" / "models" / "mnist-float32.tflite")
INT8 = read_network(REPOSITORY / "firmware" / "models" / "mnist-int8.tflite")


def needed_during(network: Network, arena: Arena, layer: Layer) -> list[tuple[int, int]]:
    """(start, end) in the arena of all memory that must be intact while a layer runs."""
    alive = set(layer.outputs)
    computed = set(network.inputs) | {earlier.outputs[0] for earlier in network.layers[: layer.index]}
    for later in network.layers[layer.index :]:
        alive |= computed & set(later.inputs)
    alive |= computed & set(network.outputs)
    spans = [(arena.offsets[i], arena.offsets[i] + network.tensors[i].size_bytes) for i in alive]
    if layer.index in arena.scratch_offsets:
        weights = network.input_of(layer, 1)
        size_bytes = weights.size_bytes // weights.shape[0] * 4
        spans.append((arena.scratch_offsets[layer.index], arena.scratch_offsets[layer.index] + size_bytes))
    return sorted(spans)


def assert_nothing_overlaps(network: Network) -> None:
    arena = plan_arena(network)
    for layer in network.layers:
        spans = needed_during(network, arena, layer)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans)), layer
        assert spans[-1][1] <= arena.size_bytes
    assert all(offset % ALIGNMENT_BYTES == 0 for offset in arena.offsets.values())
    assert all(offset % ALIGNMENT_BYTES == 0 for offset in arena.scratch_offsets.values())


def test_nothing_overlaps_that_is_needed_at_the_same_time() -> None:
    assert_nothing_overlaps(FLOAT)
    assert_nothing_overlaps(INT8)


def test_the_benchmark_needs_no_more_than_its_two_largest_tensors() -> None:
    # The first convolution's output, and the pool's that reads it.
    assert plan_arena(FLOAT).size_bytes == 4 * (26 * 26 * 32 + 13 * 13 * 32)
    assert plan_arena(INT8).size_bytes == 26 * 26 * 32 + 13 * 13 * 32


def test_only_int8_convolutions_need_scratch_memory() -> None:
    assert plan_arena(FLOAT).scratch_offsets == {}
    assert sorted(plan_arena(INT8).scratch_offsets) == [2, 4]


@given(st.data(), st.lists(st.integers(1, 5000), min_size=2, max_size=12))
def test_no_network_overlaps(data: st.DataObject, sizes: list[int]) -> None:
    tensors = tuple(Tensor(i, f"t{i}", TensorType.INT8, (1, size)) for i, size in enumerate(sizes))
    # Each layer reads any earlier tensor: branches that keep tensors alive for long.
    layers = tuple(
        Layer(i, Operator.RESHAPE, (data.draw(st.integers(0, i)),), (i + 1,)) for i in range(len(sizes) - 1)
    )
    network = Network(tensors, layers, (0,), (data.draw(st.integers(1, len(sizes) - 1)),))
    assert_nothing_overlaps(network)


def test_the_plan_does_not_depend_on_names() -> None:
    renamed = replace(INT8, tensors=tuple(replace(tensor, name="x") for tensor in INT8.tensors))
    assert plan_arena(renamed) == plan_arena(INT8)
