"""What a Docker engine has for builds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineRoom:
    """What an engine has for all containers. `free_bytes` is None where its disk is not seen from here."""

    version: str
    processors: int
    memory_bytes: int
    free_bytes: int | None
