"""`doit boards`: what can be used here, and boards from a hardware map."""

from pathlib import Path

import pytest

from e2e.conftest import MakeWorkplace, Workplace
from support.made import Made

MAP = """\
- connected: true
  id: 066BFF303435554157121027
  platform: stm32f746g_disco/stm32f746xx
  product: STM32 STLink
  runner: openocd
  serial: /dev/ttyACM0
- connected: true
  id: '001050076605'
  platform: nrf5340dk/nrf5340/cpuapp
  product: J-Link
  runner: nrfjprog
  serial: /dev/ttyACM1
"""


@pytest.fixture
def place(make_workplace: MakeWorkplace) -> Workplace:
    return make_workplace(Made.NOTHING)


def test_boards_that_can_be_used_are_shown_and_why_others_cannot(place: Workplace) -> None:
    shipped = place.root / "matrix/boards/stm32f746g-disco.yaml"
    shipped.write_text(shipped.read_text().replace("/dev/ttyUSB0", "/dev/no-such-port"))
    ran = place.doit("boards")
    assert (ran.returncode, ran.stderr) == (0, "")
    (real,) = (line for line in ran.stdout.splitlines() if line.startswith("stm32f746g-disco "))
    assert "not usable: " in real
    assert "its serial port /dev/no-such-port is not there" in real
    (virtual,) = (line for line in ran.stdout.splitlines() if line.startswith("virtual-f746 "))
    assert virtual.endswith("usable, 2 at once")


def test_a_hardware_map_becomes_a_board_file_once(place: Workplace) -> None:
    board = place.root / "matrix/boards/stm32f746g-disco.yaml"
    board.unlink()
    (place.root / "map=1.yml").write_text(MAP)
    ran = place.doit("boards", "--import", "map=1.yml")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0] == "matrix/boards/stm32f746g-disco.yaml: written, with 1 unit."
    assert "there is no firmware for its platform 'nrf5340dk/nrf5340/cpuapp'" in ran.stdout
    assert 'probe: "066BFF303435554157121027"' in board.read_text()
    again = place.doit("boards", "--import=map=1.yml")
    assert again.returncode == 0
    assert "stm32f746g-disco.yaml: there already, with 1 unit of the map." in again.stdout
    assert "066BFF303435554157121027" in place.doit("boards").stdout


def test_a_board_file_that_is_there_is_not_changed_and_what_to_do_is_said(place: Workplace) -> None:
    board = place.root / "matrix/boards/stm32f746g-disco.yaml"
    before = board.read_text()
    (place.root / "map.yml").write_text(MAP)
    ran = place.doit("boards", "--import", "map.yml")
    assert ran.returncode == 5
    assert "not written, because the file is there and has other contents." in ran.stdout
    assert '  - probe: "066BFF303435554157121027"\n    serial_port: "/dev/ttyACM0"\n' in ran.stdout
    assert board.read_text() == before


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("[]\n", 5, ""),
        (MAP.replace("connected: true", "connected: false"), 5, ""),
        (
            MAP.replace("true", "maybe"),
            2,
            "error: map.yml:1:14: [0].connected cannot be 'maybe': it is neither",
        ),
        ("boards: []\n", 2, "error: map.yml:1:1: the file must be a list, but is a mapping\n"),
    ],
)
def test_a_map_that_gives_nothing_is_exit_code_5_and_one_that_is_wrong_2(
    workplace: Workplace, text: str, code: int, said: str
) -> None:
    (workplace.root / "map.yml").write_text(text)
    ran = workplace.doit("boards", "--import", "map.yml")
    assert ran.returncode == code
    assert ran.stderr.startswith(said)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--import", "no.yml"), "error: no.yml is not a file\n  Name a YAML file that is there.\n"),
        (("lab",), "error: boards takes no names, and has 'lab'\n  As in: boards [--import MAP]\n"),
    ],
)
def test_wrong_usage_is_exit_code_2(workplace: Workplace, arguments: tuple[str, ...], message: str) -> None:
    ran = workplace.doit("boards", *arguments)
    assert (ran.returncode, ran.stderr) == (2, message)


def test_an_empty_folder_has_the_boards_that_come_with_mcumatrix(
    workplace: Workplace, tmp_path: Path
) -> None:
    # No boards of other tests, which come and go.
    nobody = str(tmp_path / "running")
    ran = Workplace(tmp_path).doit("boards", VSTM32_BOARDS=nobody)
    assert (ran.returncode, ran.stdout) == (0, workplace.doit("boards", VSTM32_BOARDS=nobody).stdout)
    assert "stm32f746g-disco" in ran.stdout
    assert ran.stdout.endswith("has them; `doctor` says which of them is missing here.\n")


REAL = """\
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: mnist-int8
  board: stm32f746g-disco
"""


def test_a_board_that_is_not_there_is_exit_code_4(make_workplace: MakeWorkplace) -> None:
    place = make_workplace()
    place.write_matrix("real", REAL)
    ran = place.doit("matrix", "real", "--attempts", "1")
    assert "no debug probe is attached" in ran.stdout
    assert ran.returncode == 4
    assert ran.stderr.endswith(
        "`boards` says what is attached and what is missing; docs/boards.md, how a board is attached.\n"
    )
