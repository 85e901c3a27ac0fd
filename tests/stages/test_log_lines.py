"""Where a raw log has its numbers."""

from mcumatrix.stages.evidence import read_log
from mcumatrix.stages.log_lines import time_lines
from support.logs import bench_log, boot_log
from support.variants import hello

LOG = boot_log(hello()) + bench_log()


def test_each_time_is_on_the_line_that_it_was_read_from() -> None:
    _, measurement = read_log(LOG)
    found = time_lines(LOG)
    lines = LOG.decode().split("\n")
    assert len(found.layers) == len(measurement.layers)
    for layer, of_layer in zip(measurement.layers, found.layers, strict=True):
        assert len(of_layer) == len(layer.cycles)
        for cycles, line in zip(layer.cycles, of_layer, strict=True):
            assert lines[line.number - 1].strip() == line.text
            assert f" cycles={cycles} " in line.text
    assert [
        f" cycles={cycles} " in line.text
        for cycles, line in zip(measurement.total_cycles, found.total, strict=True)
    ]
    assert all(line.text.startswith("@total ") for line in found.total)


def test_an_earlier_answer_does_not_count() -> None:
    once, twice = time_lines(LOG), time_lines(LOG + bench_log())
    shift = LOG.count(b"\n")
    boot = boot_log(hello()).count(b"\n")
    assert [line.number for line in twice.total] == [line.number + shift - boot for line in once.total]
    assert len(twice.total) == len(once.total)


def test_a_log_without_an_answer_has_no_lines() -> None:
    assert time_lines(b"ERROR: no\n@garbage\xff\n").layers == ()
    assert time_lines(b"").total == ()


def test_without_texts_logs_with_times_on_the_same_lines_have_them_in_common() -> None:
    numbers = time_lines(LOG, with_texts=False)
    assert [line.number for line in numbers.total] == [line.number for line in time_lines(LOG).total]
    assert {line.text for of_layer in (*numbers.layers, numbers.total) for line in of_layer} == {""}
    assert time_lines(LOG.replace(b"cycles=1", b"cycles=2"), with_texts=False) is numbers
