"""The site: it is made without a warning, every page is in it, and what nobody writes is complete."""

import ast
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from mcumatrix.cli.declared import COMMANDS
from mcumatrix.errors import ExitCode
from tools.site.commands import commands_page, exit_code_meanings, exit_codes_page
from tools.site.constants import constants
from tools.site.environment import variables
from tools.site.pages import DOCS, page_text
from tools.site.schemas import schema_page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `./dev docs` makes it: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    ran = subprocess.run(
        [*sphinx, "-d", folder / "doctrees", DOCS, folder / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return folder / "site"


class Anchors(HTMLParser):
    """Where the links of a page lead, and where in it links can lead."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        self.links.add(given.get("href") or given.get("src") or "")


@pytest.mark.slow
def test_links_within_the_site_lead_to_files_and_places_that_are_there(site: Path) -> None:
    """Links to other servers are tried by `./dev docs links`, which needs a network."""
    pages = {page.resolve(): Anchors(page) for page in site.rglob("*.html")}
    dead = []
    for page, anchors in pages.items():
        for link in anchors.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            there = pages.get(target)
            is_there = unquote(parts.fragment) in {"", *there.ids} if there else target.exists()
            dead += [] if is_there else [f"{page.relative_to(site)}: {link}"]
    assert not dead
    assert sum(len(anchors.links) for anchors in pages.values()) > 1000


@pytest.mark.slow
def test_the_site_is_made_without_a_warning_and_its_pictures_are_in_it(site: Path) -> None:
    for name in ("report.png", "terminal.svg"):
        assert (site / "_images" / name).stat().st_size > 10_000
    commands = (site / "reference/commands.html").read_text()
    assert all(f'id="{command.name}"' in commands for command in COMMANDS)
    assert "run_until_it_waits" in (site / "reference/virtual-board-api.html").read_text()
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text())
        assert not loaded, f"{page.name} loads from another server: {loaded}"


def test_every_command_and_option_is_on_its_page() -> None:
    page = commands_page()
    for command in COMMANDS:
        assert f"\n## {command.name}\n" in f"\n{page}"
        for option in command.options:
            assert f"--{option.name}" in page


def test_every_exit_code_has_a_meaning() -> None:
    assert exit_code_meanings().keys() == {code.name for code in ExitCode}
    assert all(exit_code_meanings().values())
    assert "| 4 | `ENVIRONMENT` | A tool or a device is missing. | `ToolError`, " in exit_codes_page()


def test_every_environment_variable_is_named_by_a_constant_and_has_a_meaning() -> None:
    found = variables(ROOT / "src")
    assert all(one.docstring for one in found), found
    named = {one.value for one in found}
    read = set()
    for path in (ROOT / "src").rglob("*.py"):
        for call in re.findall(
            r"environ(?:ment)?(?:\.get\(|\[)\"((?:MCUMATRIX|VSTM32)_\w+)\"", path.read_text()
        ):
            read.add(call)
    assert read <= named, f"name them by a constant that ends in _VARIABLE: {sorted(read - named)}"
    assert {"MCUMATRIX_BUILDER", "MCUMATRIX_CACHE", "VSTM32_FAULTS"} <= named


def test_a_constant_without_a_docstring_has_none() -> None:
    body = ast.parse('A = 1\n"""Of a."""\nB = "b"\n').body
    assert [(one.name, one.value, one.docstring) for one in constants(body)] == [
        ("A", 1, "Of a."),
        ("B", "b", ""),
    ]


def test_a_schema_becomes_tables_with_types_limits_and_defaults() -> None:
    page = schema_page(DOCS / "matrix.schema.json")
    assert "| `repeat` | a whole number, 1 to 1000 | `3` | Timed inferences of a run. |" in page
    assert "| `axes` | a mapping: [axes](#axes) | **required** |" in page
    assert "| `order` | `plan`, `round-robin`, `random` | `plan` |" in page
    assert "\n### axes\n" in page


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("[a](matrix.md#axes)", "[a](/matrix.md#axes)"),
        ("[a](../CONTRIBUTING.md)", "[a](/contributing.md)"),
        ("[`dodo.py`](../dodo.py)", "`dodo.py`"),
        ("[a file](../dodo.py)", "a file (`dodo.py`)"),
        ("[a](https://example.org/x)", "[a](https://example.org/x)"),
    ],
)
def test_links_of_a_page_lead_to_pages_or_name_files(text: str, becomes: str) -> None:
    assert page_text(text, DOCS / "page.md") == becomes


def test_a_link_that_leads_nowhere_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"the link to nosuch\.md leads nowhere"):
        page_text("[a](nosuch.md)", DOCS / "page.md")


def test_commands_that_pages_name_are_there_with_their_options() -> None:
    options = {
        command.name: {f"--{one.name}" for one in command.options}
        | {f"-{one.short}" for one in command.options if one.short}
        for command in COMMANDS
    }
    shown = re.compile(r"\b(?:mcumatrix|doit) ([a-z][a-z-]+)((?: [^`\n|]*)?)(?=[`\n|])")
    unknown = []
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for fence in re.findall(r"^\$ (.*\n)|(`(?:mcumatrix|doit) [^`]+`)", page.read_text(), re.MULTILINE):
            for name, rest in shown.findall("".join(fence)):
                if name in options:
                    given = set(re.findall(r"(?<= )--[a-z][a-z-]+", rest.partition("#")[0]))
                    unknown += [f"{page.name}: {name} {one}" for one in given - options[name] - {"--help"}]
    assert not unknown


def _places(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "results/published/README.md"]
)
def test_links_of_pages_beside_the_site_lead_to_what_is_there(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    within = [link for link in links if not urlsplit(link).scheme]
    dead = []
    for link in within:
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (place and place not in _places(target)):
            dead.append(link)
    assert not dead
