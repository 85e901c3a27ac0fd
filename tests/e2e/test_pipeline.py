"""From a matrix file to a report, through the real compiler, the virtual board and its serial port."""

import csv
import io
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from e2e.conftest import TESTED, MakeWorkplace, Workplace
from support.made import Made
from support.processes import programs_below

BOTH = ("builtin_simd_216MHz_mnist-int8", "builtin_simd_288MHz_mnist-int8")


@pytest.fixture(scope="module")
def done(workplace: Workplace) -> Workplace:
    """A project in which the matrix `two` has been run, on units that were tested."""
    workplace.write_matrix("two", TESTED)
    ran = workplace.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return workplace


def _rows(workplace: Workplace) -> list[dict[str, str]]:
    text = (workplace.root / "results" / "two" / "report.csv").read_text()
    return list(csv.DictReader(io.StringIO(text)))


def _images(workplace: Workplace, name: str = "image.elf") -> list[Path]:
    return sorted((workplace.root / "build" / "images").glob(f"*/output/{name}"))


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_variant_is_measured_and_correct(done: Workplace) -> None:
    rows = _rows(done)
    assert {row["variant"] for row in rows} == set(BOTH)
    assert [row["op"] for row in rows[:9]] == [
        "DEPTHWISE_CONV_2D",
        "MAX_POOL_2D",
        "CONV_2D",
        "MAX_POOL_2D",
        "CONV_2D",
        "FULLY_CONNECTED",
        "FULLY_CONNECTED",
        "SOFTMAX",
        "TOTAL",
    ]
    assert {(row["status"], row["correct"]) for row in rows} == {("ok", "True")}


def test_two_clocks_take_the_same_cycles_and_other_times(done: Workplace) -> None:
    slow, fast = ([row for row in _rows(done) if row["variant"] == variant] for variant in BOTH)
    assert [row["cycles_median"] for row in slow] == [row["cycles_median"] for row in fast]
    assert float(slow[-1]["ms_median"]) / float(fast[-1]["ms_median"]) == pytest.approx(288 / 216, rel=1e-4)


def test_a_record_says_that_its_times_are_virtual_and_what_they_were_made_from(done: Workplace) -> None:
    record = json.loads(done.records("two")[0].read_text())
    assert record["provenance"]["kind"] == "virtual"
    assert record["provenance"]["timing_model"] == "m7-block-1"
    assert record["provenance"]["expected_error"] == "typical error ±10 % a layer, at worst 46 %"
    assert record["measurement"]["clock"]["measured_hz"] == record["clock_hz"]
    assert record["image"]["elf_sha256"] in done.report("two")
    log = done.records("two")[0].with_suffix(".log").read_bytes()
    assert log.startswith(b"Program started @ 216000000...\r\n")


def test_the_whole_report_ends_the_run_on_the_terminal(done: Workplace) -> None:
    printed = done.doit("matrix", "two").stdout
    assert (
        "Time per layer in msec, medians (virtual board, timing model 'm7-block-1', "
        "typical error ±10 % a layer, at worst 46 %)"
    ) in printed
    assert printed.splitlines()[-5:] == [
        "results/two/report.csv",
        "results/two/report.html",
        "results/two/report.json",
        "results/two/report.md",
        "results/two/records",
    ]


def test_a_second_run_does_nothing_and_changes_nothing(done: Workplace) -> None:
    before = _contents(done.root / "results")
    ran = done.doit("matrix", "two")
    assert ran.returncode == 0
    assert "build:" not in ran.stdout
    assert "run:" not in ran.stdout
    assert "report:" not in ran.stdout
    assert before == {
        path: path.read_bytes() for path in (done.root / "results").rglob("*") if path.is_file()
    }


def test_another_clock_links_again_and_compiles_no_library_again(done: Workplace) -> None:
    done.write_matrix("three", done_text := (done.root / "matrix" / "two.yaml").read_text())
    done.write_matrix("three", done_text.replace("288 MHz", "288 MHz, 200 MHz"))
    plan = done.doit("plan", "three")
    assert plan.stdout.splitlines()[-1] == (
        "3 variants: 0 libraries and 1 images to build, 3 to run; builder: local, as asked for."
    )


@pytest.mark.parametrize("keep_bytes", [-1, 0])
def test_an_image_that_was_cut_is_built_again(done: Workplace, keep_bytes: int) -> None:
    image = next(path for path in _images(done) if path.parents[1].name.startswith(BOTH[0]))
    whole = image.read_bytes()
    image.write_bytes(whole[:keep_bytes])
    # What a plan says there is to do is what a run then does.
    assert "1 images to build, 0 to run;" in done.doit("plan", "two").stdout
    ran = done.doit("matrix", "two")
    assert ran.returncode == 0
    assert ran.stdout.count("build:builtin_simd_") == 1
    assert "run:" not in ran.stdout
    assert image.read_bytes() == whole


def test_a_report_that_was_changed_is_made_again_from_the_records(done: Workplace) -> None:
    path = done.root / "results" / "two" / "report.md"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"0", b"9"))
    assert done.doit("matrix", "two").returncode == 0
    assert path.read_bytes() == whole


def test_a_record_whose_log_was_changed_is_not_believed(done: Workplace) -> None:
    record = done.records("two")[0]
    log = record.with_suffix(".log")
    kept = log.read_bytes()
    log.write_bytes(kept.replace(b"cycles=", b"cycles=1", 1))
    ran = done.doit("matrix", "two")
    assert ran.returncode == 3
    assert (
        f"not tried: {log} was changed: it is not the raw log that its record was made from\n" in ran.stderr
    )
    log.write_bytes(kept)
    ran = done.doit("matrix", "two")
    assert ran.returncode == 0
    assert "run:" not in ran.stdout


def test_a_changed_source_builds_new_images_and_a_changed_readme_does_not(done: Workplace) -> None:
    before = _images(done)
    (done.root / "README.md").write_text("changed")
    assert "0 images to build" in done.doit("plan", "two").stdout
    source = done.root / "firmware" / "app" / "main.c"
    source.write_text(source.read_text() + "\n/* changed */\n")
    assert "1 libraries and 2 images to build, 2 to run;" in done.doit("plan", "two").stdout
    assert done.doit("matrix", "two").returncode == 0
    # Those of the variants, and the one that tests the board.
    assert len(_images(done)) == len(before) + 3


def test_one_variant_can_be_selected_and_the_report_says_that_others_were_not_run(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    ran = place.doit("matrix", "two", "--select", "clock=216MHz")
    assert ran.returncode == 0, ran.stderr
    assert "1 of 2 variants have times. **This report is not complete.**" in place.report("two")
    # A variant by its name, as a task of doit.
    ran = place.doit(f"run:{BOTH[1]}", "matrix=two")
    assert ran.returncode == 0, ran.stderr
    assert len(place.records("two")) == 2


@pytest.mark.parametrize("killed_in", ["libraries", "images"])
def test_a_run_that_was_killed_goes_on_where_it_was(make_workplace: MakeWorkplace, killed_in: str) -> None:
    place = make_workplace(Made.OBJECTS)
    process = subprocess.Popen(
        place.command("matrix", "two"), cwd=place.root, env=place.environment(), stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    started = f"build/{killed_in}/*/output/build.log"
    while not list(place.root.glob(started)) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    ran = place.doit("matrix", "two")
    assert ran.returncode == 0, ran.stderr
    assert "All 2 variants were measured" in place.report("two")


def test_sigterm_ends_a_run_with_130_and_leaves_no_compiler_behind(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace(Made.OBJECTS)
    process = subprocess.Popen(
        place.command("matrix", "two"),
        cwd=place.root,
        env=place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(place.root.glob("build/images/*/output/build.log")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "\nInterrupted. What is done is kept; the next run goes on from there.\n"
    assert not programs_below(place.root)
