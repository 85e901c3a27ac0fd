"""`doit import`: results of other tools as published numbers, which reports and matrices then read."""

from pathlib import Path

import pytest

from mcumatrix import registry
from mcumatrix.commands.importing import Given, import_results
from mcumatrix.commands.report import report
from mcumatrix.errors import ExitCode, MatrixError, PublishedError
from mcumatrix.model.publication import Origin
from mcumatrix.plugins import Kind
from mcumatrix.project import Project
from mcumatrix.results.published import read_publication
from support.packages import install
from support.projects import MATRIX, ROOT, a_project, add_records

DATA = ROOT / "tests/adapters/importers/data"
FILES = {
    "mlonmcu": ("report.csv", Given(name="a", day="2026-03-04")),
    "mlperf-tiny": ("mlperf-tiny.log", Given(name="a", day="2026-03-04")),
    "st-edge-ai": ("network_validate_report.txt", Given(name="a")),
    "tflm": ("tflm.log", Given(name="a", day="2026-03-04", clock="216 MHz")),
}


def _import(project: Project, format_name: str, file: Path, given: Given) -> list[str]:
    said: list[str] = []
    assert import_results(project, format_name, file, given, said.append) is ExitCode.OK
    return said


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return a_project(tmp_path)


@pytest.mark.parametrize("format_name", registry.importers.IMPORTERS)
def test_what_is_imported_has_a_report(project: Project, format_name: str) -> None:
    name, given = FILES[format_name]
    said = _import(project, format_name, DATA / name, given)
    assert said[-1] == "`doit report a` shows them; `published: [a]` in a matrix puts them beside ours."
    publication = read_publication(project.published / "a.csv")
    assert (publication.origin, publication.format) == (Origin.IMPORTED, format_name)
    assert name in publication.source
    lines: list[str] = []
    assert report(project, "a", lines.append) is ExitCode.OK
    text = (project.published / "a" / "report.md").read_text()
    assert f"imported from {format_name}" in text
    assert "entered by hand" not in text


def test_what_a_person_says_comes_before_what_the_file_says(project: Project) -> None:
    given = Given("st", "Ada: a report", "2026-05-06", "", "model=mnist-int8; board=lab;runtime=st")
    _import(project, "st-edge-ai", DATA / "network_validate_report.txt", given)
    publication = read_publication(project.published / "st.csv")
    assert (publication.source, publication.published_on.isoformat()) == ("Ada: a report", "2026-05-06")
    assert dict(publication.columns[0].axes) == {
        "runtime": "st",
        "model": "mnist-int8",
        "clock": "216 MHz",
        "board": "lab",
    }


def test_imported_totals_stand_beside_ours_though_the_layers_are_called_otherwise(project: Project) -> None:
    given = Given("st", axes="runtime=builtin;kernels=simd;board=lab")
    _import(project, "st-edge-ai", DATA / "network_validate_report.txt", given)
    (project.matrices / "example.yaml").write_text(MATRIX + "published: [st]\n")
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    report(project, "example", lambda _line: None)
    text = (project.results("example") / "report.md").read_text().partition("## Beside st")[2]
    assert "imported from st-edge-ai" in text
    assert "Layers are other ones, or not known: only totals stand beside each other." in text
    assert "| Total time |                    7.318 |   10.010 |" in text
    assert "Conv2D" not in text


def test_the_same_file_may_be_imported_again_and_what_is_otherwise_there_stays(project: Project) -> None:
    file, given = DATA / "network_validate_report.txt", Given("st")
    _import(project, "st-edge-ai", file, given)
    _import(project, "st-edge-ai", file, given)
    (project.published / "st.csv").write_bytes((ROOT / "results/published/dimtass-2020-04.csv").read_bytes())
    with pytest.raises(PublishedError) as caught:
        _import(project, "st-edge-ai", file, given)
    assert str(caught.value) == (
        "results/published/st.csv is there already, and was not imported from st-edge-ai\n"
        "  Give the new one another name: --as NAME"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given("a"), "does not say when it was made\n  Say it: --date 2026-11-27, or any other day"),
        (Given("a", day="yesterday"), "--date: 'yesterday' is no date\n  Write it as in 2020-04-16."),
        (Given("../a", day="2026-01-02"), "'../a' cannot be the name of a file: it is unfit for a file name"),
        (Given("a", day="2026-01-02", clock="fast"), "--clock: 'fast' is not a frequency"),
        (Given("a", day="2026-01-02", axes="lto"), "--axes: 'lto' is no value of an axis"),
        (Given("a", day="2026-01-02", axes="printed=1"), "an axis cannot be called 'printed'"),
    ],
)
def test_what_is_missing_or_wrong_of_what_a_person_says_is_said(
    project: Project, given: Given, said: str
) -> None:
    with pytest.raises(PublishedError) as caught:
        _import(project, "mlperf-tiny", DATA / "mlperf-tiny.log", given)
    assert said in str(caught.value)
    assert not project.published.exists()


def test_files_and_formats_that_are_not_there_are_said(project: Project) -> None:
    with pytest.raises(PublishedError, match=r"nosuch\.log cannot be read: No such file or directory"):
        _import(project, "tflm", Path("nosuch.log"), Given("a"))
    with pytest.raises(MatrixError) as caught:
        _import(project, "tfml", DATA / "tflm.log", Given("a"))
    assert caught.value.hint == "Did you mean 'tflm'?"


def test_another_package_brings_a_format(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "one_number.py").write_text(
        "from mcumatrix.model.publication import Imported, Printed, PrintedColumn, Quantity\n"
        "class OneNumber:\n"
        "    def read(self, name, text, clock_hz):\n"
        "        total = Printed(None, 'TOTAL', text.strip())\n"
        "        column = PrintedColumn('t', 't', 'c', {}, Quantity.TIME, {}, (), total)\n"
        "        return Imported('one number', None, (column,))\n"
    )
    install(folder, "one-number", "1", {Kind.IMPORTER.group: {"one-number": "one_number:OneNumber"}})
    monkeypatch.syspath_prepend(str(folder))
    (tmp_path / "number.txt").write_text("12.5\n")
    _import(project, "one-number", Path("number.txt"), Given(day="2026-01-02"))
    (column,) = read_publication(project.published / "number.csv").columns
    assert column.total is not None
    assert column.total.text == "12.5"
