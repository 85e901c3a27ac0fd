"""MPU: its regions, and what they allow (PM0253 section 4.6; Arm v7-M ARM, section B3.5).

What follows from the registers is a list of intervals of addresses with one set of permissions each;
protection.py lays it over memory. What memory types and sharing mean for the data cache is told to the
timing model alone.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import pairwise

from vstm32.base.registers import Register, RegisterBlock

TYPE, CTRL, RNR, RBAR, RASR = 0x00, 0x04, 0x08, 0x0C, 0x10
_VALID = 1 << 4
ENABLE, HFNMIENA, PRIVDEFENA = 1 << 0, 1 << 1, 1 << 2

PERMIT_READ, PERMIT_WRITE, PERMIT_EXECUTE, PERMIT_UNALIGNED = 1, 2, 4, 8
_ALL = PERMIT_READ | PERMIT_WRITE | PERMIT_EXECUTE | PERMIT_UNALIGNED

# RASR.AP (Arm v7-M ARM, table B3-15): what privileged and unprivileged code may do. 4 is reserved.
_PRIVILEGED = (0, 3, 3, 3, 0, 1, 1, 1)
_UNPRIVILEGED = (0, 0, 1, 3, 0, 0, 1, 1)
_XN = 1 << 28

# Where the default memory map changes what memory is (Arm v7-M ARM, section B3.1, table B3-1), and the
# private peripheral bus, which no region covers.
_DEFAULT_EDGES = (0, 0x4000_0000, 0x6000_0000, 0x8000_0000, 0xA000_0000, 0xE000_0000, 0xE010_0000)

_REGISTERS = (
    Register("CTRL", CTRL, writable=0x7),
    Register("RNR", RNR, writable=0xFF),
    *(
        register
        for alias in range(4)
        for register in (
            Register("RBAR" if alias == 0 else f"RBAR_A{alias}", RBAR + 8 * alias),
            Register("RASR" if alias == 0 else f"RASR_A{alias}", RASR + 8 * alias),
        )
    ),
)


PermissionMap = tuple[tuple[int, int], ...]
"""(first address, PERMIT_ bits) in order, each reaching to the next; empty: no MPU is in the way."""


def _default_permissions(address: int) -> int:
    """The default memory map: code, SRAM and external RAM may be executed, the rest are devices."""
    executable = address < 0x4000_0000 or 0x6000_0000 <= address < 0xA000_0000
    return _ALL if executable else PERMIT_READ | PERMIT_WRITE


def _region_size(attributes: int) -> int:
    """Bytes of a region (RASR.SIZE, from 32); 0 for one that is off."""
    exponent = (attributes >> 1 & 0x1F) + 1
    return 1 << exponent if attributes & 1 and exponent >= 5 else 0


def _covers(base: int, attributes: int, address: int) -> bool:
    """Whether an address lies in a region and not in one of its subregions that are off (RASR.SRD)."""
    size = _region_size(attributes)
    if not size or address & ~(size - 1) != base & ~(size - 1):
        return False
    return size < 256 or not attributes >> 8 >> (address & (size - 1)) // (size // 8) & 1


def permissions_at(
    address: int, control: int, bases: Sequence[int], attributes: Sequence[int], *, privileged: bool
) -> int:
    """PERMIT_ bits of one address while the MPU is on: the region with the highest number counts."""
    if 0xE000_0000 <= address < 0xE010_0000:
        return _default_permissions(address)
    for base, attribute in reversed(tuple(zip(bases, attributes, strict=True))):
        if _covers(base, attribute, address):
            allowed = (_PRIVILEGED if privileged else _UNPRIVILEGED)[attribute >> 24 & 7]
            if allowed and not attribute & _XN and address < 0xE000_0000:
                allowed |= PERMIT_EXECUTE
            return allowed | PERMIT_UNALIGNED if is_normal(attribute) else allowed
    return _default_permissions(address) if privileged and control & PRIVDEFENA else 0


def permission_map(
    control: int, bases: Sequence[int], attributes: Sequence[int], *, privileged: bool
) -> PermissionMap:
    """All 4 GB as (first address, PERMIT_ bits), in order; each reaches to the next."""
    return _intervals(
        bases, attributes, lambda at: permissions_at(at, control, bases, attributes, privileged=privileged)
    )


def _intervals(
    bases: Sequence[int], attributes: Sequence[int], value_at: Callable[[int], int]
) -> tuple[tuple[int, int], ...]:
    """All 4 GB as (first address, value) where a value may change with a region."""
    edges = set(_DEFAULT_EDGES)
    for base, attribute in zip(bases, attributes, strict=True):
        size = _region_size(attribute)
        if size:
            first, parts = base & ~(size - 1), 8 if size >= 256 else 1
            edges |= {first + size // parts * part for part in range(parts + 1)}
    intervals: list[tuple[int, int]] = []
    for edge in sorted(edge for edge in edges if edge < 1 << 32):
        value = value_at(edge)
        if not intervals or intervals[-1][1] != value:
            intervals.append((edge, value))
    return tuple(intervals)


def is_normal(attributes: int) -> bool:
    """Whether RASR makes normal memory, and none of a device (Arm v7-M ARM, table B3-13)."""
    extension, cacheable = attributes >> _TEX_SHIFT & 7, attributes >> _CACHE_SHIFT + 1 & 1
    return bool(cacheable) or extension >= 4 or (extension == 1 and not attributes >> _CACHE_SHIFT & 1)


class CachePolicy(IntEnum):
    """What the data cache does with memory; the constants of native/layout.h."""

    NOT_CACHED = 0
    WRITE_THROUGH = 1
    WRITE_BACK = 2
    WRITE_ALLOCATE = 3


CachePolicyMap = tuple[tuple[int, int], ...]
"""(first address, `CachePolicy`) in order, each reaching to the next; empty: as without an MPU."""

_SHAREABLE, _TEX_SHIFT, _CACHE_SHIFT = 1 << 18, 19, 16
# RASR.C and B, where TEX is 0 and where its highest bit is set (Arm v7-M ARM, tables B3-16 and B3-17).
_TEX_0 = (
    CachePolicy.NOT_CACHED, CachePolicy.NOT_CACHED, CachePolicy.WRITE_THROUGH, CachePolicy.WRITE_BACK
)  # fmt: skip
_INNER = (
    CachePolicy.NOT_CACHED, CachePolicy.WRITE_ALLOCATE, CachePolicy.WRITE_THROUGH, CachePolicy.WRITE_BACK
)  # fmt: skip


def cache_policy(attributes: int) -> CachePolicy:
    """What RASR makes of memory. What is shareable is not cached (DDI 0489F, section 5.9)."""
    cache, extension = attributes >> _CACHE_SHIFT & 3, attributes >> _TEX_SHIFT & 7
    if attributes & _SHAREABLE:
        return CachePolicy.NOT_CACHED
    if extension == 0:
        return _TEX_0[cache]
    if extension >= 4:
        return _INNER[cache]
    return CachePolicy.WRITE_ALLOCATE if (extension, cache) == (1, 3) else CachePolicy.NOT_CACHED


def _cache_policy_at(address: int, bases: Sequence[int], attributes: Sequence[int]) -> CachePolicy:
    for base, attribute in reversed(tuple(zip(bases, attributes, strict=True))):
        if _covers(base, attribute, address):
            return cache_policy(attribute)
    return default_cache_policy(address)


def default_cache_policy(address: int) -> CachePolicy:
    """What the data cache does with memory of which no region says it (Arm v7-M ARM, table B3-1)."""
    if address < 0x8000_0000:
        return CachePolicy.WRITE_ALLOCATE
    return CachePolicy.WRITE_THROUGH if address < 0xA000_0000 else CachePolicy.NOT_CACHED


def permitted(intervals: PermissionMap, address: int, size_bytes: int) -> int:
    """What is allowed at every byte of a range, which crosses no border of the default memory map."""
    if not intervals:
        return _default_permissions(address)
    allowed = _ALL
    for (first, bits), (end, _) in pairwise((*intervals, (1 << 32, 0))):
        if first < address + size_bytes and address < end:
            allowed &= bits
    return allowed


class Mpu(RegisterBlock):
    """So many `regions`; `changed` is told whenever what they allow may have changed."""

    def __init__(self, regions: int) -> None:
        self._count = regions
        self.changed: Callable[[], None] = lambda: None
        kind = Register("TYPE", TYPE, reset=regions << 8)
        super().__init__("MPU", 0xE000_ED90, (kind, *_REGISTERS))

    def reset(self) -> None:
        """All regions empty."""
        super().reset()
        self._bases = [0] * self._count
        self._attributes = [0] * self._count
        self.changed()

    @property
    def control(self) -> int:
        """CTRL: ENABLE, HFNMIENA, PRIVDEFENA."""
        return self.values[CTRL]

    def permission_map(self, *, privileged: bool) -> PermissionMap:
        """What the regions allow while ENABLE is set; see the function of this name."""
        return permission_map(self.control, self._bases, self._attributes, privileged=privileged)

    def cache_policy_map(self) -> CachePolicyMap:
        """What the data cache does with memory; nothing is said of it while ENABLE is clear."""
        if not self.control & ENABLE:
            return ()
        bases, attributes = self._bases, self._attributes
        return _intervals(bases, attributes, lambda at: _cache_policy_at(at, bases, attributes))

    def _region(self) -> int:
        return self.values[RNR] % self._count

    def read_register(self, offset: int) -> int:
        """RBAR carries the region number."""
        if offset >= RBAR:
            if (offset - RBAR) % 8:
                return self._attributes[self._region()]
            return self._bases[self._region()] | self._region()
        return self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """RBAR with VALID set also selects the region."""
        if offset < RBAR:
            super().write_register(offset, value)
        elif (offset - RBAR) % 8:
            self._attributes[self._region()] = value & 0x173F_FF3F
        else:
            if value & _VALID:
                self.values[RNR] = value & 0xF
            self._bases[self._region()] = value & 0xFFFF_FFE0
        self.changed()
