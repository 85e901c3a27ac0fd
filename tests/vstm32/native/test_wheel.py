"""A wheel has the compiled hooks inside, for its platform and any Python."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from vstm32.native.sources import library_name

ROOT = Path(__file__).parents[3]


def test_a_wheel_brings_hooks_that_load(tmp_path: Path) -> None:
    tree, installed = tmp_path / "tree", tmp_path / "installed"
    shutil.copytree(
        ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("built", "__pycache__", "*.egg-info")
    )
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-index", "--wheel-dir", str(tmp_path), str(tree)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    machine = os.uname().machine
    assert wheel.name.endswith(f"-py3-none-manylinux_2_17_{machine}.manylinux2014_{machine}.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    loaded = subprocess.run(
        [sys.executable, "-c", "import vstm32.native.library as it; print(it.__file__, it.lib.block_hook)"],
        env=os.environ | {"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.startswith(f"{installed}/vstm32/native/library.py <cdata ")
    assert (installed / "vstm32" / "native" / "built" / library_name()).exists()
    assert not list((tree / "src").rglob("*.so"))


def test_a_wheel_for_another_system_needs_no_compiler_and_has_no_hooks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import hatch_build

    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("sysconfig.get_platform", lambda: "macosx-14.0-arm64")
    monkeypatch.setenv("CC", "/no/compiler")
    hook = hatch_build.CompiledHooks(str(ROOT), {}, None, None, "", "wheel")
    said: dict[str, Any] = {"force_include": {}}
    hook.initialize("standard", said)
    hook.finalize("standard", said, "")
    assert said == {"force_include": {}, "tag": "py3-none-macosx_14_0_arm64", "pure_python": False}
