"""What a set of kernels does with models that it was not written for, as far as its sources say."""

import json
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.model.network import Operator

KERNELS_FILE = "kernels.json"
"""Beside the other inputs of a library whose kernels were asked."""


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """`refusing_hybrid` are the operators whose kernels refuse integer weights with float32 activations.

    `operators` are the names of those that can be registered, and `definitions` the switches of the
    preprocessor that all was compiled with. `float_functions` says whether kernels of an optimised library
    call functions of it for floats; None where there is no such library. What was not asked is None.
    """

    refusing_hybrid: frozenset[Operator]
    operators: frozenset[str] | None = None
    definitions: tuple[str, ...] = ()
    float_functions: bool | None = None

    def to_json(self) -> bytes:
        facts = {
            "refusing_hybrid": sorted(self.refusing_hybrid),
            "operators": None if self.operators is None else sorted(self.operators),
            "definitions": list(self.definitions),
            "float_functions": self.float_functions,
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
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
