"""Fingerprints and hashes of files."""

import json
import os
from pathlib import Path
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.hashing import Part, Shared, canonical, fingerprint, hash_file, hash_tree


def test_the_order_of_names_does_not_matter_and_that_of_lists_does() -> None:
    assert fingerprint("kind", {"a": 1, "b": 2}) == fingerprint("kind", {"b": 2, "a": 1})
    assert fingerprint("kind", {"a": ["x", "y"]}) != fingerprint("kind", {"a": ["y", "x"]})


def test_kinds_never_share_a_fingerprint() -> None:
    assert fingerprint("library", {"a": 1}) != fingerprint("image", {"a": 1})


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), st.text(max_size=5), st.text(max_size=5))
def test_another_value_gives_another_fingerprint(parts: dict[str, str], name: str, value: str) -> None:
    changed = parts | {name: value}
    assert (fingerprint("kind", parts) == fingerprint("kind", changed)) is (parts == changed)


def test_a_fingerprint_is_the_same_in_every_process_and_release() -> None:
    # Pinned: a change here makes everything that was built and measured stale.
    assert fingerprint("library", {"flags": ["-O2"], "kernels": "simd", "none": None, "n": 1}) == (
        "8cb5083e51b8f8a851125238d66769721ad51b24f0ffe4ca04efba0a275a326a"
    )


parts = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=5), st.dictionaries(st.text(max_size=5), parts, max_size=4))
def test_a_fingerprint_is_over_the_json_of_all_parts_whoever_shares_them(
    kind: str, named: dict[str, Part]
) -> None:
    whole = {"version": 1, "kind": kind, "parts": named}
    expected = json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()
    assert canonical(kind, named) == expected
    assert canonical(kind, {name: _shared(part) for name, part in named.items()}) == expected


def _shared(part: Part) -> Part:
    """A part that is written once, where it can be."""
    texts = isinstance(part, dict) and all(isinstance(value, str) for value in part.values())
    return Shared(cast(dict[str, str], part)) if texts else part


def test_a_tree_is_known_by_names_and_contents_and_not_by_its_place_or_times(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "sub").mkdir(parents=True)
        (tmp_path / place / "sub" / "a.c").write_text("int a;")
        (tmp_path / place / "b.c").write_text("int b;")
    os.utime(tmp_path / "two" / "b.c", (1, 1))
    first, second = (hash_tree(tmp_path / place, [tmp_path / place]) for place in ("one", "two"))
    assert first == second
    assert list(first) == ["b.c", "sub/a.c"]
    (tmp_path / "two" / "b.c").write_text("int c;")
    assert hash_tree(tmp_path / "two", [tmp_path / "two"]) != first


def test_a_file_that_changes_while_its_time_stays_has_another_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("one")
    os.utime(path, (1, 1))
    before = hash_file(path)
    path.write_text("two")
    os.utime(path, (1, 1))
    assert hash_file(path) != before
