"""Flash beside the chip: its region for pyOCD, and what of an image belongs there.

`import pyocd` comes before importing this, as for `target`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pyocd.core.memory_map import FlashRegion

from mcumatrix.adapters.flashers.pyocd.algorithm import flash_algo
from mcumatrix.adapters.flashers.pyocd.chip import ExternalFlash
from mcumatrix.adapters.flashers.pyocd.target import CheckedFlash

if TYPE_CHECKING:
    from pyocd.core.soc_target import SoCTarget


def segments_outside(elf: Path, internal: range) -> tuple[tuple[int, bytes], ...]:
    """What an ELF file loads outside of a range, each as its address and its bytes."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        return tuple(
            (segment["p_paddr"], segment.data())
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_filesz"] and segment["p_paddr"] not in internal
        )


def make_readable(target: "SoCTarget", external: ExternalFlash) -> None:
    """Gives a target the region of the flash, and maps the flash into memory, so that it can be read.

    Raises:
        FlashFailure: the flash algorithm could not do it.
    """
    region = target.memory_map.get_first_matching_region(name=external.name)
    if region is None:
        region = _region(external)
        target.memory_map.add_region(region)
        region.flash = CheckedFlash(target, region.algo)
        region.flash.region = region
    region.flash.init(region.flash.Operation.VERIFY)
    region.flash.cleanup()


def _region(external: ExternalFlash) -> FlashRegion:
    return FlashRegion(
        name=external.name,
        start=external.sectors.start,
        length=external.sectors.count * external.sectors.size_bytes,
        sector_size=external.sectors.size_bytes,
        page_size=external.controller.page_size_bytes,
        phrase_size=external.controller.unit_bytes,
        erase_sector_weight=external.sector_erase_s,
        program_page_weight=external.page_s,
        is_default=False,
        algo=flash_algo(external.controller),
        flash_class=CheckedFlash,
    )
