"""Records of older schema versions."""

import csv
import io
import json
from pathlib import Path

import pytest

from mcumatrix.errors import BuildError, ChangedResultError, ResultError
from mcumatrix.model.record import RECORD_SCHEMA, Clock
from mcumatrix.report.render.csv import to_csv
from mcumatrix.results.store import RecordStore, from_json, record_in, to_json
from support.variants import a_record

STEM = "20261126T140158.881867Z-3f3187bcfcd1"
FOLDER = Path(__file__).parent / "data" / "schema-2"
RECORD = FOLDER / f"{STEM}.json"
"""A record of the quickstart, its raw log and the report, all made when version 2 was that of today."""


def test_a_record_of_version_2_makes_the_rows_of_a_report_as_it_did_then() -> None:
    record = record_in(RECORD, RECORD.read_bytes())
    later = {"cause", "flaky", "settings", "run"}
    later |= {"samples", "samples_right", "accuracy", "accuracy_low", "accuracy_high", "samples_unlike_host"}
    header, *rows = csv.reader(io.StringIO(to_csv([record]).decode()))
    of_memory = header.index("arena_bytes")
    places = [place for place, name in enumerate(header[:of_memory]) if name not in later]
    kept = [[row[place] for place in places] for row in (header, *rows)]
    assert kept == list(csv.reader(io.StringIO((FOLDER / "report.csv").read_text())))


def test_its_clocks_have_the_names_of_the_registers_that_they_come_from() -> None:
    record = record_in(RECORD, RECORD.read_bytes())
    assert record.measurement is not None
    assert record.schema == RECORD_SCHEMA
    assert record.measurement.clock == Clock(
        declared_hz=216_000_000,
        measured_hz=216_000_000,
        rates_hz={"PCLK1": 54_000_000, "PCLK2": 108_000_000},
        registers={"RCC_PLLCFGR": 687_879_688, "RCC_CFGR": 37_898, "FLASH_ACR": 7},
    )
    assert from_json(to_json(record)) == record


def test_a_store_counts_it_only_with_a_chain_which_it_never_had(tmp_path: Path) -> None:
    record = record_in(RECORD, RECORD.read_bytes())
    folder = tmp_path / record.variant
    folder.mkdir()
    for file in FOLDER.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ChangedResultError, match=r"is not in chain\.jsonl, which has every record"):
        RecordStore(tmp_path).newest(record.variant, record.fingerprint)


def test_a_failure_of_version_2_is_read_with_its_reason() -> None:
    failed = a_record(BuildError("the linker refused"), image=None)
    kept = json.loads(to_json(failed)) | {"schema": 2}
    assert from_json(json.dumps(kept).encode()) == failed


@pytest.mark.parametrize(
    ("measurement", "sentence"),
    [
        ({"clock": {}}, "it is not a record: 'pclk1_hz'"),
        ({}, "it is not a record: 'clock'"),
        (1, "it is not a record: 'int' object is not subscriptable"),
        ({"clock": 1}, "it is not a record: 'int' object is not a mapping"),
    ],
)
def test_what_is_not_a_record_of_version_2_is_refused_with_a_reason(
    measurement: object, sentence: str
) -> None:
    kept = json.loads(to_json(a_record())) | {"schema": 2, "measurement": measurement}
    with pytest.raises(ResultError) as error:
        from_json(json.dumps(kept).encode())
    assert str(error.value) == f"{sentence}\n  It was cut or is something else; measure again."
