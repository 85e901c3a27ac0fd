"""Traces of current probes, kept beside raw logs."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import ChangedResultError, ResultError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Record
from mcumatrix.results.store import RecordStore, from_json, read_linked, read_trace, to_json
from mcumatrix.results.verification import check_results
from mcumatrix.stages.energy import energy_of, to_file
from mcumatrix.stages.evidence import differences_from_trace
from support.traces import SETUP, Drawn
from support.variants import a_measurement, a_record

TRACE = to_file(Drawn((0.003,) * 3).trace())
MEASUREMENT = replace(a_measurement(), total_cycles=(648_000,) * 2)


def _record() -> Record:
    made = a_record()
    provenance = replace(made.provenance, kind=BoardKind.REAL, timing_model="", expected_error="")
    return replace(
        made,
        provenance=provenance,
        measurement=MEASUREMENT,
        energy=energy_of(SETUP, TRACE, MEASUREMENT),
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of a record with a trace."""
    store = RecordStore(tmp_path / "records")
    return store.path_of(store.add(_record(), b"raw log", TRACE))


def test_a_trace_is_kept_beside_the_log_byte_for_byte(kept: Path) -> None:
    record = from_json(kept.read_bytes())
    assert kept.with_suffix(".trace").read_bytes() == TRACE
    assert read_trace(kept, record) == TRACE
    assert record.energy and record.energy.trace_sha256 == hash_bytes(TRACE)


def test_a_record_without_a_probe_is_written_as_before_there_were_any() -> None:
    assert b"energy" not in to_json(a_record())


def test_a_changed_trace_is_found_and_named(kept: Path, tmp_path: Path) -> None:
    trace = kept.with_suffix(".trace")
    assert not [one for one in check_results(tmp_path) if one.problem]
    trace.write_bytes(to_file(Drawn((0.003,) * 3, active_a=0.05).trace()))
    (found,) = [one for one in check_results(tmp_path) if one.problem]
    assert (found.path, found.problem) == (
        trace,
        f"{trace} was changed: it is not the trace that its record was made from",
    )


def test_a_changed_energy_is_found_in_the_chain_and_against_its_trace(kept: Path, tmp_path: Path) -> None:
    record = from_json(kept.read_bytes())
    assert record.energy
    better = replace(record, energy=replace(record.energy, inferences_j=(0.0005, 0.0005)))
    kept.write_bytes(to_json(better))
    (found,) = [one for one in check_results(tmp_path) if one.problem]
    assert found.path == kept
    differences = list(differences_from_trace(better, TRACE))
    assert [one.field for one in differences] == ["energy.inferences_j.0", "energy.inferences_j.1"]
    assert differences[0].evidence == "its trace"


def test_a_removed_trace_is_found(kept: Path, tmp_path: Path) -> None:
    kept.with_suffix(".trace").unlink()
    store = RecordStore(tmp_path / "records")
    (link,) = store._chain.links()
    with pytest.raises(ChangedResultError):
        read_linked(tmp_path / "records", link)


def test_a_trace_that_belongs_to_no_record_is_named(kept: Path, tmp_path: Path) -> None:
    stray = kept.with_name("20260101T000000Z-0123.trace")
    stray.write_bytes(TRACE)
    (found,) = [one for one in check_results(tmp_path) if one.problem]
    assert (found.path, found.problem) == (stray, "no record belongs to it")


def test_a_virtual_board_has_no_energy() -> None:
    with pytest.raises(ResultError, match="a virtual board draws no current, and it has an energy"):
        to_json(replace(_record(), provenance=a_record().provenance))
