"""Which file computed a layer, by the debug information of an image."""

from pathlib import Path

import pytest

from mcumatrix.stages.implementation import name_sources, source_files
from support.compiling import compile_arm
from support.firmware_images import symbol_address
from support.variants import a_measurement

FILES = {
    "main.c": "int other(void); int main(void) { return other(); }",
    "kernels/conv.c": "int other(void) { return 2; }",
}


@pytest.fixture
def build(tmp_path: Path):
    """build("-g") gives an ELF file of two compiled files, one of them below a folder."""

    def built(*flags: str) -> Path:
        return compile_arm(tmp_path, FILES, "-Wl,-emain", "-ffile-prefix-map=./=tree/", *flags)

    return built


def test_an_address_of_code_leads_to_the_file_that_it_was_compiled_from(build) -> None:
    elf = build("-g")
    main, other = (symbol_address(elf, name) & ~1 for name in ("main", "other"))
    assert source_files(elf, [main, other]) == {main: "tree/main.c", other: "tree/kernels/conv.c"}


def test_what_is_no_code_has_no_file(build) -> None:
    assert source_files(build("-g"), [0x2000_0000]) == {}


def test_an_image_without_debug_information_says_nothing(build) -> None:
    elf = build()
    assert source_files(elf, [symbol_address(elf, "main") & ~1]) == {}


def test_layers_get_the_file_of_their_function_where_it_is_known(build) -> None:
    from dataclasses import replace

    elf = build("-g")
    measurement = a_measurement()
    first = replace(measurement.layers[0], code=symbol_address(elf, "other") & ~1)
    named = name_sources(replace(measurement, layers=(first, *measurement.layers[1:])), elf)
    assert [layer.source for layer in named.layers] == ["tree/kernels/conv.c", ""]
