"""What makes the cycles of a board is in its identity, and nothing else is."""

import shutil
from pathlib import Path

import pytest

import vstm32
from vstm32.base.chip import Chip
from vstm32.board import identity as module
from vstm32.board.identity import LOOKING_ON, identity
from vstm32.chips import chips, module_of
from vstm32.timing import TIMING_MODELS

PACKAGE = Path(vstm32.__file__).parent
CHIP = "stm32f746xg"
ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
A_FILE_OF_EACH_KIND = sorted(
    {
        (room, path.suffix): path
        for room in ROOMS
        for path in sorted((PACKAGE / room).rglob("*.[pch]*"))
        if path.suffix in {".py", ".c", ".h"} and (path.parent / "__init__.py").exists()
        if path.parent != PACKAGE / "chips" or path.stem in {"__init__", module_of(CHIP)}
    }.values()
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    return Path(
        shutil.copytree(PACKAGE, tmp_path / "vstm32", ignore=shutil.ignore_patterns("__pycache__", "built"))
    )


@pytest.mark.parametrize("file", A_FILE_OF_EACH_KIND, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_a_changed_file_counts_if_its_room_makes_cycles(package: Path, file: Path) -> None:
    before = identity("m7-block-1", CHIP, package)
    changed = package / file.relative_to(PACKAGE)
    changed.write_text(changed.read_text() + "\n")
    makes_cycles = file.relative_to(PACKAGE).parts[0] not in LOOKING_ON
    assert (identity("m7-block-1", CHIP, package) != before) is makes_cycles


CHIPS = PACKAGE / "chips"
CHIP_FILES = sorted(path.stem for path in CHIPS.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("file", CHIP_FILES)
@pytest.mark.parametrize("chip", chips(), ids=lambda chip: chip.name)
def test_the_file_of_a_chip_counts_for_that_chip_alone(package: Path, chip: Chip, file: str) -> None:
    before = identity("m7-block-1", chip.name, package)
    changed = package / "chips" / f"{file}.py"
    changed.write_text(changed.read_text() + "\n")
    assert (identity("m7-block-1", chip.name, package) != before) is (module_of(chip.name) == file)


@pytest.mark.parametrize("chip", chips(), ids=lambda chip: chip.name)
def test_a_new_chip_leaves_results_of_others_as_they_are(package: Path, chip: Chip) -> None:
    before = identity("m7-block-1", chip.name, package)
    (package / "chips" / "stm32f999.py").write_text("CHIP = None\n")
    assert identity("m7-block-1", chip.name, package) == before


@pytest.mark.parametrize("chip", chips(), ids=lambda chip: chip.name)
def test_how_chips_are_found_counts_for_all(package: Path, chip: Chip) -> None:
    before = identity("m7-block-1", chip.name, package)
    (package / "chips" / "__init__.py").write_text("")
    assert identity("m7-block-1", chip.name, package) != before


def test_every_room_that_looks_on_is_one_of_the_package() -> None:
    assert set(ROOMS) >= LOOKING_ON


@pytest.mark.parametrize("name", ["app/options.py", "app/console.py", "look/trace.py", "debug/dap.py"])
def test_a_changed_help_text_or_protocol_leaves_results_as_they_are(package: Path, name: str) -> None:
    before = identity("m7-block-1", CHIP, package)
    (package / name).write_text('"""Other words."""\n')
    assert identity("m7-block-1", CHIP, package) == before


def test_a_file_that_is_renamed_or_added_counts(package: Path) -> None:
    seen = {identity("m7-block-1", CHIP, package)["vstm32"]}
    (package / "stm32" / "crc.py").rename(package / "stm32" / "crc32.py")
    seen.add(identity("m7-block-1", CHIP, package)["vstm32"])
    (package / "stm32" / "can.py").touch()
    seen.add(identity("m7-block-1", CHIP, package)["vstm32"])
    assert len(seen) == 3


def test_what_is_made_of_the_sources_does_not_count(package: Path) -> None:
    before = identity("m7-block-1", CHIP, package)
    for made in ("timing/__pycache__/costs.json", "native/built/layout.py", "native/built/hooks.c"):
        (package / made).parent.mkdir(exist_ok=True)
        (package / made).write_text("made")
    assert identity("m7-block-1", CHIP, package) == before


@pytest.mark.parametrize("timing", TIMING_MODELS)
@pytest.mark.parametrize("library", ["unicorn", "capstone", "pyserial"])
def test_another_version_of_a_library_counts_if_cycles_stand_on_it(
    monkeypatch: pytest.MonkeyPatch, timing: str, library: str
) -> None:
    before = identity(timing, CHIP)
    installed = module.version
    monkeypatch.setattr(module, "version", lambda name: "99" if name == library else installed(name))
    counts = library == "unicorn" or (library == "capstone" and timing != "instructions")
    assert (identity(timing, CHIP) != before) is counts
