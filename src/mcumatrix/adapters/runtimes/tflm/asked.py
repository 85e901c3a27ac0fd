"""What a tree of TensorFlow Lite Micro asks for: what a runtime's file has to say about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.library import REFERENCE, missing_parties
from mcumatrix.adapters.runtimes.tflm.third_party import (
    CMSIS,
    CMSIS_NN,
    FLATBUFFERS,
    GEMMLOWP,
    RUY,
    find_parties,
    part_of,
)
from mcumatrix.adapters.runtimes.tflm.tree import read_tree
from mcumatrix.errors import SourceError
from mcumatrix.model.catalogue import Element

_LIBRARIES = (FLATBUFFERS, GEMMLOWP, RUY, CMSIS, CMSIS_NN)
_ARCHIVE = re.compile(r"(github\.com/[^/]+/[^/]+)/archive/(?:refs/tags/)?(.+?)\.(?:zip|tar\.gz)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """`kernels` and `elements` are what the tree has. `libraries` are those that it needs and does not
    bring, by the names of sources, each with its repository's URL and the commit or tag that the tree itself
    pins."""

    kernels: tuple[str, ...]
    elements: tuple[Element, ...]
    libraries: Mapping[str, tuple[str, str]]


def asked_by(folder: Path) -> Asked:
    """Looks into the makefiles of the tree in a folder, the way its own build would fetch libraries.

    Raises:
        SourceError: there is no tree, or it needs a library and does not say of which commit.
    """
    tree = read_tree(folder)
    parties = find_parties(folder, {})
    kernels = (REFERENCE, CMSIS_NN) if tree.cmsis_nn_kernels else (REFERENCE,)
    needed: dict[str, str] = {}
    for each in kernels:
        needed |= missing_parties(tree, each, parties)
    libraries: dict[str, tuple[str, str]] = {}
    for name in _LIBRARIES:
        pin = tree.pins.get(name)
        found = _ARCHIVE.search(pin.url) if pin is not None else None
        if found is not None and name not in parties.found:
            libraries[name] = (f"https://{found[1]}", found[2])
        elif name in needed and part_of(name) not in libraries:
            raise SourceError(
                f"The tree in {tree.root} needs {name} ({needed[name]}), and does not say of which commit:"
                f" looked for its URL in {tree.micro}/tools/make.",
                hint="Write the runtime's file by hand, with a commit of the tree's age.",
            )
    return Asked(kernels, tree.elements, libraries)
