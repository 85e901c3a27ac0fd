"""Records as a table."""

import csv
import io
from dataclasses import replace

import pytest

from mcumatrix.errors import FirmwareError
from mcumatrix.model.axes import Setting
from mcumatrix.model.record import Correctness, Record
from mcumatrix.report.render.csv import to_csv
from support.variants import a_measurement, a_record, a_variant, an_asked_record


def _csv(*records: Record) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(records).decode())))


def test_there_is_one_row_per_layer_and_one_for_the_total() -> None:
    rows = _csv(a_record())
    assert [(row["layer"], row["op"]) for row in rows] == [("0", "CONV_2D"), ("1", "SOFTMAX"), ("", "TOTAL")]
    first = {name: rows[0][name] for name in list(rows[0])[:16]}
    assert first == {
        "variant": "builtin-simd-216MHz-mnist-int8",
        "runtime": "builtin",
        "kernels": "simd",
        "clock_hz": "216000000",
        "model": "mnist-int8",
        "toolchain": "path",
        "board": "virtual-f746",
        "layer": "0",
        "op": "CONV_2D",
        "source": "",
        "functions": "",
        "cycles_min": "1000",
        "cycles_median": "1005",
        "cycles_max": "1010",
        "ms_median": "0.004653",
        "correct": "True",
    }


def test_large_numbers_are_written_without_exponents() -> None:
    huge = 98_765_432_101
    (row, _) = _csv(a_record((a_measurement((("CONV_2D", (huge,)),)), Correctness(True, 0, 0, "d" * 64))))
    assert (row["cycles_min"], row["cycles_median"]) == (str(huge), str(huge))


def test_a_failure_has_one_row_with_its_reason_and_no_times() -> None:
    (row,) = _csv(a_record(FirmwareError("BusFault at 0x08000100")))
    assert (row["status"], row["reason"]) == ("firmware", "BusFault at 0x08000100")
    assert [row[name] for name in ("layer", "op", "cycles_min", "ms_median", "correct")] == [""] * 5


def test_times_of_a_wrong_answer_are_left_out() -> None:
    (row,) = _csv(a_record((a_measurement(), Correctness(False, 3.0, 0.0, "d" * 64))))
    assert (row["status"], row["correct"], row["cycles_median"]) == ("wrong-output", "False", "")
    assert row["reason"] == "the answer is off by 3, and 0 is allowed"


def test_own_axes_are_columns_between_the_known_ones_and_the_numbers() -> None:
    variant = a_variant(settings=(Setting("optimize", "O3", ("-O3",)),))
    names = list(_csv(a_record(variant=variant), a_record())[0])
    assert names[6:9] == ["board", "optimize", "layer"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_text_that_a_spreadsheet_would_execute_is_made_inert(start: str) -> None:
    record = replace(a_record(FirmwareError("x")), reason=f"{start}HYPERLINK()")
    (row,) = _csv(record)
    assert row["reason"] == f"'{start}HYPERLINK()"


def test_a_row_says_what_the_labels_of_own_axes_stand_for() -> None:
    fast = Setting("opt", "fast", ("-O3", "-funroll-loops"), (("USE_LTO", "1"),))
    variant = a_variant(settings=(fast, Setting("lto", "off")))
    rows = _csv(a_record(variant=variant), a_record())
    assert list(dict.fromkeys(row["settings"] for row in rows)) == [
        "opt fast: -O3 -funroll-loops USE_LTO=1; lto off: nothing",
        "",
    ]


def test_the_table_of_no_records_has_its_columns() -> None:
    assert to_csv([]).decode().startswith("variant,runtime,kernels,clock_hz,model,")


def test_a_row_says_what_computed_its_layer() -> None:
    measurement = a_measurement()
    served = replace(measurement.layers[0], source="kernels/cmsis-nn/conv.cc", functions=("arm_a", "arm_b"))
    measurement = replace(measurement, layers=(served, *measurement.layers[1:]))
    rows = _csv(a_record((measurement, Correctness(True, 0.0, 0.0, "d" * 64))))
    assert [(row["source"], row["functions"]) for row in rows] == [
        ("kernels/cmsis-nn/conv.cc", "arm_a arm_b"),
        ("", ""),
        ("", ""),
    ]


def test_each_row_has_the_accuracy_of_its_run() -> None:
    """As shares from 0 to 1; empty where no labelled set was asked."""
    for row in _csv(an_asked_record((0, 1, 1, 1), correct=3, set_samples=4)):
        assert {name: row[name] for name in ACCURACY} == {
            "samples": "4",
            "samples_right": "3",
            "accuracy": "0.75",
            "accuracy_low": "0.300642",
            "accuracy_high": "0.954413",
            "samples_unlike_host": "0",
        }
    assert [row[name] for row in _csv(a_record()) for name in ACCURACY] == [""] * 18
    alone = an_asked_record((0, 1), correct=2, set_samples=2, compared=False)
    assert {row["samples_unlike_host"] for row in _csv(alone)} == {""}


ACCURACY = ("samples", "samples_right", "accuracy", "accuracy_low", "accuracy_high", "samples_unlike_host")


def test_an_answer_to_a_labelled_set_that_is_not_the_hosts_leaves_times_out() -> None:
    (row,) = _csv(an_asked_record((0, 1), correct=1, set_samples=9, deviating=(4,)))
    assert (row["correct"], row["status"], row["cycles_median"]) == ("False", "wrong-output", "")
    assert (row["samples"], row["samples_unlike_host"]) == ("2", "1")
