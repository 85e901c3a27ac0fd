"""What a set of kernels does with models that it was not written for, as far as its sources say."""

import json
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.model.network import Operator

KERNELS_FILE = "kernels.json"
"""Beside the other inputs of a library whose kernels were asked."""


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """`refusing_hybrid` are the operators whose kernels refuse integer weights with float32 activations."""

    refusing_hybrid: frozenset[Operator]

    def to_json(self) -> bytes:
        return json.dumps({"refusing_hybrid": sorted(self.refusing_hybrid)}, indent=1).encode() + b"\n"


def read_kernel_facts(inputs: Path) -> KernelFacts | None:
    """The facts beside a library's inputs; None where its kernels were never asked, or nobody can tell."""
    try:
        found = json.loads((inputs / KERNELS_FILE).read_bytes())
        return KernelFacts(frozenset(map(Operator, found["refusing_hybrid"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None
