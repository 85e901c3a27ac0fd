"""A Docker engine with the images that the tests need, and plans to execute."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders
from support.docker_images import debian_12, no_archive, ready_engine, ready_toolchain


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this machine."""
    return ready_engine()


@pytest.fixture(scope="session", name="debian_12")
def the_toolchain() -> Toolchain:
    """The toolchain of Debian's packages, as the project's catalogue has it."""
    return debian_12()


@pytest.fixture(scope="session")
def docker_cache(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A builder's cache that knows the image of `debian_12`; the engine has it, and its base image."""
    cache = tmp_path_factory.mktemp("docker-cache")
    ready_toolchain(engine, cache)
    return cache


@pytest.fixture
def make_builder(engine: Engine, docker_cache: Path) -> Callable[..., DockerBuilder]:
    """Makes builders with their own limits."""

    def make(**arguments: Any) -> DockerBuilder:
        given: dict[str, Any] = {"unpacked": no_archive, "say": print, "bases": {}}
        return DockerBuilder(docker_cache, engine, **given | arguments)

    return make


@pytest.fixture
def folders(tmp_path: Path) -> BuildFolders:
    found = BuildFolders(*(tmp_path / name for name in ("sources", "inputs", "output")))
    for folder in (found.sources, found.inputs, found.output):
        folder.mkdir()
    return found


@pytest.fixture
def own_name(engine: Engine) -> Iterator[str]:
    """A name for a toolchain that nobody else has; its images are removed in the end."""
    name = f"test-{uuid.uuid4().hex}"
    yield name
    for image in engine.client.images.list(name=f"mcumatrix/toolchain-{name}"):
        for tag in image.tags:
            engine.client.images.remove(tag, force=True)
