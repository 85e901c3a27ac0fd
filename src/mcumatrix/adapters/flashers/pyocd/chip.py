"""What differs between chips that are flashed alike, as data."""

from dataclasses import dataclass

from mcumatrix.adapters.flashers.pyocd.algorithm import STM32F7, Controller

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
class ExternalFlash:
    """Flash beside a chip, on its board, that `algorithm` has code for; sectors are all of one size.

    `name` is that of its region. Times are in seconds, for pyOCD's progress: of a page of the controller, and
    of erasing a sector.
    """

    name: str
    sectors: Sectors
    controller: Controller
    page_s: float
    sector_erase_s: float


@dataclass(frozen=True, slots=True)
class Division:
    """An option byte that divides the flash: a bit of the register at an address, 1 for the sectors of a
    `Chip`.

    `otherwise` is what the flash is if it is 0, as the end of a sentence; `remedy` what to do then.
    """

    address: int
    bit: int
    otherwise: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip with a flash controller that `algorithm` has code for.

    `part` names it in pyOCD's lists, `targets` are the names that board files and `-t` have for it.
    `device_id` is its DBGMCU_IDCODE.DEV_ID. `sectors` are all of its flash, in their order and without a gap;
    the core sees it at `flash_alias` too. `division` is the option that is to be set where the flash has
    these sectors; None where none can divide it otherwise. The first of `ram` has the algorithm in it,
    and no cache in front. Times are in seconds, for pyOCD's progress: of a word, of erasing each KB, of
    erasing everything.
    """

    part: str
    targets: tuple[str, ...]
    part_families: tuple[str, ...]
    device_id: int
    flash_alias: int
    sectors: tuple[Sectors, ...]
    system: Memory
    ram: tuple[Memory, ...]
    word_s: float
    erase_s_per_kb: float
    mass_erase_s: float
    itcm: Memory | None = None
    division: "Division | None" = None
    controller: Controller = STM32F7

    @property
    def flash(self) -> Memory:
        """All sectors together."""
        return Memory(
            "flash",
            self.sectors[0].start,
            sum(sectors.count * sectors.size_bytes for sectors in self.sectors),
        )
