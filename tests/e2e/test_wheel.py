"""What somebody has who installs the wheel: no checkout, no TensorFlow, and the same images."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from e2e.conftest import Workplace
from test_distribution import copy
from tools.release.distribution import build

ROOT = Path(__file__).parents[2]

LARGEST_BYTES = 650_000_000
"""Of all that an installation brings."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with the wheel and what it depends on, as pip finds it, in the versions of the lock file."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = build(copy(folder / "tree"), folder / "dist").wheel
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pins = folder / "pins.txt"
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins.write_text("".join(f"{line.split()[0]}\n" for line in lines if "==" in line.partition("#")[0]))
    pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", pins, wheel], check=True, timeout=900)
    return venv


@pytest.fixture(scope="module")
def begun(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was begun, and of which one variant has been run."""
    folder = tmp_path_factory.mktemp("project")
    ran = run(installed, folder, "init")
    assert ran.returncode == 0, ran.stderr
    ran = run(installed, folder, "matrix", *SELECTED)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "builtin_simd_216MHz_mnist-int8" in ran.stdout
    return folder


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    tools = os.pathsep.join(
        part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in Path(part).parts
    )
    return subprocess.run(
        [installed / "bin" / "mcumatrix", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": tools, "MCUMATRIX_BUILDER": "local"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


SELECTED = ("--select", "kernels=simd and model=mnist-int8 and clock=216MHz")
IMAGES = "build/images/*/output/image.elf"


def test_a_project_that_was_begun_runs_from_the_wheel_and_its_image_is_that_of_a_checkout(
    begun: Path, workplace: Workplace
) -> None:
    assert workplace.doit("matrix", "quickstart", *SELECTED).returncode == 0
    made = _images(begun)
    assert len(made) == 2
    assert made.items() <= _images(workplace.root).items()


def _images(root: Path) -> dict[str, bytes]:
    return {path.parents[1].name: path.read_bytes() for path in root.glob(IMAGES)}


def test_an_installation_is_small_and_has_no_tensorflow(installed: Path) -> None:
    files = [path for path in installed.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES
    assert not [path for path in files if path.parent.name.startswith("tensorflow")]


def test_without_tflite_micro_golden_answers_say_what_they_need(installed: Path, begun: Path) -> None:
    ran = run(installed, begun, "model", "mnist-int8")
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    model = ROOT / "tests" / "adapters" / "models" / "data" / "softmax-int8.tflite"
    ran = run(installed, begun, "model", str(model))
    assert ran.returncode == 4
    assert ran.stderr.startswith(
        "error: The package tflite-micro is not installed.\n  Golden answers are made"
    )


def test_an_archive_of_results_can_be_made_and_verified(installed: Path, begun: Path) -> None:
    made = run(installed, begun, "archive")
    assert made.returncode == 0, made.stderr
    with tarfile.open(begun / "quickstart.tar.gz") as archive:
        names = archive.getnames()
    for name in ("matrix/quickstart.yaml", "firmware/app/main.c", "templates/wire.h.j2"):
        assert f"quickstart/{name}" in names or any(one.endswith(f"/{name}") for one in names), name
    assert run(installed, begun, "verify", "quickstart.tar.gz").returncode == 0
