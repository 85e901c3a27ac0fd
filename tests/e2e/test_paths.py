"""Checkouts in folders with special characters: they work, or are refused before anything is built."""

import shutil
from pathlib import Path

import pytest

from e2e.conftest import MakeWorkplace, Workplace
from support.made import Made

IMAGES = "build/images/*/output/image.elf"
FIT = " &'()+-.:=@^_`{}~!\u00e4"


def _moved(place: Workplace, name: str) -> Workplace:
    folder = place.root.with_name(name)
    shutil.copytree(place.root, folder)
    return Workplace(folder)


@pytest.fixture(scope="module")
def original(make_workplace: MakeWorkplace) -> Workplace:
    """With nothing that was compiled elsewhere."""
    return make_workplace(Made.NOTHING)


# All of them: tests/adapters/builders/test_local.py.
@pytest.mark.parametrize("letter", [";", "\n"])
def test_a_folder_that_tools_misread_is_refused_with_a_sentence_before_anything_is_built(
    original: Workplace, letter: str
) -> None:
    place = _moved(original, f"left{letter}right-{ord(letter)}")
    for command in ("plan", "matrix"):
        ran = place.doit(command, "two")
        shown = place.root / "build" / "cache"
        assert ran.returncode == 4
        assert ran.stderr.startswith(
            f"error: Nothing can be built on this machine in {shown}, because its path has {letter!r} in it"
        )
        assert ran.stderr.endswith(
            "  Move or rename the folder; or build with Docker, which mounts it elsewhere.\n"
        )
        assert not list(Path(place.root).glob("build/*/*/output"))
        assert not list(Path(place.root).glob("results/*/records"))


def test_all_other_characters_work_and_change_no_image(original: Workplace, workplace: Workplace) -> None:
    place = _moved(original, f"left{FIT}right")
    ran = place.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(place.records("two")) == 2
    # The same contents in another folder give the same images.
    images = {path.relative_to(place.root): path.read_bytes() for path in place.root.glob(IMAGES)}
    assert len(images) == 2
    for path, contents in images.items():
        assert (workplace.root / path).read_bytes() == contents
