"""Where tensors lie in RAM: tensors that are not needed at the same time share memory."""

from dataclasses import dataclass

from mcumatrix.model.network import Network, Operator, TensorType

ALIGNMENT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Arena:
    """Offsets in bytes: of each computed tensor by its index, of each layer's scratch memory by the layer's
    index; and the size of all."""

    offsets: dict[int, int]
    scratch_offsets: dict[int, int]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Memory that is needed from layer `first` (an input: -1) to layer `last`, both included."""

    size_bytes: int
    first: int
    last: int
    tensor: int | None = None


def plan_arena(network: Network) -> Arena:
    """Places the inputs, every layer's outputs and scratch memory, the largest first, each at the lowest
    offset that is free.

    The greedy plan of tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc. Inputs may be
    overwritten once they have been read; outputs stay until the end.
    """
    placed: list[tuple[int, _Block]] = []
    for block in sorted([*_tensors(network), *_scratch(network)], key=_largest_first):
        offset = 0
        for start, other in sorted(placed, key=lambda entry: entry[0]):
            together = block.first <= other.last and other.first <= block.last
            if together and offset < start + other.size_bytes and start < offset + block.size_bytes:
                offset = start + other.size_bytes
        placed.append((offset, block))
    return Arena(
        offsets={block.tensor: offset for offset, block in placed if block.tensor is not None},
        scratch_offsets={block.first: offset for offset, block in placed if block.tensor is None},
        size_bytes=max(offset + block.size_bytes for offset, block in placed),
    )


def _largest_first(block: _Block) -> tuple[int, int]:
    return (-block.size_bytes, block.first)


def _tensors(network: Network) -> list[_Block]:
    first = dict.fromkeys(network.inputs, -1) | {
        output: layer.index for layer in network.layers for output in layer.outputs
    }
    last = dict(first)
    for layer in network.layers:
        last |= {index: layer.index for index in layer.inputs if index in first}
    last |= {index: len(network.layers) for index in network.outputs if index in first}
    return [
        _Block(_align(network.tensors[index].size_bytes), first[index], end, index)
        for index, end in last.items()
    ]


def _scratch(network: Network) -> list[_Block]:
    """What CONV_2D in int8 needs: see `scratch` in firmware/runtime/builtin/model.h."""
    blocks = []
    for layer in network.layers:
        weights = network.input_of(layer, 1)
        if layer.operator is Operator.CONV_2D and weights is not None and weights.type is TensorType.INT8:
            _, height, width, depth = weights.shape
            blocks.append(_Block(_align(4 * height * width * depth), layer.index, layer.index))
    return blocks


def _align(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
