"""Firmware from ELF, hex and binary files: what goes where in memory, and where its symbols are."""

import struct
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from vstm32.base.chip import Chip
from vstm32.base.errors import VirtualBoardError
from vstm32.base.memory_map import Storage
from vstm32.base.symbols import Functions, read_functions
from vstm32.stm32.family import FLASH_BASE

_SYMBOL = struct.Struct("<IIIBBH")
_UNDEFINED_SECTION = 0
_FUNCTION = 2
_HEX_ENDINGS = (".hex", ".ihex", ".ihx")
_HEX_END = ":00000001FF"
# More than any chip has: what is larger is not taken into memory.
_MOST_BINARY_BYTES, _MOST_HEX_BYTES = 64 * 1024 * 1024, 16 * 1024 * 1024
_LAST_ADDRESS = 0xFFFF_FFFF


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
    """A linked program: segments by physical address, symbols by name."""

    path: Path
    segments: tuple[Segment, ...]
    symbols: dict[str, int] = field(default_factory=dict, repr=False)


def functions_of(firmware: Firmware | None) -> Functions:
    """The functions of a firmware; none where its file has no symbols. Raises as `read_functions` does."""
    return read_functions(firmware.path) if firmware and firmware.symbols else Functions(())


def load_firmware(path: Path | str, at: int | None = None) -> Firmware:
    """Reads a firmware of any kind: what ends with .hex is Intel hex, what ends with .bin is the bytes
    themselves, all else is ELF.

    `at` is where the bytes of a binary file belong, of whatever name; if not given, at the start of flash.
    Whether it fits a chip is asked by `require_fit`. Raises VirtualBoardError, with the reason.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if at is not None:
        if kind in (".elf", *_HEX_ENDINGS):
            raise VirtualBoardError(
                f"{path} says by itself where it belongs.", hint="An address (--at) is for a .bin file."
            )
        return load_binary(path, at)
    if kind in _HEX_ENDINGS:
        return load_hex(path)
    return load_binary(path) if kind == ".bin" else load_elf(path)


def load_binary(path: Path | str, at: int = FLASH_BASE) -> Firmware:
    """Takes the bytes of a file for what is in memory from the address `at` on.

    Raises VirtualBoardError, with the reason, for one that cannot be read, is empty, or has no place there.
    """
    path = Path(path)
    try:
        data = _read(path, _MOST_BINARY_BYTES)
    except OSError as error:
        raise _cannot_read(path, error) from error
    if not data:
        raise VirtualBoardError(f"{path} is empty.", hint="Give the .bin that objcopy wrote.")
    if not 0 <= at <= _LAST_ADDRESS:
        raise VirtualBoardError(f"{at:#x} is no address.", hint="Addresses have 32 bits.")
    return Firmware(path, (Segment(at, data),))


def load_hex(path: Path | str) -> Firmware:
    """Reads an Intel hex file.

    Raises VirtualBoardError, with the reason, for anything else, and for one that was cut short.
    """
    path = Path(path)
    from intelhex import IntelHex, IntelHexError

    try:
        lines = _read(path, _MOST_HEX_BYTES).decode("ascii").split()
        ends = [number for number, line in enumerate(lines, start=1) if line.upper() == _HEX_END]
        if ends != [len(lines)]:
            raise ValueError("it does not end with its only end-of-file record")
        contents = IntelHex()
        contents.loadhex(StringIO("\n".join(lines)))
        segments = tuple(
            Segment(start, contents.tobinstr(start=start, size=end - start))
            for start, end in contents.segments()
        )
    except OSError as error:
        raise _cannot_read(path, error) from error
    except (IntelHexError, ValueError) as error:
        raise VirtualBoardError(
            f"{path} is not an Intel hex file, or a damaged one: {str(error).rstrip('.')}.",
            hint="Give the .hex that objcopy wrote; what has another format needs another ending.",
        ) from error
    return Firmware(path, segments)


def _read(path: Path, most_bytes: int) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise VirtualBoardError(
            f"{path} has more than {most_bytes} bytes, and is no firmware of a microcontroller.",
            hint="Give a .hex or .bin that objcopy wrote.",
        )
    return data


def _cannot_read(path: Path, error: OSError) -> VirtualBoardError:
    return VirtualBoardError(
        f"{path} cannot be read: {error.strerror}.", hint="Give the path of an .elf, .hex or .bin file."
    )


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
    except OSError as error:
        raise _cannot_read(path, error) from error
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
            hint="Give the .elf that the linker wrote; hex and binary files end with .hex and .bin.",
        ) from error
    return Firmware(path, segments, symbols)


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


def require_fit(firmware: Firmware, chip: Chip, *, flash_is_erased: bool = True) -> None:
    """Raises VirtualBoardError if a firmware was linked for another chip, or for none; or if it has no vector
    table and flash has none either.
    """
    path, segments, memory = firmware.path, firmware.segments, chip.on_board
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
    if flash_is_erased and not any(
        segment.address <= start < segment.end for segment in segments for start in starts
    ):
        raise VirtualBoardError(
            f"{path} has nothing at {memory.flash.base:#010x}, where the {chip.part} looks for the "
            "vector table.",
            hint="Put the vector table at the start of flash in the linker script.",
        )
