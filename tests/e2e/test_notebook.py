"""The notebook: gone through from top to bottom, and drawn on in a browser."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from playwright.sync_api import Page, expect

from e2e.conftest import ROOT, Workplace
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.labelled import AskedSet
from mcumatrix.registry.answers import labelled_set
from support.browser import chromium, needs_chromium

NOTEBOOK = ROOT / "notebooks" / "digits.ipynb"
DIGITS = 5
"""As many are asked here; a person's notebook asks 100."""
BOARDS = ("builtin, reference, mnist-int8", "builtin, simd, mnist-int8")
PAPER = "canvas.mcumatrix-paper"
SEVEN = ((70, 70), (200, 70), (120, 230))


def read() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def place(make_workplace: Callable[[], Workplace]) -> Path:
    """The folder of notebooks of a project in which the images are built."""
    workplace = make_workplace()
    built = workplace.doit("build", "matrix=notebook")
    assert built.returncode == 0, built.stdout + built.stderr
    folder = workplace.root / "notebooks"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def executed(place: Path) -> dict[str, NotebookNode]:
    """The cells by their ids, after all of them were executed."""
    notebook = read()
    [settings] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    assert "DIGITS = 100 " in settings.source
    settings.source = settings.source.replace("DIGITS = 100 ", f"DIGITS = {DIGITS} ")
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(place)}})
    client.execute()
    return {cell.id: cell for cell in notebook.cells}


def said(cell: NotebookNode) -> list[str]:
    """The lines of what a cell has shown as text."""
    [shown] = [output for output in cell.outputs if output.output_type == "execute_result"]
    return str(shown.data["text/plain"]).split("\n")


def test_no_cell_fails_and_none_prints_what_is_not_asked_for(executed: dict[str, NotebookNode]) -> None:
    kinds = {output.output_type for cell in executed.values() for output in cell.get("outputs", ())}
    assert kinds == {"execute_result", "display_data"}


def test_images_that_were_built_are_named_and_what_the_others_need(executed: dict[str, NotebookNode]) -> None:
    lines = said(executed["images"])
    assert [line.split("  ")[0] for line in lines[1:3]] == list(BOARDS)
    assert lines[3].startswith("Not built: tflm-2026-08, reference, mnist-int8; ")
    assert lines[3].endswith("To have them: mcumatrix matrix notebook-tflm")


def test_host_and_both_kernels_give_the_same_score_and_simd_is_the_faster(
    executed: dict[str, NotebookNode],
) -> None:
    rows = [line.split("  ") for line in said(executed["compare"])[1:4]]
    assert [row[0] for row in rows[1:]] == list(BOARDS)
    assert rows[0][0].startswith("TensorFlow Lite Micro")
    assert {tuple(row[1:3]) for row in rows} == {("2", rows[0][2])}
    assert float(rows[1][3]) > 2 * float(rows[2][3]) > 0


def test_layers_add_up_to_the_time_that_stands_above_them(executed: dict[str, NotebookNode]) -> None:
    lines = said(executed["layers"])
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == list(BOARDS)
    simd = lines[lines.index(next(line for line in lines if line.startswith(BOARDS[1]))) :]
    total, *layers = (float(line.split(": ")[1].removesuffix(" msec")) for line in simd)
    assert len(layers) == 8
    assert sum(layers) == pytest.approx(total, rel=0.001)


def test_a_compressed_model_answers_as_the_full_one(executed: dict[str, NotebookNode]) -> None:
    lines = said(executed["compressed"])
    assert lines[1].split("  ")[1] == "2"
    assert lines[2].startswith("Not built: tflm-2026-08, reference, mnist-int8-lut; ")


def test_the_board_takes_each_digit_for_what_the_host_takes_it_for(executed: dict[str, NotebookNode]) -> None:
    model = load_catalogues(ROOT / "matrix").models["mnist-int8"]
    labelled = labelled_set(model, AskedSet(DIGITS))
    counts = np.zeros((10, 10), int)
    for label, expected in zip(labelled.labels, labelled.expected, strict=True):
        counts[label, int(np.argmax(expected))] += 1
    lines = said(executed["confusion"])
    assert lines[0].startswith(f"{np.trace(counts)} of {DIGITS} are right; ")
    shown = [[int(cell) if cell != "·" else 0 for cell in line.split("  ")[1:]] for line in lines[2:12]]
    assert shown == counts.tolist()
    assert lines[12] == "TensorFlow Lite Micro answers the same to each of them, within its tolerance."


@contextmanager
def jupyter(place: Path, aside: Path) -> Iterator[str]:
    """JupyterLab in a folder, with nothing of this user's; gives its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_WORKSPACES_DIR")
    settings = aside / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    # It asks whether it may look for news, and these are on a server of others.
    news = '{"fetchNews": "false", "checkForUpdates": false}'
    (settings / "notification.jupyterlab-settings").write_text(news)
    log = aside / "log"
    with log.open("wb") as said:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(
                    f"--ServerApp.port={port}",
                    "--ServerApp.port_retries=0",
                    f"--IdentityProvider.token={token}",
                ),
                *("--LabApp.extension_manager=readonly", f"--ServerApp.root_dir={place}"),
            ],
            env=os.environ
            | {name: str(aside / name) for name in own}
            | {"JUPYTERLAB_SETTINGS_DIR": str(aside / "settings")},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    try:
        for _ in range(600):
            assert server.poll() is None, log.read_text()
            with closing(socket.socket()) as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}"
    finally:
        # It asks its kernels to end first, and these their boards.
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def drawn_on(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """JupyterLab in a browser, with the notebook up to where one draws, executed."""
    notebook = read()
    upto = [cell.id for cell in notebook.cells].index("draw") + 1
    notebook.cells = notebook.cells[:upto]
    nbformat.write(notebook, place / "drawing.ipynb")
    with jupyter(place, tmp_path_factory.mktemp("jupyter")) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(address.format("drawing.ipynb"))
        # Cells that are run before the kernel is there are not run at all.
        page.get_by_text("| Idle").wait_for()
        page.locator(".jp-Notebook .jp-MarkdownCell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Run All( Cells)?$")).click()
        page.locator(PAPER).wait_for()
        yield page


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Puts a pen onto the paper, moves it from point to point, and lifts it."""
    paper = page.locator(PAPER)
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    assert box
    for number, (across, down) in enumerate(points):
        page.mouse.move(box["x"] + across, box["y"] + down, steps=10 if number else 1)
        if not number:
            page.mouse.down()
    page.mouse.up()


@needs_chromium
def test_a_digit_that_is_drawn_by_a_pointer_is_answered_by_the_board(drawn_on: Page) -> None:
    draw(drawn_on, *SEVEN)
    answer = drawn_on.locator(".mcumatrix-answer")
    said = re.compile(rf"{BOARDS[1]}: a 7 in \d+\.\d{{3}} msec")
    expect(answer).to_contain_text(said, timeout=120_000)
    answer.scroll_into_view_if_needed()
    if folder := os.environ.get("MCUMATRIX_SCREENSHOTS"):
        drawn_on.screenshot(path=Path(folder) / "notebook.png")
    drawn_on.get_by_role("button", name="Clear").click()
    expect(answer).not_to_contain_text("a 7")


def test_no_output_is_kept_with_the_notebook_and_no_path_of_a_machine() -> None:
    notebook = read()
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None, cell.id
        assert not cell.get("attachments") and set(cell.metadata) <= {"tags"}, cell.id
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    text = NOTEBOOK.read_text(encoding="utf-8")
    # A path of a machine begins at its root; `docs/timing.md` and `/dev/ttyUSB0` are none.
    assert set(re.findall(r"(?<![\w.])/\w+", text)) == {"/dev"}
