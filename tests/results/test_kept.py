"""Records that are read without knowing what they were made from."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import ChangedResultError, FirmwareError
from mcumatrix.model.record import Record
from mcumatrix.results.kept import newest_records
from mcumatrix.results.store import RecordStore
from support.variants import a_record, a_variant


def _record(slug: str, second: int, fingerprint: str = "f" * 64, outcome: object = None) -> Record:
    record = a_record(outcome, variant=a_variant(slug), fingerprint=fingerprint)
    return replace(record, finished_at=f"2026-01-02T03:04:{second:02}.000000Z")


def test_the_record_that_was_kept_last_counts_whatever_it_was_made_from(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.add(_record("a", 9, outcome=FirmwareError("no")), b"first")
    last = store.add(_record("a", 1, "e" * 64), b"second")
    other = store.add(_record("b", 2), b"third")
    kept = newest_records(tmp_path)
    assert (dict(kept.records), dict(kept.unreadable)) == ({"a": last, "b": other}, {})


def test_what_stands_for_each_variant_is_worked_out_once(tmp_path: Path) -> None:
    RecordStore(tmp_path).add(a_record(), b"")
    kept = newest_records(tmp_path)
    assert kept.records is kept.records, "whoever asks for each of 10,000 variants would wait for minutes"


def test_a_folder_without_records_has_none(tmp_path: Path) -> None:
    assert newest_records(tmp_path / "nothing").records == {}


def test_a_record_that_was_removed_counts_as_never_made(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    first = store.add(_record("a", 1), b"first")
    second = store.add(_record("a", 2), b"second")
    (tmp_path / "a" / second.log).with_suffix(".json").unlink()
    assert newest_records(tmp_path).records == {"a": first}


def test_a_changed_record_is_named_and_no_older_one_takes_its_place(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.add(_record("a", 1), b"first")
    second = store.add(_record("a", 2), b"second")
    path = (tmp_path / "a" / second.log).with_suffix(".json")
    path.write_bytes(path.read_bytes().replace(b'"ok"', b'"OK"'))
    kept = newest_records(tmp_path)
    assert kept.records == {}
    assert str(kept.unreadable["a"]).startswith(f"{path} was changed: chain.jsonl has the hash")


def test_a_changed_log_is_named(tmp_path: Path) -> None:
    record = RecordStore(tmp_path).add(_record("a", 1), b"first")
    (tmp_path / "a" / record.log).write_bytes(b"First")
    assert "is not the raw log" in newest_records(tmp_path).unreadable["a"].message


def test_a_changed_chain_is_an_error(tmp_path: Path) -> None:
    RecordStore(tmp_path).add(_record("a", 1), b"first")
    chain = tmp_path / "chain.jsonl"
    chain.write_bytes(chain.read_bytes().replace(b'"number": 1', b'"number": 2'))
    with pytest.raises(ChangedResultError, match="line 1 does not follow"):
        newest_records(tmp_path)


def test_a_record_that_was_kept_and_has_no_name_yet_gets_it(tmp_path: Path) -> None:
    record = RecordStore(tmp_path).add(_record("a", 1), b"first")
    path = (tmp_path / "a" / record.log).with_suffix(".json")
    path.rename(f"{path}.new")
    assert newest_records(tmp_path).records == {"a": record}
    assert path.exists()
