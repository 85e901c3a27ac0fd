"""Parts of archives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import SourceError
from mcumatrix.sources.selection import Selection


@pytest.mark.parametrize(
    ("pattern", "path", "selected"),
    [
        ("lite/micro", "lite/micro", True),
        ("lite/micro", "lite/micro/kernels/conv.cc", True),
        ("lite/micro", "lite/micro_speech", False),
        ("lite/micro", "lite", False),
        ("lite/*", "lite/a", True),
        ("lite/*", "lite/a/b", True),  # a folder stands for all below it
        ("lite/*.h", "lite/a/b.h", False),
        ("lite/**/*.h", "lite/b.h", True),
        ("lite/**/*.h", "lite/a/c/b.h", True),
        ("lite/**/*.h", "other/lite/b.h", False),
        ("**/*.h", "b.h", True),
        ("lite/?.c", "lite/a.c", True),
        ("lite/?.c", "lite/ab.c", False),
        ("a.c", "abc", False),
        ("a[b]+", "a[b]+", True),
        ("Lite", "lite", False),
    ],
)
def test_a_pattern_selects_what_it_says(pattern: str, path: str, selected: bool) -> None:
    assert Selection((pattern,)).matcher()(path) == ({pattern} if selected else frozenset())


def test_all_patterns_that_select_a_path_are_told() -> None:
    assert Selection(("a", "a/*", "b")).matcher()("a/x") == {"a", "a/*"}


@given(st.text(min_size=1))
def test_without_patterns_everything_is_selected(path: str) -> None:
    assert Selection().matcher()(path)


@pytest.mark.parametrize("pattern", ["", "/a", "a//b", "a/", ".", "a/../b", "./a"])
def test_a_pattern_that_can_match_nothing_is_an_error(pattern: str) -> None:
    with pytest.raises(SourceError) as raised:
        Selection(("lite", pattern))
    assert str(raised.value) == (
        f"{pattern!r} does not select a part of an archive.\n"
        "  Write a path below the archive's top folder, such as lite/micro or lite/**/*.h."
    )
