"""What is remembered of records: as long as their bytes are the same, and never any longer."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.errors import ChangedResultError, McuMatrixError
from mcumatrix.hashing import hash_file
from mcumatrix.model.record import Record, Status
from mcumatrix.results import store as module
from mcumatrix.results.chain import Chain
from mcumatrix.results.known import Known, KnownRecords
from mcumatrix.results.store import RecordStore
from support.variants import a_record, a_variant

SLUG, INPUTS = a_variant().slug, "f" * 64


@pytest.fixture
def kept(tmp_path: Path) -> Record:
    """A record that was proved, and what is remembered of it."""
    store = _store(tmp_path)
    store.add(a_record(), b"raw log")
    store.known(SLUG, INPUTS)
    store.prove(SLUG, INPUTS)
    store.remember()
    record = store.newest(SLUG, INPUTS)
    assert record is not None
    return record


def _store(folder: Path, code: str = "of today") -> RecordStore:
    return RecordStore(folder / "records", KnownRecords(folder / "known.jsonl", lambda: code))


def _file(folder: Path, ending: str = ".json") -> Path:
    (found,) = (folder / "records" / SLUG).glob(f"*{ending}")
    return found


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of records that are read as such."""
    read: list[str] = []
    real = module.read_linked

    def read_linked(folder: Path, link: module.Link) -> Record | None:
        read.append(link.record)
        return real(folder, link)

    monkeypatch.setattr(module, "read_linked", read_linked)
    return read


def test_what_is_remembered_is_what_the_record_says_and_none_is_read_for_it(
    tmp_path: Path, kept: Record, reads: list[str]
) -> None:
    store = _store(tmp_path)
    assert store.known(SLUG, INPUTS) == Known.of(kept)
    assert list(store.newest_known()) == [Known.of(kept)]
    assert store.is_proved(SLUG, INPUTS)
    assert reads == []


def test_what_other_code_knew_counts_for_nothing(tmp_path: Path, kept: Record, reads: list[str]) -> None:
    store = _store(tmp_path, "of tomorrow")
    assert store.known(SLUG, INPUTS) == Known.of(kept)
    assert not store.is_proved(SLUG, INPUTS)
    assert len(reads) == 1


@pytest.mark.parametrize("ending", [".json", ".log"])
def test_a_change_of_one_byte_is_found_whatever_its_times_and_its_size_say(
    tmp_path: Path, kept: Record, ending: str
) -> None:
    assert kept.status is Status.OK
    file = _file(tmp_path, ending)
    before, data = file.stat(), bytearray(file.read_bytes())
    data[-2] ^= 1
    with file.open("r+b") as opened:
        opened.write(data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    with pytest.raises(ChangedResultError, match="was changed"):
        _store(tmp_path).known(SLUG, INPUTS)


def test_a_record_with_a_chain_made_anew_is_not_proved(tmp_path: Path, kept: Record) -> None:
    file, chain = _file(tmp_path), tmp_path / "records" / "chain.jsonl"
    name = file.relative_to(tmp_path / "records").as_posix()
    document = json.loads(file.read_bytes())
    document["measurement"]["total_cycles"] = [
        cycles + 1 for cycles in document["measurement"]["total_cycles"]
    ]
    file.write_text(json.dumps(document))
    chain.unlink()
    Chain(chain).add(name, hash_file(file))
    store = _store(tmp_path)
    assert store.known(SLUG, INPUTS) != Known.of(kept)
    assert not store.is_proved(SLUG, INPUTS)


def _to_a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def _to_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("change", [_to_a_link, _to_a_pipe, Path.unlink])
def test_a_log_that_is_no_file_any_more_is_not_taken_for_one(
    tmp_path: Path, kept: Record, change: Callable[[Path], None]
) -> None:
    assert kept.log
    change(_file(tmp_path, ".log"))
    with pytest.raises(ChangedResultError, match="is not the raw log"):
        _store(tmp_path).known(SLUG, INPUTS)


def test_a_known_record_under_another_name_is_read(tmp_path: Path, kept: Record) -> None:
    """Its raw log stands beside it under its own name, or nowhere."""
    stem = f"20300101T000000.000000Z-{'f' * 12}"
    for ending in (".json", ".log"):
        file = _file(tmp_path, f"{kept.name}{ending}")
        file.with_name(f"{stem}{ending}").write_bytes(file.read_bytes())
    Chain(tmp_path / "records" / "chain.jsonl").add(
        f"{SLUG}/{stem}.json", hash_file(file.with_suffix(".json"))
    )
    with pytest.raises(McuMatrixError, match="as its raw log, which can only be"):
        _store(tmp_path).known(SLUG, INPUTS)


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b'["' + b"a" * 64 + b'"]', b"\xff" * 80])
def test_a_file_that_is_damaged_counts_as_none(tmp_path: Path, kept: Record, line: bytes) -> None:
    file = tmp_path / "known.jsonl"
    head, known, *_ = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join((head, line, known[:70] + line)))
    store = _store(tmp_path)
    assert store.known(SLUG, INPUTS) == Known.of(kept)
    assert not store.is_proved(SLUG, INPUTS)


def test_what_is_no_longer_kept_is_forgotten(tmp_path: Path, kept: Record) -> None:
    assert kept.name.encode() in (tmp_path / "known.jsonl").read_bytes()
    file = _file(tmp_path)
    for path in (file, file.with_suffix(".log"), tmp_path / "records" / "chain.jsonl"):
        path.unlink()
    store = _store(tmp_path)
    again = store.add(a_record(), b"another log")
    assert store.known(SLUG, INPUTS) is not None
    store.remember()
    remembered = (tmp_path / "known.jsonl").read_bytes()
    assert again.log_sha256.encode() in remembered
    assert kept.log_sha256.encode() not in remembered
