"""A record, made again from its raw log."""

from dataclasses import replace

import pytest

from mcumatrix.errors import ParseError
from mcumatrix.model.golden import GoldenCase, GoldenOutput
from mcumatrix.model.record import Record, Status
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.parse import parse_bench
from mcumatrix.stages.replay import differences, replay
from support.logs import NONCE, bench_log, boot_log
from support.variants import BUILD_ID, a_record, hello

LOG = boot_log() + b"> \r\n" + bench_log()
GOLDEN = GoldenCase(b"x", (GoldenOutput((-128.0, 127.0), 0.0),), "d" * 64)


def _kept(golden: GoldenCase = GOLDEN) -> Record:
    measurement = parse_bench(bench_log(), NONCE, hello())
    layers = tuple(replace(layer, source="conv.c") for layer in measurement.layers)
    return a_record((replace(measurement, layers=layers), check_answer(measurement, golden)))


def test_a_log_gives_the_record_that_was_made_of_it() -> None:
    kept = _kept()
    assert replay(kept, LOG, GOLDEN) == kept
    assert not list(differences(kept, kept, LOG, GOLDEN))


def test_cycles_that_were_changed_in_a_record_are_named() -> None:
    kept = _kept()
    assert kept.measurement is not None
    layer = replace(kept.measurement.layers[1], cycles=(1, 2))
    changed = replace(kept, measurement=replace(kept.measurement, layers=(kept.measurement.layers[0], layer)))
    found = list(differences(changed, replay(changed, LOG, GOLDEN), LOG, GOLDEN))
    assert [str(difference) for difference in found] == [
        "measurement.layers.1.cycles.0: the record says 1, its log says 1001",
        "measurement.layers.1.cycles.1: the record says 2, its log says 1011",
    ]


def test_a_status_that_was_made_better_is_named() -> None:
    wrong = replace(GOLDEN, outputs=(GoldenOutput((0.0, 0.0), 0.0),))
    better = replace(_kept(wrong), status=Status.OK, reason="")
    found = differences(better, replay(better, LOG, wrong), LOG, wrong)
    assert [difference.field for difference in found] == ["status", "reason"]


def test_a_log_of_another_image_is_named() -> None:
    kept = _kept()
    assert kept.image is not None
    other = replace(kept, image=replace(kept.image, build_id="f" * 16))
    (found,) = differences(other, replay(other, LOG, GOLDEN), LOG, GOLDEN)
    assert str(found) == f"image.build_id: the record says '{'f' * 16}', its log says '{BUILD_ID}'"


def test_a_log_without_a_measurement_is_said_to_have_none() -> None:
    with pytest.raises(ParseError, match="it has 1 first words of a board and 0 measurements"):
        replay(_kept(), boot_log(), GOLDEN)


def test_a_log_in_which_a_byte_changed_gives_no_record() -> None:
    at = LOG.index(b"cycles=")
    with pytest.raises(ParseError):
        replay(_kept(), LOG[:at] + b"cycle5=" + LOG[at + 7 :], GOLDEN)
