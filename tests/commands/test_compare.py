"""`doit compare`: a gate for CI."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcumatrix.commands.compare import Wanted, compare
from mcumatrix.errors import ChangedResultError, ExitCode, MatrixError, NothingSelectedError
from mcumatrix.project import Project
from mcumatrix.report.content.gate import Origin
from mcumatrix.results.kept import newest_records
from support.projects import MATRIX, ROOT, a_project, add_records, forge


def _said(
    project: Project, base: str, candidate: str, limits: tuple[str, str] = ("", ""), **outputs: str
) -> tuple[ExitCode, str]:
    lines: list[str] = []
    code = compare(project, base, candidate, Wanted(limits, outputs), lines.append)
    return code, "\n".join(lines)


def _two(tmp_path: Path, before: int, after: int, matrix: str = MATRIX) -> tuple[Project, str]:
    """A project with results, and the folder of those of another checkout."""
    old, new = a_project(tmp_path / "old", matrix), a_project(tmp_path / "new", matrix)
    add_records(old, {"reference": before, "simd": 1_000_000})
    add_records(new, {"reference": after, "simd": 1_000_000})
    return new, str(old.results("example"))


def test_the_same_results_pass(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_320_000)
    code, said = _said(project, base, "example")
    assert code is ExitCode.OK
    assert said.endswith(f"example against {base}: 2 same.")


def test_a_regression_ends_with_the_exit_code_for_it(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_420_000)
    code, said = _said(project, base, "example")
    assert code is ExitCode.NOT_COMPARABLE
    assert "the total takes 20.473 msec and took 20.010: +2.3 %, and 1 % is allowed" in said


def test_limits_are_those_of_the_matrix_and_what_is_typed_comes_first(tmp_path: Path) -> None:
    matrix = MATRIX + "regression: {total: 3, layer: 4}\n"
    project, base = _two(tmp_path, 4_320_000, 4_420_000, matrix)
    assert _said(project, base, "example")[0] is ExitCode.OK
    assert _said(project, base, "example", ("2", ""))[0] is ExitCode.NOT_COMPARABLE
    assert _said(project, base, "example", ("", "2.0%"))[0] is ExitCode.NOT_COMPARABLE


def test_a_limit_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 1, 1)
    with pytest.raises(MatrixError, match="'fast' is no limit in percent"):
        _said(project, base, "example", ("fast", ""))


def test_files_are_written_for_ci(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_320_000)
    outputs = {name: str(tmp_path / f"out.{name}") for name in ("json", "markdown", "junit")}
    _said(project, base, "example", **outputs)
    assert json.loads((tmp_path / "out.json").read_text())["passed"] is True
    assert (tmp_path / "out.markdown").read_text().startswith("# example against ")
    assert "<testsuite " in (tmp_path / "out.junit").read_text()


def test_published_numbers_of_hardware_are_not_compared_with_those_of_a_model(tmp_path: Path) -> None:
    article = tmp_path / "article.csv"
    text = (ROOT / "results" / "published" / "dimtass-2020-04.csv").read_text()
    wanted = text.replace("tflm-2.1.0", "builtin").replace("tflm-1.14.0", "other")
    article.write_text(wanted.replace("mnist-float32", "mnist-int8"))
    project = a_project(tmp_path / "project")
    add_records(project, {"reference": 4_320_000})
    code, said = _said(project, str(article), "example")
    assert code is ExitCode.NOT_COMPARABLE
    assert "article cases [1] is from hardware and example [1] from virtual board" in said


def test_a_result_that_was_changed_is_not_compared(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_320_000)
    log = next(Path(base, "records").rglob("*.log"))
    log.write_bytes(b"changed")
    with pytest.raises(ChangedResultError):
        _said(project, base, "example")


def test_a_forged_result_of_another_checkout_is_not_compared(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_320_000)
    first, *_ = newest_records(Path(base, "records")).records.values()
    forge(Project(tmp_path / "old"), first)
    with pytest.raises(ChangedResultError, match="is not what it was made from"):
        _said(project, base, "example")


def test_results_without_times_cannot_be_compared(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    with pytest.raises(MatrixError, match="there are no records of example"):
        _said(project, "example", "example")
    (tmp_path / "empty" / "records").mkdir(parents=True)
    with pytest.raises(NothingSelectedError, match="has times"):
        _said(project, str(tmp_path / "empty"), "example")


def _rerun(tmp_path: Path, before: int, after: int, again: int) -> tuple[ExitCode, str, list[str]]:
    """Compares two matrices of a project, of which the second took `again` cycles when it was run again."""
    project = a_project(tmp_path, name="old")
    (project.matrices / "new.yaml").write_text(MATRIX)
    for name, cycles in (("old", before), ("new", after)):
        add_records(project, {"reference": cycles, "simd": 1_000_000}, name)
    asked: list[str] = []

    def run_again(matrix: str, suspects: Sequence[Origin]) -> None:
        asked.extend(f"{matrix} {origin.variant}" for origin in suspects)
        add_records(project, {"reference": {"old": before, "new": again}[matrix]}, matrix, minute=9)

    lines: list[str] = []
    code = compare(project, "old", "new", Wanted(run_again=run_again), lines.append)
    return code, "\n".join(lines), asked


def test_a_suspect_pair_is_run_again_before_there_is_an_alarm(tmp_path: Path) -> None:
    code, said, asked = _rerun(tmp_path, 4_320_000, 4_420_000, 4_420_000)
    assert asked == ["old builtin_reference_216MHz_mnist-int8", "new builtin_reference_216MHz_mnist-int8"]
    assert "reference: slower again." in said
    assert code is ExitCode.NOT_COMPARABLE


def test_what_is_not_slower_again_is_no_alarm(tmp_path: Path) -> None:
    code, said, asked = _rerun(tmp_path, 4_320_000, 4_420_000, 4_320_000)
    assert len(asked) == 2
    assert "reference: not slower when it was run again." in said
    assert code is ExitCode.OK


def test_what_is_not_slower_is_not_run_again(tmp_path: Path) -> None:
    code, _, asked = _rerun(tmp_path, 4_320_000, 4_320_000, 0)
    assert (code, asked) == (ExitCode.OK, [])


def test_results_of_elsewhere_cannot_be_run_again_and_that_is_said(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_420_000)
    asked: list[str] = []
    lines: list[str] = []
    wanted = Wanted(run_again=lambda matrix, _suspects: asked.append(matrix))
    assert compare(project, base, "example", wanted, lines.append) is ExitCode.NOT_COMPARABLE
    assert asked == ["example"]
    assert lines[0] == f"{base} is not run again: it is no matrix of this project."


def test_a_job_summary_is_added_to_what_other_steps_have_said(tmp_path: Path) -> None:
    project, base = _two(tmp_path, 4_320_000, 4_420_000)
    summary = tmp_path / "summary.md"
    summary.write_text("# Tests passed\n\n")
    compare(project, base, "example", Wanted(summary=summary), lambda _line: None)
    text = summary.read_text()
    assert text.startswith("# Tests passed\n\n## example against ")
    assert ": not passed\n\n> [!CAUTION]\n> example against " in text
