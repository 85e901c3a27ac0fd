"""What a folder holds."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.hashing import hash_bytes
from mcumatrix.sources.tree import list_tree, tree_hash


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_bytes(b"contents")
    (root / "empty").mkdir()
    (root / "program").write_bytes(b"run")
    (root / "program").chmod(0o755)
    (root / "link").symlink_to("folder/file")
    return root


def test_all_that_a_folder_holds_is_listed(tree: Path) -> None:
    assert list_tree(tree) == {
        "empty": "folder",
        "folder": "folder",
        "folder/file": f"file {hash_bytes(b'contents')}",
        "link": "link folder/file",
        "program": f"program {hash_bytes(b'run')}",
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "folder" / "file").write_bytes(b"contentz"),
        lambda tree: (tree / "folder" / "file").rename(tree / "folder" / "File"),
        lambda tree: (tree / "folder" / "file").chmod(0o755),
        lambda tree: (tree / "program").chmod(0o644),
        lambda tree: (tree / "new").write_bytes(b""),
        lambda tree: (tree / "new").mkdir(),
        lambda tree: (tree / "empty").rmdir(),
        lambda tree: ((tree / "link").unlink(), (tree / "link").symlink_to("program")),
        lambda tree: ((tree / "link").unlink(), (tree / "link").write_bytes(b"contents")),
    ],
)
def test_any_change_of_a_name_of_contents_or_of_a_right_to_execute_is_seen(
    tree: Path, change: Callable[[Path], object]
) -> None:
    before = tree_hash(tree)
    change(tree)
    assert tree_hash(tree) != before


def test_time_place_and_other_rights_do_not_matter(tree: Path) -> None:
    before = tree_hash(tree)
    (tree / "folder" / "file").chmod(0o600)
    os.utime(tree / "program", (1, 1))
    assert tree_hash(tree.rename(tree.with_name("elsewhere"))) == before


def test_what_is_no_file_is_an_error(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    with pytest.raises(SourceError) as raised:
        tree_hash(tree)
    assert str(raised.value) == f"{tree}/pipe is neither a file nor a folder nor a link.\n  Remove it."


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as raised:
        tree_hash(tmp_path / "none")
    assert str(raised.value) == (
        f"{tmp_path}/none cannot be read: No such file or directory ({tmp_path}/none)."
    )
