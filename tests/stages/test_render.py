"""Rendered C sources. What the compiler makes of them is tested with the firmware and the wire contract."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.stages.render import render_config_header, render_sample, render_wire_header
from support.variants import hello

TEMPLATES = Path(__file__).parents[2] / "templates"


@given(st.binary(min_size=1, max_size=200))
def test_the_digit_is_in_its_source_byte_for_byte(tensor: bytes) -> None:
    text = render_sample(tensor).decode()
    assert bytes(int(byte, 16) for byte in re.findall(r"0x[0-9a-f]{2}", text)) == tensor
    assert f"sample_input_size_bytes = {len(tensor)};" in text


def test_the_configuration_has_everything_that_the_firmware_says_of_itself() -> None:
    text = render_config_header(TEMPLATES, hello()).decode()
    for value in (
        '"0123456789abcdef"',
        '"stm32f746g_disco"',
        '"builtin"',
        '"simd"',
        '"mnist-int8"',
        "216000000",
    ):
        assert value in text


def test_the_same_input_renders_the_same_bytes() -> None:
    assert render_wire_header(TEMPLATES) == render_wire_header(TEMPLATES)
