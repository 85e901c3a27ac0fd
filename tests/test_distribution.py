"""What is published: the same bytes each time, whole, and nothing that indexes refuse."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mcumatrix.hashing import hash_file, hash_tree

ROOT = Path(__file__).parents[1]

SOURCES = ("src", "firmware", "matrix", "templates", "results/published")
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore")

SHIPPED_SUFFIXES = {"firmware": None, "matrix": None, "templates": None, "results/published": ".csv"}
"""What of each folder is shipped: all of it, or files that end so."""


def copy(tree: Path) -> Path:
    for name in SOURCES:
        ignored = shutil.ignore_patterns("built", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=ignored)
    for name in FILES:
        shutil.copyfile(ROOT / name, tree / name)
    return tree


def build(tree: Path, into: Path) -> dict[str, Path]:
    """Builds an sdist of a tree, and from that a wheel; by the ends of their names."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(into)]
    subprocess.run([*command, "--target", "sdist"], cwd=tree, check=True, capture_output=True)
    (sdist,) = into.glob("*.tar.gz")
    unpacked = into / "unpacked"
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (inside,) = unpacked.iterdir()
    subprocess.run([*command, "--target", "wheel"], cwd=inside, check=True, capture_output=True)
    (wheel,) = into.glob("*.whl")
    return {".tar.gz": sdist, ".whl": wheel}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("built")
    return build(copy(folder / "tree"), folder / "dist")


def test_the_same_sources_give_the_same_bytes(built: dict[str, Path], tmp_path: Path) -> None:
    tree = copy(tmp_path / "elsewhere")
    for path in tree.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))
            path.chmod(0o600)
    again = build(tree, tmp_path / "dist")
    assert {end: hash_file(path) for end, path in again.items()} == {
        end: hash_file(path) for end, path in built.items()
    }


def test_a_wheel_has_every_shipped_file_once(built: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(built[".whl"]) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert len(names) == len(set(names))
    for folder, suffix in SHIPPED_SUFFIXES.items():
        members = [ROOT / folder] if suffix is None else list((ROOT / folder).glob(f"*{suffix}"))
        shipped = tmp_path / "mcumatrix" / "shipped" / folder
        assert hash_tree(shipped, [shipped]) == hash_tree(ROOT / folder, members)


def test_indexes_take_what_is_published(built: dict[str, Path]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *map(str, built.values())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("check-wheel-contents")), str(built[".whl"])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
