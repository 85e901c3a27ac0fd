"""Runs of the same variants over time."""

from collections.abc import Sequence
from dataclasses import replace

from mcumatrix.errors import FirmwareError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import PROJECT, Correctness, Provenance, Record
from mcumatrix.report.content.history import Past, pasts, runs_table, steps_table, summary_of
from mcumatrix.report.content.history_chart import (
    MAXIMUM_LINES,
    MAXIMUM_PASTS,
    MAXIMUM_POINTS,
    history_charts,
)
from support.variants import a_measurement, a_record

RIGHT = Correctness(True, 0.0, 0.0, "d" * 64)


def _run(
    second: int, conv: int, softmax: int = 2_160, kind: BoardKind = BoardKind.VIRTUAL, commit: str = ""
) -> Record:
    measurement = a_measurement((("CONV_2D", (conv, conv)), ("SOFTMAX", (softmax, softmax))))
    tools = {"mcumatrix": "0.1.0", **({PROJECT: commit} if commit else {})}
    model = "m7-block-1" if kind is BoardKind.VIRTUAL else ""
    record = a_record((measurement, RIGHT), provenance=Provenance("board", kind, model, tools))
    name = f"20260102T0304{second:02}.000000Z-ffffffffffff.log"
    return replace(record, finished_at=f"2026-01-02T03:04:{second:02}.000000Z", log=name)


def _past(runs: Sequence[Record]) -> Past:
    (past,) = pasts({"v": runs})
    return past


def test_on_a_virtual_board_every_change_of_a_layer_is_one_with_its_commit() -> None:
    past = _past([_run(0, 216_000), _run(1, 216_000), _run(2, 432_000, commit="89e14c0d3f12")])
    assert [(step.run, step.layer, step.before_msec, step.after_msec) for step in past.steps] == [
        (3, "0 CONV_2D", 1.0, 2.0),
        (3, "Total time", 1.0 + 2_165 / 216_000, 2.0 + 2_165 / 216_000),
    ]
    assert steps_table(past).rows[0] == (
        *("3", "2026-01-02T03:04:02.000000Z", "89e14c0d3f12", "0 CONV_2D", "1.000", "2.000", "+100.0"),
    )
    assert runs_table(past).rows[2] == ("3", "2026-01-02T03:04:02.000000Z", "89e14c0d3f12", "2.010")
    assert summary_of(past) == "v: 3 runs, 1.010 to 2.010 msec in total; changed at run 3."


def test_runs_that_all_took_the_same_have_no_change() -> None:
    assert summary_of(_past([_run(0, 216_000), _run(1, 216_000)])) == (
        "v: 2 runs, 1.010 to 1.010 msec in total; no change."
    )


def test_on_hardware_a_change_is_one_if_chance_seldom_brings_it() -> None:
    scatter = (0, 300, -200, 100, -100, 200, 0, -300, 150, -50, 50, 250)
    levels = [216_000] * 12 + [324_000] * 12
    runs = [_run(n, level + scatter[n % 12], 2_160 + n % 2, BoardKind.REAL) for n, level in enumerate(levels)]
    past = _past(runs)
    assert {(step.run, step.layer) for step in past.steps} == {(13, "0 CONV_2D"), (13, "Total time")}
    assert not past.deterministic and past.note == ""


def test_few_runs_on_hardware_change_nothing_and_that_is_said() -> None:
    past = _past([_run(n, 216_000 * (n + 1), kind=BoardKind.REAL) for n in range(3)])
    assert past.steps == ()
    assert summary_of(past).endswith(
        "no change. Fewer than 8 runs on hardware do not tell a change from chance."
    )


def test_runs_that_cannot_be_compared_with_the_last_are_counted() -> None:
    other = _run(0, 216_000, kind=BoardKind.REAL)
    failed = a_record(FirmwareError("no"))
    past = _past([other, failed, _run(1, 216_000), _run(2, 108_000)])
    assert (len(past.runs), past.left_out) == (2, 2)
    assert past.note == "2 more runs cannot be compared with the last one."


def test_a_single_run_and_failures_are_no_history() -> None:
    assert pasts({"a": [_run(0, 216_000)], "b": [a_record(FirmwareError("no"))] * 2, "c": []}) == ()


def test_variants_that_changed_come_first() -> None:
    same, changed = [_run(0, 216_000), _run(1, 216_000)], [_run(0, 216_000), _run(1, 432_000)]
    assert [past.variant for past in pasts({"same": same, "changed": changed})] == ["changed", "same"]


def test_the_chart_has_percent_of_the_first_run_and_where_it_changed() -> None:
    (chart,) = history_charts([_past([_run(0, 216_000), _run(1, 108_000, commit="89e14c0")])])
    (panel,) = chart.panels
    assert (chart.name, panel.heading, panel.steps) == ("history-1", "v", (2,))
    conv = panel.lines[0]
    assert (conv.layer, [point.percent for point in conv.points]) == ("0 CONV_2D", [100.0, 50.0])
    assert conv.points[1].said == (
        "v, 0 CONV_2D, run 2 (2026-01-02T03:04:01.000000Z, project at 89e14c0): 0.500 msec"
    )
    assert panel.lines[-1].layer == "Total time"
    assert chart.description.startswith("Runs over time, in percent of the first run. v: 2 runs,")
    assert history_charts([]) == ()


def test_of_many_variants_and_runs_the_chart_shows_some_and_says_so() -> None:
    runs = [_run(n % 60, 216_000 + n) for n in range(MAXIMUM_POINTS + 5)]
    (chart,) = history_charts([replace(_past(runs), variant=f"v{n}") for n in range(MAXIMUM_PASTS + 1)])
    assert len(chart.panels) == MAXIMUM_PASTS
    assert [point.run for point in chart.panels[0].lines[0].points] == [*range(6, MAXIMUM_POINTS + 6)]
    assert chart.panels[0].steps[0] == 7
    assert chart.note == ("Shown are 6 of 7 variants, those with changes first. Shown are the last 60 runs.")


def test_of_many_layers_the_chart_shows_those_that_changed_most_and_the_total() -> None:
    def deep(second: int, factors: tuple[int, ...]) -> Record:
        layers = tuple((f"OP{n}", (1_000 * factor,) * 2) for n, factor in enumerate(factors))
        record = a_record((a_measurement(layers), RIGHT))
        return replace(record, finished_at=f"2026-01-02T03:04:{second:02}.000000Z")

    before, after = (1,) * 12, (1, 1, 1, 9, *(1,) * 8)
    (chart,) = history_charts([_past([deep(0, before), deep(1, after)])])
    layers = [line.layer for line in chart.panels[0].lines]
    assert len(layers) == MAXIMUM_LINES and "3 OP3" in layers and layers[-1] == "Total time"
