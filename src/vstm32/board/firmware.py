"""Reading an ELF file: what goes where in memory, and where its symbols are."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

from vstm32.base.chip import Chip
from vstm32.base.errors import VirtualBoardError
from vstm32.base.memory_map import Storage

_SYMBOL = struct.Struct("<IIIBBH")
_UNDEFINED_SECTION = 0
_FUNCTION = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes at a physical (load) address."""

    address: int
    data: bytes = field(repr=False)

    @property
    def end(self) -> int:
        """First address after the segment."""
        return self.address + len(self.data)


@dataclass(frozen=True, slots=True)
class Firmware:
    """A linked program: segments by physical address, entry point, symbols by name."""

    path: Path
    segments: tuple[Segment, ...]
    entry: int
    symbols: dict[str, int] = field(repr=False)


def load_elf(path: Path | str) -> Firmware:
    """Reads a 32-bit little-endian Arm ELF file. Whether it fits a chip is asked by `require_fit`.

    Raises VirtualBoardError, with the reason, for anything else.
    """
    path = Path(path)
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            _check_kind(path, elf)
            segments = tuple(
                Segment(segment["p_paddr"], segment.data())
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_filesz"]
            )
            table = elf.get_section_by_name(".symtab")
            symbols = {}
            if table is not None:
                names = elf.get_section(table["sh_link"]).data()
                symbols = _symbols(table.data(), names)
            entry = elf["e_entry"] & ~1
    except OSError as error:
        raise VirtualBoardError(
            f"{path} cannot be read: {error.strerror}.", hint="Give the path of a firmware's ELF file."
        ) from error
    except (
        ELFError,
        ValueError,
        struct.error,
        KeyError,
        UnicodeDecodeError,
        AttributeError,
        TypeError,
    ) as error:
        raise VirtualBoardError(
            f"{path} is not an ELF file, or a damaged one: {error}.",
            hint="Give the .elf that the linker wrote, not a .bin or .hex made from it.",
        ) from error
    return Firmware(path, segments, entry, symbols)


def _symbols(table: bytes, names: bytes) -> dict[str, int]:
    """Addresses by name, of a symbol table (Elf32_Sym of the System V ABI) and its strings.

    pyelftools takes as long for them as for the rest of a board's start.
    """
    symbols = {}
    for name_at, value, _, info, _, section in _SYMBOL.iter_unpack(table):
        name = names[name_at : names.index(b"\0", name_at)].decode()
        if name and section != _UNDEFINED_SECTION:
            # Bit 0 of a function's address says Thumb; it is no part of the address.
            symbols[name] = value & (~1 if info & 0xF == _FUNCTION else ~0)
    return symbols


def _check_kind(path: Path, elf: "ELFFile") -> None:  # type: ignore[name-defined]  # noqa: F821
    if elf["e_machine"] != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
        machine = str(elf["e_machine"]).removeprefix("EM_")
        raise VirtualBoardError(
            f"{path} is for {machine}, {elf.elfclass} bits; a virtual board runs 32-bit little-endian Arm.",
            hint="Build it with arm-none-eabi-gcc -mcpu=cortex-m7.",
        )
    if elf["e_type"] != "ET_EXEC":
        raise VirtualBoardError(
            f"{path} is not linked: its type is {elf['e_type']}, and only an executable can run.",
            hint="Link it with a linker script for the chip.",
        )


def require_fit(firmware: Firmware, chip: Chip) -> None:
    """Raises VirtualBoardError if a firmware was linked for another chip, or for none."""
    path, segments, memory = firmware.path, firmware.segments, chip.memory
    for segment in segments:
        if memory.region_at(segment.address, len(segment.data)) is None:
            raise VirtualBoardError(
                f"{path} has {len(segment.data)} bytes at {segment.address:#010x} to "
                f"{segment.end - 1:#010x}, which is outside of the memory of the {chip.part}.",
                hint="Its memory: "
                + ", ".join(
                    f"{region.name} {region.base:#010x} to {region.end - 1:#010x}"
                    for region in memory.regions
                    if region.storage is not Storage.IDENTITY
                )
                + ".",
            )
    starts = (memory.flash.base, memory.flash_itcm.base)
    if not any(segment.address <= start < segment.end for segment in segments for start in starts):
        raise VirtualBoardError(
            f"{path} has nothing at {memory.flash.base:#010x}, where the {chip.part} looks for the "
            "vector table.",
            hint="Put the vector table at the start of flash in the linker script.",
        )
