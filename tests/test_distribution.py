"""What is published: made by a dry run of a release, whole, and nothing that indexes refuse."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcumatrix.hashing import hash_file, hash_tree
from tools.release.__main__ import CHANGED, main
from tools.release.texts import UNRELEASED

ROOT = Path(__file__).parents[1]

SOURCES = ("src", "firmware", "matrix", "templates", "results/published")
LICENCES = ("LICENSE", "LICENSES/MIT.txt")
FILES = (*CHANGED, *LICENCES, "hatch_build.py", "README.md", ".gitignore", "requirements.lock")

SHIPPED_SUFFIXES = {"firmware": None, "matrix": None, "templates": None, "results/published": ".csv"}
"""What of each folder is shipped: all of it, or files that end so."""

VERSION = "99.1.0"


def copy(tree: Path) -> Path:
    for name in SOURCES:
        ignored = shutil.ignore_patterns("built", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=ignored)
    for name in FILES:
        (tree / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
    return tree


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass(frozen=True)
class DryRun:
    """A repository, the folder that its release went to, and what was printed."""

    repository: Path
    files: Path
    printed: str

    def file(self, ending: str) -> Path:
        (found,) = self.files.glob(f"*{ending}")
        return found


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> DryRun:
    folder = tmp_path_factory.mktemp("released")
    repository = copy(folder / "tree")
    # Right after a release there is nothing in it.
    changelog = repository / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(UNRELEASED, f"{UNRELEASED}\n\n- A thing.", 1))
    git(repository, "init", "--quiet")
    git(repository, "config", "user.name", "a")
    git(repository, "config", "user.email", "a@b")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "All")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        printed: list[str] = []
        patch.setattr("builtins.print", lambda *lines, **_: printed.extend(map(str, lines)))
        code = main([VERSION, "--dry-run", "--tested", "HEAD", "--out", str(folder / "out")])
    assert code == 0, printed
    return DryRun(repository, folder / "out", "\n".join(printed))


def test_a_dry_run_builds_twice_with_the_same_bytes_and_leaves_the_repository_as_it_was(
    released: DryRun,
) -> None:
    assert released.printed.endswith("A dry run: nothing is committed, tagged or uploaded.")
    assert git(released.repository, "log", "--format=%s") == "All"
    assert git(released.repository, "status", "--porcelain") == ""
    assert git(released.repository, "tag") == ""
    sums = dict(line.split("  ")[::-1] for line in released.file(".sha256").read_text().splitlines())
    files = {path.name: hash_file(path) for path in released.files.iterdir() if path.suffix != ".sha256"}
    assert sums == files
    assert len(files) == 3


def test_a_wheel_has_every_shipped_file_once(released: DryRun, tmp_path: Path) -> None:
    with zipfile.ZipFile(released.file(".whl")) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert len(names) == len(set(names))
    for name in LICENCES:
        assert f"mcumatrix-{VERSION}.dist-info/licenses/{name}" in names
    for folder, suffix in SHIPPED_SUFFIXES.items():
        members = [ROOT / folder] if suffix is None else list((ROOT / folder).glob(f"*{suffix}"))
        shipped = tmp_path / "mcumatrix" / "shipped" / folder
        assert hash_tree(shipped, [shipped]) == hash_tree(ROOT / folder, members)


@pytest.mark.skipif(sys.platform != "linux", reason="names of wheels for Linux")
def test_a_wheel_says_on_which_linuxes_it_installs_and_auditwheel_agrees(released: DryRun) -> None:
    wheel = released.file(".whl")
    found = re.search(r"-py3-none-manylinux_2_17_(\w+)\.manylinux2014_\1\.whl$", wheel.name)
    assert found, wheel.name
    shown = subprocess.run(
        [Path(sys.executable).with_name("auditwheel"), "show", str(wheel)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "requires no external shared libraries" in " ".join(shown.split())


def test_the_bill_of_materials_has_what_the_wheel_needs_in_the_locked_versions(released: DryRun) -> None:
    document = json.loads(released.file(".cdx.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    assert (document["metadata"]["component"]["name"], document["metadata"]["component"]["version"]) == (
        "mcumatrix",
        VERSION,
    )
    components = {one["name"].lower(): one for one in document["components"]}
    locked = dict(re.findall(r"^(\S+)==(\S+) ", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert {name: one["version"] for name, one in components.items()}.items() <= locked.items()
    assert {"pyocd", "pydantic-core", "unicorn"} <= components.keys()
    # What builds the wheel, and what golden answers take, is no part of an installation.
    assert not {"hatchling", "tflite-micro", "pytest"} & components.keys()
    assert components["unicorn"]["purl"] == f"pkg:pypi/unicorn@{locked['unicorn']}"
