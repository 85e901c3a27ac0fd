"""Archives are unpacked whole and harmless, or not at all."""

import io
import os
import signal
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.extract import extract, find_tree
from mcumatrix.sources.pin import Pin
from mcumatrix.sources.progress import Quiet
from mcumatrix.sources.safety import ExtractLimits
from mcumatrix.sources.selection import Selection
from mcumatrix.sources.tree import list_tree, tree_hash
from sources.packing import entry, pin_of, tar, zip_of

HINT = "\n  Nothing of it was kept. Its checksum is the pinned one: look where the pin comes from."
GOOD = [
    entry("thing-1.0", type=tarfile.DIRTYPE),
    entry("thing-1.0/README", b"read me"),
    entry("thing-1.0/bin/gcc", b"compile", mode=0o755),
    entry("thing-1.0/arm/bin/gcc", type=tarfile.LNKTYPE, linkname="thing-1.0/bin/gcc"),
    entry("thing-1.0/bin/cc", type=tarfile.SYMTYPE, linkname="gcc"),
    entry("thing-1.0/lib/current", type=tarfile.SYMTYPE, linkname="../arm/bin"),
    entry("thing-1.0/empty", type=tarfile.DIRTYPE, mode=0o700),
]


def _put(folder: Path, contents: bytes, name: str = "thing-1.0.tar.gz") -> tuple[Path, Pin]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(contents)
    return folder / name, pin_of(contents, name=name)


def _refused(
    folder: Path,
    contents: bytes,
    name: str = "thing-1.0.tar.gz",
    selection: Selection = Selection(),  # noqa: B008
    limits: ExtractLimits | None = None,
) -> str:
    """The error; neither a tree nor anything outside of the destination is left."""
    archive, pin = _put(folder / "in", contents, name)
    trees = folder / "a" / "b" / "trees"
    with pytest.raises(SourceError) as raised:
        extract(archive, pin, trees, selection=selection, limits=limits)
    assert [path.suffix for path in trees.iterdir()] == [".lock"]
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == sorted(
        [name, *(path.name for path in trees.iterdir())]
    )
    return str(raised.value)


def _files(tree: Path) -> dict[str, str]:
    return {name: what.split()[0] for name, what in list_tree(tree).items()}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_tar_archive_is_unpacked_without_its_top_folder(tmp_path: Path, kind: str) -> None:
    archive, pin = _put(tmp_path, tar(GOOD, kind), f"thing-1.0.tar.{kind}")
    tree = extract(archive, pin, tmp_path / "trees")
    assert _files(tree) == {
        "README": "file",
        "arm": "folder",
        "arm/bin": "folder",
        "arm/bin/gcc": "program",
        "bin": "folder",
        "bin/cc": "link",
        "bin/gcc": "program",
        "empty": "folder",
        "lib": "folder",
        "lib/current": "link",
    }
    assert (tree / "lib" / "current" / "gcc").read_bytes() == b"compile"
    assert (tree / "bin" / "gcc").samefile(tree / "arm" / "bin" / "gcc")


def test_a_zip_archive_is_unpacked_without_its_top_folder(tmp_path: Path) -> None:
    contents = zip_of(
        [
            ("thing-1.0/", b"", 0o040755),
            ("thing-1.0/README", b"read me", 0o100644),
            ("thing-1.0/bin/gcc", b"compile", 0o100755),
            ("thing-1.0/bin/cc", b"gcc", 0o120777),
        ]
    )
    archive, pin = _put(tmp_path, contents, "thing-1.0.zip")
    tree = extract(archive, pin, tmp_path / "trees")
    assert _files(tree) == {"README": "file", "bin": "folder", "bin/cc": "link", "bin/gcc": "program"}


def test_the_top_folder_may_be_kept(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar([entry("a/x", b"1"), entry("b/y", b"2")]))
    tree = extract(archive, pin, tmp_path / "trees", selection=Selection(strip_top_folder=False))
    assert _files(tree) == {"a": "folder", "a/x": "file", "b": "folder", "b/y": "file"}


def test_a_part_is_unpacked_where_a_part_is_selected(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    part = extract(archive, pin, tmp_path / "trees", selection=Selection(("bin", "READ*")))
    whole = extract(archive, pin, tmp_path / "trees")
    assert _files(part) == {"README": "file", "bin": "folder", "bin/cc": "link", "bin/gcc": "program"}
    assert part != whole


def test_times_and_rights_are_the_same_everywhere(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    before = os.umask(0o077)
    try:
        tree = extract(archive, pin, tmp_path / "trees")
    finally:
        os.umask(before)
    paths = [tree, *tree.rglob("*")]
    assert {path.lstat().st_mtime for path in paths} == {315_532_800}
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert rights["gcc"] == rights["empty"] == rights["tree"] == rights["arm"] == 0o755
    assert rights["README"] == 0o644


def test_rights_of_a_super_user_are_dropped(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar([entry("thing-1.0/su", b"", mode=0o6755, uid=0)]))
    tree = extract(archive, pin, tmp_path / "trees")
    assert stat.S_IMODE((tree / "su").stat().st_mode) == 0o755


def test_the_same_archive_gives_the_same_tree(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    first, second = (extract(archive, pin, tmp_path / name) for name in ("one", "two"))
    assert tree_hash(first) == tree_hash(second)


def test_a_tree_that_is_there_is_used_again_without_its_archive(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    tree = extract(archive, pin, tmp_path / "trees")
    archive.unlink()
    inode = tree.stat().st_ino
    assert extract(archive, pin, tmp_path / "trees") == tree
    assert find_tree(pin, tmp_path / "trees") == tree
    assert tree.stat().st_ino == inode


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: (tree / "README").write_bytes(b"READ ME"),
        lambda tree: (tree / "README").unlink(),
        lambda tree: (tree / "README").chmod(0o755),
        lambda tree: (tree / "new").write_bytes(b""),
        lambda tree: os.mkfifo(tree / "pipe"),
        lambda tree: (tree.parent / "contents.json").write_bytes(b"{}"),
        lambda tree: (tree.parent / "manifest.json").unlink(),
    ],
)
def test_a_tree_that_was_tampered_with_is_made_again(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    tree = extract(archive, pin, tmp_path / "trees")
    before = tree_hash(tree)
    spoil(tree)
    assert find_tree(pin, tmp_path / "trees") is None
    assert extract(archive, pin, tmp_path / "trees") == tree
    assert tree_hash(tree) == before


def test_an_archive_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    archive.write_bytes(b"other")
    with pytest.raises(SourceError) as raised:
        extract(archive, pin, tmp_path / "trees")
    assert str(raised.value) == (
        f"{archive} is not what is pinned: its sha256 is {pin_of(b'other').digest}, "
        f"and {pin.digest} is pinned.\n  Fetch it again."
    )


def test_an_archive_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    archive, pin = _put(tmp_path, tar(GOOD))
    archive.unlink()
    with pytest.raises(SourceError) as raised:
        extract(archive, pin, tmp_path / "trees")
    assert str(raised.value) == (
        f"thing-1.0.tar.gz could not be unpacked: {archive} cannot be used, because the system says: "
        "No such file or directory. What is unpacked already is kept.\n"
        "  Mend that, and run again."
    )


def _linked(kind: bytes, target: str, name: str = "t/link") -> bytes:
    return tar([entry("t/file", b"x"), entry(name, type=kind, linkname=target)])


@pytest.mark.parametrize("with_filter", [True, False])
@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (tar([entry("../evil", b"x")]), "the name '../evil' leads out with '..'"),
        (tar([entry("t/../../evil", b"x")]), "the name 't/../../evil' leads out with '..'"),
        (tar([entry("/tmp/evil", b"x")]), "the name '/tmp/evil' is absolute"),
        (_linked(tarfile.SYMTYPE, "../../evil"), "the link 'link' leads out, to '../../evil'"),
        (_linked(tarfile.SYMTYPE, "/etc/passwd"), "the link 'link' leads out, to '/etc/passwd'"),
        (_linked(tarfile.SYMTYPE, "../t/file"), "the link 'link' leads out, to '../t/file'"),
        (_linked(tarfile.LNKTYPE, "../evil"), "the name '../evil' leads out with '..'"),
        (_linked(tarfile.LNKTYPE, "/etc/passwd"), "the name '/etc/passwd' is absolute"),
        (
            _linked(tarfile.LNKTYPE, "t/none"),
            "the hard link 'link' leads to 't/none', which is no file before it",
        ),
        (
            _linked(tarfile.LNKTYPE, "t/link"),
            "the hard link 'link' leads to 't/link', which is no file before it",
        ),
        (
            tar(
                [
                    entry("t/out", type=tarfile.SYMTYPE, linkname="sub"),
                    entry("t/out/evil", b"x"),
                ]
            ),
            "'out/evil' is below 'out', which is not a folder",
        ),
        (
            tar(
                [
                    entry("t/s", type=tarfile.SYMTYPE, linkname="f"),
                    entry("t/h", type=tarfile.LNKTYPE, linkname="t/s"),
                ]
            ),
            "the hard link 'h' leads to 't/s', which is no file before it",
        ),
        (tar([entry("t/null", type=tarfile.CHRTYPE)]), "'t/null' is neither a file nor a folder nor a link"),
        (tar([entry("t/a", b"1"), entry("t/a", b"2")]), "'a' is in it twice"),
        (
            tar([entry("t/a", b"1"), entry("t/A", b"2")]),
            "'a' and 'A' are one where case does not count",
        ),
        (tar([entry("t/a\nb", b"1")]), r"the name 't/a\nb' has control characters in it"),
        (
            tar([entry("t/" + "n" * 256, b"1")]),
            f"the name '{'t/' + 'n' * 97}... (258 characters) is too long",
        ),
        (
            tar([entry("t/a", b"1"), entry("u/b", b"2")]),
            "'u/b' is not below 't', the folder around all before it",
        ),
        (tar([entry("file", b"1")]), "'file' has the place of the folder around everything"),
        (tar(GOOD)[:-20], "it is damaged: Compressed file ended before the end-of-stream marker was reached"),
    ],
    ids=lambda value: "archive" if isinstance(value, bytes) else None,
)
def test_a_hostile_tar_archive_is_refused_with_the_reason(
    tmp_path: Path, contents: bytes, reason: str, with_filter: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python has the filter from 3.11.4 on; our rules must stand without it.
    if not with_filter:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    assert _refused(tmp_path, contents) == f"thing-1.0.tar.gz was not unpacked: {reason}.{HINT}"


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (zip_of([("../evil", b"x", 0o100644)]), "the name '../evil' leads out with '..'"),
        (zip_of([("/evil", b"x", 0o100644)]), "the name '/evil' is absolute"),
        (zip_of([("t\\..\\evil", b"x", 0o100644)]), r"the name 't\\..\\evil' has a backslash in it"),
        (
            zip_of([("t/a_b", b"x", 0o100644)]).replace(b"t/a_b", b"t/a\0b"),
            r"the name 't/a\x00b' has control characters in it",
        ),
        (zip_of([("t/link", b"../../evil", 0o120777)]), "the link 'link' leads out, to '../../evil'"),
        (zip_of([("t/null", b"", 0o020666)]), "'t/null' is neither a file nor a folder nor a link"),
        (
            zip_of([("t/a", b"1", 0o100644), ("t/A", b"2", 0o100644)]),
            "'a' and 'A' are one where case does not count",
        ),
        (
            zip_of([("t/a", b"1", 0o100644), ("t/b", b"2", 0o100644)]).replace(b"t/b", b"t/a"),
            "'a' is in it twice",
        ),
    ],
    ids=lambda value: "archive" if isinstance(value, bytes) else None,
)
def test_a_hostile_zip_archive_is_refused_with_the_reason(
    tmp_path: Path, contents: bytes, reason: str
) -> None:
    text = _refused(tmp_path, contents, "thing-1.0.zip")
    assert text == f"thing-1.0.zip was not unpacked: {reason}.{HINT}"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (ExtractLimits(members=5), "it has more than 5 members"),
        (ExtractLimits(size_bytes=3), "it unpacks to more than 3 bytes"),
        (ExtractLimits(size_bytes=2000), "it unpacks to more than 2000 bytes"),
        (ExtractLimits(path_bytes=15), "the name 'thing-1.0/README' is too long"),
    ],
)
def test_an_archive_above_a_limit_is_refused(tmp_path: Path, limits: ExtractLimits, reason: str) -> None:
    text = _refused(tmp_path, tar(GOOD), limits=limits)
    assert text == f"thing-1.0.tar.gz was not unpacked: {reason}.{HINT}"


def test_what_is_not_selected_is_checked_too(tmp_path: Path) -> None:
    contents = tar([entry("t/good", b"x"), entry("t/../../evil", b"x")])
    text = _refused(tmp_path, contents, selection=Selection(("good",)))
    assert text == f"thing-1.0.tar.gz was not unpacked: the name 't/../../evil' leads out with '..'.{HINT}"


def test_a_pattern_that_selects_nothing_is_an_error(tmp_path: Path) -> None:
    assert _refused(tmp_path, tar(GOOD), selection=Selection(("bin", "Readme", "doc/*"))) == (
        "thing-1.0.tar.gz was not unpacked: nothing in it is selected by 'Readme', 'doc/*'.\n"
        "  Paths are below the top folder, and case counts; see what the archive has in it."
    )


def test_half_of_a_hard_link_is_an_error(tmp_path: Path) -> None:
    assert _refused(tmp_path, tar(GOOD), selection=Selection(("arm",))) == (
        "thing-1.0.tar.gz was not unpacked: 'arm/bin/gcc' is one file with 'bin/gcc', "
        "which is not selected.\n  Select both or none."
    )


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="it came with Python 3.11.4")
def test_the_filter_of_python_has_a_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(info: tarfile.TarInfo, _folder: str) -> tarfile.TarInfo:
        raise tarfile.SpecialFileError(info)

    monkeypatch.setattr(tarfile, "data_filter", refuse)
    text = _refused(tmp_path, tar(GOOD))
    refused = "Python's tarfile refuses it: 'thing-1.0/README' is a special file"
    assert text == f"thing-1.0.tar.gz was not unpacked: {refused}.{HINT}"


def test_progress_is_told(tmp_path: Path) -> None:
    heard: list[object] = []

    class Heard(Quiet):
        def begin(self, activity: str, name: str, total_bytes: int | None) -> None:
            heard.append((activity, name, total_bytes))

        def advance(self, done_bytes: int) -> None:
            heard.append(done_bytes)

    archive, pin = _put(tmp_path, tar(GOOD))
    extract(archive, pin, tmp_path / "trees", progress=Heard())
    assert heard[0] == ("unpack", "thing-1.0.tar.gz", None)
    assert len(heard) == 1 + len(GOOD)
    assert heard[1:] == sorted(heard[1:])  # type: ignore[type-var]


@pytest.mark.slow
def test_a_process_killed_while_it_unpacks_leaves_no_tree_and_no_rest(tmp_path: Path) -> None:
    many = [entry(f"t/{index}", os.urandom(2000)) for index in range(30)]
    archive, pin = _put(tmp_path, tar(many))
    script = """
import sys
from pathlib import Path
from mcumatrix.sources.extract import extract
from mcumatrix.sources.pin import read_pin
from mcumatrix.sources.progress import Quiet

class Stopping(Quiet):
    def advance(self, done_bytes):
        print(done_bytes, flush=True)
        if done_bytes > 20_000:
            sys.stdin.read()

extract(Path(sys.argv[1]), read_pin(*sys.argv[2:4], sys.argv[4]), Path(sys.argv[5]), progress=Stopping())
"""
    trees = tmp_path / "trees"
    arguments = [str(archive), pin.name, "", pin.checksum, str(trees)]
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        while int(process.stdout.readline()) <= 20_000:
            pass
        assert list(trees.rglob("tree/*"))
        process.send_signal(signal.SIGKILL)
    assert find_tree(pin, trees) is None
    tree = extract(archive, pin, trees)
    assert len(list(tree.iterdir())) == 30
    assert [path.suffix for path in trees.iterdir() if path != tree.parent] == [".lock"]


def test_an_interrupt_leaves_no_tree(tmp_path: Path) -> None:
    class Impatient(Quiet):
        def advance(self, done_bytes: int) -> None:
            raise KeyboardInterrupt

    archive, pin = _put(tmp_path, tar(GOOD))
    with pytest.raises(KeyboardInterrupt):
        extract(archive, pin, tmp_path / "trees", progress=Impatient())
    assert [path.suffix for path in (tmp_path / "trees").iterdir()] == [".lock"]


def test_a_million_empty_members_are_not_read_to_the_end(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for index in range(5000):
            archive.addfile(tarfile.TarInfo(f"t/{index}"))
    text = _refused(tmp_path, buffer.getvalue(), limits=ExtractLimits(members=100))
    assert text == f"thing-1.0.tar.gz was not unpacked: it has more than 100 members.{HINT}"
