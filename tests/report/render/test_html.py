"""The report as a page, read as a browser would read it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from mcumatrix.errors import FirmwareError
from mcumatrix.model.record import Correctness, Record
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.evidence import Evidence, ProvedRow
from mcumatrix.report.content.report import Report, make_report
from mcumatrix.report.content.tables import Table, number_cases
from mcumatrix.report.render.html import column_classes, proofs_of, render_html
from mcumatrix.stages.log_lines import LogLine
from support.variants import a_measurement, a_record, a_variant

ROOT = Path(__file__).parents[3]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class _Page(HTMLParser):
    """Elements that are open, what stands in them, and every address."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: set[str] = set()
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href"):
                self.addresses.append(value or "")
            if name == "id":
                assert value not in self.ids, f"{value} is there twice"
                self.ids.add(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script", "desc"):
            self.text.append(data)


def _report(*records: Record | None) -> Report:
    variants = [a_variant(f"v{number}", kernels=f"k{number}") for number in range(len(records))]
    matched = [
        replace(record, variant=variant.slug, axes=variant.axes) if record else None
        for record, variant in zip(records, variants, strict=True)
    ]
    return make_report(Matrix("example", "", (), tuple(variants)), number_cases(variants, matched))


def _page(*records: Record | None) -> tuple[_Page, str]:
    data = render_html(_report(*records), ROOT / "templates")
    return _Page(data), data.decode()


def _faster() -> Record:
    measurement = a_measurement((("CONV_2D", (500, 510)), ("SOFTMAX", (20, 20))))
    return a_record((measurement, Correctness(True, 0.0, 0.0, "d" * 64)))


def test_every_element_is_closed_and_every_link_leads_somewhere() -> None:
    page, _ = _page(a_record(), _faster(), a_record(FirmwareError("no")))
    assert page.open == []
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= page.ids


def test_the_page_loads_nothing() -> None:
    page, text = _page(a_record(), _faster())
    assert [address for address in page.addresses if not address.startswith("#")] == ["data:,"]
    # Names of XML, which nobody fetches.
    assert set(re.findall(r"https?://[^\"]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def test_findings_stand_before_all_tables() -> None:
    _, text = _page(a_record(), a_record())
    assert 0 < text.index("kernels has no effect") < text.index("<table ")


def test_what_a_board_said_is_text_and_no_html() -> None:
    _, text = _page(a_record(FirmwareError("<script>alert(1)</script>\x1b[31m")))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m" in text
    assert "\x1b" not in text


def test_tables_have_captions_and_heads() -> None:
    page, text = _page(a_record(), _faster())
    assert page.seen.count("caption") == page.seen.count("table") > 3
    assert page.seen.count("tr") < text.count('scope="')


def test_columns_of_numbers_stand_right() -> None:
    assert (
        column_classes(Table(("Layer", "[1]", "[2]"), (("ADD", "1.500", "-3"), ("SUB", "-", "2")))) == "n2 n3"
    )
    assert column_classes(Table(("Case", "msec", "answer"), (("[1]", "1.5", "correct"),))) == "words n2"


def _evidence(case: str, *texts: str) -> Evidence:
    found = tuple(LogLine(number, text) for number, text in enumerate(texts, 1))
    row = ProvedRow("CONV_2D", (7,) * len(texts), found)
    return Evidence(case, "v", "r", 1000, "b", "e", (row,))


def test_what_is_the_same_in_many_logs_is_in_the_page_once() -> None:
    proofs = proofs_of([_evidence("[1]", "a", "b", "c"), _evidence("[2]", "d", "e", "f")])
    assert proofs.lines == (((1, 2, 3),),)
    assert [(case["lines"], case["repeats"], case["cycles"]) for case in proofs.cases.values()] == [
        (0, 3, [[7]])
    ] * 2
    assert proofs.cases["[2]"]["texts"] == [["d", "e", "f"]]


def test_lines_of_which_nobody_has_the_texts_are_numbers() -> None:
    assert "texts" not in proofs_of([_evidence("[1]", "", "")]).cases["[1]"]


def test_evidence_cannot_end_the_script_that_it_stands_in() -> None:
    variant = a_variant("v0")
    record = replace(a_record(variant=variant), log="</script><b>.log")
    report = make_report(Matrix("example", "", (), (variant,)), number_cases([variant], [record]))
    assert "</script><b>" not in render_html(report, ROOT / "templates").decode()


def test_a_report_without_any_result_is_a_page_too() -> None:
    page, _ = _page(None)
    assert page.open == []
    assert "not run" in page.text
