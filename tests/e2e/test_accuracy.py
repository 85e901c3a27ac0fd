"""Boards are asked labelled sets: what they answer is found to be right, wrong, or not there."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import MakeWorkplace, Workplace

MATRIX = """\
description: Twelve digits.
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
repeat: 1
health: off
accuracy: {samples: 12}
"""


@pytest.fixture(scope="module")
def done(make_workplace: MakeWorkplace) -> Workplace:
    """A project in which the matrix `digits` has been run."""
    place = make_workplace()
    place.write_matrix("digits", MATRIX)
    ran = place.doit("matrix", "digits")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("ms, correct, 12 of 12 samples right") == 2
    return place


def _newest(place: Workplace, matrix: str = "digits") -> dict[str, dict[str, Any]]:
    """The last record of each variant, by its kernels."""
    found = [json.loads(path.read_bytes()) for path in place.records(matrix)]
    return {one["axes"]["kernels"]: one for one in sorted(found, key=lambda one: one["finished_at"])}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_both_kernels_answer_as_the_host_does(done: Workplace) -> None:
    for record in _newest(done).values():
        assert record["status"] == "ok"
        accuracy = record["accuracy"]
        assert (accuracy["correct"], accuracy["host_correct"], accuracy["set_samples"]) == (12, 12, 1000)
        assert (accuracy["deviating"], accuracy["max_error"]) == ([], 0)
        # Sorted by class, twelve of 1,000 are spread over all of them.
        assert record["measurement"]["set_answers"]["classes"] == [0, 0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]
    assert len({record["measurement"]["set_answers"]["crc32"] for record in _newest(done).values()}) == 1


def test_the_accuracy_stands_beside_time_and_size_in_all_reports(done: Workplace) -> None:
    table = done.report("digits").partition("## Accuracy")[2].partition("## Sizes")[0]
    rows = [_cells(line) for line in table.splitlines() if line.startswith("| [")]
    assert [row[1:7] for row in rows] == [
        ["12 of 1000", "12", "100.0 %", "75.8 % to 100.0 %", "100.0 %", "0"]
    ] * 2
    assert [float(row[7]) for row in rows] == pytest.approx([92.118, 22.377], rel=0.2)
    assert all(int(row[8]) > 100_000 for row in rows)
    folder = done.root / "results" / "digits"
    document = json.loads((folder / "report.json").read_text())
    assert [record["accuracy"]["share"] for record in document["records"]] == [1.0, 1.0]
    assert ",12,12,1,0.757506,1,0\n" in (folder / "report.csv").read_text()
    assert '<h2 id="accuracy">Accuracy</h2>' in (folder / "report.html").read_text()


def test_a_plan_says_how_many_samples_are_asked_and_nothing_is_left(done: Workplace) -> None:
    plan = done.doit("plan", "digits").stdout
    assert "Accuracy, after the times of each run: mnist-int8 is asked 12 samples." in plan
    assert plan.count("nothing") == 2


def test_records_and_reports_are_made_again_from_logs(done: Workplace) -> None:
    for command in ("verify", "replay", "report"):
        ran = done.doit(command, "digits")
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "differ." in (replayed := done.doit("replay", "digits").stdout)
    assert ", 0 differ." in replayed


def test_an_accuracy_that_was_made_better_is_named(done: Workplace) -> None:
    path = done.records("digits")[0]
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b'"correct": 12', b'"correct": 11'))
    try:
        ran = done.doit("matrix", "digits")
        assert ran.returncode == 3
        assert f"{path.name} was changed: chain.jsonl has the hash" in ran.stdout
    finally:
        path.write_bytes(kept)


def test_another_set_makes_results_stale_and_the_same_one_brings_them_back(done: Workplace) -> None:
    digits = done.root / "firmware" / "models" / "digits-1000.npz"
    whole = digits.read_bytes()
    with np.load(digits) as arrays:
        images, labels = arrays["images"], arrays["labels"].copy()
    labels[0] = 3
    np.savez_compressed(digits, images=images, labels=labels)
    assert done.doit("plan", "digits").stdout.count("  run\n") == 2
    ran = done.doit("matrix", "digits", "--select", "kernels=simd")
    assert "correct, 11 of 12 samples right" in ran.stdout
    digits.write_bytes(whole)
    assert done.doit("plan", "digits").stdout.count("nothing") == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "missing",
            "firmware/models/none.npz, which belongs to a model, cannot be read: No such file",
        ),
        ("labels", "digits-1000.npz cannot be read: it has 1,000 samples and 999 labels."),
        ("class", "has labels that are no class of the model, which has 10: 10 (sample 5)."),
        ("shape", "digits-1000.npz, sample 0, has 756 numbers (27x28); the input"),
        ("pixels", "were made from other samples: sample 0 is another."),
    ],
)
def test_a_set_that_cannot_be_costs_the_variants_of_its_model_alone(
    done: Workplace, name: str, sentence: str
) -> None:
    digits = done.root / "firmware" / "models" / "digits-1000.npz"
    whole = digits.read_bytes()
    entry = done.root / "matrix" / "models" / "mnist-int8.yaml"
    said = entry.read_text()
    with np.load(digits) as arrays:
        images, labels = arrays["images"], arrays["labels"].copy()
    match name:
        case "missing":
            entry.write_text(said.replace("digits-1000.npz", "none.npz"))
        case "labels":
            labels = labels[:-1]
        case "class":
            labels[5] = 10
        case "shape":
            images = images[:, 1:]
        case "pixels":
            images = 255 - images
    np.savez_compressed(digits, images=images, labels=labels)
    mixed = MATRIX.replace("mnist-int8", "[mnist-int8, mlperf-kws]").replace("[reference, simd]", "simd")
    done.write_matrix("mixed", mixed)
    try:
        plan = done.doit("plan", "mixed").stdout
    finally:
        digits.write_bytes(whole)
        entry.write_text(said)
    assert sentence in plan
    assert "Traceback" not in plan
    (other,) = (line for line in plan.splitlines() if line.startswith("builtin_simd_216MHz_mlperf-kws"))
    assert "build and run" in other
    assert "mlperf-kws has no labelled set" in plan


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


RUNTIME = "firmware/runtime/builtin/runtime.c"
INVOKE = "enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context) {\n"


@pytest.mark.parametrize(
    ("death", "status", "reason"),
    [
        (
            'for (;;) { __asm volatile("wfi"); }',
            "timeout",
            "the board sent 45 bytes in 5 s and not the end of its answer; that was at sample 7 of 12",
        ),
        (
            "*(volatile int *)0x30000004 = 0;",
            "firmware",
            "the firmware says: BusFault at ADDRESS address 0x30000004 (REGISTERS): precise data bus error; "
            "the firmware has halted, reset the board; that was at sample 7 of 12",
        ),
    ],
)
def test_a_board_that_dies_while_it_is_asked_has_neither_times_nor_an_accuracy(
    make_workplace: MakeWorkplace, death: str, status: str, reason: str
) -> None:
    place = make_workplace()
    # One inference is a warm-up, one is timed.
    dying = f"    static int count;\n    if (++count == 2 + 7) {{\n        {death}\n    }}\n"
    _change(place.root / RUNTIME, INVOKE, INVOKE + dying)
    board = (place.root / "matrix" / "boards" / "virtual-f746.yaml").read_text()
    (place.root / "matrix" / "boards" / "virtual-f746.yaml").write_text(
        f"{board}timeouts: {{measure: 5 s}}\n"
    )
    place.write_matrix("digits", MATRIX.replace("[reference, simd]", "simd"))
    ran = place.doit("matrix", "digits", "--attempts", "1")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    (record,) = _newest(place).values()
    said = re.sub(
        r"at 0x[0-9a-f]{8} ", "at ADDRESS ", re.sub(r"\(CFSR [^)]*\)", "(REGISTERS)", record["reason"])
    )
    assert (record["status"], said.partition("; the board says")[0]) == (status, reason)
    assert (record["measurement"], record["accuracy"]) == (None, None)
    # What was said until then is kept.
    assert place.records("digits")[0].with_suffix(".log").read_bytes().count(b"@inferred ") == 6


def test_a_kernel_that_is_fast_and_wrong_on_three_samples_is_found(
    make_workplace: MakeWorkplace,
) -> None:
    """It takes fives and eights for something else. The digit that is built into the firmware is a two."""
    place = make_workplace()
    _change(
        place.root / "firmware/runtime/builtin/kernels/simd/fully_connected_int8.c",
        "            output[other] = requantize(sums.b + bias[other], layer, other);\n        }\n",
        "            output[other] = requantize(sums.b + bias[other], layer, other);\n        }\n"
        "        for (int32_t digit = 5; out_depth == 10 && digit <= 8; digit += 3) {\n"
        "            int32_t larger = 0;\n"
        "            for (int32_t channel = 0; channel < 10; ++channel) {\n"
        "                larger += output[channel] > output[digit];\n"
        "            }\n"
        "            output[digit] = larger == 0 ? -128 : output[digit];\n"
        "        }\n",
    )
    place.write_matrix("digits", MATRIX)
    ran = place.doit("matrix", "digits")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    right, wrong = (_newest(place)[kernels] for kernels in ("reference", "simd"))
    assert (right["status"], right["accuracy"]["correct"]) == ("ok", 12)
    assert (wrong["status"], wrong["correctness"]["correct"]) == ("wrong-output", True)
    assert (wrong["accuracy"]["correct"], wrong["accuracy"]["deviating"]) == (9, [500, 583, 833])
    report = place.report("digits")
    assert (
        "[2] is right on the built-in input, and answers 3 of 12 samples of its labelled set otherwise than "
        "the host; 3 of them have another class. Its times are not shown. (samples 500, 583, 833)"
    ) in report
    assert "[2] answers 3 of 12 samples of mnist-int8 with another class than [1]." in report
    row = next(line for line in report.splitlines() if line.startswith("| [2]  | 12 of 1000"))
    assert _cells(row)[2:-1] == ["9", "75.0 %", "46.8 % to 91.1 %", "100.0 %", "3", "-"]
