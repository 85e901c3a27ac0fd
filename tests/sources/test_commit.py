"""Commits of git repositories as sources: real repositories, made on the spot, and git itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from mcumatrix.errors import SourceError
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.commit import CommitPin, fetch_commit, obtain_commit
from mcumatrix.sources.selection import Selection
from sources.repositories import Repository, make_repository

NOWHERE = "0123456789" * 4


class Notes:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.said: list[str] = []

    def begin(self, activity: str, name: str, total_bytes: int | None) -> None:
        self.begun.append(activity)

    def advance(self, done_bytes: int) -> None:
        pass

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "upstream")


@pytest.fixture(autouse=True)
def _no_settings_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


def configure(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> None:
    """Settings of a person, as git takes them from the environment."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for index, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{index}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{index}", value)


def pin_of(repository: Repository, commit: str, url: str = "") -> CommitPin:
    return CommitPin("thing", url or repository.url, commit)


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{dedent(script)}")
    path.chmod(0o755)
    return path


def test_a_commit_is_a_folder_with_its_files_and_nothing_later(repository: Repository, cache: Cache) -> None:
    repository.commit({"a/x.c": "old"})
    (repository.folder / "run").write_text("#!/bin/sh\n")
    (repository.folder / "run").chmod(0o755)
    (repository.folder / "a" / "link").symlink_to("x.c")
    wanted = repository.commit({"a/x.c": "1", "b/y.c": b"\x00\xff"})
    repository.commit({"a/x.c": "2", "later": ""})
    tree = obtain_commit(pin_of(repository, wanted), cache)
    files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*"))
    assert files == ["a", "a/link", "a/x.c", "b", "b/y.c", "run"]
    assert (tree / "a" / "link").read_text() == "1"
    assert (tree / "b" / "y.c").read_bytes() == b"\x00\xff"
    assert (tree / "run").stat().st_mode & 0o777 == 0o755
    assert (tree / "a" / "x.c").stat().st_mode & 0o777 == 0o644


def test_only_the_commit_is_fetched_not_what_was_before(repository: Repository, cache: Cache) -> None:
    before = repository.commit({"large": "x" * 100})
    wanted = repository.commit({"large": "y"})
    fetched = Repository(fetch_commit(pin_of(repository, wanted), cache))
    assert fetched.git("rev-list", "--count", wanted) == "1"
    assert before not in fetched.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")


def test_a_commit_that_is_there_needs_neither_its_repository_nor_git(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    tree = obtain_commit(pin, cache)
    monkeypatch.setenv("PATH", "")
    repository.folder.rename(repository.folder.with_name("gone"))
    assert obtain_commit(pin, cache) == tree


def test_a_tree_that_was_tampered_with_is_made_again_from_what_was_fetched(
    repository: Repository, cache: Cache
) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    (obtain_commit(pin, cache) / "x").write_text("2")
    repository.folder.rename(repository.folder.with_name("gone"))
    assert (obtain_commit(pin, cache) / "x").read_text() == "1"


def test_two_addresses_of_one_commit_are_one_folder(
    repository: Repository, cache: Cache, tmp_path: Path
) -> None:
    commit = repository.commit({"x": "1"})
    tree = obtain_commit(pin_of(repository, commit), cache)
    elsewhere = (tmp_path / "not" / "there").as_uri()
    assert obtain_commit(pin_of(repository, commit, elsewhere), cache) == tree


def test_git_before_the_scheme_is_understood(repository: Repository, cache: Cache) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}), f"git+{repository.url}")
    assert pin.address == repository.url
    assert (obtain_commit(pin, cache) / "x").read_text() == "1"


def test_a_stored_copy_serves_in_place_of_the_network(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = repository.commit({"x": "1"})
    global_file = tmp_path / "gitconfig"
    global_file.write_text(f'[url "{repository.url}"]\n    insteadOf = https://host.invalid/thing\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(global_file))
    tree = obtain_commit(pin_of(repository, commit, "https://host.invalid/thing"), cache)
    assert (tree / "x").read_text() == "1"


def test_a_part_can_be_selected(repository: Repository, cache: Cache) -> None:
    pin = pin_of(repository, repository.commit({"a/x": "1", "b/y": "2"}))
    tree = obtain_commit(pin, cache, selection=Selection(("b",), strip_top_folder=False))
    assert [path.name for path in tree.iterdir()] == ["b"]


def test_nothing_of_a_repository_or_of_a_persons_git_is_executed(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    for hook in ("reference-transaction", "post-checkout", "post-merge", "fsmonitor"):
        program(hooks, hook, f"touch {ran}\n")
    marked = program(tmp_path / "filters", "mark", f"touch {ran}\ncat\n")
    commit = repository.commit({".gitattributes": "*.c filter=mark\n*.txt export-subst\n", "x.c": "1"})
    commit = repository.commit({"who.txt": "$Format:%H$\n"})
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path))
    configure(
        monkeypatch,
        {
            "core.hooksPath": str(hooks),
            "core.fsmonitor": str(hooks / "fsmonitor"),
            "filter.mark.smudge": str(marked),
            "filter.mark.process": str(marked),
        },
    )
    tree = obtain_commit(pin_of(repository, commit), cache)
    assert (tree / "who.txt").read_text() == "$Format:%H$\n", "as it was committed"
    assert not ran.exists()


def test_a_submodule_is_not_fetched(repository: Repository, cache: Cache, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    commit = other.commit({"secret": "1"})
    repository.commit({"x": "1", ".gitmodules": f'[submodule "sub"]\n path = sub\n url = {other.url}\n'})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    repository.git("commit", "--quiet", "--message", "Add it")
    tree = obtain_commit(pin_of(repository, repository.git("rev-parse", "HEAD")), cache)
    assert list((tree / "sub").iterdir()) == []


def test_variables_of_git_that_lead_elsewhere_are_not_heeded(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = repository.commit({"x": "1"})
    with monkeypatch.context() as clean:
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_NAMESPACE"):
            clean.setenv(name, str(tmp_path / "elsewhere"))
        assert (obtain_commit(pin_of(repository, commit), cache) / "x").read_text() == "1"


def test_where_single_commits_are_refused_all_branches_are_fetched(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = repository.commit({"x": "1"})
    repository.commit({"x": "2"})
    # As servers of git before 2.26 and many hosts do: what no branch or tag names is not given by its id.
    configure(monkeypatch, {"protocol.version": "0"})
    notes = Notes()
    tree = obtain_commit(pin_of(repository, wanted), cache, progress=notes)
    assert (tree / "x").read_text() == "1"
    assert notes.said == [
        f"{repository.url} does not give the commit alone: all of its branches are fetched."
    ]


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_commit_that_is_nowhere_is_said(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    repository.commit({"x": "1"})
    configure(monkeypatch, {"protocol.version": version})
    with pytest.raises(SourceError) as raised:
        obtain_commit(pin_of(repository, NOWHERE), cache)
    assert str(raised.value) == (
        f"{repository.url} has no commit {NOWHERE} for thing: it is in none of its branches and tags.\n"
        "  Compare its digits with where they come from. Commits of branches that were rewritten, or of"
        " forks, are gone or elsewhere."
    )
    assert list(cache.commit(NOWHERE).parent.glob("*.git")) == []
    assert list(cache.commit(NOWHERE).parent.glob("*.aside")) == []


def test_the_id_of_something_else_is_no_commit(repository: Repository, cache: Cache) -> None:
    repository.commit({"x": "1"})
    tree = repository.git("rev-parse", "HEAD^{tree}")
    with pytest.raises(SourceError, match=f"has no commit {tree} for thing"):
        obtain_commit(pin_of(repository, tree), cache)


def test_a_repository_that_is_not_there_is_said_with_what_git_says(cache: Cache, tmp_path: Path) -> None:
    url = (tmp_path / "gone").as_uri()
    with pytest.raises(SourceError) as raised:
        obtain_commit(CommitPin("thing", url, NOWHERE), cache)
    assert str(raised.value) == (
        f"thing could not be fetched from {url}: git says: fatal: '{tmp_path}/gone' does not appear to be a"
        " git repository\n"
        "  Run again when it can be. A copy of the repository will do as well:"
        f" git config --global url.file:///path/to/copy.insteadOf {url}"
    )


def test_without_git_it_is_said(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError) as raised:
        obtain_commit(pin, cache)
    assert str(raised.value) == (
        "There is no git here, and a source of a runtime is a commit of a git repository, or has patches.\n"
        "  Install git (on Debian: apt install git), or give a folder with the variable"
        " MCUMATRIX_SOURCE_<RUNTIME>."
    )


def test_what_leads_to_other_protocols_is_refused_by_git(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    commit = repository.commit({"x": "1"})
    configure(monkeypatch, {f"url.ext::touch {ran} .insteadOf": "https://host.invalid/"})
    with pytest.raises(SourceError, match=r"transport 'ext' not allowed"):
        obtain_commit(pin_of(repository, commit, "https://host.invalid/thing"), cache)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org/thing", "would come over the network without encryption"),
        ("ext::sh -c touch% x", "has spaces or control characters"),
        ("--upload-pack=touch", "is not a place to fetch an archive from"),
        ("https://ada:secret@example.org/thing", "has a user or a password in it"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_before(url: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        CommitPin("thing", url, NOWHERE)


@pytest.mark.parametrize("commit", ["main", "0123abc", NOWHERE.upper() + "A", "v1.0", NOWHERE[:-1] + "G"])
def test_what_moves_is_no_pin(commit: str) -> None:
    with pytest.raises(SourceError) as raised:
        CommitPin("thing", "https://example.org/thing", commit)
    assert str(raised.value) == (
        f"The pin of thing is malformed: {commit!r} is not 40 hexadecimal digits in lower case.\n"
        "  Branches and tags move; `git rev-parse REVISION^{commit}` says the id of a commit."
    )


def test_what_a_killed_run_left_is_cleared_away(repository: Repository, cache: Cache) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    aside = cache.commit(pin.commit).with_suffix(".aside")
    (aside / "objects").mkdir(parents=True)
    (aside / "HEAD").write_text("half")
    assert (obtain_commit(pin, cache) / "x").read_text() == "1"
    assert not aside.exists()


def test_a_fetch_that_is_cut_leaves_nothing(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    monkeypatch.setattr("mcumatrix.sources.commit._fetch", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        obtain_commit(pin, cache)
    assert [path.suffix for path in cache.commit(pin.commit).parent.iterdir()] in ([], [".lock"])


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_full_disk_is_said(
    repository: Repository, cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    # What git prints then; a disk of one's own would need root.
    program(
        tmp_path / "bin",
        "git",
        """\
        case "$*" in *" init "*) exit 0;; esac
        echo "error: unable to write file objects/pack/tmp: No space left on device" >&2
        exit 128
        """,
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(SourceError) as raised:
        obtain_commit(pin, cache)
    assert str(raised.value) == (
        f"thing cannot be kept in the cache: {cache.root}/commits cannot be used, because its disk is full.\n"
        "  Make room there, and run again. MCUMATRIX_CACHE can name another folder."
    )


def _damage(repository: Path) -> None:
    """Puts another object in the place of each, under its id, as no transport does."""
    loose = [path for path in (repository / "objects").glob("??/*") if path.is_file()]
    assert loose
    for path in loose:
        path.chmod(0o644)
        path.write_bytes(b"not an object")


def test_a_damaged_repository_in_the_cache_is_fetched_again(repository: Repository, cache: Cache) -> None:
    pin = pin_of(repository, repository.commit({"x": "1"}))
    _damage(fetch_commit(pin, cache))
    notes = Notes()
    assert (obtain_commit(pin, cache, progress=notes) / "x").read_text() == "1"
    assert notes.said == ["The repository of thing in the cache is damaged and is fetched again."]


def test_a_name_that_leads_out_is_refused(repository: Repository, cache: Cache) -> None:
    repository.commit({"x": "1"})
    blob = repository.git("rev-parse", "HEAD:x")
    # git itself makes no such tree.
    raw = b"100644 ..\0" + bytes.fromhex(blob)
    (repository.folder / "raw").write_bytes(raw)
    tree = repository.git("hash-object", "-t", "tree", "-w", "--literally", "raw")
    commit = repository.git("commit-tree", tree, "-m", "Lead out")
    repository.git("update-ref", "refs/heads/bad", commit)
    with pytest.raises(SourceError) as raised:
        obtain_commit(pin_of(repository, commit), cache)
    assert "thing was not unpacked: the name '..' leads out with '..'" in str(raised.value)
    assert not list(cache.trees.glob("thing-*"))
