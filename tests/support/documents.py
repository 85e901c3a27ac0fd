"""Pages of the documentation as something to be executed: commands with what they print, and files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FROM = re.compile(r"^<!-- goes on from: (\S+) -->$", re.MULTILINE)
_FILE = re.compile(r"# (\S+)\n")
ANYTHING = "..."
"""Stands for any lines where it is a line, and for any characters where it is a word."""


@dataclass(frozen=True)
class Block:
    """A fenced block, with the reason why it cannot be executed, or none."""

    kind: str
    text: str
    reason: str

    def file(self) -> str:
        """The path of the file that it is, by its first line."""
        named = _FILE.match(self.text)
        assert named, f"its first line has to say which file it is:\n{self.text}"
        return named[1]

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command line, and what it is to print."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def blocks(text: str) -> tuple[Block, ...]:
    """All fenced blocks of a page."""
    return tuple(Block(one["kind"], one["text"], one["reason"] or "") for one in _FENCE.finditer(text))


def page_before(page: Path) -> Path | None:
    """The page in whose project this one goes on."""
    named = _FROM.search(page.read_text(encoding="utf-8"))
    return (page.parent / named[1]).resolve() if named else None


def printed_as_shown(printed: str, shown: str) -> bool:
    """Whether a command printed what a page shows, blanks and what `...` stands for aside."""
    pattern = ""
    for line in _lines(shown):
        if line == ANYTHING:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*".join(re.escape(part.strip(" ")) for part in line.split(ANYTHING)) + "\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _lines(text: str) -> Iterator[str]:
    return (" ".join(line.split()) for line in text.strip().splitlines())


def keys_of(value: object) -> frozenset[str]:
    """The keys at the top of a YAML document; none where it is no mapping."""
    return frozenset(map(str, value)) if isinstance(value, Mapping) else frozenset()
