"""Packages that bring adapters, put into a folder as an installer would leave them there."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "example_package"


def install(folder: Path, name: str, version: str, groups: Mapping[str, Mapping[str, str]]) -> None:
    """Writes what says that a package is in `folder`: its name, version and entry points."""
    information = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, points in groups.items():
        lines += [f"[{group}]", *(f"{point} = {value}" for point, value in points.items())]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")


def install_example(folder: Path) -> None:
    """Installs the example package, as its pyproject.toml says, into `folder`."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    described = project["project"]
    for package in project["tool"]["setuptools"]["packages"]:
        shutil.copytree(EXAMPLE / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    install(folder, described["name"], described["version"], described["entry-points"])
