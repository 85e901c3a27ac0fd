"""Energies and their traces go wherever results go: into archives, into other projects, onto web servers."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.commands.merge import merge
from mcumatrix.commands.publish import publish
from mcumatrix.commands.replay import replay_results
from mcumatrix.commands.report import report
from mcumatrix.commands.verify import verify
from mcumatrix.errors import ExitCode, MergeError
from mcumatrix.project import Project
from support.projects import MATRIX, a_project, add_records
from support.traces import Drawn

REAL = MATRIX.replace("virtual-f746", "stm32f746g-disco").replace("[reference, simd]", "simd")
CYCLES = {"simd": 2_160_000}


def _quiet(_line: str) -> None:
    """Says nothing."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One with a record of a board at a current probe, and its reports."""
    project = a_project(tmp_path / "here", REAL)
    add_records(project, CYCLES, drawn=Drawn())
    report(project, "example", _quiet)
    monkeypatch.chdir(project.root)
    return project


@pytest.fixture
def other(tmp_path: Path, project: Project) -> Project:
    """Another machine with the same matrix; there are no results yet."""
    return a_project(tmp_path / "there", REAL)


def traces(project: Project) -> list[Path]:
    return sorted(project.results("example").rglob("*.trace"))


def test_an_energy_comes_out_of_its_trace_again(project: Project) -> None:
    lines: list[str] = []
    assert replay_results(project, "example", lines.append) is ExitCode.OK, lines
    assert lines[-1] == "6 of 6 files are the same, 0 differ."
    assert "4.95" in (project.results("example") / "report.md").read_text()


def test_a_trace_that_was_changed_is_named_by_replay(project: Project) -> None:
    [trace] = traces(project)
    trace.write_bytes(trace.read_bytes() + b"\n")
    lines: list[str] = []
    assert replay_results(project, "example", lines.append) is ExitCode.NOT_COMPARABLE
    assert f"{trace} was changed" in "\n".join(lines)


def test_what_is_published_has_the_trace_and_who_unpacks_the_archive_replays_the_energy(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(project, ["example"], tmp_path / "site", _quiet)
    [trace] = traces(project)
    [published] = (tmp_path / "site").rglob("*.trace")
    assert published.read_bytes() == trace.read_bytes()
    [packed] = (tmp_path / "site").rglob("*.tar.gz")
    subprocess.run(["tar", "-xzf", packed, "-C", tmp_path], check=True)
    unpacked = Project(tmp_path / "example")
    monkeypatch.chdir(unpacked.root)
    assert verify(unpacked, "example", _quiet) is ExitCode.OK
    assert replay_results(unpacked, "example", _quiet) is ExitCode.OK
    [trace] = traces(unpacked)
    trace.unlink()
    assert verify(unpacked, "example", _quiet) is ExitCode.NOT_COMPARABLE


def test_merged_results_bring_their_traces(project: Project, other: Project) -> None:
    assert merge(other, [project.results("example")], None, _quiet) is ExitCode.OK
    assert [path.read_bytes() for path in traces(other)] == [path.read_bytes() for path in traces(project)]
    assert verify(other, "example", _quiet) is ExitCode.OK
    report(other, "example", _quiet)
    assert replay_results(other, "example", _quiet) is ExitCode.OK


def test_the_same_cycles_with_another_energy_are_another_result(project: Project, other: Project) -> None:
    add_records(other, CYCLES, minute=9, drawn=Drawn(active_a=0.2))
    lines: list[str] = []
    with pytest.raises(MergeError):
        merge(other, [project.results("example")], None, lines.append)
    said = "\n".join(lines)
    assert "with 2,162,165 and 2,162,165 cycles and 6.607 and 6.607 mJ" in said
    assert "with 2,162,165 and 2,162,165 cycles and 4.955 and 4.955 mJ" in said
    assert len(traces(other)) == 1
