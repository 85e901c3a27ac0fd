"""Render: what an image is configured with, as C sources."""

from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix import wire
from mcumatrix.templating import render_source

if TYPE_CHECKING:
    from mcumatrix.model.variant import Variant


def hello_of(variant: "Variant", build_id: str) -> wire.Hello:
    """What is built into the image of a variant, and what its firmware must say of itself."""
    return wire.Hello(
        protocol=wire.PROTOCOL_VERSION,
        build=build_id,
        board=variant.board.firmware_board,
        runtime=variant.runtime.name,
        kernels=variant.kernels,
        model=variant.model.name,
        clock_hz=variant.clock_hz,
    )


def render_wire_header(templates: Path) -> bytes:
    """`wire.h`: the firmware's side of the protocol that `mcumatrix.wire` declares. Raises RenderError."""
    return render_source(
        templates,
        "wire.h.j2",
        wire=wire,
        messages=list(wire.Message.by_name.values()),
        commands=list(wire.Command.by_number.values()),
        added_commands=list(wire.Command.added.values()),
    )


def render_config_header(templates: Path, hello: wire.Hello) -> bytes:
    """`config.h`: who the image is. It will say so over the wire. Raises RenderError."""
    return render_source(templates, "config.h.j2", hello=hello)


def render_sample(tensor: bytes) -> bytes:
    """`sample.c`: the built-in input, as the bytes of the model's input tensor."""
    rows = [tensor[at : at + 16] for at in range(0, len(tensor), 16)]
    body = "\n".join("    " + " ".join(f"{byte:#04x}," for byte in row) for row in rows)
    return (
        '#include "sample.h"\n\n'
        f"const unsigned sample_input_size_bytes = {len(tensor)};\n"
        "_Alignas(4) const unsigned char sample_input[] = {\n"
        f"{body}\n}};\n"
    ).encode()
