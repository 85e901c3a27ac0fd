"""A chip as far as the host has to know it; the rest is in its files under `firmware/chip/`."""

from dataclasses import dataclass

from mcumatrix.units import format_frequency


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
    clocks: "ClockRange | None" = None
    """None where its family does not say which there are."""
    external: "tuple[Region, ...]" = ()
    """Memories of the board beside the chip."""
    external_flash: "Region | None" = None
    """That of them which keeps what is written into it."""


@dataclass(frozen=True, slots=True)
class ClockRange:
    """The core clocks that a family of chips makes: multiples of a step, from the least to the most.

    `rated_hz` is the most that its maker vouches for, 0 where that is not said.
    """

    step_hz: int
    minimum_hz: int
    maximum_hz: int
    rated_hz: int = 0

    def has(self, clock_hz: int) -> bool:
        """Whether it makes a clock."""
        return self.minimum_hz <= clock_hz <= self.maximum_hz and clock_hz % self.step_hz == 0

    def __str__(self) -> str:
        ends = f"{format_frequency(self.minimum_hz)} to {format_frequency(self.maximum_hz)}"
        return f"{ends} in steps of {format_frequency(self.step_hz)}"


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
