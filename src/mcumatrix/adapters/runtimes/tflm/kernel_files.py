"""Which of a tree's kernels have to be compiled for some operators."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.functions import Functions, read_functions


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
        self._files: Mapping[Path, Functions] = {path: read_functions(path) for path in sources}
        self._inline: dict[str, frozenset[str]] = {}
        declared: set[str] = set()
        for path in headers:
            found = read_functions(path)
            declared |= found.mentioned
            for name, mentioned in found.inline.items():
                self._inline[name] = self._inline.get(name, frozenset()) | mentioned
        self._where: dict[str, Path] = {}
        for path, functions in self._files.items():
            for name in functions.defined:
                if name in declared or name.startswith("Register_"):
                    self._where.setdefault(name, path)

    def defines(self, function: str) -> bool:
        """Whether one of the sources, or a header, has a function."""
        return function in self._where or function in self._inline

    def needed_for(self, names: Iterable[str]) -> list[Path]:
        """The sources that define some of these names, and those that these need in turn, by their order."""
        queue = list(dict.fromkeys(names))
        seen = set(queue)
        needed: set[Path] = set()
        for name in queue:
            mentioned = set(self._inline.get(name, ()))
            path = self._where.get(name)
            if path is not None and path not in needed:
                needed.add(path)
                mentioned |= self._files[path].mentioned
            new = {other for other in mentioned - seen if self.defines(other)}
            seen |= new
            queue += sorted(new)
        return [path for path in self._files if path in needed]
