"""Which of a tree's kernels have to be compiled for some operators."""

from collections.abc import Iterable
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.functions import (
    Defined,
    inline_functions,
    read_functions,
    where_defined,
)


class KernelFiles:
    """The sources and headers of kernels, and what each has of what others use.

    A function is used by others where a header of the kernels names it; each kernel has its own Prepare and
    Eval.
    """

    def __init__(self, sources: Iterable[Path], headers: Iterable[Path]) -> None:
        """Where several sources define a function, the first of them counts.

        Raises:
            SourceError: one of the files cannot be read.
        """
        files = {path: read_functions(path) for path in sources}
        found = [read_functions(path) for path in headers]
        declared = frozenset[str]().union(*(header.mentioned for header in found))
        where = {
            name: path
            for name, path in where_defined(files).items()
            if name in declared or name.startswith("Register_")
        }
        self._defined = Defined(files, where, inline_functions(found))

    def defines(self, function: str) -> bool:
        """Whether one of the sources, or a header, has a function."""
        return function in self._defined.where or function in self._defined.inline

    def needed_for(self, names: Iterable[str]) -> list[Path]:
        """The sources that define some of these names, and those that these need in turn, by their order."""
        needed, _ = self._defined.reached(names, self.defines)
        return [path for path in self._defined.files if path in needed]
