"""Compare: where two images differ, said so that a person can look there."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile


def first_difference(ours: Path, other: Path) -> str:
    """The first section of two ELF files that differs, with the symbol at the first differing byte.

    Empty if the files are the same byte for byte.
    """
    if ours.read_bytes() == other.read_bytes():
        return ""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    with ours.open("rb") as our_file, other.open("rb") as other_file:
        try:
            return _difference(ELFFile(our_file), ELFFile(other_file))
        except ELFError as error:
            return f"one of the files is not an ELF file: {error}"


def _difference(ours: "ELFFile", other: "ELFFile") -> str:
    our_sections = {section.name: section for section in ours.iter_sections() if section.name}
    other_sections = {section.name: section for section in other.iter_sections() if section.name}
    for name, section in our_sections.items():
        twin = other_sections.get(name)
        if twin is None:
            return f"section {name} is missing in the rebuild"
        for field, what in (("sh_addr", "address"), ("sh_size", "size")):
            if section[field] != twin[field]:
                return f"section {name} has another {what}: {section[field]:#x} and {twin[field]:#x}"
        offset = _first_differing_byte(section.data(), twin.data())
        if offset is not None:
            return _place(ours, section, offset)
    added = [name for name in other_sections if name not in our_sections]
    return f"section {added[0]} is new in the rebuild" if added else "headers differ, and no section does"


def _first_differing_byte(ours: bytes, other: bytes) -> int | None:
    return next(
        (offset for offset, pair in enumerate(zip(ours, other, strict=True)) if pair[0] != pair[1]), None
    )


def _place(elf: "ELFFile", section: Any, offset: int) -> str:
    address = section["sh_addr"] + offset
    if not section["sh_addr"]:  # not loaded: debug information and the like
        return f"section {section.name} differs at offset {offset:#x}"
    symbols = elf.get_section_by_name(".symtab")
    for symbol in symbols.iter_symbols() if symbols else ():
        start = symbol["st_value"] & ~1  # the lowest bit marks Thumb code
        if (
            symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT")
            and start <= address < start + symbol["st_size"]
        ):
            return f"section {section.name} differs at {address:#010x}, in {symbol.name}"
    return f"section {section.name} differs at {address:#010x}"
