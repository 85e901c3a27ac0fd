"""A folder for airspeed velocity, read by asv itself."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.exporters.asv import AsvExporter
from mcumatrix.adapters.revisions.git import find_revision
from mcumatrix.errors import MatrixError
from mcumatrix.model.exported import Exported
from support.exports import a_case, some_results

NINE = (2.0, 2.1, 2.2, 2.25, 2.25, 2.25, 2.3, 2.4, 2.5)


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def _write(folder: Path, results: Exported) -> None:
    for name, data in AsvExporter().export(results).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _asv(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "asv", *arguments], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """asv's folder in a repository with two commits, of which the second is slower.

    Of reference there are three repeats, of SIMD nine, and of CMSIS-NN those of a deterministic board.
    """
    _git(tmp_path, "init", "-q")
    for message, scale in (("first", 2.0), ("second", 3.0)):
        _git(tmp_path, "commit", "-q", "--allow-empty", "-m", message)
        found = find_revision(tmp_path)
        assert found is not None
        revision = replace(found, repository="..")
        slower = a_case("reference", scale=scale)
        few, many, once = slower, a_case("simd", scale=scale, conv_msec=NINE), a_case("cmsis-nn", scale=scale)
        cases = (few, many, replace(once, deterministic=True))
        _write(tmp_path / "asv", some_results(*cases, revision=revision))
    return tmp_path / "asv"


@pytest.mark.slow
def test_asv_publishes_and_compares_two_commits(history: Path) -> None:
    _asv(history, "publish")
    index = json.loads((history / "html" / "index.json").read_text())
    assert sorted(index["benchmarks"]) == [
        "quickstart.time_layer_0_CONV_2D",
        "quickstart.time_layer_1_SOFTMAX",
        "quickstart.time_total",
        "quickstart.track_flash_bytes",
        "quickstart.track_ram_bytes",
    ]
    assert index["params"]["machine"] == ["virtual-f746-m7-block-1"]
    assert list(history.glob("html/graphs/**/quickstart.time_total.json"))
    compared = _asv(history, "compare", "HEAD~1", "HEAD", "--machine", "virtual-f746-m7-block-1")
    lines = {line.split("|")[5].strip(): line for line in compared.splitlines() if line.count("|") == 6}
    assert lines["quickstart.time_total('simd')"].startswith("| +")
    assert lines["quickstart.time_total('cmsis-nn')"].startswith("| +")
    # Three repeats do not say so, to asv as to us.
    assert lines["quickstart.time_total('reference')"].startswith("|  ")
    assert "1.45" in lines["quickstart.time_total('reference')"]
    assert "failed" not in compared


def test_repeats_stand_beside_their_median_and_quartiles_in_seconds() -> None:
    files = AsvExporter().export(some_results(a_case()))
    results = json.loads(files["results/virtual-f746-m7-block-1/01234567-mcumatrix.json"])
    row = dict(
        zip(results["result_columns"], results["results"]["quickstart.time_layer_0_CONV_2D"], strict=False)
    )
    assert row["result"] == [0.00225]
    assert row["params"] == []
    assert (row["stats_q_25"], row["stats_q_75"]) == ([0.002125], [0.002375])
    assert (row["stats_ci_99_a"], row["stats_ci_99_b"]) == ([-math.inf], [math.inf])
    assert row["samples"] == [[0.002, 0.0025, 0.00225]]
    assert (results["date"], results["commit_hash"][:8]) == (1_767_323_045_000, "01234567")


def test_nine_repeats_have_an_interval_of_99_percent_and_a_deterministic_board_has_one_sample() -> None:
    cases = (a_case(conv_msec=NINE), replace(a_case("once"), deterministic=True))
    files = AsvExporter().export(some_results(*cases))
    results = json.loads(files["results/virtual-f746-m7-block-1/01234567-mcumatrix.json"])
    columns = results["result_columns"]
    row = dict(zip(columns, results["results"]["quickstart.time_layer_0_CONV_2D"], strict=False))
    # 1 - 2 / 2**9 is 99.6 %.
    assert (row["stats_ci_99_a"], row["stats_ci_99_b"]) == ([0.002, -math.inf], [0.0025, math.inf])
    assert row["stats_repeat"] == [9, 1]


def test_each_board_is_a_machine_and_what_it_has_not_is_not_called_a_failure() -> None:
    cases = (a_case("reference"), a_case("simd", machine="stm32f746g-disco"))
    files = AsvExporter().export(some_results(*cases))
    machine = json.loads(files["results/stm32f746g-disco/machine.json"])
    assert machine["machine"] == "stm32f746g-disco"
    text = files["results/stm32f746g-disco/01234567-mcumatrix.json"].decode()
    medians = json.loads(text)["results"]["quickstart.time_total"][0]
    assert str(medians) == "[nan, 0.00275]"


def test_axes_are_parameters_unless_most_of_their_combinations_are_not_there() -> None:
    dense = json.loads(AsvExporter().export(some_results())["results/benchmarks.json"])
    assert dense["quickstart.time_total"]["param_names"] == ["kernels"]
    assert dense["quickstart.time_total"]["params"] == [["'reference'", "'simd'"]]
    sparse = [
        replace(a_case(f"k{n}"), axes={"kernels": f"k{n}", "clock": f"{n} MHz", "lto": f"l{n}"})
        for n in range(5)
    ]
    found = json.loads(AsvExporter().export(some_results(*sparse))["results/benchmarks.json"])
    assert found["quickstart.time_total"]["param_names"] == ["variant"]
    assert len(found["quickstart.time_total"]["params"][0]) == 5


def test_without_a_commit_asv_has_no_place_for_results() -> None:
    with pytest.raises(MatrixError) as caught:
        AsvExporter().export(some_results(revision=None))
    assert str(caught.value) == (
        "asv keeps results by commit, and that of this project is not known\n"
        "  Put the project under git, or name one of its repository: --commit HASH"
    )
