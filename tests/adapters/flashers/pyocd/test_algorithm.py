"""The flash algorithm as pyOCD gets it, and what its results mean."""

import re
from pathlib import Path

import pytest

from mcumatrix.adapters.flashers.pyocd.algorithm import (
    STM32F7,
    STM32L4,
    AlgorithmFailure,
    algorithm_error,
    algorithm_failure,
    flash_algo,
    load_algorithm,
)

RESULTS = Path(__file__).parents[4] / "firmware" / "flash_algorithm" / "result.h"
DTCM = range(0x2000_0000, 0x2001_0000)  # RM0385 section 2.3
SMALLEST_SECTOR_BYTES = 32 * 1024
ANALYZER_BYTES = 0x600  # pyocd/flash/flash.py


def test_all_entry_points_are_thumb_code_within_the_algorithm():
    algo, algorithm = flash_algo(), load_algorithm()
    code = range(algo["load_address"], algo["load_address"] + 4 * len(algo["instructions"]))
    entries = [value for key, value in algo.items() if key.startswith("pc_")]
    assert len(set(entries)) == 5
    assert all(entry & 1 and entry - 1 in code for entry in entries)
    assert algo["pc_program_page"] == algo["load_address"] + algorithm.entries["ProgramPage"] + 1


def test_nothing_overlaps_and_everything_is_in_memory_without_a_cache():
    algo = flash_algo()
    parts = [
        (algo["end_stack"], algo["begin_stack"]),
        (algo["load_address"], algo["load_address"] + 4 * len(algo["instructions"])),
        (algo["analyzer_address"], algo["analyzer_address"] + ANALYZER_BYTES),
        *((buffer, buffer + STM32F7.page_size_bytes) for buffer in algo["page_buffers"]),
    ]
    for (start, end), (next_start, _) in zip(parts, [*parts[1:], (DTCM.stop, 0)], strict=True):
        assert start < end <= next_start
    assert parts[0][0] == DTCM.start


def test_there_are_two_page_buffers_so_that_one_is_filled_while_the_other_is_programmed():
    assert len(flash_algo()["page_buffers"]) == 2


def test_pages_divide_the_smallest_sector():
    assert SMALLEST_SECTOR_BYTES % STM32F7.page_size_bytes == 0


def test_the_failures_are_those_of_the_firmware():
    header = dict(re.findall(r"#define RESULT_(\w+) \((\d+)u << 8\)", RESULTS.read_text()))
    assert {name: int(number) for name, number in header.items()} == {
        failure.name: failure.value for failure in AlgorithmFailure
    }


@pytest.mark.parametrize(
    ("result", "failure", "sentence"),
    [
        (
            0x100,
            AlgorithmFailure.LOCKED,
            "The flash controller stays locked in spite of the right keys until a reset.",
        ),
        (
            0x200,
            AlgorithmFailure.BUSY,
            "The flash controller is busy with something and did not become ready in time.",
        ),
        (
            0x5200,
            AlgorithmFailure.BUSY,
            "The flash controller is busy with something and did not become ready in time. "
            "That was 0x14 bytes into the page.",
        ),
        (
            0x310,
            AlgorithmFailure.REFUSED,
            "The flash controller refused (WRPERR: the sector is write-protected).",
        ),
        (
            0xFFF360,
            AlgorithmFailure.REFUSED,
            "The flash controller refused (PGAERR: the data cross a row of 128 bits; "
            "PGPERR: the data are not as wide as the parallelism that is set). "
            "That was 0x3ffc bytes into the page.",
        ),
        (
            0x382,
            AlgorithmFailure.REFUSED,
            "The flash controller refused (OPERR: the operation was not carried out; "
            "ERSERR: data came while no programming was set up).",
        ),
        (0x400, AlgorithmFailure.RANGE, "The address is not in flash, or not a multiple of 4."),
        (
            0x800_0000,
            None,
            "The flash algorithm returned 0x8000000, which it never does by itself: it was disturbed.",
        ),
    ],
)
def test_each_result_has_a_sentence(result, failure, sentence):
    assert algorithm_failure(result) is failure
    assert algorithm_error(result) == sentence


def test_another_controller_has_flags_of_its_own():
    assert algorithm_error(0x308, STM32L4) == (
        "The flash controller refused (PROGERR: the double word was not erased)."
    )
    assert algorithm_error(0x400, STM32L4) == "The address is not in flash, or not a multiple of 8."
