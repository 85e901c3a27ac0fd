"""What a set of kernels does with models that it was not written for, as far as its sources say."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mcumatrix.model.image import KEPT
from mcumatrix.model.network import Operator

KERNELS_FILE = "kernels.json"
"""Beside the other inputs of a library whose kernels were asked."""


ASSERTIONS_OUT = "NDEBUG"
"""The switch that leaves assertions out."""

RESTRICT = "OPTIONAL_RESTRICT_KEYWORD"
"""The switch of CMSIS-NN that tells the compiler which pointers do not overlap; its README wants it to be
`__restrict` on a Cortex-M7."""


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """What its own switches leave of a library, unless a flag of an own axis says otherwise.

    It `asserts` where assertions are compiled in, and is `unrestricted` where its sources look at `RESTRICT`
    and nothing sets it.
    """

    __pydantic_config__ = KEPT

    asserts: bool
    unrestricted: bool


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """`refusing_hybrid` are the operators whose kernels refuse integer weights with float32 activations."""

    refusing_hybrid: frozenset[Operator]
    library: LibraryFacts | None = None

    def to_json(self) -> bytes:
        found: dict[str, object] = {"refusing_hybrid": sorted(self.refusing_hybrid), "library": None}
        if self.library:
            found["library"] = asdict(self.library)
        return json.dumps(found, indent=1).encode() + b"\n"


def read_kernel_facts(inputs: Path) -> KernelFacts | None:
    """The facts beside a library's inputs; None where its kernels were never asked, or nobody can tell."""
    try:
        found = json.loads((inputs / KERNELS_FILE).read_bytes())
        library = LibraryFacts(**found["library"]) if found.get("library") else None
        return KernelFacts(frozenset(map(Operator, found["refusing_hybrid"])), library)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
