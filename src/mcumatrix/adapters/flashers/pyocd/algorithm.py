"""The flash algorithm of the STM32F7: its code, its place in RAM, and what its results mean.

The code is made from `firmware/flash_algorithm` and packaged beside this module; `docs/flashing.md` says how.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources import files
from typing import Any

CODE = "stm32f7.algorithm.json"

PAGE_SIZE_BYTES = 16 * 1024
"""What is programmed with one call: half of the smallest sector."""

# Everything is in DTCM, which no cache stands in front of: the debugger and the core see the same, also
# when a firmware has left the data cache on. The stack is at the very bottom, where an overflow is a fault.
_STACK_BOTTOM = 0x2000_0000
_STACK_TOP = 0x2000_0400
_CODE_ADDRESS = 0x2000_0400
_ANALYZER_ADDRESS = 0x2000_0800
_PAGE_BUFFERS = (0x2000_1000, 0x2000_1000 + PAGE_SIZE_BYTES)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Position-independent code: words, and the offset of each entry point in bytes."""

    instructions: tuple[int, ...]
    entries: Mapping[str, int]


class AlgorithmFailure(IntEnum):
    """Bits 8 to 11 of a result: what went wrong (`firmware/flash_algorithm/result.h`)."""

    LOCKED = 1
    BUSY = 2
    REFUSED = 3
    RANGE = 4


_FLAGS = {
    1 << 1: "OPERR: the operation was not carried out",
    1 << 4: "WRPERR: the sector is write-protected",
    1 << 5: "PGAERR: the data cross a row of 128 bits",
    1 << 6: "PGPERR: the data are not as wide as the parallelism that is set",
    1 << 7: "ERSERR: data came while no programming was set up",
}
"""Bits 0 to 7 of a result: error flags of FLASH_SR (RM0385 section 3.7.4)."""

_SENTENCES = {
    AlgorithmFailure.LOCKED: "The flash controller stays locked in spite of the right keys until a reset.",
    AlgorithmFailure.BUSY: "The flash controller is busy with something and did not become ready in time.",
    AlgorithmFailure.REFUSED: "The flash controller refused.",
    AlgorithmFailure.RANGE: "The address is not in flash, or not a multiple of 4.",
}


def load_algorithm() -> Algorithm:
    """The packaged code."""
    made = json.loads(files(__package__).joinpath(CODE).read_text())
    return Algorithm(tuple(int(word, 16) for word in made["instructions"]), made["entries"])


def flash_algo() -> dict[str, Any]:
    """The algorithm as pyOCD wants it (`pyocd.flash.flash.Flash`), at its place in RAM."""
    algorithm = load_algorithm()

    def entry(name: str) -> int:
        return _CODE_ADDRESS + algorithm.entries[name] | 1

    return {
        "load_address": _CODE_ADDRESS,
        "instructions": list(algorithm.instructions),
        "pc_init": entry("Init"),
        "pc_unInit": entry("UnInit"),
        "pc_eraseAll": entry("EraseChip"),
        "pc_erase_sector": entry("EraseSector"),
        "pc_program_page": entry("ProgramPage"),
        # It has no data, so that R9 may be anything.
        "static_base": _CODE_ADDRESS,
        "begin_stack": _STACK_TOP,
        "end_stack": _STACK_BOTTOM,
        "page_buffers": list(_PAGE_BUFFERS),
        "min_program_length": 4,
        "analyzer_supported": True,
        "analyzer_address": _ANALYZER_ADDRESS,
    }


def algorithm_failure(result: int) -> AlgorithmFailure | None:
    """Which failure a result other than 0 stands for; None if the algorithm has no such result."""
    try:
        return AlgorithmFailure(result >> 8 & 0xF)
    except ValueError:
        return None


def algorithm_error(result: int) -> str:
    """What a result other than 0 means, in a sentence or two."""
    failure = algorithm_failure(result)
    if failure is None:
        return f"The flash algorithm returned {result:#x}, which it never does by itself: it was disturbed."
    flags = [meaning for bit, meaning in _FLAGS.items() if result & bit]
    sentence = _SENTENCES[failure]
    if flags:
        sentence = f"{sentence.removesuffix('.')} ({'; '.join(flags)})."
    offset = (result >> 12) * 4
    return f"{sentence} That was {offset:#x} bytes into the page." if offset else sentence
