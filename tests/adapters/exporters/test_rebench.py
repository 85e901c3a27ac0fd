"""A data file of ReBench, read by ReBench itself."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rebench.persistence import DataStore
from rebench.ui import TestDummyUI

from mcumatrix.adapters.exporters.rebench import RebenchExporter
from mcumatrix.errors import NothingSelectedError
from support.exports import a_case, some_results


def _load(folder: Path, results: Any) -> tuple[list[Any], list[str]]:
    ((name, data),) = RebenchExporter().export(results).items()
    (folder / name).write_bytes(data)
    said: list[str] = []
    ui = TestDummyUI()
    ui.debug_error_info = lambda text, *_, **__: said.append(text)
    store = DataStore(ui)
    configurator = SimpleNamespace(use_rebench_db=False, discard_old_data=False, options=None)
    store.get(str(folder / name), configurator, "benchmark").load_data(None, False)
    return list(store._run_ids), said


def test_rebench_loads_every_repeat_of_every_layer(tmp_path: Path) -> None:
    runs, complaints = _load(tmp_path, some_results())
    assert complaints == []
    assert [(run.benchmark.name, run.machine) for run in runs] == [
        ("builtin_reference", "virtual-f746-m7-block-1"),
        ("builtin_simd", "virtual-f746-m7-block-1"),
    ]
    assert [run.get_mean_of_totals() for run in runs] == pytest.approx([5.0, 2.75])
    assert [run.completed_invocations for run in runs] == [1, 1]
    assert runs[1].statistics.num_samples == 3


def test_layers_are_criteria_and_the_total_ends_each_data_point() -> None:
    (data,) = RebenchExporter().export(some_results(a_case())).values()
    rows = [line.split("\t") for line in data.decode().splitlines() if not line.startswith("#")]
    assert [row[:5] for row in rows[1:4]] == [
        ["1", "1", "2.000000", "ms", "0 CONV_2D"],
        ["1", "1", "0.500000", "ms", "1 SOFTMAX"],
        ["1", "1", "2.500000", "ms", "total"],
    ]
    assert {len(row) for row in rows} == {15}
    assert "# Execution Start: 2026-01-02T03:04:05.000000Z" in data.decode().splitlines()


def test_names_with_tabs_and_line_breaks_stay_in_their_cells(tmp_path: Path) -> None:
    runs, complaints = _load(tmp_path, some_results(replace(a_case(), name="a\tb\nc")))
    assert complaints == []
    assert [run.get_mean_of_totals() for run in runs] == [2.75]


def test_without_cases_there_is_no_file() -> None:
    with pytest.raises(NothingSelectedError, match="no case of quickstart has times"):
        RebenchExporter().export(replace(some_results(), cases=()))
