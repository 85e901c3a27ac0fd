"""The page in a browser: what its script does. Skipped where there is no Chromium; Debian's is one."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcumatrix.report.content.publication import make_publication_report
from mcumatrix.report.render.html import render_html
from mcumatrix.results.published import read_publication

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; to have it: apt-get install chromium"),
]

PRESS = """<script>
const table = document.querySelectorAll("table")[1], head = table.tHead.rows[0].cells[1];
const column = () => [head.ariaSort, ...[...table.tBodies[0].rows].map((row) => row.cells[1].textContent)];
const seen = [column()];
for (let press = 0; press < 3; press++) { head.querySelector("button").click(); seen.push(column()); }
document.title = JSON.stringify(seen);
</script>"""


def _title(folder: Path, script: str) -> str:
    """The title of the article's page after a script ran in it."""
    article = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
    page = render_html(make_publication_report(article), ROOT / "templates").decode()
    (folder / "page.html").write_text(page.replace("</body>", f"{script}</body>"))
    command = [
        str(CHROMIUM),
        *("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"),
        *("--dump-dom", f"file://{folder / 'page.html'}"),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>(.*?)</title>", done.stdout)
    assert found is not None, done.stderr
    return found[1]


def test_the_head_of_a_column_sorts_it_by_number_with_the_total_last(tmp_path: Path) -> None:
    printed = ["25.19", "3.25", "166.25", "0.956", "23.327", "1.48", "0.03", "0.02"]
    upwards = sorted(printed, key=float)
    assert json.loads(_title(tmp_path, PRESS)) == [
        ["none", *printed, "220.503"],
        ["ascending", *upwards, "220.503"],
        ["descending", *reversed(upwards), "220.503"],
        ["none", *printed, "220.503"],
    ]
