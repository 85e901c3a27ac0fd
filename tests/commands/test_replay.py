"""`doit replay`: records from raw logs and reports from records, byte for byte."""

from pathlib import Path

import pytest

from mcumatrix.commands.replay import replay_results
from mcumatrix.commands.report import report
from mcumatrix.errors import ExitCode, FirmwareError, NothingSelectedError
from mcumatrix.project import Project
from support.projects import a_project, add_records, forge


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the record of one variant, made from a log."""
    project = a_project(tmp_path)
    add_records(project, {"reference": 4_320_000})
    return project


def _said(project: Project) -> tuple[ExitCode, str]:
    lines: list[str] = []
    return replay_results(project, "example", lines.append), "\n".join(lines)


def test_records_and_reports_come_out_the_same(project: Project) -> None:
    report(project, "example", lambda _line: None)
    code, said = _said(project)
    assert code is ExitCode.OK, said
    assert said.count("the same, byte for byte") == len(said.splitlines()) - 1
    assert "charts/times-1.svg: the same, byte for byte" in said


def test_numbers_that_are_not_in_the_log_are_named_though_every_hash_is_right(project: Project) -> None:
    (record,) = add_records(project, {"simd": 2_160_000})
    forge(project, record)
    report(project, "example", lambda _line: None)
    code, said = _said(project)
    assert code is ExitCode.NOT_COMPARABLE
    assert "its log gives another one: measurement.layers.0.cycles.0: the record says 1080000, " in said


def test_a_run_that_failed_has_nothing_to_be_made_again_from(project: Project) -> None:
    add_records(project, {"simd": FirmwareError("no")})
    report(project, "example", lambda _line: None)
    code, said = _said(project)
    assert code is ExitCode.OK
    assert "not replayed: it has no measurement, but firmware: no" in said


def test_a_report_with_another_number_is_named_with_its_line(project: Project) -> None:
    report(project, "example", lambda _line: None)
    path = project.results("example") / "report.md"
    lines = path.read_text().splitlines(keepends=True)
    lines[4] = "All variants are fast.\n"
    path.write_text("".join(lines))
    code, said = _said(project)
    assert code is ExitCode.NOT_COMPARABLE
    assert "report.md: it differs from what its records give, from line 5 on" in said


def test_a_report_that_is_not_there_is_said_to_be_missing(project: Project) -> None:
    assert "report.md: it is not there; `doit report` makes it" in _said(project)[1]


def test_nothing_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(NothingSelectedError, match="there are no records of example"):
        _said(a_project(tmp_path))
