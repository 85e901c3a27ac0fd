"""`doit report --templates`: what a publisher changes, and what stays the project's."""

from pathlib import Path

import pytest

from mcumatrix.commands.own_templates import report_by_templates
from mcumatrix.commands.verify import verify
from mcumatrix.errors import ExitCode, NothingSelectedError, RenderError
from mcumatrix.project import Project
from support.projects import ROOT, a_project, add_records


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    made = a_project(tmp_path)
    add_records(made, {"reference": 4_320_000, "simd": 2_160_000})
    (tmp_path / "house").mkdir()
    return made


def _made(project: Project, folder: str = "out") -> list[str]:
    said: list[str] = []
    code = report_by_templates(project, "example", project.root / "house", folder, said.append)
    assert code is ExitCode.OK
    return said


def test_one_template_of_ones_own_changes_one_file_and_the_rest_is_the_project_s(project: Project) -> None:
    (project.root / "house" / "report.md.j2").write_text(
        "# Ours: {{ report.title }}\n{{ report.cases | table }}\n"
    )
    said = _made(project)
    assert {"out/report.md", "out/report.html", "out/report.json", "out/report.csv"} <= set(said)
    assert (project.root / "out/report.md").read_text().startswith("# Ours: example\n| Case |")
    assert "<html" in (project.root / "out/report.html").read_text()


def test_a_part_of_the_page_can_be_changed_alone(project: Project) -> None:
    (project.root / "house" / "report.css.j2").write_text("body { color: teal }\n")
    assert "out/report.css" not in _made(project)
    assert "body { color: teal }" in (project.root / "out/report.html").read_text()


def test_other_templates_make_files_of_their_own_and_those_with_a_line_are_only_included(
    project: Project,
) -> None:
    house = project.root / "house"
    (house / "_head.j2").write_text("{{ report.title }}")
    (house / "summary.txt.j2").write_text("{% include '_head.j2' %}: {{ report.summary | inert }}\n")
    (house / "page.html.j2").write_text("<p>{{ report.title }} {{ '<b>' }}</p>\n")
    said = _made(project)
    assert "out/_head" not in said
    text = (project.root / "out/summary.txt").read_text()
    assert text == "example: All 2 variants were measured, with correct answers.\n"
    assert (project.root / "out/page.html").read_text() == "<p>example &lt;b&gt;</p>\n"


def test_results_stay_as_they_were_made(project: Project) -> None:
    (project.root / "house" / "report.md.j2").write_text("ours\n")
    before = sorted(path.name for path in project.results("example").rglob("*"))
    said = _made(project, "")
    assert "build/report/example/report.md" in said
    assert sorted(path.name for path in project.results("example").rglob("*")) == before
    assert verify(project, "example", lambda _line: None) is ExitCode.OK


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "one\n{{ report.tittle }}\n",
            ":2: 'mcumatrix.report.content.report.Report object' has no attribute",
        ),
        ("{{ reprot }}", ":1: 'reprot' is undefined"),
        ("\n{% for %}", ":2: Expected an expression"),
        ("{% include 'nosuch.j2' %}", "there is no template"),
        ("\n\n{{ 1 / 0 }}", ":3: ZeroDivisionError: division by zero"),
        ("{{ report.findings[99].sentence }}", ":1: "),
        ("{{ report.title | nosuch }}", ":1: No filter named 'nosuch'."),
        ("{{ report.title + 1 }}", ":1: TypeError: can only concatenate str"),
    ],
)
def test_a_mistake_is_an_error_with_file_and_line_and_nothing_is_written(
    project: Project, text: str, said: str
) -> None:
    (project.root / "house" / "summary.txt.j2").write_text(text)
    with pytest.raises(RenderError) as caught:
        _made(project)
    assert said in caught.value.message
    if said.startswith(":"):
        assert caught.value.message.startswith(f"{project.root}/house/summary.txt.j2{said[:3]}")
    assert caught.value.hint
    assert not (project.root / "out").exists()


def test_folders_that_are_not_there_or_have_nothing_are_said(project: Project) -> None:
    with pytest.raises(RenderError) as caught:
        report_by_templates(project, "example", Path("nosuch"), "", print)
    assert str(caught.value) == "there is no folder nosuch\n  Name one with templates, such as report.md.j2."
    with pytest.raises(RenderError, match="house has no templates"):
        report_by_templates(project, "example", Path("house"), "", print)


def test_published_numbers_have_reports_by_such_templates_too(project: Project, tmp_path: Path) -> None:
    (tmp_path / "house" / "title.txt.j2").write_text("{{ report.title }}")
    report_by_templates(Project(ROOT), "dimtass-2020-04", tmp_path / "house", str(tmp_path / "out"), str)
    assert (tmp_path / "out" / "title.txt").read_text() == "dimtass-2020-04"


def test_without_records_there_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "a.txt.j2").write_text("")
    with pytest.raises(NothingSelectedError, match="there are no records of example"):
        report_by_templates(a_project(tmp_path), "example", tmp_path, "", print)
