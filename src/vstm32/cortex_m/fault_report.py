"""What there is to say of a fault beyond its sentence: status registers, and who called whom."""

from collections.abc import Iterator

from vstm32.base.memory_map import Storage
from vstm32.base.register_fields import describe
from vstm32.cortex_m.core import Core
from vstm32.cortex_m.scb import CFSR, HFSR, SystemControl

_MOST_CALLERS = 12
_SCANNED_WORDS = 1024
_EXC_RETURN = 0xFFFF_FF00


def status_text(control: SystemControl) -> str:
    """CFSR and HFSR with the names of the bits that are set, as `CFSR 0x00010000 UNDEFINSTR, HFSR ...`."""
    registers = (("CFSR", control.values[CFSR]), ("HFSR", control.values[HFSR]))
    return ", ".join(f"{name} {word:#010x}{describe('SCB', name, word)}" for name, word in registers)


def callers(core: Core) -> tuple[int, ...]:
    """Return addresses, the innermost first: LR, and what lies on the stack and stands behind a call.

    A frame has no pointer to the next one: what a function has left on the stack from before may be among
    them.
    """
    return tuple(address for _, address in zip(range(_MOST_CALLERS), _return_addresses(core), strict=False))


def _return_addresses(core: Core) -> Iterator[int]:
    link = core.read_register(core.lr)
    before = None
    if link < _EXC_RETURN and _follows_call(core, link):
        before = link & ~1
        yield before
    stack = core.read_register(core.sp)
    region = core.memory.map.region_at(stack)
    if region is None:
        return
    count = min(_SCANNED_WORDS, (region.end - stack) // 4)
    for word in core.memory.read_words(stack & ~3, count) or ():
        # A function that calls another has its LR on the stack too.
        if _follows_call(core, word) and word & ~1 != before:
            before = word & ~1
            yield before


def _follows_call(core: Core, word: int) -> bool:
    """Whether a word is the address behind BL or BLX (Arm v7-M ARM, sections A7.7.18 and A7.7.19)."""
    address = word & ~1
    region = core.memory.map.region_at(address)
    if not word & 1 or region is None or not region.executable or region.storage is Storage.IDENTITY:
        return False
    code = core.memory.read(address - 4, 4)
    if code is None:
        return False
    first, last = (int.from_bytes(half, "little") for half in (code[:2], code[2:]))
    return last & 0xFF87 == 0x4780 or (first & 0xF800 == 0xF000 and last & 0xD000 == 0xD000)
