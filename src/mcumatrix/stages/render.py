"""Render: what an image is configured with, as C sources."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix import wire

if TYPE_CHECKING:
    import jinja2

    from mcumatrix.model.variant import Variant


@cache
def _environment(templates: Path) -> "jinja2.Environment":
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # C, not HTML
    )


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
    """`wire.h`: the firmware's side of the protocol that `mcumatrix.wire` declares."""
    template = _environment(templates).get_template("wire.h.j2")
    return template.render(
        wire=wire,
        messages=list(wire.Message.by_name.values()),
        commands=list(wire.Command.by_number.values()),
    ).encode()


def render_config_header(templates: Path, hello: wire.Hello) -> bytes:
    """`config.h`: who the image is. It will say so over the wire."""
    return _environment(templates).get_template("config.h.j2").render(hello=hello).encode()


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
