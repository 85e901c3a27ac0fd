"""What builds here, and the images and the room that its Docker engine has."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix import plugins
from mcumatrix.errors import MatrixError, ToolError
from mcumatrix.model.catalogue import DEFAULT_SUITE, Toolchain
from mcumatrix.model.engine_room import EngineRoom
from mcumatrix.plugins import Kind
from mcumatrix.ports import Builder
from mcumatrix.registry.sources import unpacked

if TYPE_CHECKING:
    from mcumatrix.adapters.builders.recorded import Known


BASE_IMAGE_VARIABLE = "MCUMATRIX_BASE_IMAGE"
"""Names the Docker image that toolchains are put onto. With a suite of Debian behind it, as in
`MCUMATRIX_BASE_IMAGE_TRIXIE`, it names that of the toolchains that want this suite."""


BUILDERS = ("auto", "docker", "local")


@dataclass(frozen=True, slots=True)
class Builders:
    """What can execute plans here: `chosen` does it, and `explain` says in a line which and why.

    `by_name` has each builder by itself.
    """

    chosen: Builder
    by_name: dict[str, Builder]
    explain: Callable[[], str]

    @property
    def reason(self) -> str:
        """Which builder it is and why, as far as is known: toolchains may have been asked for meanwhile."""
        return self.explain()

    def able_to_use(self, toolchain: Toolchain) -> dict[str, Builder]:
        """The builders that can build with a toolchain, by name: one without a Dockerfile is on PATH only."""
        return {
            name: builder
            for name, builder in self.by_name.items()
            if toolchain.dockerfile or name != "docker"
        }


def builders(wanted: str, cache: Path, say: Callable[[str], None]) -> Builders:
    """The builders of this machine. `wanted` is one of `BUILDERS`, or one that another package brings;
    `cache` is a folder that they may keep between runs; `say` gets a line when something takes long.

    Raises:
        MatrixError: there is no such builder.
        ToolError: Docker is wanted, and no engine answers; or another package's builder does not work.
    """
    from mcumatrix.adapters.builders.local import LocalBuilder

    plugin = plugins.find(Kind.BUILDER, wanted, BUILDERS)
    if plugin is not None:
        other: Builder = plugin.make(Builder, cache, say=say)
        reason = f"{wanted} of {plugin.package}, as asked for"
        return Builders(other, {wanted: other}, lambda: reason)
    if wanted not in BUILDERS:
        names = ", ".join((*BUILDERS, *plugins.names(Kind.BUILDER)))
        raise MatrixError(f"there is no builder {wanted!r}", hint=f"There are: {names}.")
    local = LocalBuilder(cache)
    if wanted == "local":
        return Builders(local, {"local": local}, lambda: "local, as asked for")
    from mcumatrix.adapters.builders.docker.engine import NoEngine, find_engine

    engine = find_engine(os.environ)
    if isinstance(engine, NoEngine):
        if wanted == "docker":
            raise ToolError(
                f"No Docker engine answers: {engine.reason}.",
                hint="Start one, or build with the toolchain on PATH: --builder local",
            )
        why = f"local, because no Docker engine answers: {engine.reason}"
        return Builders(local, {"local": local}, lambda: why)
    from mcumatrix.adapters.builders.choice import BuilderChoice
    from mcumatrix.adapters.builders.docker.builder import DockerBuilder

    docker = DockerBuilder(
        cache,
        engine,
        unpacked=partial(unpacked, say=say),
        say=say,
        bases=base_images(os.environ),
        insists=wanted == "docker",
    )
    if wanted == "docker":
        return Builders(docker, {"docker": docker}, lambda: "docker, as asked for")
    choice = BuilderChoice(docker, local)
    return Builders(choice, {"docker": docker, "local": local}, choice.reason)


def base_images(environ: Mapping[str, str]) -> dict[str, str]:
    """The images that toolchain images are to begin with, by the suite of Debian whose place they take.

    `MCUMATRIX_BASE_IMAGE` names the one for most toolchains, `MCUMATRIX_BASE_IMAGE_TRIXIE` that for those
    that want Debian 13; empty is as good as not set.
    """
    named = {DEFAULT_SUITE: environ.get(BASE_IMAGE_VARIABLE, "")}
    for name, image in environ.items():
        if name.startswith(f"{BASE_IMAGE_VARIABLE}_"):
            named[name.removeprefix(f"{BASE_IMAGE_VARIABLE}_").lower()] = image
    return {suite: image for suite, image in named.items() if image}


def recorded_compilers(
    builder: Builder, recorded: "Callable[[], Known]", say: Callable[[str], None]
) -> Builder:
    """A builder that knows compilers which it does not have by what `recorded` says of them: see
    `RecordedCompilers`."""
    from mcumatrix.adapters.builders.recorded import RecordedCompilers

    return RecordedCompilers(builder, recorded, say)


def make_base_image(suite: str, say: Callable[[str], None]) -> str:
    """Makes the image of a suite of Debian that toolchain images begin with; a line says which it is.

    Raises:
        ToolError: no engine answers, or the image cannot be made here.
    """
    from mcumatrix.adapters.builders.docker.base_image import base_of, make_base_image
    from mcumatrix.adapters.builders.docker.engine import NoEngine, find_engine

    engine = find_engine(os.environ)
    if isinstance(engine, NoEngine):
        raise ToolError(f"No Docker engine answers: {engine.reason}.", hint="Start one, and run this again.")
    base = base_of(suite)
    return f"{base.tag} is {make_base_image(engine, say, base)}"


def engine_room() -> EngineRoom | None:
    """What the Docker engine of this machine has for builds; None where none answers.

    Raises:
        ToolError: it has gone meanwhile.
    """
    from mcumatrix.adapters.builders.docker.engine import NoEngine, find_engine

    engine = find_engine(os.environ)
    return None if isinstance(engine, NoEngine) else engine.room()
