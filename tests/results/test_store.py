"""Records on disk."""

import contextlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import BuildError, ChangedResultError, ResultError
from mcumatrix.hashing import hash_file
from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Correctness, Output, Record, Status
from mcumatrix.results import store as module
from mcumatrix.results.chain import Chain
from mcumatrix.results.store import RecordStore, from_json, to_json
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
    output = Output(TensorType.FLOAT32, (len(values),), tuple(values), (1, 1))
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
    kept = store.add(record, b"")
    record_log = next(tmp_path.rglob("*.log"))
    with pytest.raises(ResultError) as error:
        store.add(record, b"")
    assert error.value.message == (
        f"the result of {SLUG} is lost: {record_log} cannot be used, because the system says: File exists. "
        "All records from before are kept."
    )
    assert store.newest(SLUG, record.fingerprint) == kept
    assert error.value.hint == "Mend that, and run again. The variant is then measured again."


def _refusal(folder: Path) -> str:
    with pytest.raises(ChangedResultError) as error:
        _store(folder).newest(SLUG, "f" * 64)
    return str(error.value)


MEND = "\n  Restore it from where there is a copy, or remove it to have the variant measured again."


def _halve_the_cycles(file: Path) -> None:
    kept = json.loads(file.read_bytes())
    kept["measurement"]["total_cycles"] = [cycles // 2 for cycles in kept["measurement"]["total_cycles"]]
    file.write_text(json.dumps(kept))


def _say_that_it_was_real(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"virtual"', b'"real"'))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def _replace_by_a_link(file: Path) -> None:
    file.rename(file.with_suffix(".elsewhere"))
    file.symlink_to(file.with_suffix(".elsewhere"))


def _replace_by_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


CHANGES = [_halve_the_cycles, _say_that_it_was_real, _cut, _replace_by_a_link, _replace_by_a_pipe]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_record_is_named_and_counts_nowhere(tmp_path: Path, change: Callable[[Path], None]) -> None:
    store = _store(tmp_path)
    store.add(a_record(BuildError("an older one")), b"")
    store.add(a_record(), b"raw log")
    file = _files(tmp_path, ".json")[-1]
    change(file)
    assert _refusal(tmp_path) == (
        f"{file} was changed: chain.jsonl has the hash of what was kept, and it is another one{MEND}"
    )


@pytest.mark.parametrize("change", [_cut, _replace_by_a_link, _replace_by_a_pipe, Path.unlink])
def test_a_changed_or_missing_log_is_named(tmp_path: Path, change: Callable[[Path], None]) -> None:
    _store(tmp_path).add(a_record(), b"raw log")
    (log,) = _files(tmp_path, ".log")
    change(log)
    assert _refusal(tmp_path) == (
        f"{log} was changed: it is not the raw log that its record was made from{MEND}"
    )


@pytest.mark.parametrize(
    "put",
    [
        lambda added, file: added.write_bytes(file.read_bytes()),
        lambda added, _file: added.write_bytes(b"no record"),
        lambda added, file: added.symlink_to(file),
        lambda added, _file: os.mkfifo(added),
    ],
    ids=["copy", "something else", "link", "pipe"],
)
def test_what_somebody_put_there_is_named_unread(tmp_path: Path, put: Callable[[Path, Path], object]) -> None:
    _store(tmp_path).add(a_record(), b"raw log")
    (file,) = _files(tmp_path, ".json")
    added = file.with_name(f"99990101T000000.000000Z-{'f' * 12}.json")
    put(added, file)
    assert _refusal(tmp_path) == (
        f"{added} is not in chain.jsonl, which has every record that was kept\n"
        "  Somebody put it there or changed that file: restore them, or remove the record."
    )


def test_without_its_chain_no_record_counts(tmp_path: Path) -> None:
    _store(tmp_path).add(a_record(), b"raw log")
    (tmp_path / "records" / "chain.jsonl").unlink()
    assert "is not in chain.jsonl" in _refusal(tmp_path)


def test_a_record_that_was_removed_is_measured_again(tmp_path: Path) -> None:
    _store(tmp_path).add(a_record(), b"raw log")
    (file,) = _files(tmp_path, ".json")
    file.unlink()
    assert _store(tmp_path).newest(SLUG, "f" * 64) is None
    again = _store(tmp_path).add(a_record(), b"raw log")
    assert _store(tmp_path).newest(SLUG, "f" * 64) == again


def test_what_was_kept_last_counts_though_the_clock_was_set_back(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.add(replace(a_record(BuildError("in the future")), finished_at="2099-01-01T00:00:00.000000Z"), b"")
    last = store.add(a_record(), b"")
    assert store.newest(SLUG, "f" * 64) == last == _store(tmp_path).newest(SLUG, "f" * 64)


@pytest.mark.parametrize(("steps", "is_kept"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_kill_between_two_steps_keeps_a_record_or_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int, is_kept: bool
) -> None:
    """The steps: log, record aside, chain, name."""

    class KilledError(BaseException):
        pass

    done: list[str] = []

    def step(name: str, act: Callable[..., object]) -> Callable[..., object]:
        def stepping(*arguments: object, **options: object) -> object:
            if len(done) == steps:
                raise KilledError
            done.append(name)
            return act(*arguments, **options)

        return stepping

    monkeypatch.setattr(module, "write_atomically", step("write", module.write_atomically))
    monkeypatch.setattr(module.Chain, "add", step("chain", module.Chain.add))
    with monkeypatch.context() as patch:
        patch.setattr(module, "_give_name", step("name", module._give_name))
        with contextlib.suppress(KilledError):
            _store(tmp_path).add(a_record(), b"raw log")
    found = _store(tmp_path).newest(SLUG, "f" * 64)
    assert (found is not None) is is_kept
    monkeypatch.undo()
    again = _store(tmp_path).add(a_record(), b"raw log")
    assert _store(tmp_path).newest(SLUG, "f" * 64) == again


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
            "'flash', 'no-board', 'blocked', 'no-probe', 'wrong-probe', 'probe-busy', 'held-in-reset', "
            "'no-core', 'wrong-device', "
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


def _with(path: str, value: object) -> bytes:
    """A record's JSON with one value changed, by the path of its keys."""
    kept = json.loads(to_json(a_record()))
    *before, last = path.split(".")
    place = kept
    for key in before:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(kept).encode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            _with("measurement.total_cycles", [2**64 - 1, 1035]),
            "it is not a record: measurement.total_cycles.0: "
            "Input should be less than or equal to 15461882262000",
        ),
        (
            _with("measurement.total_cycles", [10**400, 1035]),
            "it is not a record: measurement.total_cycles.0: "
            "Input should be less than or equal to 15461882262000",
        ),
        (
            _with("measurement.layers.0.cycles.1", -1),
            "it is not a record: measurement.layers.0.cycles.1: Input should be greater than or equal to 0",
        ),
        (
            _with("measurement.clock.measured_hz", 0),
            "it is not a record: measurement.clock.measured_hz: Input should be greater than or equal to 1",
        ),
        (
            _with("measurement.layers", []),
            "it is not a record: measurement.layers: "
            "Tuple should have at least 1 item after validation, not 0",
        ),
        (
            _with("measurement.layers.0.cycles", [1000]),
            "it contradicts itself: layer 0 has 1 times for 2 repeats",
        ),
        (
            _with("measurement", None),
            "it contradicts itself: its status is ok, without a measurement and its comparison",
        ),
        (
            _with("correctness.correct", False),
            "it contradicts itself: its status is ok, and its answer not correct",
        ),
        (_with("measurement.clock", None), "it is not a record: measurement.clock: Input should be "),
        (_with("fingerprint", "../"), "it is not a record: fingerprint: Predicate 'is_sha256' failed"),
        (_with("finished_at", "now"), "it is not a record: finished_at: Predicate '_is_utc' failed"),
        (b'{"schema": 3, "image": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it is not a record: "),
        (b'{"schema": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it is not a record: "),
        (b"[" * 1_000_000, "it is not a record: "),
        (b'{"schema": [3]}', "it is not a record: its schema version is no number"),
        (b"null", "it is not a record: 'NoneType' object is not subscriptable"),
        (b'{"schema": 1' + b"0" * 4000 + b"}", "it has schema version 10000000000000000000, and this"),
        (b'{"schema": 1' + b"0" * 5000 + b"}", "it is not a record: Exceeds the limit (4300 digits)"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(ResultError) as error:
        from_json(data)
    assert error.value.message.startswith(sentence)
    assert error.value.hint


@pytest.mark.parametrize(
    "record",
    [
        replace(a_record(), clock_hz=0),
        replace(a_record(), measurement=replace(a_measurement(), total_cycles=(2**64 - 1, 1))),
        replace(a_record(), measurement=replace(a_measurement(), total_cycles=(0, 0))),
        replace(a_record(), axes={"kernels": object()}),  # type: ignore[dict-item]
    ],
)
def test_what_cannot_be_is_never_kept(tmp_path: Path, record: Record) -> None:
    with pytest.raises(ResultError) as error:
        _store(tmp_path).add(record, b"raw log")
    assert error.value.hint == (
        "This is a fault of mcumatrix or of a package that adds to it; please report it."
    )
    assert not (tmp_path / "records").exists()


def test_a_kept_record_that_cannot_be_is_named_with_its_path(tmp_path: Path) -> None:
    """Kept as it is, by a version that did not look."""
    store = _store(tmp_path)
    store.add(a_record(), b"raw log")
    (file,) = _files(tmp_path, ".json")
    file.write_bytes(_with("measurement.total_cycles", [0, 0]))
    (tmp_path / "records" / "chain.jsonl").unlink()
    Chain(tmp_path / "records" / "chain.jsonl").add(f"{SLUG}/{file.name}", hash_file(file))
    with pytest.raises(ResultError) as error:
        _store(tmp_path).newest(SLUG, "f" * 64)
    assert error.value.message.startswith(f"{file}: it contradicts itself: repeat 0 took 0 cycles")


@pytest.mark.parametrize("log", ["", "/etc/passwd", "../other/raw.log", "other.log"])
def test_a_record_that_names_another_log_is_refused(tmp_path: Path, log: str) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(to_json(replace(a_record(), log=log)))
    with pytest.raises(ResultError) as error:
        module.record_in(file, file.read_bytes())
    assert error.value.message == (
        f"{file}: it names {log!r} as its raw log, which can only be a.log beside it"
    )


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
