"""Our times beside those that others published."""

from dataclasses import replace
from pathlib import Path

from mcumatrix.report.content.beside import beside_published
from mcumatrix.report.content.timings import HARDWARE, VIRTUAL, Row, Timing
from mcumatrix.results.published import read_publication
from support.timings import a_timing

ROOT = Path(__file__).parents[3]
ARTICLE = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
AXES = {"runtime": "tflm-1.14.0", "kernels": "reference", "clock": "216 MHz", "model": "mnist-float32"}
OPERATORS = [number.op for number in ARTICLE.columns[0].layers]


def _ours(kind: str, **axes: str) -> Timing:
    layers = tuple(Row(op, (10.0,)) for op in OPERATORS)
    timing = a_timing("[1]", {**AXES, **axes}, 1.0, kind_of_board=kind)
    return replace(timing, layers=layers, total=Row("Total time", (80.0,)))


def test_times_of_hardware_have_a_difference_to_the_claim() -> None:
    (beside,) = beside_published([_ours(HARDWARE, board="lab")], [ARTICLE])
    assert beside.source.endswith(", 2020-04-16")
    (part,) = beside.parts
    assert part.table.header == (
        "Layer",
        "published comparison-1 1.14.0",
        "ours [1]",
        "diff (msec)",
        "diff (%)",
    )
    assert part.table.rows[-1] == ("Total time", "126.270", "80.000", "-46.270", "-36.6")
    assert "The two differ in board: stm32f746g-disco and lab." in beside.notes


def test_times_of_a_model_stand_side_by_side_without_one() -> None:
    (beside,) = beside_published([_ours(VIRTUAL, board="virtual-f746")], [ARTICLE])
    (part,) = beside.parts
    assert part.table.header == ("Layer", "published comparison-1 1.14.0", "ours [1]")
    assert any(
        note.startswith("Times of a virtual board and of hardware, side by side") for note in beside.notes
    )


def test_tables_that_contradict_an_earlier_one_are_no_claim() -> None:
    (beside,) = beside_published([_ours(HARDWARE, clock="288 MHz")], [ARTICLE])
    assert "Left out, because it contradicts an earlier table: comparison-3." in beside.notes
    assert "None of its cases has the settings of one of ours that has times." in beside.notes


def test_a_report_that_names_no_publication_stands_alone() -> None:
    assert beside_published([_ours(HARDWARE)], []) == ()
