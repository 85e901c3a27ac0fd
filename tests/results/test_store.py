"""Records on disk."""

import contextlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import BuildError, ResultError
from mcumatrix.model.catalogue import Element
from mcumatrix.model.record import Correctness, Output, Record, Status
from mcumatrix.results.store import RecordStore, from_json, read_record, to_json
from support.variants import a_measurement, a_record, a_variant

SLUG = a_variant().slug


def _store(folder: Path) -> RecordStore:
    return RecordStore(folder / "records")


def _files(folder: Path, ending: str) -> list[Path]:
    return sorted((folder / "records" / SLUG).glob(f"*{ending}"))


def test_a_record_is_read_as_it_was_written() -> None:
    record = a_record()
    assert from_json(to_json(record)) == record


def test_a_record_of_a_failure_is_read_as_it_was_written() -> None:
    record = a_record(BuildError("the linker refused"), image=None)
    assert (record.status, record.reason) == (Status.BUILD, "the linker refused")
    assert from_json(to_json(record)) == record


@given(st.lists(st.floats(width=32), min_size=1, max_size=10))
def test_any_output_of_floats_is_kept_exactly(values: list[float]) -> None:
    output = Output(Element.FLOAT32, (len(values),), tuple(values), (1, 1))
    record = a_record((replace(a_measurement(), output=output), Correctness(False, math.inf, 1e-5, "d" * 64)))
    read = from_json(to_json(record))
    assert read.measurement is not None
    assert repr(read.measurement.output) == repr(output)


def test_a_kept_record_names_its_raw_log_and_is_found_again(tmp_path: Path) -> None:
    kept = _store(tmp_path).add(a_record(), b"raw log")
    assert _store(tmp_path).newest(SLUG, "f" * 64) == kept
    (log,) = _files(tmp_path, ".log")
    assert (log.name, log.read_bytes()) == (kept.log, b"raw log")


def test_a_record_from_other_inputs_is_not_found(tmp_path: Path) -> None:
    _store(tmp_path).add(a_record(), b"")
    assert _store(tmp_path).newest(SLUG, "0" * 64) is None
    # The same first digits, which are all that the file's name has.
    assert _store(tmp_path).newest(SLUG, "f" * 12 + "0" * 52) is None
    assert _store(tmp_path).newest("another", "f" * 64) is None


def test_the_newest_of_several_records_counts_and_all_are_kept(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.add(a_record(BuildError("first")), b"")
    newest = store.add(a_record(), b"")
    assert store.newest(SLUG, "f" * 64) == newest
    assert len(_files(tmp_path, ".json")) == 2


def test_a_record_never_replaces_another(tmp_path: Path) -> None:
    store, record = _store(tmp_path), a_record()
    store.add(record, b"")
    with pytest.raises(ResultError) as error:
        store.add(record, b"")
    assert error.value.message.startswith(f"the record of {SLUG} cannot be written: [Errno 17] File exists")
    assert error.value.hint == "Make room or mend the rights; the variant will be run again."


@pytest.mark.parametrize("ending", [".json", ".log"])
def test_a_record_that_was_cut_or_whose_log_was_changed_does_not_count(tmp_path: Path, ending: str) -> None:
    store = _store(tmp_path)
    store.add(a_record(), b"raw log")
    (file,) = _files(tmp_path, ending)
    file.write_bytes(file.read_bytes()[:-3])
    assert store.newest(SLUG, "f" * 64) is None


def test_a_changed_log_is_said_so(tmp_path: Path) -> None:
    kept = _store(tmp_path).add(a_record(), b"raw log")
    (log,) = _files(tmp_path, ".log")
    log.write_bytes(b"another")
    (path,) = _files(tmp_path, ".json")
    with pytest.raises(ResultError) as error:
        read_record(path)
    assert str(error.value) == (
        f"{path}: the raw log {kept.log} is not the one that the record was made from\n"
        "  Somebody changed it; measure again."
    )


def _changed(**changes: object) -> bytes:
    return json.dumps(json.loads(to_json(a_record())) | changes).encode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            _changed(schema=99),
            "it has schema version 99, and this mcumatrix reads versions 2 and 3\n"
            "  Read it with the mcumatrix that wrote it, or measure again.",
        ),
        (
            _changed(status="splendid"),
            "it is not a record: status: Input should be 'ok', 'wrong-output', 'build', 'too-large', "
            "'flash', 'no-probe', 'wrong-probe', 'probe-busy', 'held-in-reset', 'no-core', 'wrong-device', "
            "'unlock-refused', 'erase-error', 'program-error', 'verify-mismatch', 'disconnected', "
            "'flash-timeout', 'serial', 'timeout', 'parse' or 'firmware'\n"
            "  Somebody changed it; measure again.",
        ),
        (
            _changed(extra=1),
            "it is not a record: extra: Unexpected keyword argument\n  Somebody changed it; measure again.",
        ),
        (
            b"{",
            "it is not a record: Expecting property name enclosed in double quotes: line 1 column 2 "
            "(char 1)\n  It was cut or is something else; measure again.",
        ),
        (b"{}", "it is not a record: 'schema'\n  It was cut or is something else; measure again."),
    ],
)
def test_what_is_not_a_record_is_refused_with_a_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(ResultError) as error:
        from_json(data)
    assert str(error.value) == sentence


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_an_error(data: bytes) -> None:
    with pytest.raises(ResultError):
        from_json(data)


@given(st.data())
def test_a_flipped_byte_gives_a_record_or_an_error(data: st.DataObject) -> None:
    good = bytearray(to_json(a_record()))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ResultError):
        assert isinstance(from_json(bytes(good)), Record)
