import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.compiling import compile_arm, run
from vstm32 import load_elf
from vstm32.base.errors import VirtualBoardError
from vstm32.board.firmware import require_fit
from vstm32.chips.stm32f746 import CHIP

EMPTY = "int main(void) { return 0; }"


def refused(path: Path) -> VirtualBoardError:
    with pytest.raises(VirtualBoardError) as caught:
        require_fit(load_elf(path), CHIP)
    return caught.value


def test_segments_stand_at_their_load_addresses_and_symbols_lose_the_thumb_bit(compile_firmware):
    firmware = load_elf(
        compile_firmware("int number = 7; int main(void) { return number; } int *use = &number;")
    )
    assert firmware.segments[0].address == 0x0800_0000
    assert all(segment.address < 0x0810_0000 for segment in firmware.segments)
    assert firmware.symbols["main"] % 2 == 0
    assert firmware.symbols["number"] >= 0x2000_0000
    assert firmware.entry == firmware.symbols["reset_handler"]


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "nothing.elf"
    assert str(refused(path)) == (
        f"{path} cannot be read: No such file or directory.\n  Give the path of a firmware's ELF file."
    )


def test_a_file_that_is_no_elf_is_named(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(b"\x00\x10\x00\x20" * 100)
    assert str(refused(path)) == (
        f"{path} is not an ELF file, or a damaged one: Magic number does not match.\n"
        "  Give the .elf that the linker wrote, not a .bin or .hex made from it."
    )


def test_an_elf_for_another_machine_is_refused(tmp_path, compile_firmware):
    path = tmp_path / "other.elf"
    data = bytearray(compile_firmware(EMPTY).read_bytes())
    data[18:20] = struct.pack("<H", 243)
    path.write_bytes(data)
    assert str(refused(path)) == (
        f"{path} is for RISCV, 32 bits; a virtual board runs 32-bit little-endian Arm.\n"
        "  Build it with arm-none-eabi-gcc -mcpu=cortex-m7."
    )


def test_an_object_file_that_is_not_linked_is_refused(tmp_path):
    path = compile_arm(tmp_path, {"a.c": "int a;"}, "-c", output="a.o")
    assert str(refused(path)) == (
        f"{path} is not linked: its type is ET_REL, and only an executable can run.\n"
        "  Link it with a linker script for the chip."
    )


def test_a_segment_outside_of_memory_is_named_with_its_range(compile_firmware):
    path = compile_firmware(
        '__attribute__((section(".far"))) int far[4] = {1}; int main(void) { return far[0]; }',
        "-Wl,--section-start=.far=0x0a000000",
    )
    assert refused(path).message == (
        f"{path} has 16 bytes at 0x0a000000 to 0x0a00000f, which is outside of the memory of the STM32F746NG."
    )
    assert "SRAM2 0x2004c000 to 0x2004ffff" in refused(path).hint


def test_a_program_without_a_vector_table_is_refused(compile_firmware, tmp_path):
    path = tmp_path / "shifted.elf"
    elf = compile_firmware(EMPTY)
    run("arm-none-eabi-objcopy", "--change-addresses=0x10000", elf, path)
    assert refused(path).message == (
        f"{path} has nothing at 0x08000000, where the STM32F746NG looks for the vector table."
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_elf_is_loaded_or_refused_but_never_crashes(compile_firmware, tmp_path_factory, data):
    good = compile_firmware(EMPTY).read_bytes()
    position = data.draw(st.integers(0, 200) | st.integers(len(good) - 800, len(good) - 1))
    bad = bytearray(good[: data.draw(st.integers(position, len(good)))])
    if position < len(bad):
        bad[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.elf"
    path.write_bytes(bad)
    try:
        assert load_elf(path).segments
    except VirtualBoardError as error:
        assert str(path) in str(error)
