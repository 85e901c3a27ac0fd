"""Projects of their own for whole runs: real firmware, real compiler, real virtual board, own matrices."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from filelock import FileLock

from support.docker_images import ready_engine, ready_toolchain
from support.forked import run
from support.made import Made

ROOT = Path(__file__).parents[2]
LIMIT_S = 300
"""After it a command hangs."""

TWO_VARIANTS = """\
description: Two clocks.
axes:
  runtime: builtin
  kernels: simd
  clock: [216 MHz, 288 MHz]
  model: mnist-int8
  board: virtual-f746
repeat: 2
health: off
"""
"""Without a test of each unit, which is a run more for each: tested units are for who asks for `TESTED`."""
TESTED = TWO_VARIANTS.replace("health: off\n", "")


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
        """doit, and what came of it; forked where that makes no difference."""
        command, variables = self.command(*arguments), self.environment(**environment)
        if not any(name.startswith("PYTHON") for name in environment):
            return run(command, cwd=self.root, env=variables, limit_s=LIMIT_S)
        return subprocess.run(
            command,
            cwd=self.root,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    def records(self, matrix: str) -> list[Path]:
        return sorted((self.root / "results" / matrix / "records").rglob("*.json"))

    def report(self, matrix: str) -> str:
        return (self.root / "results" / matrix / "report.md").read_text()


class MakeWorkplace(Protocol):
    """Makes projects with the matrix `two`."""

    def __call__(self, made: Made = Made.IMAGES) -> Workplace:
        """What is about runs need not build the same again and again."""
        ...


def _project(root: Path) -> Workplace:
    shutil.copy(ROOT / "dodo.py", root / "dodo.py")
    for name in ("matrix", "firmware", "templates"):
        shutil.copytree(ROOT / name, root / name)
    workplace = Workplace(root)
    workplace.write_matrix("two", TWO_VARIANTS)
    return workplace


def _share_objects(root: Path, below: Path) -> None:
    """Lets ccache find in each project below a folder what was compiled in another: paths are relative then.

    Images are the same wherever they are made, which test_paths.py shows.
    """
    folder = root / "build" / "cache" / "ccache"
    folder.mkdir(parents=True)
    (folder / "ccache.conf").write_text(f"base_dir = {below}\nhash_dir = false\n")


def _build(place: Workplace) -> None:
    place.write_matrix("tested", TESTED)
    place.write_matrix("two", TWO_VARIANTS.replace("kernels: simd", "kernels: [reference, simd]"))
    for command in (("matrix", "tested", "--select", "clock=216MHz"), ("build", "matrix=two")):
        ran = place.doit(*command)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    shutil.rmtree(place.root / "build" / "boards")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder `build` of `Made.IMAGES`, made once for all processes of a run: by the first that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    place, build = shared / "being-built", shared / "built"
    with FileLock(shared / "built.lock"):
        if not build.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            _share_objects(place, shared)
            _build(_project(place))
            (place / "build").rename(build)
    return build


@pytest.fixture(scope="session")
def make_workplace(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> MakeWorkplace:
    def make(made: Made = Made.IMAGES) -> Workplace:
        place = _project(tmp_path_factory.mktemp("project"))
        if made is not Made.NOTHING:
            built = request.getfixturevalue("built")
            part = "." if made is Made.IMAGES else "cache"
            shutil.copytree(built / part, place.root / "build" / part, symlinks=True)
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
