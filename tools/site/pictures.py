"""Pictures of what people get to see, made from the shipped sample when the site is made."""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "results" / "sample"

LARGEST_BYTES = 200_000
_WIDTH, _HEIGHT = 1100, 700
_LINES = 34
_COLUMNS = 100


def make_pictures(folder: Path) -> tuple[Path, ...]:
    """Makes `report.png`, the top of the sample's page, and `terminal.svg`, its report on a terminal.

    Raises:
        RuntimeError: Chromium is not installed, or a picture is too large for a page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = (folder / "report.png", folder / "terminal.svg")
    _of_page(SAMPLE / "report.html", made[0])
    made[1].write_text(_of_terminal(report_on_terminal()), encoding="utf-8")
    for path in made:
        if path.stat().st_size > LARGEST_BYTES:
            raise RuntimeError(f"{path.name} has {path.stat().st_size} bytes, more than {LARGEST_BYTES}")
    return made


def _of_page(page: Path, picture: Path) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if not chromium:
        raise RuntimeError("Chromium is not on PATH. `./dev docs` installs it, as root, on Debian.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        tab.goto(page.as_uri())
        tab.screenshot(path=picture)
        browser.close()


def report_on_terminal() -> str:
    """What `mcumatrix report` prints of the sample's records."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "matrix").mkdir()
        shutil.copy(ROOT / "matrix" / "quickstart.yaml", project / "matrix")
        shutil.copytree(SAMPLE / "records", project / "results" / "quickstart" / "records")
        command = [sys.executable, "-c", "from mcumatrix.cli.main import main; main()", "report"]
        ran = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return ran.stdout


def _of_terminal(text: str) -> str:
    console = Console(record=True, width=_COLUMNS, file=io.StringIO())
    console.print(Text("$ mcumatrix report"), soft_wrap=False)
    for line in text.splitlines()[:_LINES]:
        console.print(Text(line), overflow="crop", no_wrap=True)
    return console.export_svg(title="mcumatrix", unique_id="terminal")
