"""A whole run in one file: archived, checked, unpacked elsewhere, verified, replayed, and run again there."""

import subprocess
from pathlib import Path

import pytest

from e2e.conftest import Workplace
from mcumatrix.errors import ExitCode

NO_TOOLS = "/nowhere"
"""A PATH on which nothing is found."""


@pytest.fixture(scope="module")
def archived(workplace: Workplace) -> Workplace:
    """Two variants that have been measured, in two.tar.gz."""
    ran = workplace.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = workplace.doit("archive", "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("two.tar.gz: ")
    return workplace


@pytest.fixture(scope="module")
def elsewhere(archived: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Where somebody else has unpacked it, with tar alone."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(["tar", "-xzf", archived.root / "two.tar.gz"], cwd=folder, check=True)
    return Workplace(folder / "two")


def test_it_is_the_same_file_twice_and_passes(archived: Workplace, tmp_path: Path) -> None:
    again = tmp_path / "again.tar.gz"
    ran = archived.doit("archive", "two", "--output", str(again), PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert again.read_bytes() == (archived.root / "two.tar.gz").read_bytes()
    ran = archived.doit("verify", str(again), PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith(" files are as they were made.\n")


def test_a_file_that_was_cut_short_does_not_pass(archived: Workplace, tmp_path: Path) -> None:
    whole = (archived.root / "two.tar.gz").read_bytes()
    (tmp_path / "short.tar.gz").write_bytes(whole[:-1000])
    ran = archived.doit("verify", str(tmp_path / "short.tar.gz"))
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert "short.tar.gz is not as it was made: it is damaged" in ran.stderr


def test_who_unpacks_it_can_verify_and_replay_it_without_any_tool(elsewhere: Workplace) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=elsewhere.root, check=True)
    for command in ("verify", "replay"):
        ran = elsewhere.doit(command, "two", PATH=NO_TOOLS)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("the same, byte for byte") == 2 + 4
    assert list(elsewhere.root.glob("build/images/*/output/image.elf"))


def test_what_was_unpacked_is_what_the_results_were_made_from_and_nothing_is_done_again(
    elsewhere: Workplace,
) -> None:
    """Fingerprints cover all that results depend on: if anything were missing, there would be work."""
    ran = elsewhere.doit("plan", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 images to build, 0 to run" in ran.stdout


def test_it_can_be_run_again_from_nothing_and_gives_the_same_images(elsewhere: Workplace) -> None:
    images = elsewhere.root / "build" / "images"
    before = {path.relative_to(images): path.read_bytes() for path in images.glob("*/output/image.elf")}
    images.rename(elsewhere.root / "images-before")
    records = elsewhere.root / "results" / "two"
    records.rename(elsewhere.root / "results-before")
    ran = elsewhere.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {
        path.relative_to(images): path.read_bytes() for path in images.glob("*/output/image.elf")
    } == before
