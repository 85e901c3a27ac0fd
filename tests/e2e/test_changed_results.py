"""A result that somebody has changed is named, counts nowhere, and is not silently measured again."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.conftest import Workplace
from mcumatrix.hashing import hash_file
from mcumatrix.results.chain import Chain


@pytest.fixture(scope="module")
def measured(workplace: Workplace) -> Workplace:
    """Two variants that have been measured."""
    ran = workplace.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return workplace


def _halve_the_cycles(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["measurement"]["total_cycles"] = [cycles // 2 for cycles in kept["measurement"]["total_cycles"]]
    file.write_text(json.dumps(kept))


def _say_that_it_was_real(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["provenance"] |= {"kind": "real", "timing_model": "", "expected_error": ""}
    file.write_text(json.dumps(kept))


def _say_that_it_was_another_image(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["image"]["elf_sha256"] = "0" * 64
    file.write_text(json.dumps(kept))


@contextmanager
def _as_before(measured: Workplace) -> Iterator[None]:
    """What becomes of the results within this is undone, reports and all."""
    results, kept = measured.root / "results", measured.root / "kept"
    shutil.copytree(results, kept)
    try:
        yield
    finally:
        shutil.rmtree(results)
        kept.rename(results)


@pytest.mark.parametrize("change", [_halve_the_cycles, _say_that_it_was_real, _say_that_it_was_another_image])
def test_a_changed_record_is_named_and_the_others_are_reported(
    measured: Workplace, change: Callable[[Path], None]
) -> None:
    record, other = measured.records("two")
    with _as_before(measured):
        change(record)
        ran = measured.doit("matrix", "two")
        assert ran.returncode == 3, ran.stdout + ran.stderr
        assert f"not tried: {record} was changed: chain.jsonl has the hash of what was kept" in ran.stderr
        assert "or remove it to have the variant measured again." in ran.stderr
        assert measured.records("two") == [record, other]
        report = measured.report("two")
        assert "1 of 2 variants have times" in report
        assert "Measured on hardware" not in report
        relative = record.relative_to(measured.root)
        assert f"not tried: {relative} was changed: chain.jsonl has the hash" in report.replace("\\", "")
        assert str(measured.root) not in report


def test_a_changed_record_cannot_be_tried_by_a_plan_and_counts_again_when_it_is_restored(
    measured: Workplace,
) -> None:
    record = measured.records("two")[0]
    kept = record.read_bytes()
    _halve_the_cycles(record)
    assert "cannot be tried" in measured.doit("plan", "two").stdout
    assert measured.doit("matrix", "two").returncode == 3
    record.write_bytes(kept)
    assert measured.doit("matrix", "two").returncode == 0
    assert "not complete" not in measured.report("two")


@contextmanager
def _with_a_chain_made_anew(
    measured: Workplace, change: Callable[[Path], None]
) -> Iterator[tuple[Path, str]]:
    """A record that was changed by somebody who knows of the chain; it and what a run then says."""
    record, other = measured.records("two")
    folder = measured.root / "results" / "two" / "records"
    chain = folder / "chain.jsonl"
    names = [link.record for link in Chain(chain).links()]
    with _as_before(measured):
        change(record)
        chain.unlink()
        for name in names:
            Chain(chain).add(name, hash_file(folder / name))
        ran = measured.doit("matrix", "two")
        cannot_be = change in (_count_without_end, _say_that_it_was_real)
        assert ran.returncode == (1 if cannot_be else 3), ran.stdout + ran.stderr
        assert measured.records("two") == [record, other]
        assert "1 of 2 variants have times" in measured.report("two")
        yield record, ran.stderr


def _count_without_end(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["measurement"]["total_cycles"] = [2**64 - 1, 1]
    file.write_text(json.dumps(kept))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            _count_without_end,
            "it is not a record: measurement.total_cycles.0: Input should be less than or equal to 1546",
        ),
        (
            _say_that_it_was_real,
            "it contradicts itself: the board is to be real, and its chip is virtual (DBGMCU_IDCODE ",
        ),
    ],
)
def test_a_record_that_cannot_be_is_set_aside_with_its_reason(
    measured: Workplace, change: Callable[[Path], None], reason: str
) -> None:
    """Kept by something that did not look: the chain has it."""
    with _with_a_chain_made_anew(measured, change) as (record, said):
        assert f"{record}: {reason}" in said
        report = measured.report("two").replace("\\", "")
        assert f"{record.relative_to(measured.root)}: {reason}" in report


def _double_the_cycles(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["measurement"]["total_cycles"] = [2 * cycles for cycles in kept["measurement"]["total_cycles"]]
    file.write_text(json.dumps(kept))


def _say_that_it_was_real_and_hide_the_chip(file: Path) -> None:
    _say_that_it_was_real(file)
    kept = json.loads(file.read_bytes())
    del kept["measurement"]["clock"]["registers"]["DBGMCU_IDCODE"]
    file.write_text(json.dumps(kept))


def _call_it_other_kernels(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["axes"]["kernels"] = "reference"
    file.write_text(json.dumps(kept))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_double_the_cycles, r"measurement\.total_cycles\.0: the record says \d+, its log says \d+; "),
        (
            _say_that_it_was_real_and_hide_the_chip,
            r"measurement\.clock\.registers\.DBGMCU_IDCODE: the record says nothing, its log says \d+\n",
        ),
        (_call_it_other_kernels, r"axes\.kernels: the record says 'reference', its log says 'simd'\n"),
        (
            _say_that_it_was_another_image,
            r"image\.elf_sha256: the record says '0{64}', the image of its inputs says '[0-9a-f]{64}'\n",
        ),
    ],
)
def test_a_record_is_held_against_what_it_was_made_from(
    measured: Workplace, change: Callable[[Path], None], sentence: str
) -> None:
    with _with_a_chain_made_anew(measured, change) as (record, said):
        assert re.search(
            f"not tried: {re.escape(str(record))} is not what it was made from: {sentence}", said
        )
        report = measured.report("two").replace("\\", "")
        assert f"{record.relative_to(measured.root)} is not what it was made from: " in report


@pytest.mark.parametrize("name", ["report.md", "report.csv", "report.html", "report.json"])
def test_a_changed_report_is_said_before_it_is_made_again(measured: Workplace, name: str) -> None:
    report = measured.root / "results" / "two" / name
    kept = report.read_bytes()
    report.write_bytes(kept + b"9 times as fast")
    ran = measured.doit("matrix", "two")
    assert ran.returncode == 0
    sentence = f"{report} was changed after it was made; it is made again from the records."
    assert sentence in ran.stdout + ran.stderr
    assert report.read_bytes() == kept


def test_a_record_that_was_removed_is_measured_again(measured: Workplace) -> None:
    measured.records("two")[0].unlink()
    ran = measured.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(measured.records("two")) == 2
