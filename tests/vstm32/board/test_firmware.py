import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.compiling import compile_arm, run
from vstm32 import Board, BoardOptions, load_elf, load_firmware
from vstm32.base.errors import VirtualBoardError
from vstm32.board.firmware import load_binary, require_fit
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
    assert "reset_handler" in firmware.symbols


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "nothing.elf"
    assert str(refused(path)) == (
        f"{path} cannot be read: No such file or directory.\n  Give the path of an .elf, .hex or .bin file."
    )


def test_a_file_that_is_no_elf_is_named(tmp_path):
    path = tmp_path / "firmware"
    path.write_bytes(b"\x00\x10\x00\x20" * 100)
    assert str(refused(path)) == (
        f"{path} is not an ELF file, or a damaged one: Magic number does not match.\n"
        "  Give the .elf that the linker wrote; hex and binary files end with .hex and .bin."
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


def _made(elf: Path, kind: str, ending: str) -> Path:
    path = elf.with_suffix(ending)
    run("arm-none-eabi-objcopy", "-O", kind, elf, path)
    return path


@pytest.mark.parametrize(("kind", "ending"), [("ihex", ".hex"), ("ihex", ".IHEX"), ("binary", ".bin")])
def test_hex_and_binary_files_hold_what_the_elf_file_holds(compile_firmware, kind, ending):
    elf = compile_firmware("int number = 7; int main(void) { return number; } int *use = &number;")

    def flash(firmware):
        contents = bytearray(b"\0" * 4096)
        for segment in firmware.segments:
            at = segment.address - 0x0800_0000
            contents[at : at + len(segment.data)] = segment.data
        return bytes(contents)

    firmware = load_firmware(_made(elf, kind, ending))
    require_fit(firmware, CHIP)
    assert flash(firmware) == flash(load_firmware(elf))
    assert not firmware.symbols


def test_the_bytes_of_a_binary_file_can_be_put_anywhere_in_memory(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(b"\x00\x10\x00\x20" * 4)
    (segment,) = load_firmware(path, at=0x0800_8000).segments
    assert (segment.address, segment.data) == (0x0800_8000, path.read_bytes())


def _said(path: Path, at: int | None = None) -> str:
    with pytest.raises(VirtualBoardError) as caught:
        load_firmware(path, at)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it does not end with its only end-of-file record"),
        (":0400000000100020CC\n", "it does not end with its only end-of-file record"),
        (
            ":00000001FF\n:0400000000100020CC\n:00000001FF\n",
            "it does not end with its only end-of-file record",
        ),
        (":0400000000100020CD\n:00000001FF\n", "Record at line 1 has invalid checksum"),
        (":0400000000100020CC\n" * 2 + ":00000001FF\n", "Hex file has data overlap at address 0x0 on line 2"),
        (
            "caf\u00e9\n:00000001FF\n",
            "'ascii' codec can't decode byte 0xc3 in position 3: ordinal not in range(128)",
        ),
    ],
)
def test_a_damaged_hex_file_is_refused_with_the_reason(tmp_path, text, why):
    path = tmp_path / "firmware.hex"
    path.write_text(text)
    assert _said(path) == (
        f"FILE is not an Intel hex file, or a damaged one: {why}.\n"
        "  Give the .hex that objcopy wrote; what has another format needs another ending."
    )


def test_what_has_no_place_or_nothing_in_it_is_refused(tmp_path):
    path = tmp_path / "firmware.bin"
    path.touch()
    assert _said(path) == "FILE is empty.\n  Give the .bin that objcopy wrote."
    path.write_bytes(b"1")
    assert _said(path, at=1 << 32) == "0x100000000 is no address.\n  Addresses have 32 bits."
    assert _said(path.with_suffix(".hex"), at=0) == (
        "FILE says by itself where it belongs.\n  An address (--at) is for a .bin file."
    )
    assert refused_in_flash(load_binary(path, 0x0800_1000)).endswith("looks for the vector table.")


def test_a_binary_file_can_go_behind_what_is_in_flash_already(compile_firmware, tmp_path):
    options = BoardOptions(timing="instructions", flash=tmp_path / "flash.bin")
    source = """
    int main(void)
    {
        clock_216(); serial_on(938);
        char text[] = {*(char *)0x08080000, '\\n', 0};
        put_text(text);
        return get();
    }
    """
    Board(load_elf(compile_firmware(source)), options).close()
    path = tmp_path / "letter.bin"
    path.write_bytes(b"!")
    with Board(load_binary(path, 0x0808_0000), options) as board:
        board.run_until_it_waits(timeout_seconds=60)
        assert board.line().read() == b"!\n"


def refused_in_flash(firmware) -> str:
    with pytest.raises(VirtualBoardError) as caught:
        require_fit(firmware, CHIP)
    return caught.value.message
