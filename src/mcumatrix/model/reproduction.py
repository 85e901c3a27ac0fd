"""Whether a variant built again is the same, bit for bit."""

from dataclasses import dataclass

from mcumatrix.model.image import KEPT

REPRODUCTION_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One build more of an image, from nothing, in another folder.

    `difference` is empty where it came out the same, else a sentence that names the first difference.
    """

    __pydantic_config__ = KEPT

    builder: str
    elf_sha256: str
    difference: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """An image and what came of building it again."""

    __pydantic_config__ = KEPT

    schema: int
    fingerprint: str
    variant: str
    elf_sha256: str
    rebuilds: tuple[Rebuild, ...]
    finished_at: str

    @property
    def is_same(self) -> bool:
        """Whether every rebuild gave the same bytes."""
        return all(rebuild.elf_sha256 == self.elf_sha256 for rebuild in self.rebuilds)

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        if self.is_same:
            builders = " and ".join(rebuild.builder for rebuild in self.rebuilds)
            return f"the same bytes again, by {builders}"
        return "; ".join(
            f"{rebuild.builder}: {rebuild.difference}" for rebuild in self.rebuilds if rebuild.difference
        )
