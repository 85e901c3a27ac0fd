"""A chip as far as the host has to know it; the rest is in its files under `firmware/chip/`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """What a firmware is compiled for.

    `family` names the folder under `firmware/family/` that drives it. `cpu_flags` choose core and FPU, for
    the compiler and the libraries that it brings; what is compiled with the same ones can be shared.
    """

    name: str
    family: str
    cpu_flags: tuple[str, ...]
    flash: "Region | None" = None
    """What programs are linked into; None where nothing says how large it is."""
    ram: "Region | None" = None
    """The largest memory for what they change: no tensor is larger."""


@dataclass(frozen=True, slots=True)
class Region:
    """A memory, by the name that linker scripts have for it."""

    name: str
    size_bytes: int


CHIP_ID_REGISTER = "DBGMCU_IDCODE"
"""What firmware calls the register that says which chip it is, among those that it sends."""

_RESERVED_BITS = 0xF000


def is_virtual_chip(chip_id: int) -> bool:
    """Whether a DBGMCU_IDCODE is that of a virtual chip: its reserved bits are as no silicon has them."""
    return chip_id & _RESERVED_BITS == _RESERVED_BITS
