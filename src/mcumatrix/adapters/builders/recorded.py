"""Compilers that are known by the results that were made with them, where they cannot be had."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from mcumatrix.errors import McuMatrixError, SourceError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.ports import Builder

Known = Mapping[tuple[str, tuple[str, ...]], ToolchainIdentity]
"""Compilers by the name of their toolchain and the flags of the chip that they compile for."""


class RecordedCompilers:
    """Another builder, and what finished results say of compilers that it does not have.

    What those results were made from can be worked out with it, so that they count as finished; nothing can
    be built.
    """

    def __init__(self, builder: Builder, recorded: Callable[[], Known], say: Callable[[str], None]) -> None:
        """`recorded` looks at results, which takes its time, and is asked once at most; `say` gets a line for
        each toolchain that is known by results alone."""
        self._builder = builder
        self._recorded = cache(recorded)
        self._say = say
        self._missing: dict[str, McuMatrixError] = {}

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        """That of the builder; where it has none, that of the results.

        Raises:
            ToolError, SourceError: it has none, and no result was made with one.
        """
        try:
            return self._builder.identity(toolchain, cpu_flags)
        except (ToolError, SourceError) as error:
            recorded = self._recorded()
            of_flags = {flags: found for (name, flags), found in recorded.items() if name == toolchain.name}
            # Whoever asks without flags wants to know whether there is one at all.
            identity = of_flags.get(cpu_flags) or (None if cpu_flags else next(iter(of_flags.values()), None))
            if identity is None:
                raise
            if toolchain.name not in self._missing:
                self._missing[toolchain.name] = error
                self._say(
                    f"Toolchain {toolchain.name} cannot be had: {error.message} Finished results that were "
                    "made with it are used; nothing can be built with it."
                )
            return identity

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        """By the builder. Raises as that does, and why the compiler cannot be had where it cannot."""
        if missing := self._missing.get(plan.toolchain.name):
            raise missing
        self._builder.execute(plan, folders, log)

    def stop(self) -> None:
        """Ends whatever is being executed."""
        self._builder.stop()

    def reap(self) -> None:
        """Removes what killed runs have left. Raises ToolError."""
        self._builder.reap()
