"""The page in a browser: what its script does, and whether everybody can use it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from mcumatrix.actions import report_of
from mcumatrix.commands.report import load_kept, results_of
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.index import entry_of
from mcumatrix.report.content.publication import make_publication_report
from mcumatrix.report.content.report import Report, make_report
from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.html import render_html
from mcumatrix.report.render.index import render_index
from mcumatrix.results.published import read_publication
from support.browser import chromium, needs_chromium, opened
from support.projects import a_project, add_records

ROOT = Path(__file__).parents[3]

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the article which started the project."""
    published = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
    return _written(tmp_path_factory.mktemp("article"), make_publication_report(published))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two kernels, where all their records say has a log to be read from."""
    project = a_project(tmp_path_factory.mktemp("measured"))
    add_records(project, {"reference": 4_320_000, "simd": 2_160_000})
    matrix, kept = load_kept(project, "example")
    report = report_of(project, matrix, results_of(project, matrix, kept))
    return _written(project.results("example"), report)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first page of published results."""
    project = a_project(tmp_path_factory.mktemp("first"))
    [record] = add_records(project, {"simd": 2_160_000})
    report = make_report(Matrix("example", "With <markup>.", (), ()), [], ())
    entry = entry_of(replace(report, records=(record,)), "example", ["report.csv", "example.tar.gz"])
    path = project.root / "index.html"
    path.write_bytes(render_index([entry], project.templates))
    return path


def _written(folder: Path, report: Report) -> Path:
    path = folder / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(render_html(report, ROOT / "templates"))
    return path


def _column(page: Page) -> list[str | None]:
    return page.evaluate(
        """() => {
          const table = document.querySelectorAll("table")[1], head = table.tHead.rows[0].cells[1];
          return [head.ariaSort, ...[...table.tBodies[0].rows].map((row) => row.cells[1].textContent)];
        }"""
    )


def test_the_head_of_a_column_sorts_it_by_number_with_the_total_last(browser: Browser, article: Path) -> None:
    printed = ["25.19", "3.25", "166.25", "0.956", "23.327", "1.48", "0.03", "0.02"]
    upwards = sorted(printed, key=float)
    with opened(browser, article) as page:
        assert _column(page) == ["none", *printed, "220.503"]
        head = page.locator("table").nth(1).locator("thead th").nth(1).get_by_role("button")
        for expected in (["ascending", *upwards], ["descending", *reversed(upwards)], ["none", *printed]):
            head.press("Enter")
            assert _column(page) == [*expected, "220.503"]


def _accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["article", "measured", "first"])
def test_nobody_is_kept_out(browser: Browser, request: pytest.FixtureRequest, name: str, scheme: str) -> None:
    with opened(browser, request.getfixturevalue(name), color_scheme=scheme) as page:
        for details in page.locator("details").all():
            details.evaluate("one => { one.open = true; }")
        _accessible(page)


def test_a_number_leads_to_the_line_of_the_raw_log_that_it_was_read_from(
    browser: Browser, measured: Path
) -> None:
    with opened(browser, measured) as page:
        page.locator("[data-of=times] td button").first.click()
        dialog = page.get_by_role("dialog")
        assert dialog.get_by_role("heading").first.text_content() == "20.000: CONV_2D, [1]"
        assert "4320000 cycles at 216000000 Hz: 20.000000 msec" in (dialog.text_content() or "")
        _accessible(page)
        links = dialog.locator("td a")
        assert links.count() == 2
        address, hash_, number = str(links.nth(1).get_attribute("href")).partition("#L")
        line = (measured.parent / address).read_bytes().decode().split("\n")[int(number) - 1].strip()
        assert hash_ and line.startswith("@time ") and " repeat=1 layer=0 cycles=4320000 " in line
        assert dialog.locator("td code").nth(1).text_content() == line
        record = dialog.get_by_role("link", name=".json").get_attribute("href")
        assert (measured.parent / str(record)).is_file()
        page.keyboard.press("Escape")
        assert not dialog.is_visible()


def test_a_difference_leads_to_both_of_its_cases_and_what_is_between_layers_to_all_of_them(
    browser: Browser, measured: Path
) -> None:
    with opened(browser, measured) as page:
        comparison = page.locator("[data-cases]").first
        comparison.scroll_into_view_if_needed()
        comparison.locator("tbody tr").first.locator("td button").nth(2).click()
        headings = page.get_by_role("dialog").get_by_role("heading")
        assert headings.all_text_contents()[1:] == ["[1]", "[2]"]
        page.keyboard.press("Escape")
        page.locator("[data-of=times] tr", has_text="Between layers").first.locator("td button").first.click()
        assert "5 cycles at 216000000 Hz" in (page.get_by_role("dialog").text_content() or "")


def test_the_numbers_of_a_table_are_one_stop_of_the_tab_key_and_arrows_go_on(
    browser: Browser, measured: Path
) -> None:
    with opened(browser, measured) as page:
        table = page.locator("[data-of=times]").first
        table.scroll_into_view_if_needed()
        table.locator("td button").first.focus()
        assert table.locator("td button[tabindex='0']").count() == 1
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        cell = page.locator("td:has(:focus)")
        assert cell.evaluate("cell => [cell.cellIndex, cell.parentNode.sectionRowIndex]") == [2, 1]
        page.keyboard.press("Enter")
        assert page.get_by_role("dialog").is_visible()


def test_words_leave_the_cases_that_have_them_in_every_table(browser: Browser, measured: Path) -> None:
    with opened(browser, measured) as page:
        page.get_by_role("searchbox").fill("SIMD 216")
        page.get_by_text("1 of 2 cases").wait_for()
        assert page.locator("[data-of=cases] tbody tr:visible").count() == 1
        heads = page.locator("[data-of=times] thead").first.locator("th:visible").all_text_contents()
        assert heads == ["Layer", "[2]"]
        assert page.locator("[data-cases]").first.locator("th:visible").count() > 2
        page.get_by_role("searchbox").fill("simd 108")
        page.get_by_text("0 of 2 cases").wait_for()
        assert page.locator("[data-cases]:visible").count() == 0
        page.get_by_role("searchbox").fill("")
        page.get_by_text("2 of 2 cases").wait_for()
        assert page.locator("table").count() == page.locator("table:visible").count()


@pytest.mark.parametrize("name", ["article", "measured"])
def test_a_phone_scrolls_tables_and_charts_and_not_the_page(
    browser: Browser, request: pytest.FixtureRequest, name: str
) -> None:
    phone = {"width": 360, "height": 740}
    with opened(browser, request.getfixturevalue(name), viewport=phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_on_paper_all_is_light_and_nothing_is_folded_away(browser: Browser, article: Path) -> None:
    with opened(browser, article, color_scheme="dark") as page:
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert (
            page.evaluate("getComputedStyle(document.querySelector('svg rect')).fill") == "rgb(255, 255, 255)"
        )
        assert page.locator("details:not([open])").count() == 0
        assert not page.get_by_role("searchbox").is_visible()


_LINES_OF_CELLS = """cells => cells.map(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return [cell.textContent, new Set([...range.getClientRects()].map(box => Math.round(box.top))).size];
})"""


def test_on_paper_long_names_are_broken_and_words_and_numbers_are_not(
    browser: Browser, tmp_path: Path
) -> None:
    head = ("Board", "unit", "test", "cycles", "finished", "record")
    record = "20261127T203138.259343Z-4008f196176e.unit6f314566d5bf"
    row = ("virtual-f746", "virtual-f746-0", "passed", "5528290", "2026-11-27T20:31:38.259343Z", record)
    report = replace(make_report(Matrix("example", "", (), ()), []), health=Table(head, (row,)))
    a4 = {"width": 703, "height": 1000}
    with opened(browser, _written(tmp_path, report), viewport=a4) as page:
        page.emulate_media(media="print")
        cells = page.locator("tbody tr", has_text="passed").locator("td")
        lines = dict(cells.evaluate_all(_LINES_OF_CELLS))
        assert (lines["passed"], lines["5528290"]) == (1, 1)
        assert lines[record] > 1
        assert page.evaluate("document.documentElement.scrollWidth") == 703
        caption, cell = (
            page.locator(tag).first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
            for tag in ("caption", "td")
        )
        assert caption < cell


def test_without_a_script_all_numbers_can_be_read(browser: Browser, measured: Path) -> None:
    with opened(browser, measured, java_script_enabled=False) as page:
        assert page.locator("[data-of=times] td").first.text_content() == "20.000"
        assert not page.get_by_role("searchbox").is_visible()
