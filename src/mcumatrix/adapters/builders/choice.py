"""Chooses a builder for each plan by its toolchain."""

from pathlib import Path

from mcumatrix.errors import McuMatrixError, SourceError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.ports import Builder


class BuilderChoice:
    """Containers for toolchains that can be put into one; the tools on PATH for all others.

    Where the engine cannot make a toolchain's image, but the same compiler is on PATH, that is used: both
    make the same bytes. `reason` says so.
    """

    def __init__(self, containers: Builder, local: Builder) -> None:
        self._containers = containers
        self._local = local
        self._contained: set[str] = set()
        self._on_path: dict[str, McuMatrixError] = {}

    def reason(self) -> str:
        """Which of them builds with the toolchains that were asked for, and why: a sentence without its full
        stop."""
        rule = "docker, because an engine answers; local for toolchains without a Dockerfile"
        if not self._on_path:
            return rule
        by_cause: dict[str, list[str]] = {}
        for name, error in self._on_path.items():
            cause = ". ".join(part.strip().rstrip(".") for part in (error.message, error.hint) if part)
            by_cause.setdefault(cause, []).append(name)
        on_path = "; ".join(
            f"local for {', '.join(names)}, which is on PATH too: {cause}"
            for cause, names in by_cause.items()
        )
        return f"{rule}; {on_path}" if self._contained else on_path

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        """As the chosen builder says.

        Raises:
            ToolError: neither of them has this compiler.
        """
        chosen = self._for(toolchain)
        try:
            identity = chosen.identity(toolchain, cpu_flags)
        except (ToolError, SourceError) as no_image:
            if chosen is self._local:
                raise
            try:
                identity = self._local.identity(toolchain, cpu_flags)
            except ToolError:
                raise no_image from None
            self._on_path[toolchain.name] = no_image
        else:
            if chosen is self._containers:
                self._contained.add(toolchain.name)
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
