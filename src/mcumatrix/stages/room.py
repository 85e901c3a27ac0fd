"""Whether a model can fit a chip, before anything is built. The linker has the last word."""

from collections.abc import Mapping
from types import MappingProxyType

from mcumatrix.errors import TooLargeError
from mcumatrix.model.chip import Chip, Region
from mcumatrix.model.layout import Choice, Layouts, Part
from mcumatrix.model.network import Network


def require_room(
    name: str,
    size_bytes: int,
    network: Network,
    chip: Chip,
    places: Mapping[Part, Region] = MappingProxyType({}),
) -> None:
    """Compares what a model needs in any case with what a chip has.

    That is its file in flash, of `size_bytes`, and in RAM what the hungriest of its layers reads and writes:
    tensors that are there at the same time, however they are placed. What has another place, by `places`, in
    a memory of the board takes nothing of the chip.

    Raises:
        TooLargeError: it does not fit, with the region and the bytes that are missing.
    """
    beside = chip.external_flash
    in_flash = beside is None or places.get(Part.WEIGHTS) != beside
    if chip.flash and in_flash and size_bytes > chip.flash.size_bytes:
        raise TooLargeError(
            f"The model {name} has {size_bytes} bytes, and {chip.flash.name} of the {chip.name} has "
            f"{chip.flash.size_bytes}: {size_bytes - chip.flash.size_bytes} bytes are missing.",
            hint="Choose a smaller model, or a board with more flash."
            if beside is None
            else f"Choose a smaller model, or a placement with its weights in {beside.name.lower()}.",
        )
    needed, layer = max(((_size_of(network, at), at) for at in range(len(network.layers))), default=(0, 0))
    if chip.ram and places.get(Part.ARENA) not in chip.external and needed > chip.ram.size_bytes:
        whose, there = f"{network.layers[layer]} of the model {name}", chip.ram
        raise TooLargeError(
            f"{whose} reads and writes {needed} bytes, and {there.name} of the {chip.name} has "
            f"{there.size_bytes}: {needed - there.size_bytes} bytes are missing.",
            hint="Choose a model with smaller activations, or a board with more RAM.",
        )


def require_room_for_choices(
    name: str, size_bytes: int, network: Network, layouts: Layouts, choices: tuple[Choice, ...]
) -> None:
    """Compares what the parts of a model need in any case with the memories that they are to lie in.

    Its weights, those of convolutions and fully connected layers, are never more than its file of
    `size_bytes`; its tensors no less than what one layer reads and writes. The stack is always the same, and
    how large code is, the linker knows alone.

    Raises:
        TooLargeError: one does not fit, with the region and the bytes that are missing.
    """
    needed_bytes = {
        Part.WEIGHTS: min(_weights_bytes(network), size_bytes),
        Part.ARENA: max((_size_of(network, at) for at in range(len(network.layers))), default=0),
    }
    for part, place in choices:
        if part not in needed_bytes:
            continue
        needed, region = needed_bytes[part], layouts.region(place)
        if needed > region.size_bytes:
            raise TooLargeError(
                f"The {part.whose} of the model {name} cannot lie in {place}: {needed} bytes are needed, and "
                f"{region.name} has {region.size_bytes}: {needed - region.size_bytes} bytes are missing.",
                hint="Choose another placement, or a smaller model.",
            )


def _weights_bytes(network: Network) -> int:
    used = {
        at
        for layer in network.layers
        if network.weights_of(layer)
        for at in layer.inputs
        if at is not None and network.tensors[at].is_constant
    }
    return sum(network.tensors[at].size_bytes for at in used)


def _size_of(network: Network, index: int) -> int:
    """What the tensors of a layer need that are computed."""
    layer = network.layers[index]
    tensors = {*(at for at in layer.inputs if at is not None), *layer.outputs}
    return sum(network.tensors[at].size_bytes for at in tensors if not network.tensors[at].is_constant)
