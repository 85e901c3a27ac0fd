"""Energies have their uncertainty, and stand nowhere without a probe."""

from dataclasses import replace

import pytest

from mcumatrix.errors import FirmwareError
from mcumatrix.model.energy import Energy
from mcumatrix.model.record import Record
from mcumatrix.report.content.energy import energy_table
from mcumatrix.report.content.tables import number_cases
from mcumatrix.results.frame import columns, rows_by_record
from support.variants import a_record, a_variant

GOOD = Energy(
    "ppk2", 1.0, 3.0, "certificate 7", (0.0015, 0.0016), 100_000.0, 2e-6, 2.5e-5, trace_sha256="a" * 64
)


def _record(energy: Energy) -> Record:
    return replace(a_record(), energy=energy)


def test_an_energy_has_its_uncertainty_rate_and_probe() -> None:
    alone = replace(GOOD, accuracy_percent=None, accuracy_source="", probe_j=None)
    bad = replace(GOOD, inferences_j=(), problem="the trace has no edges.")
    records = [_record(GOOD), _record(alone), _record(bad), a_record(), a_record(FirmwareError("no"))]
    table = energy_table(number_cases([a_variant(f"v{number}") for number in range(5)], records))
    assert table is not None
    assert table.rows == (
        ("[1]", "1.55", "0.05", "2", "100000", "ppk2", "±3 % (certificate 7)", ""),
        (
            *("[2]", "1.55", "0.004", "2", "100000", "ppk2", "unknown"),
            "the uncertainty is that of sampling alone",
        ),
        ("[3]", "-", "-", "-", "-", "ppk2", "-", "the trace has no edges."),
    )


def test_without_a_probe_there_is_no_table_and_no_column() -> None:
    records = [a_record()]
    assert energy_table(number_cases([a_variant()], records)) is None
    assert not [name for name in columns(records) if name.startswith("energy")]


def test_rows_of_the_whole_inference_have_its_energy_in_millijoules() -> None:
    ((_, (*layers, total)),) = rows_by_record([_record(GOOD)])
    assert (total["energy_mj_median"], total["energy_rate_hz"]) == (pytest.approx(1.55), 100_000.0)
    assert not [row for row in layers if "energy_mj_median" in row]
    assert columns([_record(GOOD)])[-3:] == ("energy_mj_median", "energy_mj_uncertainty", "energy_rate_hz")
