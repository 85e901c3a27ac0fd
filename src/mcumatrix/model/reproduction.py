"""Whether a variant made again is the same: bit for bit, cycle for cycle."""

from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.model.image import KEPT

REPRODUCTION_SCHEMA = 2
"""Those of version 1 have nothing published in them, and are read too."""


class Outcome(StrEnum):
    """What came of reproducing a published result."""

    SAME = "same image, same cycles"
    OTHER_CYCLES = "same image, other cycles"
    SAME_IMAGE = "same image, cycles not compared"
    OTHER_IMAGE = "other image"
    SAME_FAILURE = "the build fails the same way"
    UNPUBLISHED = "nothing published"
    NOT_BELIEVED = "not believed"
    NOT_BUILT = "not built"


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
class Published:
    """A published result, and how what was made here differs from it.

    `record` is the name of its file without ending, `elf_sha256` that of its image. `image` is the first
    difference of the images, or what is known of it without theirs, and `inputs` are the inputs of the two
    that differ. `cycles` is how far the cycles are apart, in words, and `conditions` are what they depend on
    besides the image and is not the same: board, timing model, tools. `run` is the name of our record, empty
    where nothing was run. `hint` says how to learn more.
    """

    __pydantic_config__ = KEPT

    record: str
    elf_sha256: str
    outcome: Outcome
    image: str = ""
    inputs: tuple[str, ...] = ()
    cycles: str = ""
    conditions: tuple[str, ...] = ()
    run: str = ""
    hint: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not the same, in phrases."""
        inputs = f"inputs that differ: {in_short(self.inputs)}" if self.inputs else ""
        conditions = f"what differs: {in_short(self.conditions)}" if self.conditions else ""
        return tuple(filter(None, (self.image, inputs, self.cycles, conditions)))

    def __str__(self) -> str:
        return f"{self.outcome}: {'; '.join(self.reasons)}" if self.reasons else str(self.outcome)


@dataclass(frozen=True, slots=True)
class Reproduction:
    """An image, what came of building it again, and how it compares with the published one, if any."""

    __pydantic_config__ = KEPT

    schema: int
    fingerprint: str
    variant: str
    elf_sha256: str
    rebuilds: tuple[Rebuild, ...]
    finished_at: str
    published: Published | None = None

    @property
    def is_same(self) -> bool:
        """Whether every rebuild gave the same bytes."""
        return all(rebuild.elf_sha256 == self.elf_sha256 for rebuild in self.rebuilds)

    @property
    def of_builders(self) -> str:
        """What came of building it again, in a sentence."""
        if self.is_same:
            builders = " and ".join(rebuild.builder for rebuild in self.rebuilds)
            return f"the same bytes again, by {builders}"
        return "; ".join(
            f"{rebuild.builder}: {rebuild.difference}" for rebuild in self.rebuilds if rebuild.difference
        )

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        return f"{self.published}; {self.of_builders}" if self.published else self.of_builders


_SHOWN = 5
"""How many of what differs are said; there may be hundreds."""


def in_short(phrases: tuple[str, ...]) -> str:
    """The first of some phrases, and how many more there are."""
    more = f" (and {len(phrases) - _SHOWN} more)" if len(phrases) > _SHOWN else ""
    return f"{', '.join(phrases[:_SHOWN])}{more}"
