"""How a debugger finds the core: the CoreSight ROM tables and the identification of what they lead to.

A debugger reads MEM-AP BASE, goes from table to table, and knows a component by the identification registers
at the end of its 4 KB page (ADIv5.2, Arm IHI 0031G, part D; Armv7-M ARM, appendix A). The entries of
the two Arm tables are those of the Cortex-M7 TRM (DDI 0489F, tables 9.2 and 9.4) for a core without ETM and
CTI, which the virtual board does not model. pyOCD issue 863 shows the three tables of a real chip. A
Cortex-M4 has one table (its TRM, DDI 0439B, table 9-1), which ST has put its own identification on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from vstm32.base.chip import CoreModel

_ROM_TABLE_CLASS, _CORESIGHT_CLASS, _GENERIC_CLASS = 0x1, 0x9, 0xE
_ARM, _ST = 0x43B, 0x020
_DEVARCH, _DEVID, _DEVTYPE, _MEMTYPE = 0xFBC, 0xFC8, 0xFCC, 0xFCC
_PIDR4, _PIDR0, _CIDR0 = 0xFD0, 0xFE0, 0xFF0
_PRESENT, _NOT_PRESENT = 0x3, 0x2
_SYSTEM_MEMORY = 0x1
_SHOWN_ENTRIES = 16
"""pyOCD reads a table nine entries at a time: zeros follow the last one."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its 4 KB page, its class, and who designed it (JEP106: bank in 11:8, code in 6:0)."""

    name: str
    base: int
    component_class: int
    part: int
    designer: int = _ARM
    device_type: int = 0
    device_id: int = 0

    def registers(self) -> Iterator[tuple[int, int]]:
        """The identification registers: addresses and values. Each register carries one byte."""
        if self.component_class == _CORESIGHT_CLASS:
            for offset in range(_DEVARCH, _PIDR4, 4):
                yield self.base + offset, 0
            yield self.base + _DEVID, self.device_id
            yield self.base + _DEVTYPE, self.device_type
        jep106_code, jep106_bank = self.designer & 0x7F, self.designer >> 8
        # Bit 3 of PIDR2 says that the designer's code is one of JEP106.
        peripheral_id = (
            self.part | jep106_code << 12 | 1 << 19 | jep106_bank << 32  # PIDR0 to PIDR3, then PIDR4 to PIDR7
        )
        component_id = 0xB105_000D | self.component_class << 12
        for index in range(4):
            yield self.base + _PIDR0 + 4 * index, peripheral_id >> 8 * index & 0xFF
            yield self.base + _PIDR4 + 4 * index, peripheral_id >> 32 + 8 * index & 0xFF
            yield self.base + _CIDR0 + 4 * index, component_id >> 8 * index & 0xFF


@dataclass(frozen=True, slots=True)
class RomTable:
    """A table: what it is itself, and the bases of the components it names; False: named as not present."""

    itself: Component
    entries: tuple[tuple[int, bool], ...]

    def registers(self) -> Iterator[tuple[int, int]]:
        """The entries and the identification registers: addresses and values."""
        base = self.itself.base
        for index in range(_SHOWN_ENTRIES):
            yield base + 4 * index, 0
        for index, (target, is_present) in enumerate(self.entries):
            offset = target - base & 0xFFFF_F000
            yield base + 4 * index, offset | (_PRESENT if is_present else _NOT_PRESENT)
        yield base + _MEMTYPE, _SYSTEM_MEMORY
        yield from self.itself.registers()


SCS = Component("SCS", 0xE000_E000, _GENERIC_CLASS, 0x00C)
DWT = Component("DWT", 0xE000_1000, _GENERIC_CLASS, 0x002)
FPB = Component("FPB", 0xE000_2000, _GENERIC_CLASS, 0x00E)
ITM = Component("ITM", 0xE000_0000, _GENERIC_CLASS, 0x001)
TPIU = Component("TPIU", 0xE004_0000, _CORESIGHT_CLASS, 0x9A9, device_type=0x11, device_id=0xCA1)
COMPONENTS = (SCS, DWT, FPB, ITM, TPIU)

_ETM_BASE, _CTI_BASE, _RESERVED = 0xE004_1000, 0xE004_2000, 0x0
_PPB = RomTable(
    Component("PPB ROM table", 0xE00F_F000, _ROM_TABLE_CLASS, 0x4C7),
    (
        (SCS.base, True),
        (DWT.base, True),
        (FPB.base, True),
        (ITM.base, True),
        (TPIU.base, False),
        (_ETM_BASE, False),
    ),
)
_PROCESSOR = RomTable(
    Component("processor ROM table", 0xE00F_E000, _ROM_TABLE_CLASS, 0x4C8),
    ((_PPB.itself.base, True), (_ETM_BASE, False), (_CTI_BASE, False), (_RESERVED, False)),
)


_M4_FPB = replace(FPB, part=0x003)
_M4_TPIU = replace(TPIU, part=0x9A1)
_M4_COMPONENTS = (SCS, DWT, _M4_FPB, ITM, _M4_TPIU)


def tables(device_id: int, core: CoreModel = CoreModel.CORTEX_M7) -> tuple[RomTable, ...]:
    """The tables of a chip, the one that MEM-AP BASE leads to first.

    The part number of that is the device id of DBGMCU_IDCODE (RM0385 section 40.6.1).
    """
    if core is CoreModel.CORTEX_M4:
        itself = Component("ROM table", 0xE00F_F000, _ROM_TABLE_CLASS, device_id, designer=_ST)
        present = {base: True for base, _ in _PPB.entries} | {_ETM_BASE: False}
        return (RomTable(itself, tuple(present.items())),)
    system = RomTable(
        Component("system ROM table", 0xE00F_D000, _ROM_TABLE_CLASS, device_id, designer=_ST),
        ((_PROCESSOR.itself.base, True), (TPIU.base, True)),
    )
    return system, _PROCESSOR, _PPB


def rom_table(device_id: int, core: CoreModel = CoreModel.CORTEX_M7) -> Mapping[int, int]:
    """Every read-only word of the tables and of the identification of their components, by address."""
    components = _M4_COMPONENTS if core is CoreModel.CORTEX_M4 else COMPONENTS
    sources: tuple[RomTable | Component, ...] = (*tables(device_id, core), *components)
    return dict(register for source in sources for register in source.registers())
