"""Small disks under build, results, cache and temporary files: full or read-only, a run ends in sentences."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from e2e.conftest import ROOT, MakeWorkplace, Workplace
from support.made import Made

FULL = "its disk is full"
READ_ONLY = "its disk is read-only"


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """A disk of memory at a folder; skips the test where nobody may mount."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def disk() -> Iterator[Callable[[Path, str], None]]:
    """disk(folder, options) mounts one until the test ends."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    with ExitStack() as stack:
        yield lambda folder, options: stack.enter_context(small_disk(folder, options))


def fill(folder: Path, leave_bytes: int = 0) -> None:
    """Fills the disk of a folder but for some bytes."""
    free = shutil.disk_usage(folder).free
    with (folder / "ballast").open("wb") as file:
        file.write(bytes(max(free - leave_bytes, 0)))


def ends_in_sentences(ran: subprocess.CompletedProcess[str]) -> str:
    """All that it said, where that is no traceback."""
    said = ran.stdout + ran.stderr
    assert "Traceback" not in said, said
    assert "Errno" not in said, said
    assert ran.returncode not in {0, -6, -7, -11}, said
    return said


@pytest.mark.parametrize(
    ("leave_bytes", "goes_on"), [(0, False), (64 << 10, False), (300 << 10, False), (1200 << 10, True)]
)
def test_a_full_build_folder_is_said_and_the_next_run_goes_on(
    make_workplace: MakeWorkplace,
    built: Path,
    disk: Callable[[Path, str], None],
    leave_bytes: int,
    goes_on: bool,
) -> None:
    """From where it was: each time with other parts already made, and tried with the one that has most."""
    place = make_workplace(Made.NOTHING)
    build = place.root / "build"
    disk(build, "size=40m")
    shutil.copytree(built / "cache", build / "cache")
    fill(build, leave_bytes)
    ran = place.doit("matrix", "two")
    said = ends_in_sentences(ran)
    assert ran.returncode == 4, said
    assert FULL in said or "No space left on device" in said
    # A disk is not to blame on a variant.
    assert "failed: build" not in said
    assert place.records("two") == []
    if goes_on:
        (build / "ballast").unlink()
        assert place.doit("matrix", "two").returncode == 0


@pytest.mark.parametrize("leave_bytes", [0, 8 << 10, 20 << 10])
def test_full_results_lose_what_they_say_and_nothing_else(
    make_workplace: MakeWorkplace, disk: Callable[[Path, str], None], leave_bytes: int
) -> None:
    place = make_workplace()
    results = place.root / "results"
    disk(results, "size=1m")
    fill(results, leave_bytes)
    ran = place.doit("matrix", "two")
    said = ends_in_sentences(ran)
    kept = len(place.records("two"))
    # A result that was measured, or what it would have been made from, before it is run at all.
    unkept = said.count(" is lost: ") + said.count("what results are made from could not be kept: ")
    assert unkept >= 2 - kept
    assert f"{2 - kept} of the results of this run could not be kept" in ran.stderr or kept == 2
    assert "All records of this run are kept" not in said or kept == 2
    assert "Make room there, and run again." in said
    (results / "ballast").unlink()
    assert place.doit("matrix", "two").returncode == 0
    assert len(place.records("two")) == 2


def test_results_that_are_read_only_keep_the_records_from_before(
    make_workplace: MakeWorkplace, disk: Callable[[Path, str], None]
) -> None:
    place = make_workplace()
    results = place.root / "results"
    disk(results, "size=4m")
    assert place.doit("matrix", "two", "--select", "clock=216MHz").returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", results], check=True)
    ran = place.doit("matrix", "two")
    said = ends_in_sentences(ran)
    assert READ_ONLY in said
    assert "1 of the results of this run could not be kept" in ran.stderr
    assert "Make it writable (mount -o remount,rw), and run again." in said
    assert len(place.records("two")) == 1
    subprocess.run(["mount", "-o", "remount,rw", results], check=True)
    assert place.doit("matrix", "two").returncode == 0


def test_a_report_that_cannot_be_written_costs_no_record(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    (place.root / "results" / "two" / "report.md").mkdir(parents=True)
    ran = place.doit("matrix", "two")
    ends_in_sentences(ran)
    assert ran.returncode == 4
    assert len(place.records("two")) == 2
    path = place.root / "results" / "two" / "report.md"
    assert (
        f"error: The report of two could not be written: {path} cannot be used, because the system says: "
        "Is a directory. It is made of records, and none of those is lost by this.\n"
        "  Mend that, and run again.\n"
    ) in ran.stderr
    assert "All records of this run are kept." in ran.stderr


def test_a_build_folder_that_is_read_only_is_said(
    make_workplace: MakeWorkplace, disk: Callable[[Path, str], None]
) -> None:
    place = make_workplace(Made.NOTHING)
    disk(place.root / "build", "size=8m,ro")
    ran = place.doit("matrix", "two")
    said = ends_in_sentences(ran)
    assert ran.returncode == 4
    assert READ_ONLY in said


def test_full_temporary_files_and_a_full_cache_are_done_without(
    make_workplace: MakeWorkplace, disk: Callable[[Path, str], None], tmp_path: Path
) -> None:
    place = make_workplace(Made.NOTHING)
    for folder in (tmp_path / "temporary", place.root / "build" / "cache"):
        disk(folder, "size=1m")
        fill(folder)
    ran = place.doit("matrix", "two", "--select", "clock=216MHz", TMPDIR=str(tmp_path / "temporary"))
    said = ran.stdout + ran.stderr
    assert "Traceback" not in said, said
    # ccache has no room for its files, and compiles all the same or says so.
    assert ran.returncode == 0 or "No space left on device" in said, said


@pytest.mark.parametrize("command", [("plan", "two"), ("report", "dimtass-2020-04")])
def test_output_that_cannot_be_written_is_said(workplace: Workplace, command: tuple[str, ...]) -> None:
    published = workplace.root / "results" / "published"
    shutil.copytree(ROOT / "results" / "published", published, dirs_exist_ok=True)
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ran = subprocess.run(
            workplace.command(*command),
            cwd=workplace.root,
            env=workplace.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 4
    assert ran.stderr == (
        "error: What was to be printed could not be written: its disk is full.\n"
        "  Make room there, and run again.\n"
    )


@pytest.mark.parametrize("leave_bytes", [0, 64 << 10, 300 << 10])
def test_a_disk_without_room_for_an_archive_keeps_the_one_from_before(
    workplace: Workplace, disk: Callable[[Path, str], None], tmp_path: Path, leave_bytes: int
) -> None:
    assert workplace.doit("matrix", "two").returncode == 0
    folder = tmp_path / "archives"
    disk(folder, "size=8m")
    (folder / "two.tar.gz").write_bytes(b"the one from before")
    fill(folder, leave_bytes)
    ran = workplace.doit("archive", "two", "--output", str(folder / "two.tar.gz"))
    said = ends_in_sentences(ran)
    assert ran.returncode == 4, said
    assert FULL in said
    assert "What was there before is as it was." in said
    assert sorted(path.name for path in folder.iterdir()) == ["ballast", "two.tar.gz"]
    assert (folder / "two.tar.gz").read_bytes() == b"the one from before"


def test_full_temporary_files_keep_an_archive_from_being_checked_and_say_so(
    workplace: Workplace, disk: Callable[[Path, str], None], tmp_path: Path
) -> None:
    assert workplace.doit("matrix", "two").returncode == 0
    archive = tmp_path / "two.tar.gz"
    assert workplace.doit("archive", "two", "--output", str(archive)).returncode == 0
    temporary = tmp_path / "temporary"
    disk(temporary, "size=1m")
    fill(temporary, 64 << 10)
    ran = workplace.doit("verify", str(archive), TMPDIR=str(temporary))
    said = ends_in_sentences(ran)
    assert ran.returncode == 4, said
    assert said.startswith("error: two.tar.gz could not be checked: ")
    assert FULL in said
    assert [path.name for path in temporary.iterdir()] == ["ballast"]
