"""Projects of their own for whole runs: real firmware, real compiler, real virtual board, own matrices."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from support.docker_images import ready_engine, ready_toolchain

ROOT = Path(__file__).parents[2]

TWO_VARIANTS = """\
description: Two clocks.
axes:
  runtime: builtin
  kernels: simd
  clock: [216 MHz, 288 MHz]
  model: mnist-int8
  board: virtual-f746
repeat: 2
"""


@dataclass(frozen=True)
class Workplace:
    """A project's folder, and doit in it."""

    root: Path

    def write_matrix(self, name: str, text: str) -> None:
        (self.root / "matrix" / f"{name}.yaml").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("doit")), *arguments]

    def environment(self, **changes: str) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return os.environ | {"PATH": path, "MCUMATRIX_BUILDER": "local"} | changes

    def doit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def records(self, matrix: str) -> list[Path]:
        return sorted((self.root / "results" / matrix / "records").rglob("*.json"))

    def report(self, matrix: str) -> str:
        return (self.root / "results" / matrix / "report.md").read_text()


class MakeWorkplace(Protocol):
    """Makes projects with the matrix `two`."""

    def __call__(self, *, built: bool = True) -> Workplace:
        """Unless it is to have nothing `built`, a project has images of `two` as they were built once in this
        session, with both kernels: what is about runs need not compile the same again and again."""
        ...


def _project(root: Path) -> Workplace:
    shutil.copy(ROOT / "dodo.py", root / "dodo.py")
    for name in ("matrix", "firmware", "templates"):
        shutil.copytree(ROOT / name, root / name)
    workplace = Workplace(root)
    workplace.write_matrix("two", TWO_VARIANTS)
    return workplace


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was built for `two` with both kernels, and the image that tests the board: parts of `build`."""
    place = _project(tmp_path_factory.mktemp("built"))
    place.write_matrix("two", TWO_VARIANTS.replace("kernels: simd", "kernels: [reference, simd]"))
    ran = place.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    shutil.rmtree(place.root / "build" / "boards")
    return place.root / "build"


@pytest.fixture(scope="session")
def make_workplace(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> MakeWorkplace:
    def make(*, built: bool = True) -> Workplace:
        place = _project(tmp_path_factory.mktemp("project"))
        if built:
            shutil.copytree(request.getfixturevalue("built"), place.root / "build", symlinks=True)
        return place

    return make


@pytest.fixture(scope="module")
def workplace(make_workplace: MakeWorkplace) -> Workplace:
    """One for all tests of a module; each leaves it so that the next can go on."""
    return make_workplace()


@pytest.fixture(scope="session")
def toolchain_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of the image of the toolchain debian-12, which the engine has."""
    return ready_toolchain(ready_engine(), tmp_path_factory.mktemp("docker-cache"))
