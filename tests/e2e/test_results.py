"""What can be done with results alone: reported, compared, verified, replayed, without a compiler."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.conftest import TWO_VARIANTS, MakeWorkplace, Workplace
from mcumatrix.errors import ExitCode
from mcumatrix.hashing import hash_file
from mcumatrix.results.chain import Chain
from support.made import Made

NO_TOOLS = "/nowhere"
"""A PATH on which nothing is found."""


@pytest.fixture(scope="module")
def measured(workplace: Workplace) -> Workplace:
    """Two variants that have been measured."""
    ran = workplace.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return workplace


@contextmanager
def _forged(measured: Workplace) -> Iterator[Path]:
    """A record with half the cycles, in a chain that vouches for it: every hash is right."""
    record, _ = measured.records("two")
    chain = measured.root / "results" / "two" / "records" / "chain.jsonl"
    before = {file: file.read_bytes() for file in (record, chain)}
    names = [link.record for link in Chain(chain).links()]
    kept = json.loads(record.read_bytes())
    measurement = kept["measurement"]
    measurement["total_cycles"] = [cycles // 2 for cycles in measurement["total_cycles"]]
    for layer in measurement["layers"]:
        layer["cycles"] = [cycles // 2 for cycles in layer["cycles"]]
    record.write_text(json.dumps(kept))
    chain.unlink()
    try:
        for name in names:
            Chain(chain).add(name, hash_file(chain.parent / name))
        yield record
    finally:
        for file, data in before.items():
            file.write_bytes(data)


def test_a_report_is_made_again_byte_for_byte_without_any_tool(measured: Workplace) -> None:
    folder = measured.root / "results" / "two"
    made = {path: path.read_bytes() for path in folder.glob("report.*")}
    assert len(made) == 4
    for path in (*made, folder / "manifest.json"):
        path.unlink()
    ran = measured.doit("report", "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "clock 216 MHz to 288 MHz makes" in ran.stdout
    assert {path: path.read_bytes() for path in folder.glob("report.*")} == made


def test_finished_results_of_others_are_used_where_there_is_no_compiler(
    measured: Workplace, make_workplace: MakeWorkplace
) -> None:
    clone = make_workplace(Made.NOTHING)
    shutil.copytree(measured.root / "results" / "two", clone.root / "results" / "two")
    planned = clone.doit("plan", "two", PATH=NO_TOOLS)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "2 variants: 0 libraries and 0 images to build, 0 to run" in planned.stdout
    ran = clone.doit("matrix", "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == (
        "Toolchain debian-12 cannot be had: arm-none-eabi-gcc is not on PATH. Finished results that were "
        "made with it are used; nothing can be built with it.\n"
    )
    assert "All 2 variants were measured" in ran.stdout
    assert len(clone.records("two")) == 2
    assert not (clone.root / "build" / "images").exists()
    again = clone.doit("matrix", "two", "--always-execute", PATH=NO_TOOLS)
    assert again.returncode == ExitCode.ENVIRONMENT
    assert again.stderr.startswith("error: arm-none-eabi-gcc is not on PATH.")


def test_results_that_are_not_used_are_said_with_the_inputs_that_differ(
    measured: Workplace, make_workplace: MakeWorkplace
) -> None:
    clone = make_workplace()
    shutil.copytree(measured.root / "results" / "two", clone.root / "results" / "two")
    source = clone.root / "firmware" / "app" / "main.c"
    source.write_text(f"{source.read_text()}\n")
    planned = clone.doit("plan", "two")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert planned.stdout.endswith(
        "\nResults of 2 variants are not used, because other inputs are here: firmware/app/main.c.\n"
    )


def test_a_result_of_others_that_its_log_contradicts_is_not_used(
    measured: Workplace, make_workplace: MakeWorkplace
) -> None:
    clone = make_workplace()
    with _forged(measured) as record:
        shutil.copytree(measured.root / "results" / "two", clone.root / "results" / "two")
    ran = clone.doit("matrix", "two", PATH=NO_TOOLS)
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert f"{record.name} is not what it was made from: measurement." in ran.stderr
    assert "1 of 2 variants have times" in ran.stdout


def test_results_that_are_as_they_were_made_pass_and_a_changed_image_is_named(measured: Workplace) -> None:
    ran = measured.doit("verify", "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("files are as they were made.\n")
    image = next((measured.root / "build" / "images").glob("builtin_simd_*/output/image.elf"))
    whole = image.read_bytes()
    image.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        ran = measured.doit("verify", "two", PATH=NO_TOOLS)
    finally:
        image.write_bytes(whole)
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert f"{image.relative_to(measured.root)}: it was changed" in ran.stdout


def test_records_come_from_their_logs_and_a_forged_one_does_not(measured: Workplace) -> None:
    ran = measured.doit("replay", "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("the same, byte for byte") == 2 + 4 + 2  # records, reports, charts
    with _forged(measured) as record:
        ran = measured.doit("replay", "two", PATH=NO_TOOLS)
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert f"{record.relative_to(measured.root)}: its log gives another one: " in ran.stdout
    assert "measurement.layers.0.cycles.0: the record says" in ran.stdout


def test_the_same_results_pass_and_forged_ones_are_not_compared(measured: Workplace, tmp_path: Path) -> None:
    results = measured.root / "results" / "two"
    shutil.copytree(results, tmp_path / "same")
    ran = measured.doit("compare", str(tmp_path / "same"), "two", PATH=NO_TOOLS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 same." in ran.stdout
    with _forged(measured):
        shutil.copytree(results, tmp_path / "faster")
    ran = measured.doit("compare", str(tmp_path / "faster"), "two", PATH=NO_TOOLS)
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert "is not what it was made from: measurement." in ran.stderr


def test_a_slower_candidate_does_not_pass(measured: Workplace, tmp_path: Path) -> None:
    measured.write_matrix("slow", TWO_VARIANTS.replace("kernels: simd", "kernels: reference"))
    ran = measured.doit("matrix", "slow")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    junit = tmp_path / "junit.xml"
    ran = measured.doit("compare", "two", "slow", "--junit", str(junit), PATH=NO_TOOLS)
    assert ran.returncode == ExitCode.NOT_COMPARABLE
    assert "The two differ in kernels: simd and reference." in ran.stdout
    assert "and 1 % is allowed" in ran.stdout
    assert 'failures="2"' in junit.read_text()


def test_a_name_of_nothing_is_an_error_and_no_traceback(measured: Workplace) -> None:
    for arguments in (("report", "twoo"), ("verify", "twoo"), ("replay", "twoo"), ("compare", "two", "twoo")):
        ran = measured.doit(*arguments)
        assert ran.returncode in (ExitCode.USAGE, ExitCode.NOTHING_SELECTED), ran.stdout + ran.stderr
        assert ran.stderr.startswith("error: there ")
        assert "Traceback" not in ran.stderr
