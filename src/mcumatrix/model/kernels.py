"""What a set of kernels does with models that it was not written for, as far as its sources say."""

import json
from dataclasses import dataclass
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


DECIDING = frozenset({ASSERTIONS_OUT, RESTRICT})
"""Switches that decide about speed and that sources look at, whether they are set or not."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """How the library of a runtime is compiled, as far as it decides about speed.

    `options` are those of the compiler in their order: definitions, then flags. `unset` are those switches of
    `DECIDING` that its sources look at and that its own definitions leave out.
    """

    __pydantic_config__ = KEPT

    options: tuple[str, ...]
    unset: tuple[str, ...] = ()

    @property
    def asserts(self) -> bool | None:
        """Whether assertions are compiled in; None where nothing says so."""
        is_defined = self._last_said(ASSERTIONS_OUT)
        if is_defined is not None:
            return not is_defined
        return True if ASSERTIONS_OUT in self.unset else None

    @property
    def is_unrestricted(self) -> bool:
        """Whether it could be told which pointers do not overlap, and is not."""
        is_defined = self._last_said(RESTRICT)
        return RESTRICT in self.unset if is_defined is None else not is_defined

    def _last_said(self, name: str) -> bool | None:
        """Whether the last option that speaks of a switch defines it; None where none does."""
        said = [
            option for option in self.options if option[:2] in {_DEFINE, _UNDEFINE} and _name(option) == name
        ]
        return said[-1].startswith(_DEFINE) if said else None


_DEFINE, _UNDEFINE = "-D", "-U"


def _name(option: str) -> str:
    return option[2:].partition("=")[0]


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """`refusing_hybrid` are the operators whose kernels refuse integer weights with float32 activations.

    `operators` are the names of those that can be registered, and `definitions` the switches of the
    preprocessor that all was compiled with. `float_functions` says whether kernels of an optimised library
    call functions of it for floats; None where there is no such library. `unset` is as in `Compiled`. What
    was not asked is None.
    """

    refusing_hybrid: frozenset[Operator]
    operators: frozenset[str] | None = None
    definitions: tuple[str, ...] = ()
    float_functions: bool | None = None
    unset: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        facts = {
            "refusing_hybrid": sorted(self.refusing_hybrid),
            "operators": None if self.operators is None else sorted(self.operators),
            "definitions": list(self.definitions),
            "float_functions": self.float_functions,
            "unset": list(self.unset),
        }
        return json.dumps(facts, indent=1).encode() + b"\n"


def read_kernel_facts(inputs: Path) -> KernelFacts | None:
    """The facts beside a library's inputs; None where its kernels were never asked, or nobody can tell."""
    try:
        found = json.loads((inputs / KERNELS_FILE).read_bytes())
        operators = found["operators"]
        return KernelFacts(
            frozenset(map(Operator, found["refusing_hybrid"])),
            None if operators is None else frozenset(map(str, operators)),
            tuple(map(str, found["definitions"])),
            found["float_functions"],
            tuple(map(str, found["unset"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
