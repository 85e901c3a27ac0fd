"""Chooses a builder for each plan by its toolchain."""

from collections.abc import Callable
from pathlib import Path

from mcumatrix.errors import SourceError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.ports import Builder


class BuilderChoice:
    """Containers for toolchains that can be put into one; the tools on PATH for all others.

    Where the engine cannot make a toolchain's image, but the same compiler is on PATH, that is used: both
    make the same bytes. `say` gets a line about it.
    """

    def __init__(self, containers: Builder, local: Builder, say: Callable[[str], None]) -> None:
        self._containers = containers
        self._local = local
        self._say = say
        self._on_path: set[str] = set()

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        """As the chosen builder says.

        Raises:
            ToolError: neither of them has this compiler.
        """
        chosen = self._for(toolchain)
        try:
            return chosen.identity(toolchain, cpu_flags)
        except (ToolError, SourceError) as no_image:
            if chosen is self._local:
                raise
            try:
                identity = self._local.identity(toolchain, cpu_flags)
            except ToolError:
                raise no_image from None
            self._on_path.add(toolchain.name)
            self._say(
                f"builder: local for toolchain {toolchain.name}, which is on PATH too: {no_image.message}"
            )
            return identity

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        """By the chosen builder. Raises as that does."""
        self._for(plan.toolchain).execute(plan, folders, log)

    def stop(self) -> None:
        """Ends whatever either of them executes."""
        self._containers.stop()
        self._local.stop()

    def reap(self) -> None:
        """Removes what killed runs have left of either. Raises ToolError."""
        self._containers.reap()
        self._local.reap()

    def _for(self, toolchain: Toolchain) -> Builder:
        is_contained = toolchain.dockerfile and toolchain.name not in self._on_path
        return self._containers if is_contained else self._local
