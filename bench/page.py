"""What the page of a report of many variants takes in a browser. Prints JSON.

    .venv/bin/python bench/page.py --variants 1000

Target for 1,000 variants: a page of at most 3 MB, first paint within 2 s in headless Chromium. `filter_s` is
how long a word in the field above the cases takes until all tables have followed. Chromium is Debian's.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from quickstart import allow_every_clock, copy_project
from reports import make_results

from mcumatrix.project import Project

FILTER = """async (words) => {
  const input = document.getElementById("filter"), left = document.getElementById("left");
  const before = left.textContent;
  const begun = performance.now();
  input.value = words;
  input.dispatchEvent(new Event("input"));
  while (left.textContent === before) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=1_000)
    parser.add_argument("--page", type=Path, help="a report.html that is there, in place of a made one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = asked.page or made(Path(folder), asked.variants)
        print(
            json.dumps({"page_mb": round(page.stat().st_size / 1e6, 2), **opened(page.resolve())}, indent=1)
        )


def made(folder: Path, variants: int) -> Path:
    """The page of so many records, made by the command."""
    copy_project(folder)
    allow_every_clock(folder)
    shutil.rmtree(folder / "results", ignore_errors=True)
    make_results(Project(folder), "page", variants)
    doit = str(Path(sys.executable).with_name("doit"))
    subprocess.run([doit, "report", "page"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "results" / "page" / "report.html"


def opened(page: Path) -> dict[str, float]:
    """Seconds of the wall: until the first paint, until all is there, and for a filter."""
    chromium = shutil.which("chromium") or sys.exit("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        # Once to read the browser itself from the disk.
        browser.new_page().goto("about:blank")
        shown = browser.new_page()
        shown.goto(page.as_uri())
        found = {
            "first_paint_s": _ms(
                shown, "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            ),
            "loaded_s": _ms(shown, "performance.getEntriesByType('navigation')[0].loadEventEnd"),
            "filter_s": round(shown.evaluate(FILTER, "simd") / 1e3, 2),
        }
        browser.close()
    return found


def _ms(page: Page, expression: str) -> float:
    return round(page.evaluate(expression) / 1e3, 2)


if __name__ == "__main__":
    main()
