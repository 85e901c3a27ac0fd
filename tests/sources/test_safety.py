"""No name and no link of an archive leads out of its folder."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix.sources.safety import (
    ExtractLimits,
    Meter,
    NodeKind,
    Outline,
    UnsafeError,
    check_symlink,
    parts_of,
    shown,
)

LIMITS = ExtractLimits()
NAMES = st.lists(
    st.sampled_from(["a", "b", "A", "..", ".", "", "é", "e\u0301", "c\\d", "C:"]), max_size=6
).map("/".join)


@given(st.one_of(NAMES, st.text(max_size=40)))
def test_any_name_is_refused_or_stays_inside(name: str) -> None:
    try:
        parts = parts_of(name, LIMITS)
    except UnsafeError:
        return
    root = Path("/root/of/all")
    path = Path(os.path.normpath(root.joinpath(*parts)))
    assert path == root or root in path.parents
    assert path.parts[len(root.parts) :] == parts


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, st.one_of(NAMES, st.none())), max_size=12))
def test_any_links_that_are_accepted_together_stay_inside(members: list[tuple[str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "deep" / "root"
        root.mkdir(parents=True)
        outline, links = Outline(), []
        for name, target in members:
            link = ""
            try:
                parts = parts_of(name, LIMITS)
                if not parts:
                    continue
                if target is not None:
                    link = check_symlink(parts, target, LIMITS)
                outline.add(parts, NodeKind.SYMLINK if link else NodeKind.FOLDER)
            except UnsafeError:
                continue
            if not link:
                root.joinpath(*parts).mkdir(parents=True, exist_ok=True)
            else:
                links.append((root.joinpath(*parts), link))
        for path, link in links:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(link)
        for path, _ in links:
            reached = Path(os.path.realpath(path))
            assert reached == root or root in reached.parents


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x", "the name '../x' leads out with '..'"),
        ("a/../../x", "the name 'a/../../x' leads out with '..'"),
        ("a/..", "the name 'a/..' leads out with '..'"),
        ("/etc/passwd", "the name '/etc/passwd' is absolute"),
        ("C:/x", "the name 'C:/x' is absolute"),
        ("a\\..\\x", r"the name 'a\\..\\x' has a backslash in it"),
        ("a\0b", r"the name 'a\x00b' has control characters in it"),
        ("a\x1b[2Jb", r"the name 'a\x1b[2Jb' has control characters in it"),
        ("a\nb", r"the name 'a\nb' has control characters in it"),
        ("a\udcff", r"the name 'a\udcff' is not UTF-8"),
        ("", "a member has no name"),
        ("x" * 256, f"the name '{'x' * 99}... (256 characters) is too long"),
        ("é" * 128, f"the name {ascii('é' * 128)[:100]}... (128 characters) is too long"),
        ("x/" * 513, f"the name '{'x/' * 49}x... (1026 characters) is too long"),
    ],
)
def test_a_bad_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(UnsafeError) as raised:
        parts_of(name, LIMITS)
    assert str(raised.value) == reason


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a/b", ("a", "b")),
        ("./a//b/", ("a", "b")),
        ("./", ()),
        ("a..b/.c", ("a..b", ".c")),
        ("x" * 255, ("x" * 255,)),
    ],
)
def test_a_good_name_is_a_path(name: str, parts: tuple[str, ...]) -> None:
    assert parts_of(name, LIMITS) == parts


@pytest.mark.parametrize("target", ["x" * 1025, "../" * 300_000])
def test_a_link_with_a_very_long_target_is_refused_at_once(target: str) -> None:
    with pytest.raises(UnsafeError) as raised:
        check_symlink(("link",), target, LIMITS)
    assert str(raised.value) == "the link 'link' leads to a name that is too long"


@pytest.mark.parametrize(
    ("target", "short"),
    [
        ("c", "c"),
        ("../c", "../c"),
        ("../../c/d", "../../c/d"),
        ("./c", "c"),
        ("c//d/", "c/d"),
        (".", "."),
        ("..", ".."),
        ("../..", "../.."),
        ("..//./../c", "../../c"),
    ],
)
def test_a_link_may_lead_anywhere_inside_and_has_one_form(target: str, short: str) -> None:
    assert check_symlink(("a", "b", "link"), target, LIMITS) == short


@pytest.mark.parametrize("target", ["../../../c", "/c", "c/../d", "../c/../d", "..//../../c"])
def test_a_link_that_leads_out_or_turns_back_is_refused(target: str) -> None:
    with pytest.raises(UnsafeError) as raised:
        check_symlink(("a", "b", "link"), target, LIMITS)
    assert str(raised.value) == f"the link 'a/b/link' leads out, to {target!r}"


def test_a_link_to_nothing_is_refused() -> None:
    with pytest.raises(UnsafeError) as raised:
        check_symlink(("link",), "", LIMITS)
    assert str(raised.value) == "the link 'link' leads nowhere"


def _outline(*paths: tuple[str, NodeKind]) -> Outline:
    outline = Outline()
    for path, kind in paths:
        outline.add(tuple(path.split("/")), kind)
    return outline


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (("a", NodeKind.FILE), ("a", NodeKind.FILE), "'a' is in it twice"),
        (("a", NodeKind.FILE), ("a", NodeKind.SYMLINK), "'a' is in it twice"),
        (("a/b", NodeKind.FILE), ("a", NodeKind.SYMLINK), "'a' is in it twice"),
        (("a", NodeKind.SYMLINK), ("a/b", NodeKind.FILE), "'a/b' is below 'a', which is not a folder"),
        (("a", NodeKind.FILE), ("a/b/c", NodeKind.FILE), "'a/b/c' is below 'a', which is not a folder"),
        (("a", NodeKind.FILE), ("A", NodeKind.FILE), "'a' and 'A' are one where case does not count"),
        (("a/x", NodeKind.FILE), ("A/y", NodeKind.FILE), "'a' and 'A' are one where case does not count"),
        (("ß", NodeKind.FILE), ("SS", NodeKind.FILE), r"'\xdf' and 'SS' are one where case does not count"),
        (
            ("é", NodeKind.FILE),
            ("e\u0301", NodeKind.FILE),
            r"'\xe9' and 'e\u0301' are one where case does not count",
        ),
    ],
)
def test_two_members_that_clash_are_refused(
    first: tuple[str, NodeKind], second: tuple[str, NodeKind], reason: str
) -> None:
    with pytest.raises(UnsafeError) as raised:
        _outline(first, second)
    assert str(raised.value) == reason


def test_a_folder_may_be_named_more_than_once() -> None:
    outline = _outline(("a/b", NodeKind.FILE), ("a", NodeKind.FOLDER), ("a", NodeKind.FOLDER))
    assert outline.kind(("a",)) is NodeKind.FOLDER
    assert outline.kind(("a", "b")) is NodeKind.FILE
    assert outline.kind(("A",)) is None
    assert outline.kind(("c",)) is None


def test_a_meter_stops_what_grows_too_large() -> None:
    meter = Meter(ExtractLimits(size_bytes=100), archive_bytes=100)
    meter.spend(100)
    with pytest.raises(UnsafeError) as raised:
        meter.spend(1)
    assert str(raised.value) == "it unpacks to more than 100 bytes"


def test_a_meter_stops_what_grows_too_fast_and_lets_small_things_be() -> None:
    meter = Meter(ExtractLimits(ratio=10), archive_bytes=10)
    meter.spend(16 * 1024**2)
    with pytest.raises(UnsafeError) as raised:
        meter.spend(1)
    assert str(raised.value) == "it unpacks to more than 10 times its own size"


def test_a_name_is_shown_without_harm_and_not_at_length() -> None:
    assert shown("a\x1bb") == r"'a\x1bb'"
    assert len(shown("x" * 100_000)) < 130
