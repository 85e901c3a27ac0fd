"""A chip as data: all in which the microcontrollers of ST differ, and the board that one stands on.

What is here says nothing about how anything is done; the rooms above read it. `vstm32.chips` has a file with
one `Chip` for each.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import cached_property

from vstm32.base.memory_map import MemoryMap, Region, Storage
from vstm32.base.registers import Register

CACHE_LINE_BYTES = 32
"""Of a Cortex-M7's caches (its TRM, section 5.1)."""


class Family(StrEnum):
    """Whose blocks a chip is made of: `vstm32.stm32.system` knows which these are."""

    STM32F7 = "stm32f7"
    STM32L4_PLUS = "stm32l4+"


class CoreModel(StrEnum):
    """Which core of ARM's a chip has."""

    CORTEX_M4 = "Cortex-M4"
    CORTEX_M7 = "Cortex-M7"


class EnableRegister(IntEnum):
    """Where RCC of an STM32F7 has the register with the clock enable bits of a bus: its offset."""

    AHB1 = 0x30
    AHB2 = 0x34
    AHB3 = 0x38
    APB1 = 0x40
    APB2 = 0x44


class L4EnableRegister(IntEnum):
    """The same of an STM32L4+ (RM0432 section 6.4)."""

    AHB1 = 0x48
    AHB2 = 0x4C
    AHB3 = 0x50
    APB1 = 0x58
    APB1_SECOND = 0x5C
    APB2 = 0x60


@dataclass(frozen=True, slots=True)
class Bits:
    """A register that chips of one family do not have alike: its reset value, and what can be written."""

    writable: int
    reset: int = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin of the package and the alternate function that a UART needs there."""

    port: str
    number: int
    alternate_function: int

    def __str__(self) -> str:
        return f"P{self.port}{self.number}"


def pins(names: str, alternate_function: int) -> tuple[Pin, ...]:
    """Pins by their names, such as "PA9 PB6", that have a signal on the same alternate function."""
    return tuple(Pin(name[1], int(name[2:]), alternate_function) for name in names.split())


@dataclass(frozen=True, slots=True)
class UsartWiring:
    """A UART and the pins on which its signals reach the host.

    `clock_field` is the lowest bit of its field in RCC_DCKCFGR2, or RCC_CCIPR. `led_out` says that the board
    has the first pin of each on a connector. Then no other pin will do; of the other UARTs, the host's wires
    are on whatever pins the firmware uses. `low_power` says that it is an LPUART.
    """

    name: str
    base: int
    interrupt: int
    enable_register: EnableRegister | L4EnableRegister
    enable_bit: int
    clock_field: int
    transmit: tuple[Pin, ...] = ()
    receive: tuple[Pin, ...] = ()
    led_out: bool = False
    low_power: bool = False

    @property
    def host_transmit(self) -> tuple[Pin, ...]:
        """Pins on which the host hears the board."""
        return self.transmit[:1] if self.led_out else self.transmit

    @property
    def host_receive(self) -> tuple[Pin, ...]:
        """Pins on which the board hears the host."""
        return self.receive[:1] if self.led_out else self.receive


@dataclass(frozen=True, slots=True)
class Sector:
    """A part of flash that is erased at once, at `offset` from the start of flash.

    `number` is what FLASH_CR has for it, in SNB or in BKER and PNB. `erase_seconds` is the typical time, with
    32 bits at a time where the width can be chosen.
    """

    number: int
    offset: int
    size_bytes: int
    erase_seconds: float


@dataclass(frozen=True, slots=True)
class FlashBank:
    """Sectors that one mass erase bit of FLASH_CR erases together."""

    mass_erase: int
    sectors: tuple[Sector, ...]

    @property
    def offset(self) -> int:
        """Where it begins, from the start of flash."""
        return self.sectors[0].offset

    @property
    def size_bytes(self) -> int:
        """All its sectors together."""
        return sum(sector.size_bytes for sector in self.sectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashLayout:
    """How flash is divided, which an option byte may choose.

    `option_control` is FLASH_OPTCR, or FLASH_OPTR, after reset. `mass_erase_seconds` is the time for all
    banks.
    """

    banks: tuple[FlashBank, ...]
    option_control: int
    mass_erase_seconds: float

    @property
    def sectors(self) -> tuple[Sector, ...]:
        """Those of all banks."""
        return tuple(sector for bank in self.banks for sector in bank.sectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashController:
    """What differs in the FLASH interface. The first layout is the one that a chip is delivered with."""

    layouts: tuple[FlashLayout, ...]
    control: Bits
    """FLASH_CR; LOCK is set after reset."""

    option_control_writable: int
    sector_number_bits: int
    """Width of what FLASH_CR has the number of a sector in."""

    program_seconds: float
    """Typical time for programming, whatever the width."""

    read_bytes: int = 32
    """What comes from flash at once, after its wait states."""

    instruction_cache_bytes: int = 0
    """Of a cache of its own in front of all flash, which FLASH_ACR switches."""

    data_cache_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreKind:
    """What the maker of the chip has chosen of its core, and its revision."""

    model: CoreModel = CoreModel.CORTEX_M7
    cpuid: int
    has_double_precision: bool
    mpu_regions: int
    instruction_cache_bytes: int = 0
    """0 where the core has none, and so no registers for it; likewise of the others."""

    data_cache_bytes: int = 0
    itcm_control: int = 0
    """ITCMCR after reset."""

    dtcm_control: int = 0
    """DTCMCR after reset."""

    vector_table: int = 0
    """VTOR after reset."""

    @property
    def has_caches(self) -> bool:
        """Whether it has caches and tightly coupled memory of its own, with their registers."""
        return self.data_cache_bytes > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """By what software knows the chip. The one-time programmable area is erased."""

    device_id: int
    """DBGMCU_IDCODE.DEV_ID; the ROM table has it as its part number."""

    revision: int
    """DBGMCU_IDCODE.REV_ID."""

    one_time_programmable: range
    unique_id_address: int
    flash_size_address: int
    """Where a halfword has the size of flash in KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimits:
    """What the data sheet allows at 2.7 V to 3.6 V. Pairs are without over-drive and with it."""

    core_max_hz: int
    hclk_max_hz: Mapping[int, tuple[int, int]]
    """By voltage scale."""

    scale_name: str = "voltage scale"
    drive_name: str = "over-drive"
    regulator_register: str = "PWR_CR1"

    pclk1_max_hz: tuple[int, int]
    pclk2_max_hz: tuple[int, int]
    hz_per_wait_state: int
    wait_states_max: int
    vco_input_hz: tuple[int, int]
    """From, to."""

    vco_hz: tuple[int, int]
    """From, to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdram:
    """An SDRAM on the board, at bank 1 of FMC; times are in nanoseconds, from its data sheet."""

    name: str
    base: int
    column_bits: int
    row_bits: int
    banks: int
    data_bits: int
    """As wired: the part may have more."""

    max_hz: Mapping[int, int]
    """Its fastest clock, by CAS latency."""

    active_to_read_ns: float
    """tRCD."""

    precharge_ns: float
    """tRP."""

    row_cycle_ns: float
    """tRC."""

    row_active_ns: float
    """tRAS."""

    exit_self_refresh_ns: float
    """tXSR."""

    write_recovery_ns: float
    """tWR, beside a write of another bank."""

    load_mode_clocks: int
    """tMRD."""

    power_up_s: float
    """What is to pass between its clock and its first command."""

    power_up_refreshes: int
    refresh_s: float
    """Within which each row is to be refreshed once."""

    pins: tuple[Pin, ...]

    @property
    def region(self) -> Region:
        """What of the memory map it is."""
        size_bytes = (self.banks << self.row_bits + self.column_bits) * self.data_bits // 8
        return Region("SDRAM", self.base, size_bytes, Storage.SDRAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialFlashPart:
    """A serial flash on the board, at QUADSPI."""

    name: str
    base: int
    size_bytes: int
    identity: bytes
    """What it answers to READ ID."""

    max_hz: int
    max_read_hz: int
    """With READ, which has no dummy cycles."""

    pins: tuple[Pin, ...]

    @property
    def region(self) -> Region:
        """What of the memory map it is."""
        return Region("serial flash", self.base, self.size_bytes, Storage.SERIAL_FLASH, writable=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The board that the chip stands on."""

    name: str
    hse_hz: int
    lse_hz: int
    serial: str
    """The UART that is its serial port."""

    serial_ports: str
    """Which UARTs can be that, for people."""

    button: str
    """The pin of its user button: high while that is pressed, else low."""

    sdram: Sdram | None = None
    serial_flash: SerialFlashPart | None = None

    @property
    def external(self) -> tuple[Region, ...]:
        """Its memories beside the chip."""
        return tuple(part.region for part in (self.serial_flash, self.sdram) if part is not None)


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One microcontroller, and the board that it stands on."""

    names: tuple[str, ...]
    """What debuggers call it, in lower case; it is chosen by any of them, and the first one is shown."""

    part: str
    """The part on the board, for people."""

    family: Family = Family.STM32F7
    memory: MemoryMap
    core: CoreKind
    interrupts: int
    """Interrupt lines of the NVIC."""

    signature: Signature
    flash: FlashController
    limits: ClockLimits
    usarts: tuple[UsartWiring, ...]
    registers: Mapping[str, Bits] = field(repr=False)
    """Registers that its family has not alike, by block and register such as RCC_AHB2ENR."""

    kit: Kit
    expected_errors: Mapping[str, str]
    """The timing models that fit, and how far a time of each may be from that of a real board: a phrase that
    stands beside times."""

    default_timing: str = "m7-block-1"
    """The timing model if nobody says otherwise."""

    def registers_of(self, block: str, of_family: Iterable[Register]) -> Iterator[Register]:
        """The registers of a block: those of the family, where this chip has them alike, else its own."""
        for register in of_family:
            own = self.registers.get(f"{block}_{register.name}")
            yield replace(register, reset=own.reset, writable=own.writable) if own else register

    @cached_property
    def on_board(self) -> MemoryMap:
        """Its memory map with what is on the board."""
        return replace(self.memory, external=self.kit.external)

    @property
    def name(self) -> str:
        """The first of its names."""
        return self.names[0]

    @property
    def instruction_cache_bytes(self) -> int:
        """Of the cache that fetches from flash go through: that of the core, or of the FLASH interface."""
        return self.core.instruction_cache_bytes or self.flash.instruction_cache_bytes

    @property
    def line_bytes(self) -> int:
        """What is fetched at once: a line of the core's caches, else what comes from flash at once."""
        return CACHE_LINE_BYTES if self.core.has_caches else self.flash.read_bytes

    @property
    def data_cache_bytes(self) -> int:
        """The same for loads."""
        return self.core.data_cache_bytes or self.flash.data_cache_bytes
