"""TensorFlow Lite Micro in whole runs: without its archives, and for real where a tree is named.

Set MCUMATRIX_SOURCE_TFLM_1_14_0, MCUMATRIX_SOURCE_TFLM_2_1_0 and the like to folders with such trees to
build, run and check all of their variants; without them only what needs no tree is tested.
"""

import csv
import os
from pathlib import Path

import pytest

from e2e.conftest import MakeWorkplace
from mcumatrix.adapters.runtimes.tflm.runtime import source_variable

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "matrix" / "runtimes").glob("tflm-*.yaml"))
GIVEN = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            not os.environ.get(source_variable(name)),
            reason="no tree of the runtime is given: set MCUMATRIX_SOURCE_ and its name to a folder with one",
        ),
    )
    for name in NAMES
]

UNREACHABLE = """\
description: Nobody listens there.
adapter: tflm
kernels: [reference, cmsis-nn]
elements: [float32]
sources:
  tensorflow:
    url: https://127.0.0.1:1/v9.tar.gz
    sha256: 0000000000000000000000000000000000000000000000000000000000000000
"""

MIXED = """\
axes:
  runtime: [builtin, tflm-unreachable]
  kernels: [simd, cmsis-nn]
  clock: 216 MHz
  model: mnist-float32
  board: virtual-f746
  toolchain: path
repeat: 1
health: off
"""

REAL = """\
axes:
  runtime: {runtime}
  kernels: [reference, cmsis-nn]
  clock: [216 MHz, 288 MHz]
  model: [mnist-float32, mnist-hybrid]
  board: virtual-f746
  toolchain: path
expect:
  - {{model: mnist-hybrid, outcome: fail, reason: int8 weights with float32 activations}}
repeat: 1
health: off
"""

LAYERS = [
    *("DEPTHWISE_CONV_2D", "MAX_POOL_2D", "CONV_2D", "MAX_POOL_2D"),
    *("CONV_2D", "FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX"),
]


def test_without_its_archive_a_runtime_is_not_tried_and_the_others_are(
    make_workplace: MakeWorkplace, tmp_path: Path
) -> None:
    place = make_workplace()
    (place.root / "matrix" / "runtimes" / "tflm-unreachable.yaml").write_text(UNREACHABLE)
    place.write_matrix("mixed", MIXED)
    ran = place.doit("matrix", "mixed", MCUMATRIX_CACHE=str(tmp_path / "cache"))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "https://127.0.0.1:1/v9.tar.gz" in ran.stderr
    assert "not tried" in ran.stderr
    report = place.report("mixed")
    assert "1 of 2 variants have times." in report
    for said in (report, ran.stdout):
        (line,) = [line for line in said.splitlines() if ": not tried: " in line]
        assert line.partition(": not tried: ")[0].startswith(("- [2] ", "[2] "))
        assert "https://127.0.0.1:1/v9.tar.gz" in line
        assert "not run yet" not in said


def test_a_folder_that_is_not_there_hinders_its_own_variants_only(
    make_workplace: MakeWorkplace, tmp_path: Path
) -> None:
    place = make_workplace()
    (place.root / "matrix" / "runtimes" / "tflm-unreachable.yaml").write_text(UNREACHABLE)
    place.write_matrix("mixed", MIXED)
    gone = tmp_path / "gone"
    ran = place.doit("plan", "mixed", MCUMATRIX_SOURCE_TFLM_UNREACHABLE=str(gone))
    assert f"{gone}, the folder of tensorflow for the runtime tflm-unreachable, is not there." in ran.stdout


@pytest.mark.parametrize("runtime", GIVEN)
def test_a_real_tree_gives_right_answers_in_eight_layers_at_both_clocks(
    make_workplace: MakeWorkplace, runtime: str
) -> None:
    place = make_workplace()
    place.write_matrix("real", REAL.format(runtime=runtime))
    ran = place.doit("matrix", "real")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = place.report("real")
    assert "CMSIS-NN requested, 0 of 8 layers use it: float32 has no CMSIS-NN kernels." in report
    assert report.count("hybrid weights in layers 2, 4, 5") >= 1, "known before anything was flashed"
    with (place.root / "results" / "real" / "report.csv").open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if row["model"] == "mnist-float32" and row["layer"].isdigit()
        ]
    assert len(rows) == 4 * len(LAYERS)
    for start in range(0, len(rows), len(LAYERS)):
        ours = rows[start : start + len(LAYERS)]
        assert [row["op"] for row in ours] == LAYERS
        assert {row["correct"] for row in ours} == {"True"}
        assert all(row["source"].startswith("tensorflow/") for row in ours)
    slow, fast = (
        {
            (row["kernels"], row["layer"]): int(row["cycles_median"])
            for row in rows
            if row["clock_hz"] == clock
        }
        for clock in ("216000000", "288000000")
    )
    assert slow == fast, "a clock changes times, not cycles"
    integer = "mnist-uint8" if runtime == "tflm-1.14.0" else "mnist-int8"
    place.write_matrix(
        "integer",
        REAL.format(runtime=runtime)
        .split("expect:")[0]
        .replace("[mnist-float32, mnist-hybrid]", integer)
        .replace("[reference, cmsis-nn]", "reference")
        + "repeat: 1\n",
    )
    ran = place.doit("matrix", "integer")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "All 2 variants were measured, with correct answers." in place.report("integer")
