"""What a run says at its end, made once and kept for as long as nothing that it follows from changes."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcumatrix.cli import conclusion as module
from mcumatrix.cli.conclusion import Conclusion, Ending, conclusion
from mcumatrix.errors import BlockedError, BuildError
from mcumatrix.model.record import Record
from mcumatrix.model.results import MatrixResults, group_runs
from mcumatrix.model.variant import Expectation, Matrix, Outcome
from mcumatrix.project import Project
from support.variants import a_record, a_variant

MEASURED, FAILED, EXPECTED, NOT_RUN, BLOCKED = (
    a_variant(slug) for slug in ("measured", "failed", "expected", "not-run", "blocked")
)
MATRIX = Matrix(
    "quickstart",
    "",
    (),
    (
        MEASURED,
        FAILED,
        replace(EXPECTED, expect=Expectation(Outcome.FAIL, "it is too large")),
        NOT_RUN,
        BLOCKED,
    ),
)


def _record(outcome: object, variant: Any) -> Record:
    return a_record(outcome, variant=variant)


RESULTS = MatrixResults(
    {
        "measured": group_runs([_record(None, MEASURED)]),
        "failed": group_runs([_record(BuildError("the linker refused"), FAILED)]),
        "expected": group_runs([_record(BuildError("it is too large"), EXPECTED)]),
        "blocked": group_runs([_record(BlockedError("no unit is fit"), BLOCKED)]),
    }
)


@pytest.fixture
def work(tmp_path: Path) -> Any:
    """As much of `Work` as a conclusion needs."""
    return SimpleNamespace(project=Project(tmp_path), matrix=MATRIX, reported=[])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Conclusion]:
    """The conclusions that are made from records, not those that are read."""
    found: list[Conclusion] = []
    real = module._made

    def _made(work: Any, results: MatrixResults) -> Conclusion:
        found.append(real(work, results))
        return found[-1]

    monkeypatch.setattr(module, "_made", _made)
    return found


def test_variants_that_have_all_their_times_are_left_out_and_all_others_say_how_they_ended(work: Any) -> None:
    end = conclusion(work, RESULTS, "")
    assert end.other_endings == {
        "failed": Ending(is_well=False),
        "not-run": Ending(is_well=False, was_not_run=True),
        "blocked": Ending(is_well=False, is_blocked=True),
    }
    assert "failed: build: the linker refused" in end.text.replace("[2] ", "")


def test_the_same_is_read_where_the_report_is_the_same(work: Any, made: list[Conclusion]) -> None:
    first = conclusion(work, RESULTS, "a" * 64)
    assert conclusion(work, MatrixResults(), "a" * 64) == first
    assert len(made) == 1


def test_it_is_made_anew_for_another_report_and_by_other_code(
    work: Any, made: list[Conclusion], monkeypatch: pytest.MonkeyPatch
) -> None:
    for report in ("a" * 64, "b" * 64):
        conclusion(work, RESULTS, report)
    monkeypatch.setattr(module, "hash_of_own_code", lambda: "other")
    conclusion(work, RESULTS, "b" * 64)
    assert len(made) == 3


def test_without_a_report_nothing_is_kept(work: Any, made: list[Conclusion]) -> None:
    for _ in range(2):
        conclusion(work, RESULTS, "")
    assert len(made) == 2
    assert not work.project.build.exists()


@pytest.mark.parametrize("contents", [b"", b"[]", b'{"key": 1}', b"\xff"])
def test_a_file_that_cannot_be_read_is_made_again(work: Any, made: list[Conclusion], contents: bytes) -> None:
    first = conclusion(work, RESULTS, "a" * 64)
    (file,) = (work.project.build / "cache" / "conclusions").iterdir()
    file.write_bytes(contents)
    assert conclusion(work, RESULTS, "a" * 64) == first
    assert len(made) == 2


def test_a_disk_that_cannot_be_written_is_no_reason_to_say_nothing(work: Any) -> None:
    (work.project.root / "build").write_text("no folder")
    assert conclusion(work, RESULTS, "a" * 64) == conclusion(work, RESULTS, "")
