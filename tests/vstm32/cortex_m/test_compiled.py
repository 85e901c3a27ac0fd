"""Where compiled code is kept."""

import shutil
from pathlib import Path

import pytest
from numba import config

from vstm32.cortex_m import compiled, native

PACKAGE = Path(compiled.__file__).parents[1]
NAMES = ("cortex_m/native.py", "base/memory_map.py", "timing/m7_table.py")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "CACHE_DIR", "")
    for name in NAMES:
        (tmp_path / name).parent.mkdir()
        shutil.copy(PACKAGE / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_code_that_took_a_constant_from_a_file_is_not_used_after_that_has_changed(
    package: Path, name: str
) -> None:
    before = compiled.cache_folder(package)
    assert compiled.cache_folder(package) == before
    (package / name).write_text((package / name).read_text() + "\nANOTHER = 1\n")
    assert compiled.cache_folder(package) != before


def test_who_has_set_a_folder_for_numba_finds_it_there(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "own"))
    assert compiled.cache_folder(package).parent == tmp_path / "own"


def test_the_hooks_are_kept_there() -> None:
    assert native.block_hook.address
    folder = Path(config.CACHE_DIR)
    assert folder.name.startswith("compiled-")
    assert list(folder.rglob("native.block_hook*.nbc"))
