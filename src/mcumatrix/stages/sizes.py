"""How much of which memory an image takes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.errors import BuildError
from mcumatrix.model.application import ADDED, library_of
from mcumatrix.model.image import EXTERNAL_FLASH, FLASH, OTHER_FLASH_ADDRESSES, FlashPart, Sizes

_REGION = re.compile(
    r"^(?P<name>\w+)\s+0x(?P<origin>[0-9a-f]+)\s+0x(?P<length>[0-9a-f]+)(\s+[xrwail!]+)?$", re.M
)

_CONTRIBUTION = re.compile(
    r"^ (?P<section>[^*\s]\S*)\s+0x(?P<address>[0-9a-f]+)\s+0x(?P<size>[0-9a-f]+)[ \t]+(?P<file>\S[^\n]*)$",
    re.M,
)
_FILE = re.compile(r"(?:.*/)?(?P<name>[^/()]+)(?:\((?P<member>[^()]+)\))?")

_PART_OF_LIBRARY = {
    "libkernels.a": FlashPart.KERNELS,
    "liboptimised.a": FlashPart.OPTIMISED,
    "libruntime.a": FlashPart.RUNTIME,
    "libadapter.a": FlashPart.APPLICATION,
    "libmodel.a": FlashPart.MODEL,
    "libplatform.a": FlashPart.APPLICATION,
    **{library_of(application): FlashPart.APPLICATION for application in ADDED},
}
"""As firmware/CMakeLists.txt and firmware/runtime/CMakeLists.txt call them; any other is the compiler's."""

_SAMPLE = "sample.c"
"""The one file in the model's library that is the application's: the built-in input."""


def read_regions(map_text: str) -> dict[str, range]:
    """The memory regions of a linker map (GNU ld, "Memory Configuration"): name to addresses."""
    _, _, rest = map_text.partition("Memory Configuration")
    table, _, _ = rest.partition("Linker script and memory map")
    return {
        match["name"]: range(int(match["origin"], 16), int(match["origin"], 16) + int(match["length"], 16))
        for match in _REGION.finditer(table)
    }


def _part_of(file: str) -> FlashPart:
    """What an object file belongs to, named as a map names it: "libmodel.a(model.c.obj)"."""
    match = _FILE.fullmatch(file)
    name, member = (match["name"], match["member"]) if match else (file, None)
    if member is None or member.startswith(_SAMPLE):
        return FlashPart.APPLICATION
    return _PART_OF_LIBRARY.get(name, FlashPart.C_LIBRARY)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one object file has brought into an image: addresses that it takes, and what it belongs to."""

    addresses: range
    part: FlashPart


def read_contributions(map_text: str) -> list[Contribution]:
    """What object files have brought, by a linker map (GNU ld, "Linker script and memory map").

    Of strings that the linker merges, a file may have more than is left of them: then addresses are there
    twice, and those of the file that begins later are its own.
    """
    _, _, rest = map_text.partition("Linker script and memory map")
    # A name that is long has the rest on a line of its own.
    joined = re.sub(r"^( [.\w]\S*)\n[ \t]+(?=0x)", r"\1 ", rest, flags=re.M)
    return [
        Contribution(
            range(int(match["address"], 16), int(match["address"], 16) + int(match["size"], 16)),
            _part_of(match["file"]),
        )
        for match in _CONTRIBUTION.finditer(joined)
        if int(match["address"], 16) and int(match["size"], 16)
    ]


def measure_sizes(elf: Path, map_file: Path) -> Sizes:
    """Sizes of an ELF file's sections; initialised data counts in RAM and, as its copy, in flash.

    Raises:
        BuildError: the files are not an ELF file and its map.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    map_text = map_file.read_text(errors="replace")
    regions = read_regions(map_text)
    # Each byte there is one of flash, and counts as that.
    other_view = regions.pop(OTHER_FLASH_ADDRESSES, range(0))
    in_flash: list[range] = []
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
                elif flags & SH_FLAGS.SHF_WRITE or _is_copied(section["sh_addr"], regions, other_view):
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
                if loaded and any(address in regions.get(FLASH, ()) for address in addresses):
                    in_flash.append(range(section["sh_addr"], section["sh_addr"] + size_bytes))
    except ELFError as error:
        raise BuildError(f"{elf} is not an ELF file: {error}", hint="Remove it and build again.") from error
    flash_bytes = _by_part(in_flash, read_contributions(map_text))
    return Sizes(text_bytes, data_bytes, bss_bytes, region_bytes, flash_bytes)


def _is_copied(address: int, regions: Mapping[str, range], other_view: range) -> bool:
    """Whether what has an address takes RAM besides its place in flash."""
    read_there = (*(regions.get(name, range(0)) for name in (FLASH, EXTERNAL_FLASH)), other_view)
    in_flash = any(address in region for region in read_there)
    return not in_flash and any(address in region for region in regions.values())


def _by_part(sections: Iterable[range], contributions: Iterable[Contribution]) -> dict[FlashPart, int]:
    """How many bytes of sections belong to what; each byte counts once."""
    found = dict.fromkeys(FlashPart, 0)
    ordered = sorted(contributions, key=lambda one: one.addresses.start)
    for section in sections:
        inside = [one for one in ordered if one.addresses.start in section]
        ends = [*(one.addresses.start for one in inside), section.stop][1:]
        sizes = [
            min(one.addresses.stop, end) - one.addresses.start for one, end in zip(inside, ends, strict=True)
        ]
        for one, size_bytes in zip(inside, sizes, strict=True):
            found[one.part] += size_bytes
        found[FlashPart.OTHER] += len(section) - sum(sizes)
    return found
