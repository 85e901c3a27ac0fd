"""Whether what was made again is what was published, and how it differs."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import FirmwareError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.image import Sizes, ToolchainIdentity
from mcumatrix.model.record import ImageFacts, Provenance
from mcumatrix.model.reproduction import Outcome
from mcumatrix.stages.agree import compare_cycles, image_difference, is_explained, toolchain_difference
from support.variants import a_measurement, a_record, an_image

FACTS = a_record().image
assert FACTS is not None
THEIRS: ImageFacts = FACTS
ELSEWHERE = Provenance("nucleo", BoardKind.REAL, "", {"mcumatrix": "0.1.0"})


def _measured(*cycles: int, op: str = "CONV_2D", **changes: object):
    measurement = a_measurement(((op, cycles), ("SOFTMAX", (20,) * len(cycles))))
    correctness = a_record().correctness
    return a_record((measurement, correctness), **changes)


def test_the_same_cycles_are_the_same_on_whatever_they_were_counted() -> None:
    assert compare_cycles(_measured(1000), _measured(1000)) == (Outcome.SAME, "", ())
    assert compare_cycles(_measured(1000), _measured(1000, provenance=ELSEWHERE))[0] is Outcome.SAME


def test_as_many_repeats_count_as_both_have() -> None:
    assert compare_cycles(_measured(1000, 1010), _measured(1000))[0] is Outcome.SAME
    assert compare_cycles(_measured(1000, 1010), _measured(1010, 1000))[0] is Outcome.OTHER_CYCLES


def test_other_cycles_are_said_in_percent_with_what_they_depend_on() -> None:
    outcome, apart, conditions = compare_cycles(_measured(1000), _measured(1100, provenance=ELSEWHERE))
    assert outcome is Outcome.OTHER_CYCLES
    assert apart == "+9.756 % in total, most on layer 0, CONV_2D, +10.000 %"
    assert conditions == (
        "board: virtual-f746 there, nucleo here",
        "kind of board: virtual there, real here",
        "timing model: m7-block-1 there, none here",
        "unicorn: 2.1.4 there, none here",
    )


def test_other_layers_are_named() -> None:
    _, apart, _ = compare_cycles(_measured(1000), _measured(1000, op="ADD"))
    assert apart == (
        "the layers are total, layer 0, CONV_2D, layer 1, SOFTMAX there and total, layer 0, ADD, layer 1, "
        "SOFTMAX here"
    )


def test_a_result_without_times_has_nothing_to_compare() -> None:
    failed = a_record(FirmwareError("it could not measure"))
    assert compare_cycles(failed, _measured(1000))[:2] == (
        Outcome.SAME_IMAGE,
        "theirs has no times: firmware: it could not measure",
    )
    assert compare_cycles(_measured(1000), failed)[1].startswith("ours has no times: firmware: ")


@pytest.mark.parametrize(
    ("kind", "conditions", "explained"),
    [
        (BoardKind.VIRTUAL, (), False),
        (BoardKind.VIRTUAL, ("timing model: a there, b here",), True),
        (BoardKind.REAL, (), True),
    ],
)
def test_a_deterministic_board_has_no_excuse(
    kind: BoardKind, conditions: tuple[str, ...], explained: bool
) -> None:
    assert is_explained(replace(ELSEWHERE, kind=kind), conditions) is explained


def test_without_their_image_its_sizes_say_what_is_known() -> None:
    ours = replace(an_image(), sizes=Sizes(100_004, 200, 30_000, {"FLASH": 100_204, "SRAM1": 30_200}))
    assert image_difference(THEIRS, None, ours) == (
        "where it differs is not known without theirs; text: 100000 bytes there, 100004 here, "
        "in FLASH: 100200 bytes there, 100204 here"
    )
    assert image_difference(THEIRS, None, an_image()) == (
        "where it differs is not known without theirs; all sizes are the same"
    )


def test_with_their_image_the_first_difference_is_named(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.elf", tmp_path / "ours.elf"
    theirs.write_bytes(b"one")
    ours.write_bytes(b"another")
    found = image_difference(THEIRS, theirs, replace(an_image(), elf=ours))
    assert found.startswith("one of the files is not an ELF file")


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (THEIRS.toolchain, ""),
        (
            ToolchainIdentity("gcc 14.2", "d" * 64),
            f"the compiler: {THEIRS.toolchain.version} there, gcc 14.2 here",
        ),
        (
            replace(THEIRS.toolchain, sha256="d" * 64),
            f"the compiler: {THEIRS.toolchain.version} both, and its files are others",
        ),
    ],
)
def test_compilers_are_told_apart_by_their_files(ours: ToolchainIdentity, said: str) -> None:
    assert toolchain_difference(THEIRS, replace(an_image(), toolchain=ours)) == said
