"""Which chip a board of the firmware has."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import BuildError
from mcumatrix.model.chip import Chip, ClockRange, Region
from mcumatrix.stages.chip import chip_of, clocks_of

CLOCKS = ClockRange(1_000_000, 50_000_000, 432_000_000, 216_000_000)
PROJECT = Path(__file__).parents[2]
M7 = '{"family": "stm32f7", "cpu_flags": ["-mcpu=cortex-m7", "-mthumb"]}'


@pytest.fixture
def firmware(tmp_path: Path) -> Callable[[str, str], Path]:
    """Makes a tree with a board "lab" and a chip "m7" that say this."""

    def make(board: str, chip: str) -> Path:
        for path, text in (("board/lab/board.json", board), ("chip/m7/chip.json", chip)):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return make


def test_a_board_names_its_chip_and_the_chip_its_family_core_and_fpu() -> None:
    assert chip_of(PROJECT / "firmware", "stm32f746g_disco") == Chip(
        "stm32f746ng",
        "stm32f7",
        ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
        Region("FLASH", 1024 * 2**10),
        Region("SRAM1", 240 * 2**10),
        CLOCKS,
        (Region("QSPI", 16 * 2**20), Region("SDRAM", 8 * 2**20)),
        Region("QSPI", 16 * 2**20),
    )
    assert chip_of(PROJECT / "firmware", "nucleo_f767zi") == Chip(
        "stm32f767zi",
        "stm32f7",
        ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
        Region("FLASH", 2048 * 2**10),
        Region("SRAM1", 368 * 2**10),
        CLOCKS,
    )
    assert chip_of(PROJECT / "firmware", "nucleo_l4r5zi") == Chip(
        "stm32l4r5zi",
        "stm32l4",
        ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
        Region("FLASH", 2048 * 2**10),
        Region("SRAM", 640 * 2**10),
        ClockRange(2_000_000, 8_000_000, 120_000_000),
    )


def test_every_board_of_the_firmware_has_a_chip_with_the_files_that_its_family_asks_for() -> None:
    firmware = PROJECT / "firmware"
    boards = sorted(path.name for path in (firmware / "board").iterdir())
    assert boards == ["nucleo_f767zi", "nucleo_l4r5zi", "stm32f746g_disco"]
    for board in boards:
        chip = chip_of(firmware, board)
        assert (firmware / "family" / chip.family / "image.ld").is_file()
        for name in ("memory.ld", "interrupts.h"):
            assert (firmware / "chip" / chip.name / name).is_file()


FLAGS_HINT = '  As in "cpu_flags": ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"].'
FLAGS = "firmware/chip/m7/chip.json: cpu_flags must be a list of flags that begin with -m, and is "


@pytest.mark.parametrize(
    ("board", "chip", "sentence"),
    [
        (
            '{"chip": "m4"}',
            M7,
            'Board "lab" has the chip "m4", which is not under firmware/chip.\n  There are: m7.',
        ),
        (
            '{"chip": "../m7"}',
            M7,
            'firmware/board/lab/board.json: chip must name a folder under firmware/chip, and is "../m7".\n'
            '  As in "chip": "name".',
        ),
        (
            "{}",
            M7,
            "firmware/board/lab/board.json: chip must name a folder under firmware/chip, and is null.\n"
            '  As in "chip": "name".',
        ),
        (
            "[]",
            M7,
            "firmware/board/lab/board.json is not an object.\n  It must be one object of JSON.",
        ),
        (
            "{",
            M7,
            "firmware/board/lab/board.json cannot be read: Expecting property name enclosed in double "
            "quotes: line 1 column 2 (char 1)\n  It must be one object of JSON.",
        ),
        (
            '{"chip": "m7"}',
            '{"cpu_flags": ["-mthumb"]}',
            "firmware/chip/m7/chip.json: family must name a folder under firmware/family, and is null.\n"
            '  As in "family": "name".',
        ),
        ('{"chip": "m7"}', '{"family": "x"}', f"{FLAGS}null.\n{FLAGS_HINT}"),
        ('{"chip": "m7"}', '{"family": "x", "cpu_flags": []}', f"{FLAGS}[].\n{FLAGS_HINT}"),
        (
            '{"chip": "m7"}',
            '{"family": "x", "cpu_flags": ["-mthumb -o/x"]}',
            f'{FLAGS}["-mthumb -o/x"].\n{FLAGS_HINT}',
        ),
    ],
)
def test_a_file_that_does_not_say_what_it_must_is_refused(
    firmware: Callable[[str, str], Path], board: str, chip: str, sentence: str
) -> None:
    with pytest.raises(BuildError) as error:
        chip_of(firmware(board, chip), "lab")
    assert str(error.value) == sentence


def test_a_board_that_is_not_there_is_named_with_those_that_are(firmware: Callable[[str, str], Path]) -> None:
    with pytest.raises(BuildError) as error:
        chip_of(firmware('{"chip": "m7"}', M7), "nucleo")
    assert str(error.value) == 'There is no board "nucleo" under firmware/board.\n  There are: lab.'


def test_the_clocks_of_boards_are_those_that_their_familys_code_makes() -> None:
    assert clocks_of(PROJECT / "firmware") == {
        "nucleo_f767zi": CLOCKS,
        "nucleo_l4r5zi": ClockRange(2_000_000, 8_000_000, 120_000_000),
        "stm32f746g_disco": CLOCKS,
    }
    assert str(CLOCKS) == "50 MHz to 432 MHz in steps of 1 MHz"


def test_a_family_that_does_not_say_its_clocks_makes_any(firmware: Callable[[str, str], Path]) -> None:
    tree = firmware('{"chip": "m7"}', M7)
    assert clocks_of(tree) == {}
    header = tree / "family" / "stm32f7" / "clock.h"
    header.parent.mkdir(parents=True)
    header.write_text("#define CLOCK_STEP_HZ 1000000u\n#define CLOCK_MIN_HZ 50000000u\n")
    assert clocks_of(tree) == {}
    header.write_text(header.read_text() + "#define CLOCK_MAX_HZ 432000000u\n")
    assert clocks_of(tree) == {"lab": replace(CLOCKS, rated_hz=0)}
    header.write_text(header.read_text() + "#define CLOCK_RATED_HZ 216000000u\n")
    assert clocks_of(tree) == {"lab": CLOCKS}
