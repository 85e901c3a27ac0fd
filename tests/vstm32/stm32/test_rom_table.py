"""The ROM tables, by the numbers of Arm's manual and by the eyes of pyOCD."""

import struct
from collections.abc import Mapping, Sequence

import pytest
from pyocd.coresight.rom_table import CoreSightComponentID, ROMTable

from vstm32.base.chip import CoreModel
from vstm32.stm32.rom_table import COMPONENTS, rom_table, tables

DEVICE_ID = 0x449
ROM_TABLE, TABLES = rom_table(DEVICE_ID), tables(DEVICE_ID)

SYSTEM, PROCESSOR, PPB = 0xE00F_D000, 0xE00F_E000, 0xE00F_F000
GENERIC_ID = [0x0D, 0xE0, 0x05, 0xB1]


class Memory:
    """What pyOCD needs of an access port to read ROM tables."""

    short_description = "AHB-AP#0"

    def __init__(self, words: Mapping[int, int] = ROM_TABLE) -> None:
        self.words = words

    def read_memory_block32(self, address: int, count: int) -> Sequence[int]:
        return [self.words[address + 4 * index] for index in range(count)]


def seen_by_pyocd(table: ROMTable) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for component in table.components:
        if isinstance(component, ROMTable):
            found.append(("ROM", component.address, component.cmpid.part))
            found += seen_by_pyocd(component)
        else:
            found.append((component.name, component.address, component.part))
    return found


def read(address: int, count: int) -> list[int]:
    return [ROM_TABLE[address + 4 * index] for index in range(count)]


def test_pyocd_finds_every_component_of_the_core() -> None:
    memory = Memory()
    system = CoreSightComponentID(None, memory, SYSTEM)
    system.read_id_registers()
    assert (system.designer_name, system.part, system.is_rom_table) == ("ST", 0x449, True)
    table = ROMTable.create(memory, system, SYSTEM)
    table.init()
    assert seen_by_pyocd(table) == [
        ("ROM", PROCESSOR, 0x4C8),
        ("ROM", PPB, 0x4C7),
        ("SCS", 0xE000_E000, 0x00C),
        ("DWT", 0xE000_1000, 0x002),
        ("FPB", 0xE000_2000, 0x00E),
        ("ITM", 0xE000_0000, 0x001),
        ("TPIU", 0xE004_0000, 0x9A9),
    ]


def test_a_cortex_m4_has_one_table_with_the_identification_of_its_chip() -> None:
    words = rom_table(0x470, CoreModel.CORTEX_M4)
    memory = Memory(words)
    found = CoreSightComponentID(None, memory, PPB)
    found.read_id_registers()
    assert (found.designer_name, found.part, found.is_rom_table) == ("ST", 0x470, True)
    table = ROMTable.create(memory, found, PPB)
    table.init()
    assert seen_by_pyocd(table) == [
        ("SCS", 0xE000_E000, 0x00C),
        ("DWT", 0xE000_1000, 0x002),
        ("FPB", 0xE000_2000, 0x003),
        ("ITM", 0xE000_0000, 0x001),
        ("TPIU", 0xE004_0000, 0x9A1),
    ]


def test_the_tables_of_the_core_are_those_of_its_manual() -> None:
    assert read(PROCESSOR, 5) == [0x0000_1003, 0xFFF4_3002, 0xFFF4_4002, 0x1FF0_2002, 0]
    assert read(PPB, 7) == [0xFFF0_F003, 0xFFF0_2003, 0xFFF0_3003, 0xFFF0_1003, 0xFFF4_1002, 0xFFF4_2002, 0]
    assert read(PROCESSOR + 0xFD0, 12) == [4, 0, 0, 0, 0xC8, 0xB4, 0x0B, 0, 0x0D, 0x10, 0x05, 0xB1]
    assert read(PPB + 0xFD0, 12) == [4, 0, 0, 0, 0xC7, 0xB4, 0x0B, 0, 0x0D, 0x10, 0x05, 0xB1]


def test_the_table_of_the_device_is_of_st_and_leads_to_the_core_and_the_tpiu() -> None:
    assert read(SYSTEM, 3) == [0x0000_1003, 0xFFF4_3003, 0]
    assert read(SYSTEM + 0xFD0, 12) == [0, 0, 0, 0, 0x49, 0x04, 0x0A, 0, 0x0D, 0x10, 0x05, 0xB1]


@pytest.mark.parametrize(
    ("base", "part"), [(0xE000_E000, 0x0C), (0xE000_1000, 0x02), (0xE000_2000, 0x0E), (0xE000_0000, 0x01)]
)
def test_the_core_s_own_components_are_generic_ones_of_arm(base: int, part: int) -> None:
    assert read(base + 0xFD0, 12) == [4, 0, 0, 0, part, 0xB0, 0x0B, 0, *GENERIC_ID]


def test_the_tpiu_is_a_coresight_component() -> None:
    tpiu = 0xE004_0000
    assert read(tpiu + 0xFBC, 5) == [0, 0, 0, 0xCA1, 0x11]
    assert read(tpiu + 0xFD0, 12) == [4, 0, 0, 0, 0xA9, 0xB9, 0x0B, 0, 0x0D, 0x90, 0x05, 0xB1]


@pytest.mark.parametrize("table", [table.itself.base for table in TABLES])
def test_a_table_can_be_read_on_behind_its_last_entry(table: int) -> None:
    entries = read(table, 16)
    assert entries[-1] == 0
    assert ROM_TABLE[table + 0xFCC] == 1


def test_every_register_is_a_word_and_lies_in_a_page_of_its_own() -> None:
    pages = {component.base for component in COMPONENTS} | {table.itself.base for table in TABLES}
    for address, value in ROM_TABLE.items():
        assert address % 4 == 0
        assert address & ~0xFFF in pages
        struct.pack("<I", value)
