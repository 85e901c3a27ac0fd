"""The chain of a matrix: nothing in it can be changed without a trace, and a kill loses nothing of it."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import ChangedResultError
from mcumatrix.results.chain import FIRST, Chain, Link, hash_line

SHA = "a" * 64


def _chain(folder: Path, count: int = 3) -> Path:
    file = folder / "chain.jsonl"
    for number in range(count):
        Chain(file).add(f"slug/{number}.json", SHA)
    return file


def _error(file: Path) -> str:
    with pytest.raises(ChangedResultError) as error:
        Chain(file).links()
    return str(error.value)


def test_a_chain_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert Chain(tmp_path / "records" / "chain.jsonl").links() == ()


def test_each_link_has_the_hash_of_the_line_before(tmp_path: Path) -> None:
    file = _chain(tmp_path)
    links = Chain(file).links()
    assert [(link.number, link.record, link.sha256) for link in links] == [
        (1, "slug/0.json", SHA),
        (2, "slug/1.json", SHA),
        (3, "slug/2.json", SHA),
    ]
    lines = file.read_bytes().splitlines()
    assert [link.previous for link in links] == [FIRST, hash_line(lines[0]), hash_line(lines[1])]


@given(st.integers(), st.text(), st.text())
def test_a_line_is_json_in_one_way_whatever_is_in_it(number: int, record: str, previous: str) -> None:
    link = Link(number, record, SHA, previous)
    assert link.line() == json.dumps(asdict(link), sort_keys=True, ensure_ascii=True).encode()


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("key", ["record", "sha256", "previous"])
def test_a_changed_line_is_found_where_the_next_does_not_follow(
    tmp_path: Path, number: int, key: str
) -> None:
    file = _chain(tmp_path)
    lines = file.read_bytes().splitlines()
    changed = json.loads(lines[number - 1]) | {key: "b" * 64}
    lines[number - 1] = json.dumps(changed, sort_keys=True).encode()
    file.write_bytes(b"\n".join(lines) + b"\n")
    found = number if key == "previous" else number + 1
    assert _error(file) == (
        f"{file} was changed: line {found} does not follow from what stands before it\n"
        "  Restore it, or move the whole folder of records away to have all of it measured again."
    )


@pytest.mark.parametrize("taken", [0, 1])
def test_a_line_that_was_taken_out_is_missed(tmp_path: Path, taken: int) -> None:
    file = _chain(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    del lines[taken]
    file.write_bytes(b"".join(lines))
    assert f"line {taken + 1} does not follow" in _error(file)


@given(data=st.data())
def test_no_changed_byte_passes_unseen_but_in_the_last_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = _chain(tmp_path_factory.mktemp("chain"))
    contents = bytearray(file.read_bytes())
    last = contents[:-1].rfind(b"\n")
    at = data.draw(st.integers(0, last))
    contents[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(contents)
    _error(file)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"number": 1}', b"[" * 100_000, b"\xff", b'{"number": 1, "record": 2, '
     b'"sha256": "", "previous": ""}'],
    ids=lambda line: line[:12].decode(errors="replace"),
)  # fmt: skip
def test_a_line_that_is_none_of_a_chain_is_named(tmp_path: Path, line: bytes) -> None:
    file = _chain(tmp_path)
    file.write_bytes(file.read_bytes() + line + b"\n")
    assert f"{file} was changed: line 4 is none of a chain" in _error(file)


@given(cut=st.integers(1, 200))
def test_a_line_that_was_cut_short_never_was(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    file = _chain(tmp_path_factory.mktemp("chain"))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]) + lines[2][: min(cut, len(lines[2]) - 1)])
    assert len(Chain(file).links()) == 2
    assert Chain(file).add("slug/again.json", SHA).number == 3
    assert [link.record for link in Chain(file).links()] == ["slug/0.json", "slug/1.json", "slug/again.json"]


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "chain.jsonl"
    script = (
        "import sys; from pathlib import Path; from mcumatrix.results.chain import Chain\n"
        f"for number in range(25): Chain(Path(sys.argv[1])).add(f'{{sys.argv[2]}}/{{number}}.json', {SHA!r})"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(file), str(who)]) for who in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    links = Chain(file).links()
    assert len({link.record for link in links}) == len(links) == 100


def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "chain.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        Chain(tmp_path / "chain.jsonl").add("slug/0.json", SHA)


def test_what_cannot_be_written_leaves_the_chain_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _chain(tmp_path)
    before = file.read_bytes()
    written = os.pwrite
    calls: list[int] = []

    def full_after_some_bytes(descriptor: int, data: bytes, at: int) -> int:
        calls.append(at)
        if len(calls) > 1:
            raise OSError(28, os.strerror(28))
        return written(descriptor, data[:10], at)

    monkeypatch.setattr(os, "pwrite", full_after_some_bytes)
    with pytest.raises(OSError, match="No space left"):
        Chain(file).add("slug/3.json", SHA)
    assert file.read_bytes() == before
