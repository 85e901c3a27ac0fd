"""The memory map of a chip as data: its memory, its windows of registers, and what stands at an address."""

from dataclasses import dataclass, field
from enum import StrEnum


class Storage(StrEnum):
    """Which part of the board's memory stands behind a region; aliases share one."""

    FLASH = "flash"
    ITCM = "itcm"
    RAM = "ram"
    IDENTITY = "identity"
    SDRAM = "sdram"
    SERIAL_FLASH = "serial flash"


EXTERNAL = (Storage.SDRAM, Storage.SERIAL_FLASH)
"""What stands on the board beside the chip, behind a controller that has to be set up before it answers."""


@dataclass(frozen=True, slots=True)
class Region:
    """`size_bytes` of memory at `base`, found at `offset` of its storage."""

    name: str
    base: int
    size_bytes: int
    storage: Storage
    offset: int = 0
    writable: bool = True
    executable: bool = True

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size_bytes

    def holds(self, address: int, size_bytes: int = 1) -> bool:
        """Whether all of the range lies in this region."""
        return self.base <= address and address + size_bytes <= self.end


@dataclass(frozen=True, slots=True)
class Window:
    """A named range of peripheral registers."""

    name: str
    base: int
    size_bytes: int = 0x400

    def holds(self, address: int) -> bool:
        """Whether the address lies in this window."""
        return self.base <= address < self.base + self.size_bytes


# The private peripheral bus (Arm v7-M ARM, section B3.1), the same in every Cortex-M.
PPB_BASE = 0xE000_0000
PPB_SIZE_BYTES = 0x10_0000

# Where the default memory map has peripherals, of which no code can be executed (Arm v7-M ARM, table B3-1).
PERIPHERAL_SPACE = range(0x4000_0000, 0x6000_0000)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryMap:
    """What stands where in a chip.

    `ram` is in the order of addresses and without gaps. `identity` is the part of the system memory with the
    one-time programmable area and the device's signature. `peripherals` and `ahb2` are the windows in which
    blocks are modelled. A name in `blocks` does not mean that: it lets a fault say what the firmware wanted.
    """

    flash: Region
    flash_itcm: Region
    """Flash on the ITCM bus; where there is none, at address 0, from which such a chip boots."""

    itcm: Region | None = None
    ram_alias: Region | None = None
    """Another place of a part of RAM."""

    ram: tuple[Region, ...]
    identity: Region
    external: tuple[Region, ...] = ()
    """Memories of the board, behind controllers of the chip."""

    peripherals: Window
    ahb2: Window
    controllers: Window | None = None
    """Registers of controllers of external memory; None where none is modelled."""

    blocks: tuple[Window, ...] = field(repr=False)
    unmodelled: tuple[Window, ...] = ()
    """Further windows of registers, of which no block is modelled."""

    regions: tuple[Region, ...] = field(init=False, repr=False)
    """All memory."""

    def __post_init__(self) -> None:
        some = (self.itcm, self.flash_itcm, self.flash, self.identity, *self.ram, self.ram_alias)
        some = (*some, *self.external)
        object.__setattr__(self, "regions", tuple(region for region in some if region is not None))

    @property
    def ram_base(self) -> int:
        """Where RAM begins."""
        return self.ram[0].base

    @property
    def ram_size_bytes(self) -> int:
        """All RAM together."""
        return self.ram[-1].end - self.ram_base

    @property
    def sizes_bytes(self) -> dict[Storage, int]:
        """How much memory stands behind the regions, by storage."""
        return {
            Storage.FLASH: self.flash.size_bytes,
            Storage.ITCM: self.itcm.size_bytes if self.itcm else 0,
            Storage.RAM: self.ram_size_bytes,
            Storage.IDENTITY: self.identity.size_bytes,
            **{region.storage: region.size_bytes for region in self.external},
        }

    def region_at(self, address: int, size_bytes: int = 1) -> Region | None:
        """The memory region that holds the range, or None."""
        # Asked several times for each exception: `holds`, written out.
        end = address + size_bytes
        for region in self.regions:
            if region.base <= address and end <= region.base + region.size_bytes:
                return region
        return None

    def block_name(self, address: int) -> str:
        """What stands at an address: a memory region, a peripheral, or "nothing"."""
        region = self.region_at(address)
        if region is not None:
            return region.name
        return next((window.name for window in self.blocks if window.holds(address)), "nothing")


def ram_regions(base: int, *named_sizes: tuple[str, int]) -> tuple[Region, ...]:
    """RAMs that follow each other without a gap: names and sizes in bytes."""
    regions: list[Region] = []
    at = base
    for name, size_bytes in named_sizes:
        regions.append(Region(name, at, size_bytes, Storage.RAM, offset=at - base))
        at += size_bytes
    return tuple(regions)
