"""Every command and every file of the tutorials and how-tos does what the page says.

Blocks that cannot be executed say why, and are counted here.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import Block, blocks, page_before, printed_as_shown

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (*sorted((DOCS / "tutorials").glob("*.md")), *sorted((DOCS / "how-to").glob("*.md")))
EXECUTED = ("console", "yaml")
NOT_RUN = 9

pytestmark = pytest.mark.e2e

Project = Callable[[Path], Path]


@pytest.fixture(scope="module")
def project_after(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The folder in which a page was gone through; pages that go on from it get a copy."""
    done: dict[Path, Path] = {}
    begun: set[Path] = set()

    def after(page: Path) -> Path:
        if page not in done:
            # Pages that go on from one that is wrong need not find that out again.
            assert page not in begun, f"{page.name} is wrong: see there"
            begun.add(page)
            folder = tmp_path_factory.mktemp(page.stem)
            if before := page_before(page):
                shutil.copytree(after(before), folder, symlinks=True, dirs_exist_ok=True)
            for block in blocks(page.read_text(encoding="utf-8")):
                if block.kind in EXECUTED and not block.reason:
                    go_through(block, folder)
            done[page] = folder
        return done[page]

    return after


def go_through(block: Block, folder: Path) -> None:
    if block.kind == "yaml":
        path = folder / block.file()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    for command, shown in block.commands():
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "MCUMATRIX_BUILDER": "local",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        assert ran.returncode == 0, f"$ {command}\n{ran.stdout}"
        assert printed_as_shown(ran.stdout, shown), f"$ {command}\n{ran.stdout}\nand the page shows\n{shown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_gone_through_and_shows_what_is_printed(page: Path, project_after: Project) -> None:
    project_after(page)


def test_what_cannot_be_executed_says_why_and_is_counted() -> None:
    left_out = [
        f"{page.name}: {block.reason}"
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.reason
    ]
    assert len(left_out) == NOT_RUN, left_out


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("a  b\nc\n", "a b\nc\n", True),
        ("a\nb\nc\n", "a\n...\n", True),
        ("a\nb\nc\n", "...\nb\n", False),
        ("a 1 b\n", "a ... b\n", True),
        ("a 1 c\n", "a ... b\n", False),
        ("a\n", "", False),
        ("", "...\n", True),
    ],
)
def test_what_is_printed_is_held_against_what_is_shown(printed: str, shown: str, same: bool) -> None:
    assert printed_as_shown(printed, shown) is same
