"""What is wrong with a template, by file and line."""

from pathlib import Path

import pytest

from mcumatrix.errors import RenderError
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.report import make_report
from mcumatrix.report.render.template import render_template

REPORT = make_report(Matrix("example", "", (), ()), [])


def _made(folder: Path, text: str) -> bytes:
    (folder / "own.md.j2").write_text(text)
    return render_template(folder, "own.md.j2", {"report": REPORT}, autoescape=False)


def test_a_template_of_ones_own_gets_the_report(tmp_path: Path) -> None:
    assert _made(tmp_path, "# {{ report.title }}\n") == b"# example\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "one\n{{ report.tittle }}\n",
            ":2: 'mcumatrix.report.content.report.Report object' has no attribute 'tittle'",
        ),
        ("one\n\n{% for %}\n", ":3: Expected an expression, got 'end of statement block'"),
        ("{{ reprot }}", ":1: 'reprot' is undefined"),
    ],
)
def test_a_mistake_is_an_error_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RenderError) as raised:
        _made(tmp_path, text)
    assert raised.value.message == f"{tmp_path / 'own.md.j2'}{message}"
    assert raised.value.hint == "docs/reports.md says what a template of a report can name."


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"there is no template .*/own\.md\.j2"):
        render_template(tmp_path, "own.md.j2", {"report": REPORT}, autoescape=False)
