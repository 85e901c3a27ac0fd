"""Somebody else's results, reproduced on the virtual board: images bit for bit, cycles one by one."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.conftest import TWO_VARIANTS, MakeWorkplace, Workplace
from mcumatrix.errors import ExitCode

ONE = ("--select", "clock=216MHz")
SLUG = "builtin_simd_216MHz_mnist-int8"


@pytest.fixture(scope="module")
def theirs(make_workplace: MakeWorkplace) -> Workplace:
    """Whoever published: two variants, measured and archived."""
    place = make_workplace()
    for arguments in (("matrix", "two"), ("archive", "two")):
        ran = place.doit(*arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return place


@pytest.fixture(scope="module")
def ours(theirs: Workplace, make_workplace: MakeWorkplace) -> Workplace:
    """A fresh clone, with their results committed."""
    place = make_workplace()
    shutil.copytree(theirs.root / "results" / "two", place.root / "results" / "two")
    return place


@contextmanager
def _changed(file: Path, old: str, new: str) -> Iterator[None]:
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new, 1))
    try:
        yield
    finally:
        file.write_text(before)


def test_the_same_images_and_cycles_are_said_so_and_their_records_stay(
    theirs: Workplace, ours: Workplace, tmp_path: Path
) -> None:
    outcome = tmp_path / "outcome.json"
    ran = ours.doit("reproduce", "two", "--json", str(outcome), "--markdown", str(tmp_path / "outcome.md"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("same image, same cycles; the same bytes again, by local") == 2
    assert "two, 2 variants: same image, same cycles: 2. 2 of 2 images came out the same" in ran.stdout
    assert json.loads(outcome.read_bytes())["counts"] == {"same image, same cycles": 2}
    assert "| same image, same cycles |" in (tmp_path / "outcome.md").read_text()
    assert [path.name for path in ours.records("two")] == [path.name for path in theirs.records("two")]
    assert ours.report("two").count("same image, same cycles; the same bytes again") == 2
    verified = ours.doit("verify", "two")
    assert verified.returncode == 0, verified.stdout
    runs = list((ours.root / "results" / "two" / "reproductions" / "runs").rglob("*.log"))
    assert len(runs) == 2
    runs[0].write_bytes(b"another log")
    assert ours.doit("verify", "two").returncode == ExitCode.NOT_COMPARABLE
    shutil.rmtree(ours.root / "results" / "two" / "reproductions")


def test_other_cycles_on_the_same_image_name_what_they_depend_on(ours: Workplace) -> None:
    board = ours.root / "matrix" / "boards" / "virtual-f746.yaml"
    with _changed(board, "kind: virtual\n", "kind: virtual\ntiming_model: instructions\n"):
        ran = ours.doit("reproduce", "two", *ONE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(rf"{SLUG}: same image, other cycles: [+-]\d+\.\d{{3}} % in total", ran.stdout), (
        ran.stdout
    )
    assert "what differs: timing model: m7-block-1 there, instructions here, capstone: " in ran.stdout


def test_another_image_names_the_inputs_and_with_theirs_at_hand_section_and_symbol(
    theirs: Workplace, ours: Workplace
) -> None:
    shutil.rmtree(ours.root / "build" / "images", ignore_errors=True)
    source = ours.root / "firmware" / "app" / "main.c"
    with _changed(source, "int main(void) {", 'int main(void) {\n__asm volatile("nop");'):
        alone = ours.doit("reproduce", "two", *ONE)
        beside = ours.doit("reproduce", "two", *ONE, "--against", str(theirs.root / "results" / "two"))
        archived = ours.doit("reproduce", "two", *ONE, "--against", str(theirs.root / "two.tar.gz"))
    for ran in (alone, beside, archived):
        assert ran.returncode == ExitCode.NOT_COMPARABLE, ran.stdout + ran.stderr
        assert "inputs that differ: firmware/app/main.c; the same bytes again, by local" in ran.stdout
    assert f"{SLUG}: other image: where it differs is not known without theirs; " in alone.stdout
    assert "`doit reproduce --against NAME.tar.gz` names the first section" in alone.stdout
    for ran in (beside, archived):
        assert f"{SLUG}: other image: section ." in ran.stdout
        assert "--against" not in ran.stdout
    assert ours.report("two").count("216 MHz") > 0
    assert "All 2 variants were measured" in ours.report("two")


def test_a_build_that_fails_here_takes_no_place_of_the_published_result(ours: Workplace) -> None:
    source = ours.root / "firmware" / "app" / "main.c"
    with _changed(source, "int main(void) {", "int main(void) { #error"):
        ran = ours.doit("reproduce", "two", *ONE)
    assert ran.returncode == ExitCode.VARIANTS_FAILED, ran.stdout + ran.stderr
    assert f"{SLUG}: not built: build: " in ran.stdout
    assert len(ours.records("two")) == 2
    assert "All 2 variants were measured" in ours.report("two")


def test_a_published_result_that_its_log_contradicts_is_not_reproduced(
    ours: Workplace, tmp_path: Path
) -> None:
    folder = tmp_path / "results" / "two"
    shutil.copytree(ours.root / "results" / "two", folder)
    log = next((folder / "records" / SLUG).glob("*.log"))
    log.write_bytes(log.read_bytes().replace(b"cycles=", b"cycles=1", 1))
    ran = ours.doit("reproduce", "two", *ONE, "--against", str(folder))
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert f"{SLUG}: not believed: " in ran.stdout


def test_where_nothing_is_published_the_builders_are_compared(ours: Workplace) -> None:
    ours.write_matrix("new", TWO_VARIANTS)
    ran = ours.doit("reproduce", "new", *ONE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{SLUG}: the same bytes again, by local" in ran.stdout
    assert "new, 1 variants: nothing published: 1." in ran.stdout


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ("missing.tar.gz", "error: there is no archive missing.tar.gz"),
        (
            "nowhere",
            "error: there are no results in nowhere\n  Name an archive (*.tar.gz) or a folder, as in",
        ),
    ],
)
def test_results_that_are_not_there_are_said_so(ours: Workplace, against: str, said: str) -> None:
    ran = ours.doit("reproduce", "two", *ONE, "--against", against)
    assert ran.returncode == ExitCode.NOTHING_SELECTED
    assert ran.stderr.startswith(said)
