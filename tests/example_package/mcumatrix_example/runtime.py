"""A runtime that runs the builtin runtime's reference kernels under C code of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mcumatrix.adapters.runtimes.builtin import BuiltinRuntime
from mcumatrix.hashing import fingerprint, hash_tree
from mcumatrix.model.catalogue import Element, Runtime
from mcumatrix.model.network import Network

FIRMWARE = Path(__file__).parent / "firmware"
HEADERS = ("kernels.h", "model.h")


class ExampleRuntime:
    """A Runtime of mcumatrix.ports."""

    def __init__(self, entry: Runtime, *, firmware: Path, templates: Path, **_: object) -> None:
        self.name = entry.name
        self._builtin = BuiltinRuntime(firmware, templates)
        self._folder = firmware / "runtime" / "builtin"

    def sources(self) -> tuple[Path, ...]:
        return (self._folder,)

    def trees(self, kernels: str) -> Mapping[str, str]:
        """Code from elsewhere, seen from mcumatrix: the C code of this package."""
        return {"example": fingerprint("example", hash_tree(FIRMWARE, [FIRMWARE]))}

    def folders(self, kernels: str) -> Mapping[str, Path]:
        return {"example": FIRMWARE}

    def definitions(self, kernels: str, element: Element) -> Mapping[str, str]:
        return {"MCUMATRIX_RUNTIME_FOLDER": "{tree_example}", "MCUMATRIX_ELEMENT": element}

    def library_inputs(self, kernels: str, folders: Mapping[str, Path]) -> Mapping[str, bytes]:
        return {}

    def render(self, model: bytes, network: Callable[[], Network]) -> Mapping[str, bytes]:
        """The model for the builtin kernels, with the headers that its C code includes."""
        headers = {name: (self._folder / name).read_bytes() for name in HEADERS}
        return self._builtin.render(model, network) | headers
