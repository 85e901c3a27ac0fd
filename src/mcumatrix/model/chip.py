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
