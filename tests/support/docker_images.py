"""A Docker engine with the images that tests need."""

import os
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from mcumatrix.adapters.builders.docker.base_image import base_of, make_base_image
from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.engine import Engine, NoEngine, find_engine
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Archive, Toolchain

PROJECT = Path(__file__).parents[2]


def no_archive(archive: Archive) -> Path:
    """For builders that must not fetch anything."""
    raise AssertionError(f"nobody needs {archive.url} here")


def debian_12() -> Toolchain:
    """The toolchain of Debian's packages, as the project's catalogue has it."""
    return load_catalogues(PROJECT / "matrix").toolchains["debian-12"]


def ready_engine() -> Engine:
    """The engine of this machine.

    Without one, a test is skipped, with how to get one. In CI it fails: there, a build that nobody has tried
    to break out of is not closed.
    """
    found = find_engine(os.environ)
    if isinstance(found, NoEngine):
        reason = f"no Docker engine answers: {found.reason}. To get one and run all tests, as root: .ci/run"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def ready_toolchain(engine: Engine, cache: Path) -> str:
    """The id of the image of `debian_12`. It and its base image are made if the engine has none, which takes
    minutes; `cache` knows them then."""
    with FileLock(Path(tempfile.gettempdir()) / "mcumatrix-test-images.lock"):
        toolchain = debian_12()
        base = base_of(toolchain.suite)
        if engine.image_id(base.tag) is None:
            make_base_image(engine, print, base)
        builder = DockerBuilder(cache, engine, unpacked=no_archive, say=print, bases={})
        return builder.identity(toolchain).image_id
