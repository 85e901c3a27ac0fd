"""Where two images differ."""

from pathlib import Path

import pytest

from mcumatrix.stages.compare import first_difference
from support.compiling import compile_arm

SOURCE = """\
int counter = 1;
int first(void) { return 1; }
int second(void) { return 2; }
int _start(void) { return first() + second() + counter; }
"""


def _compile(folder: Path, name: str, source: str, *options: str) -> Path:
    return compile_arm(folder, {"main.c": source}, "-O1", "-g", *options, output=name)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return _compile(tmp_path, "image.elf", SOURCE)


def test_the_same_bytes_have_no_difference(tmp_path: Path, image: Path) -> None:
    assert first_difference(image, _compile(tmp_path, "again.elf", SOURCE)) == ""


def test_a_changed_instruction_is_named_by_its_function(tmp_path: Path, image: Path) -> None:
    other = _compile(tmp_path, "other.elf", SOURCE.replace("return 2", "return 3"))
    found = first_difference(image, other)
    assert found.startswith("section .text differs at 0x")
    assert found.endswith(", in second")


def test_a_changed_value_is_named_by_its_variable(tmp_path: Path, image: Path) -> None:
    other = _compile(tmp_path, "other.elf", SOURCE.replace("counter = 1", "counter = 7"))
    assert first_difference(image, other).endswith(", in counter")


def test_a_section_of_another_size_is_said_with_both_sizes(tmp_path: Path, image: Path) -> None:
    other = _compile(tmp_path, "other.elf", SOURCE.replace("return 2", "return counter * 3"))
    assert first_difference(image, other).startswith("section .text has another size: 0x")


def test_a_section_that_only_one_has_is_said_so(tmp_path: Path, image: Path) -> None:
    extra = 'int extra __attribute__((section(".extra"))) = 1;\n'
    other = _compile(tmp_path, "other.elf", SOURCE + extra, "-Wl,--undefined=extra")
    assert first_difference(other, image) == "section .extra is missing in the rebuild"


def test_debug_information_that_differs_is_no_place_in_memory(tmp_path: Path, image: Path) -> None:
    other = _compile(tmp_path, "other.elf", SOURCE.replace("int first", "\nint first"))
    assert first_difference(image, other).startswith("section .debug_")


def test_a_file_that_is_no_elf_is_said_so(tmp_path: Path, image: Path) -> None:
    (tmp_path / "text").write_bytes(b"not an ELF file")
    assert first_difference(image, tmp_path / "text") == (
        "one of the files is not an ELF file: Magic number does not match"
    )
