"""Flash algorithms: the code of each controller, its place in RAM, and what its results mean.

The code is made from `firmware/flash_algorithm` and packaged beside this module; `docs/flashing.md` says how.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from importlib.resources import files
from typing import Any

# Everything is at the start of RAM, which no cache stands in front of (DTCM on an STM32F7): the debugger
# and the
# core see the same, also when a firmware has left the data cache on. The stack is at the very bottom, where
# an overflow is a fault.
_STACK_BOTTOM = 0x2000_0000
_STACK_TOP = 0x2000_0400
_CODE_ADDRESS = 0x2000_0400
_ANALYZER_ADDRESS = 0x2000_0800
_FIRST_PAGE_BUFFER = 0x2000_1000


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Position-independent code: words, and the offset of each entry point in bytes."""

    instructions: tuple[int, ...]
    entries: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Controller:
    """A flash controller that there is code for, `<name>.algorithm.json`; of a board's flash in `boards`.

    `page_size_bytes` is what is programmed with one call, at most a sector; `unit_bytes` what the controller
    programs at once. `flags` are the error flags of FLASH_SR in bits 0 to 7 of a result, with what they mean.
    """

    name: str
    page_size_bytes: int
    unit_bytes: int
    flags: Mapping[int, str] = field(hash=False)

    @property
    def code(self) -> str:
        """The file with the code, beside this module."""
        return f"{self.name}.algorithm.json"


class AlgorithmFailure(IntEnum):
    """Bits 8 to 11 of a result: what went wrong (`firmware/flash_algorithm/result.h`)."""

    LOCKED = 1
    BUSY = 2
    REFUSED = 3
    RANGE = 4


STM32F7 = Controller(
    "stm32f7",
    page_size_bytes=16 * 1024,
    unit_bytes=4,
    # RM0385 section 3.7.4.
    flags={
        1 << 1: "OPERR: the operation was not carried out",
        1 << 4: "WRPERR: the sector is write-protected",
        1 << 5: "PGAERR: the data cross a row of 128 bits",
        1 << 6: "PGPERR: the data are not as wide as the parallelism that is set",
        1 << 7: "ERSERR: data came while no programming was set up",
    },
)
STM32L4 = Controller(
    "stm32l4",
    page_size_bytes=4 * 1024,
    unit_bytes=8,
    # RM0432 section 3.7.5.
    flags={
        1 << 1: "OPERR: the operation was not carried out",
        1 << 3: "PROGERR: the double word was not erased",
        1 << 4: "WRPERR: the page is write-protected",
        1 << 5: "PGAERR: the data are no double word",
        1 << 6: "SIZERR: the data are not as wide as a word",
        1 << 7: "PGSERR: data came while no programming was set up, or after an error",
    },
)

_SENTENCES = {
    AlgorithmFailure.LOCKED: "The flash controller stays locked in spite of the right keys until a reset.",
    AlgorithmFailure.BUSY: "The flash controller is busy with something and did not become ready in time.",
    AlgorithmFailure.REFUSED: "The flash controller refused.",
    AlgorithmFailure.RANGE: "The address is not in flash, or not a multiple of {unit_bytes}.",
}


def load_algorithm(controller: Controller = STM32F7) -> Algorithm:
    """The packaged code."""
    made = json.loads(files(__package__).joinpath(controller.code).read_text())
    return Algorithm(tuple(int(word, 16) for word in made["instructions"]), made["entries"])


def flash_algo(controller: Controller = STM32F7) -> dict[str, Any]:
    """The algorithm as pyOCD wants it (`pyocd.flash.flash.Flash`), at its place in RAM."""
    algorithm = load_algorithm(controller)

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
        "page_buffers": [_FIRST_PAGE_BUFFER, _FIRST_PAGE_BUFFER + controller.page_size_bytes],
        "min_program_length": controller.unit_bytes,
        "analyzer_supported": True,
        "analyzer_address": _ANALYZER_ADDRESS,
    }


def algorithm_failure(result: int) -> AlgorithmFailure | None:
    """Which failure a result other than 0 stands for; None if the algorithm has no such result."""
    try:
        return AlgorithmFailure(result >> 8 & 0xF)
    except ValueError:
        return None


def algorithm_error(result: int, controller: Controller = STM32F7) -> str:
    """What a result other than 0 means, in a sentence or two."""
    failure = algorithm_failure(result)
    if failure is None:
        return f"The flash algorithm returned {result:#x}, which it never does by itself: it was disturbed."
    flags = [meaning for bit, meaning in controller.flags.items() if result & bit]
    sentence = _SENTENCES[failure].format(unit_bytes=controller.unit_bytes)
    if flags:
        sentence = f"{sentence.removesuffix('.')} ({'; '.join(flags)})."
    offset = (result >> 12) * 4
    return f"{sentence} That was {offset:#x} bytes into the page." if offset else sentence
