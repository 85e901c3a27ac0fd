"""`doit report`: from records or published numbers, and from nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcumatrix.commands.report import report
from mcumatrix.errors import ExitCode, FirmwareError, MatrixError, NothingSelectedError, PublishedError
from mcumatrix.project import Project
from support.projects import MATRIX, ROOT, a_project, add_records, forge


def _said(project: Project, name: str) -> tuple[ExitCode, str]:
    lines: list[str] = []
    code = report(project, name, lines.append)
    return code, "\n".join(lines)


def test_a_report_is_made_of_records_alone(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    code, said = _said(project, "example")
    assert code is ExitCode.OK
    assert "kernels reference to simd makes mnist-int8 ([1] to [2]) faster: 20.010 to 10.010 msec" in said
    text = (project.results("example") / "report.md").read_text()
    assert "| CONV_2D    |    20.000 | 10.000 |     -10.000 |    -50.0 |" in text


def test_charts_stand_beside_a_report_and_go_when_it_has_them_no_more(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    _said(project, "example")
    charts = project.results("example") / "charts"
    assert sorted(path.name for path in charts.iterdir()) == ["changes-1.svg", "times-1.svg"]
    add_records(project, {"reference": FirmwareError("no")}, minute=5)
    _said(project, "example")
    assert sorted(path.name for path in charts.iterdir()) == ["times-1.svg"]


def test_numbers_lead_to_the_lines_of_their_raw_logs(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    (record,) = add_records(project, {"reference": 4_320_000})
    _said(project, "example")
    results = project.results("example")
    text = (results / "report.md").read_text()
    ((address, first, last),) = re.findall(r"<(records/\S+\.log)#L(\d+)-L(\d+)>", text)
    assert address == f"records/{record.variant}/{record.log}"
    lines = (results / address).read_text().split("\n")
    assert lines[int(first) - 1].startswith("@time ") and lines[int(last) - 1].startswith("@total ")


def test_a_report_that_is_current_is_not_written_again(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    _said(project, "example")
    path = project.results("example") / "report.md"
    before = path.stat().st_mtime_ns
    _said(project, "example")
    assert path.stat().st_mtime_ns == before


def test_a_changed_record_is_not_believed_and_the_exit_code_says_so(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    first, _ = add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    path = project.results("example") / "records" / first.variant / first.log
    path.write_bytes(b"another log")
    code, said = _said(project, "example")
    assert code is ExitCode.NOT_COMPARABLE
    assert f"not believed: {path} was changed: it is not the raw log" in said
    assert str(tmp_path) not in (project.results("example") / "report.md").read_text()


def test_a_record_that_its_log_does_not_give_is_not_believed_though_every_hash_is_right(
    tmp_path: Path,
) -> None:
    project = a_project(tmp_path)
    first, _ = add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    forge(project, first)
    code, said = _said(project, "example")
    assert code is ExitCode.NOT_COMPARABLE
    assert "is not what it was made from: measurement.layers.0.cycles.0: the record says 2160000" in said
    assert "1 of 2 variants have times" in said


def test_the_toolchain_that_took_the_place_of_another_is_known_from_the_records(tmp_path: Path) -> None:
    project = a_project(tmp_path, MATRIX.replace("  board:", "  toolchain: debian-12\n  board:"))
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    wanted = MATRIX.replace("  board:", "  toolchain: gcc-arm-9-2019-q4\n  board:")
    wanted += "instead:\n  - {toolchain: gcc-arm-9-2019-q4, use: debian-12}\n"
    (project.matrices / "example.yaml").write_text(wanted)
    assert "All 2 variants were measured" in _said(project, "example")[1]


def test_a_report_stands_beside_the_publications_that_its_matrix_names(tmp_path: Path) -> None:
    project = a_project(tmp_path, MATRIX + "published: [claims]\n")
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    project.published.mkdir(parents=True)
    rows = "".join(
        f"me,2020-01-02,t,T,[1],builtin,reference,216 MHz,mnist-int8,{layer},{op},time,,{msec}\n"
        for layer, op, msec in (("0", "CONV_2D", "21"), ("1", "SOFTMAX", "0.02"), ("", "TOTAL", "21.02"))
    )
    header = "source,date,table,title,column,runtime,kernels,clock,model,layer,op,quantity,base,printed\n"
    (project.published / "claims.csv").write_text(header + rows)
    _said(project, "example")
    text = (project.results("example") / "report.md").read_text()
    assert "## Beside claims\n\nme, 2020-01-02. The first column is what was published" in text
    assert "| CONV_2D    |          21.000 |   20.000 |" in text
    (project.published / "claims.csv").write_text(header + rows.replace("21", "22"))
    _said(project, "example")
    assert "| CONV_2D    |          22.000" in (project.results("example") / "report.md").read_text()


def test_a_publication_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    project = a_project(tmp_path, MATRIX + "published: [claims]\n")
    add_records(project, {"reference": 4_320_000})
    with pytest.raises(PublishedError, match="there are no published numbers 'claims'"):
        _said(project, "example")


def test_a_matrix_without_records_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(NothingSelectedError, match="there are no records of example in") as raised:
        _said(a_project(tmp_path), "example")
    assert raised.value.hint == "`doit matrix example` makes them."


def test_a_name_that_is_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match="there is no matrix 'exampel'"):
        _said(a_project(tmp_path), "exampel")


def test_published_numbers_alone_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    article = tmp_path / "article.csv"
    article.write_bytes((ROOT / "results" / "published" / "dimtass-2020-04.csv").read_bytes())
    code, said = _said(Project(ROOT), str(article))
    assert code is ExitCode.OK
    assert "Finding: comparison-3 repeats comparison-1 to the last digit" in said
    assert (tmp_path / "article" / "report.md").read_text().startswith("# article\n")


def test_the_report_of_the_article_in_this_repository_is_the_one_that_is_made_now(tmp_path: Path) -> None:
    """To accept a change on purpose: doit report dimtass-2020-04."""
    folder = ROOT / "results" / "published"
    article = tmp_path / "dimtass-2020-04.csv"
    article.write_bytes((folder / "dimtass-2020-04.csv").read_bytes())
    _said(Project(ROOT), str(article))
    made = _files(tmp_path / "dimtass-2020-04")
    assert made == _files(folder / "dimtass-2020-04")
    assert {"report.md", "charts/times-1.svg", "charts/changes-1.svg"} <= set(made)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_command_needs_no_compiler_and_no_board() -> None:
    program = "import sys; import mcumatrix.commands.report; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    for heavy in ("'pyocd'", "'docker'", "'unicorn'", "'tflite_micro'"):
        assert heavy not in loaded.stdout
