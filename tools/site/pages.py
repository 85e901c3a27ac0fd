"""What is put into pages when the site is made: parts that nobody writes, and links to what is no page."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.site.commands import commands_page, exit_codes_page
from tools.site.environment import environment_page
from tools.site.python_api import virtual_board_page
from tools.site.schemas import schema_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_MARK = re.compile(r"^<!-- made: ([\w-]+)(?: (\S+))? -->$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\s*([^)#\s:]+)(#[^)\s]*)?\)")

MAKERS: Mapping[str, Callable[[str], str]] = {
    "schema": lambda name: schema_page(DOCS / name),
    "commands": lambda _: commands_page(),
    "exit-codes": lambda _: exit_codes_page(),
    "environment": lambda _: environment_page(ROOT / "src"),
    "virtual-board": lambda _: virtual_board_page(),
    "file": lambda name: with_links((ROOT / name).read_text(encoding="utf-8"), ROOT / name),
}
"""What makes the part of a page that it has as `<!-- made: WHAT NAME -->`, from the name."""


def page_text(text: str, path: Path) -> str:
    """The text of the page at `path` as Sphinx gets it: with what is made, and links resolved."""
    linked = with_links(text, path)
    return _MARK.sub(lambda match: MAKERS[match[1]](match[2] or ""), linked)


def with_links(text: str, path: Path) -> str:
    """A text whose links to files lead to their pages; files that are no page are named in words instead.

    Raises:
        FileNotFoundError: a link leads nowhere.
    """
    homes = files_with_pages()

    def follow(match: re.Match[str]) -> str:
        words, name, anchor = match.groups()
        target = (path.parent / name).resolve()
        if not target.exists():
            raise FileNotFoundError(f"{path}: the link to {name} leads nowhere")
        home = homes.get(target, target)
        if home.is_relative_to(DOCS) and home.suffix == ".md":
            return f"[{words}](/{home.relative_to(DOCS)}{anchor or ''})"
        named = f"`{target.relative_to(ROOT)}`"
        return named if words.strip("`") == named.strip("`") else f"{words} ({named})"

    return _LINK.sub(follow, text)


def files_with_pages() -> Mapping[Path, Path]:
    """The files outside of docs/ that pages consist of, and these pages."""
    found = {}
    for page in sorted(DOCS.rglob("*.md")):
        for what, name in _MARK.findall(page.read_text(encoding="utf-8")):
            if what == "file":
                found[(ROOT / name).resolve()] = page
    return found
