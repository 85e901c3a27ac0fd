"""`doit replay`: records from raw logs and reports from records, byte for byte."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix import registry, wire
from mcumatrix.commands.replay import replay_results
from mcumatrix.commands.report import report
from mcumatrix.errors import ExitCode, FirmwareError, NothingSelectedError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import load_matrix
from mcumatrix.model.record import Record
from mcumatrix.project import Project
from mcumatrix.results.store import RecordStore
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.parse import parse_bench
from support.logs import NONCE, bench_log, bench_messages, boot_log
from support.projects import a_project
from support.variants import a_record, hello


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a record of each variant, made from a log of the right answer; one run failed."""
    project = a_project(tmp_path)
    _add(project, "reference", failed=False)
    return project


def _add(project: Project, kernels: str, *, failed: bool, changed: bool = False) -> Record:
    matrix = load_matrix(project.matrices / "example.yaml", load_catalogues(project.matrices))
    variant = next(variant for variant in matrix.variants if variant.kernels == kernels)
    golden = registry.golden_case(variant.model)
    output = struct.pack("10b", *map(int, golden.values))
    said = hello(kernels=kernels)
    messages = [_answering(message, said, golden.input, output) for message in bench_messages()]
    log = boot_log(said) + bench_log(messages)
    measurement = parse_bench(bench_log(messages), NONCE, said)
    if changed:
        measurement = replace(measurement, total_cycles=(6000, 6000))
    outcome = FirmwareError("no") if failed else (measurement, check_answer(measurement, golden))
    return RecordStore(project.results("example") / "records").add(a_record(outcome, variant=variant), log)


def _answering(message: wire.Message, said: wire.Hello, digit: bytes, output: bytes) -> wire.Message:
    """A message of a board that says who it is and has the right answer."""
    match message:
        case wire.Hello():
            return said
        case wire.Bench():
            return replace(message, input_crc32=zlib.crc32(digit))
        case wire.Total():
            return replace(message, output_crc32=zlib.crc32(output))
        case wire.Tensor():
            return replace(message, dims=f"1x{len(output)}", size_bytes=len(output))
        case wire.DataLine():
            return wire.DataLine(0, output)
    return message


def _said(project: Project) -> tuple[ExitCode, str]:
    lines: list[str] = []
    return replay_results(project, "example", lines.append), "\n".join(lines)


def test_records_and_reports_come_out_the_same(project: Project) -> None:
    report(project, "example", lambda _line: None)
    code, said = _said(project)
    assert code is ExitCode.OK, said
    assert said.count("the same, byte for byte") == len(said.splitlines()) - 1


def test_numbers_that_are_not_in_the_log_are_named_though_every_hash_is_right(project: Project) -> None:
    _add(project, "simd", failed=False, changed=True)
    report(project, "example", lambda _line: None)
    code, said = _said(project)
    assert code is ExitCode.NOT_COMPARABLE
    assert (
        "its log gives another one: measurement.total_cycles.0: the record says 6000, its log says 5000"
        in said
    )


def test_a_run_that_failed_has_nothing_to_be_made_again_from(project: Project) -> None:
    _add(project, "simd", failed=True)
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
