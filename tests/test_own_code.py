"""What a module depends on is found in its code."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcumatrix import own_code
from mcumatrix.own_code import code_behind, module_spec

FILES = {
    "start.py": "from shop.tools import hammer\nif TYPE_CHECKING:\n    from shop.kinds import Kind\n",
    "kinds.py": "class Kind: ...\n",
    "tools.py": "def hammer():\n    from shop.later import nail\n    return nail\n",
    "later.py": 'nail = "nail.c.j2"\n',
    "aside.py": "import shop.start\n",
    "__init__.py": "",
}
TEMPLATES = {
    "nail.c.j2": '#include "a.j2.h"\n{% include "head.c.j2" %}\n',
    "head.c.j2": "{%- from 'macros.j2' import point %}\n",
    "macros.j2": "{% macro point() %}{% endmacro %}\n",
    "other.j2": "",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with templates beside it."""
    for name, text in FILES.items():
        (tmp_path / "shop" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "shop" / name).write_text(text)
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    module_spec.cache_clear()
    yield tmp_path
    module_spec.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def test_imports_are_followed_wherever_they_stand_and_so_are_templates(shop: Path) -> None:
    assert list(code_behind(["shop.start"], shop)) == [
        "head.c.j2",
        "macros.j2",
        "nail.c.j2",
        "shop.later",
        "shop.start",
        "shop.tools",
    ]


PLACES = (
    "try:\n    {}\nexcept OSError:\n    pass\n",
    "try:\n    pass\nexcept OSError:\n    {}\n",
    "try:\n    pass\nfinally:\n    {}\n",
    "for _ in ():\n    pass\nelse:\n    {}\n",
    "with open('a'):\n    {}\n",
    "class Kept:\n    async def later(self):\n        {}\n",
    "match 1:\n    case 1:\n        {}\n",
    "if not TYPE_CHECKING:\n    {}\n",
    "if TYPE_CHECKING:\n    pass\nelse:\n    {}\n",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rest", ["", "name = 'other.j2'\n"])
def test_no_statement_hides_an_import(shop: Path, place: str, rest: str) -> None:
    """Whether the file names a template, so that all of it is looked at, or not."""
    (shop / "other.j2").write_text("")
    (shop / "shop" / "start.py").write_text(place.format("from shop.later import nail") + rest)
    assert "shop.later" in code_behind(["shop.start"], shop)


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ("shop/start.py", True),
        ("shop/tools.py", True),
        ("shop/later.py", True),
        ("nail.c.j2", True),
        ("head.c.j2", True),
        ("macros.j2", True),
        ("shop/aside.py", False),
        ("shop/kinds.py", False),
        ("other.j2", False),
    ],
)
def test_a_change_counts_where_it_can_be_reached_and_nowhere_else(
    shop: Path, changed: str, counts: bool
) -> None:
    before = code_behind(["shop.start"], shop)
    (shop / changed).write_text((shop / changed).read_text() + "\n")
    assert (code_behind(["shop.start"], shop) != before) is counts


def test_what_files_name_is_kept_until_they_change(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.json"
    first = code_behind(["shop.start"], shop, kept)
    own_code._named_in.cache_clear()
    monkeypatch.setattr(own_code.ast, "parse", lambda _: pytest.fail("it was looked at again"))
    assert code_behind(["shop.start"], shop, kept) == first == code_behind(["shop.start"], shop, kept)
    monkeypatch.undo()
    (shop / "shop" / "later.py").write_text('nail = "other.j2"\n')
    assert "other.j2" in code_behind(["shop.start"], shop, kept)


def test_nothing_that_is_looked_at_is_imported(shop: Path) -> None:
    assert "shop.later" in code_behind(["shop.start"], shop)
    assert not [name for name in sys.modules if name.startswith("shop.")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{% include "other.j2" %}', True),
        ("{%- include 'other.j2' ignore missing -%}", True),
        ('{%+ include ["none.txt", "other.j2"] %}', True),
        ('{% import "other.j2" as other with context %}', True),
        ('{% extends\n   "other.j2"\n%}', True),
        ('{# {% include "other.j2" %} #}', False),
        ('{% set name = "other.j2" %}', False),
        ('include "other.j2"', False),
    ],
)
def test_what_a_template_needs_is_what_its_statements_name(shop: Path, text: str, named: bool) -> None:
    (shop / "nail.c.j2").write_text(text)
    assert ("other.j2" in code_behind(["shop.start"], shop)) is named


def test_a_template_that_is_not_there_is_an_error(shop: Path) -> None:
    (shop / "macros.j2").unlink()
    with pytest.raises(FileNotFoundError):
        code_behind(["shop.start"], shop)


def test_a_module_that_is_not_there_is_an_error(shop: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^there is no module shop\.nothing$"):
        code_behind(["shop.nothing"], shop)
