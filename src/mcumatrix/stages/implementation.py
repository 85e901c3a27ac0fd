"""Implementation: which source file computed a layer, by the debug information of its image."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from mcumatrix.model.record import Measurement


def name_sources(measurement: Measurement, elf: Path) -> Measurement:
    """The measurement with the source file of each layer's function, as far as it is known."""
    files = source_files(elf, {layer.code for layer in measurement.layers if layer.code})
    layers = tuple(replace(layer, source=files.get(layer.code, "")) for layer in measurement.layers)
    return replace(measurement, layers=layers)


def source_files(elf: Path, addresses: Iterable[int]) -> Mapping[int, str]:
    """The compiled file that holds each of some addresses of code.

    Addresses that no file is known for are left out, and so is everything where the image has no debug
    information.
    """
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as stream:
        image = ELFFile(stream)
        dwarf = image.get_dwarf_info() if image.has_dwarf_info() else None
        ranges = dwarf.get_aranges() if dwarf else None
        if dwarf is None or ranges is None:
            return {}
        found = {}
        for address in addresses:
            offset = ranges.cu_offset_at_addr(address)
            if offset is not None:
                name = dwarf.get_CU_at(offset).get_top_DIE().attributes["DW_AT_name"].value
                found[address] = name.decode(errors="replace")
        return found
