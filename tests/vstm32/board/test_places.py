"""Names for addresses."""

from vstm32 import load_elf, load_firmware
from vstm32.board.places import Places


def test_an_address_has_the_name_of_its_function(compile_firmware):
    firmware = load_elf(compile_firmware("int main(void) { return 0; }"))
    places = Places(firmware)
    assert places.at(firmware.symbols["main"] + 2) == "main+0x2"
    assert places.at(0x0) == ""


def test_where_nothing_has_names_nothing_is_named(compile_firmware, tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(compile_firmware("int main(void) { return 0; }").read_bytes())
    assert Places(load_firmware(path)).at(0x0800_0000) == ""
    assert Places(None).at(0x0800_0000) == ""


def test_a_file_that_was_built_anew_meanwhile_costs_the_names_only(compile_firmware, tmp_path):
    path = tmp_path / "firmware.elf"
    path.write_bytes(compile_firmware("int main(void) { return 0; }").read_bytes())
    firmware = load_elf(path)
    path.write_bytes(b"half of a new one")
    assert Places(firmware).at(firmware.symbols["main"]) == ""
