"""Copies of trees with a person's own changes."""

from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.patch import patched
from sources.repositories import make_repository

PATCH = """\
--- a/lite/interpreter.cc
+++ b/lite/interpreter.cc
@@ -1,3 +1,2 @@
 int before;
-#include "../../src/cycles.h"
 int after;
"""
SECOND = """\
--- a/lite/interpreter.cc
+++ b/lite/interpreter.cc
@@ -1,2 +1,3 @@
 int before;
 int after;
+int last;
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "lite").mkdir(parents=True)
    (folder / "lite" / "interpreter.cc").write_text(
        'int before;\n#include "../../src/cycles.h"\nint after;\n'
    )
    (folder / "lite" / "other.cc").write_text("int other;\n")
    (folder / ".git").mkdir()
    return folder


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_copy_has_the_changes_and_the_tree_stays_as_it_is(tree: Path, cache: Cache, tmp_path: Path) -> None:
    patches = [write(tmp_path, "1.diff", PATCH), write(tmp_path, "2.diff", SECOND)]
    copy = patched("tensorflow", tree, "contents", patches, cache)
    assert (copy / "lite/interpreter.cc").read_text() == "int before;\nint after;\nint last;\n"
    assert (copy / "lite/other.cc").read_text() == "int other;\n"
    assert not (copy / ".git").exists()
    assert "cycles.h" in (tree / "lite/interpreter.cc").read_text()


def test_the_same_tree_with_the_same_changes_is_one_copy(tree: Path, cache: Cache, tmp_path: Path) -> None:
    patches = [write(tmp_path, "1.diff", PATCH)]
    copy = patched("tensorflow", tree, "contents", patches, cache)
    assert patched("tensorflow", tree, "contents", patches, cache) == copy
    assert patched("tensorflow", tree, "other contents", patches, cache) != copy
    patches = [write(tmp_path, "1.diff", f"With a word before.\n{PATCH}")]
    assert patched("tensorflow", tree, "contents", patches, cache) != copy


def test_a_copy_that_was_changed_is_made_again(tree: Path, cache: Cache, tmp_path: Path) -> None:
    patches = [write(tmp_path, "1.diff", PATCH)]
    copy = patched("tensorflow", tree, "contents", patches, cache)
    (copy / "lite/other.cc").write_text("tampered")
    again = patched("tensorflow", tree, "contents", patches, cache)
    assert (again / "lite/other.cc").read_text() == "int other;\n"


def test_a_cache_within_a_repository_makes_no_difference(tree: Path, tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer")
    cache = Cache(outer.folder / "cache")
    copy = patched("tensorflow", tree, "contents", [write(tmp_path, "1.diff", PATCH)], cache)
    assert "cycles.h" not in (copy / "lite/interpreter.cc").read_text()


def test_a_patch_that_does_not_fit_is_named_and_nothing_is_kept(
    tree: Path, cache: Cache, tmp_path: Path
) -> None:
    bad = write(tmp_path, "bad.diff", PATCH.replace("int before", "int elsewhere"))
    with pytest.raises(SourceError) as raised:
        patched("tensorflow", tree, "contents", [bad], cache)
    assert str(raised.value) == (
        f"The patch {bad} does not fit the tree of tensorflow: git says: error: patch failed:"
        " lite/interpreter.cc:1\n"
        "  It is to be as `git diff` makes it, with names below that tree's folder behind a/ and b/."
    )
    assert not list(cache.trees.glob("tensorflow-*"))


@pytest.mark.parametrize("name", ["../outside.cc", "lite/../../outside.cc"])
def test_a_patch_that_leads_out_of_the_tree_is_refused(
    tree: Path, cache: Cache, tmp_path: Path, name: str
) -> None:
    text = f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+int x;\n"
    with pytest.raises(SourceError, match="does not fit the tree of tensorflow"):
        patched("tensorflow", tree, "contents", [write(tmp_path, "out.diff", text)], cache)
    assert not list(tmp_path.rglob("outside.cc"))


def test_what_is_no_patch_is_refused(tree: Path, cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not fit the tree of tensorflow"):
        patched("tensorflow", tree, "contents", [write(tmp_path, "no.diff", "hello\n")], cache)
