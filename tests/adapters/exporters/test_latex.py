"""Tables for LaTeX: read by a parser of it, and compiled where there is one."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexWalker

from mcumatrix.adapters.exporters.latex import LatexExporter, escape
from mcumatrix.model.exported import ExportedTable
from support.exports import some_results

HOSTILE = ExportedTable(
    r"100 % of $x_1^2$ & \input{/etc/passwd} ~ {",
    ("<b>", "a|b", '"quoted"', "tab\there", "λ and ±"),
    ("[1]", "#"),
    (("[2] \\\\ [3]", "-"), ("%", "}")),
)


def _tables(*tables: ExportedTable) -> str:
    return (
        LatexExporter()
        .export(replace(some_results(), tables=tables or some_results().tables))["tables.tex"]
        .decode()
    )


def _environments(text: str) -> list[str]:
    nodes, _, _ = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    found: list[str] = []

    def visit(some: list[object]) -> None:
        for node in some:
            if isinstance(node, LatexEnvironmentNode):
                found.append(node.environmentname)
                visit(node.nodelist)

    visit(nodes)
    return found


def test_a_table_has_the_rules_of_booktabs_and_a_line_above_the_total() -> None:
    text = _tables()
    assert _environments(text) == ["table", "tabular"] * 2
    assert r"\begin{tabular}{lrr}" in text
    assert text.split(r"\begin{tabular}{lrr}")[1].split(r"\end{tabular}")[0].splitlines() == [
        "",
        r"\toprule",
        r"{}Layer & [1] & [2] \\",
        r"\midrule",
        r"{}CONV\_2D & 4.500 & 2.250 \\",
        r"\midrule",
        r"{}Total time & 5.000 & - \\",
        r"\bottomrule",
    ]
    assert r"\caption{Time per layer (msec). Estimated by the timing model m7-block-1 ($\pm$10 \%).}" in text
    assert r"\label{tab:quickstart-2}" in text


def test_nothing_from_elsewhere_is_a_command() -> None:
    text = _tables(HOSTILE)
    assert _environments(text) == ["table", "tabular"]
    assert r"\input" not in text
    assert r"\{/etc/passwd\}" in text
    assert "U+03BB" in text


@given(st.text(max_size=40))
def test_escaped_text_is_read_back_as_it_was(text: str) -> None:
    escaped = escape(text)
    LatexWalker(escaped, tolerant_parsing=False).get_latex_nodes()
    assert escaped.isprintable()
    shown = LatexNodes2Text().latex_to_text(escaped)
    letters = [letter for letter in text if letter.isascii() and letter.isalnum()]
    assert [letter for letter in shown if letter in letters][: len(letters)] or not letters


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
def test_the_example_compiles(tmp_path: Path) -> None:
    files = LatexExporter().export(replace(some_results(), tables=(*some_results().tables, HOSTILE)))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "example.tex"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
