"""How much of which memory an image takes."""

import re
from pathlib import Path

from mcumatrix.errors import BuildError
from mcumatrix.model.image import Sizes

_REGION = re.compile(
    r"^(?P<name>\w+)\s+0x(?P<origin>[0-9a-f]+)\s+0x(?P<length>[0-9a-f]+)(\s+[xrwail!]+)?$", re.M
)


def read_regions(map_text: str) -> dict[str, range]:
    """The memory regions of a linker map (GNU ld, "Memory Configuration"): name to addresses."""
    _, _, rest = map_text.partition("Memory Configuration")
    table, _, _ = rest.partition("Linker script and memory map")
    return {
        match["name"]: range(int(match["origin"], 16), int(match["origin"], 16) + int(match["length"], 16))
        for match in _REGION.finditer(table)
    }


def measure_sizes(elf: Path, map_file: Path) -> Sizes:
    """Sizes of an ELF file's sections; initialised data counts in RAM and, as its copy, in flash.

    Raises:
        BuildError: the files are not an ELF file and its map.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    regions = read_regions(map_file.read_text(errors="replace"))
    if not regions:
        raise BuildError(
            f"{map_file} has no memory regions",
            hint="The linker did not write its map; see build.log beside it.",
        )
    text_bytes = data_bytes = bss_bytes = 0
    region_bytes = dict.fromkeys(regions, 0)
    try:
        with elf.open("rb") as file:
            parsed = ELFFile(file)
            segments = [segment for segment in parsed.iter_segments() if segment["p_type"] == "PT_LOAD"]
            for section in parsed.iter_sections():
                size_bytes, flags = section["sh_size"], section["sh_flags"]
                if not flags & SH_FLAGS.SHF_ALLOC:
                    continue
                loaded = section["sh_type"] != "SHT_NOBITS"
                if not loaded:
                    bss_bytes += size_bytes
                elif flags & SH_FLAGS.SHF_WRITE:
                    data_bytes += size_bytes
                else:
                    text_bytes += size_bytes
                addresses = {section["sh_addr"]}
                if loaded:
                    addresses |= {
                        segment["p_paddr"] + section["sh_addr"] - segment["p_vaddr"]
                        for segment in segments
                        if segment.section_in_segment(section)
                    }
                for name, region in regions.items():
                    region_bytes[name] += size_bytes * sum(address in region for address in addresses)
    except ELFError as error:
        raise BuildError(f"{elf} is not an ELF file: {error}", hint="Remove it and build again.") from error
    return Sizes(text_bytes, data_bytes, bss_bytes, region_bytes)
