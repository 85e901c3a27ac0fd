"""What differs between chips that are flashed alike, as data."""

from dataclasses import dataclass

KB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """A region of the memory map: its first address, and its size in bytes."""

    name: str
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Sectors:
    """Sectors of the flash that are of one size and follow each other."""

    start: int
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip with the flash controller of an STM32F7, for which `algorithm` is the code.

    `part` names it in pyOCD's lists, `targets` are the names that board files and `-t` have for it.
    `device_id` is its DBGMCU_IDCODE.DEV_ID. `sectors` are all of its flash, in their order and without a gap;
    the core sees it at `flash_alias` too. `one_bank` is the bit of FLASH_OPTCR that is 1 where the flash has
    these sectors, 0 where no option byte can divide it otherwise. The first of `ram` has the algorithm in it,
    and no cache in front. Times are in seconds, for pyOCD's progress: of a word, of erasing each KB, of
    erasing everything.
    """

    part: str
    targets: tuple[str, ...]
    part_families: tuple[str, ...]
    device_id: int
    itcm: Memory
    flash_alias: int
    sectors: tuple[Sectors, ...]
    system: Memory
    ram: tuple[Memory, ...]
    word_s: float
    erase_s_per_kb: float
    mass_erase_s: float
    one_bank: int = 0

    @property
    def flash(self) -> Memory:
        """All sectors together."""
        return Memory(
            "flash",
            self.sectors[0].start,
            sum(sectors.count * sectors.size_bytes for sectors in self.sectors),
        )
